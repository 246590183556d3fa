//! Reports of children by people who need not say who they are.

use harness::{Harness, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ASK, World};

const REPORT: &str = "/v1/privacy/child-reports";
const OWNER: &str = "ada@example.com";
const OPERATOR: &str = "demo@example.com";

async fn report(harness: &Harness, body: Value) {
    let answer = harness
        .anonymous()
        .send(Method::POST, REPORT, Some(body))
        .await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
}

/// FLOW-61: a contact that is named is set aside with the report; the owners are alarmed and have a day.
#[tokio::test]
async fn anybody_reports_a_child_and_what_they_name_is_set_aside_at_once() {
    let world = World::new().await;
    let conversation = world.visitor.start("I am eleven").await;
    let named = json!({
        "message": "She is eleven.", "workspace_id": world.workspace.id,
        "contact_id": world.visitor.contact_id,
    });
    let mails = world.harness.mails(OWNER).await.len();
    // Once more, by somebody else, is the same report.
    for _ in 0..2 {
        report(&world.harness, named.clone()).await;
    }
    let thread = world.place(&format!("conversations/{}", conversation.id));
    world.owner.get(&thread, 404).await;
    let told = world.harness.mails(OWNER).await;
    assert_eq!(told.len(), mails + 1, "alarmed once");
    let all = world.owner.get(&world.place("privacy/requests"), 200).await["data"].clone();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    let asked = &all[0];
    assert_eq!(asked["type"], "child_report");
    assert_eq!(asked["made_by"], "anybody");
    assert_eq!(asked["message"], "She is eleven.");
    assert_eq!(asked["contact_id"], world.visitor.contact_id.as_str());
    let (received, expected) = (text(asked, "received_at"), text(asked, "expected_by"));
    assert_ne!(received[..10], expected[..10], "a day later");
    // The visitor sees that it is there; a denial brings everything back.
    assert_eq!(
        world.visitor.get(ASK, 200).await["data"][0]["id"],
        asked["id"]
    );
    let why =
        json!({ "decision": "deny", "reason": "suspected_fraud", "explanation": "No child." });
    world.decide(asked, why).await;
    world.owner.get(&thread, 200).await;
}

/// FLOW-61: what nobody finds, a person looks for: the operator gets it with what was named, within a day.
#[tokio::test]
async fn what_a_report_names_in_vain_the_operator_looks_for() {
    let world = World::new().await;
    let operator = world.harness.sign_up(OPERATOR).await;
    operator.enrol().await;
    world.harness.advance(std::time::Duration::from_secs(60));
    let operator = world.harness.sign_in(OPERATOR).await;
    let nobody = "ctc_01kf0a1b2c3d4e5f6g7h8j9k0m";
    let bodies = [
        json!({ "message": "Look for Tim." }),
        json!({ "message": "An account", "email": OWNER }),
        json!({ "message": "Gone", "workspace_id": world.workspace.id, "contact_id": nobody }),
    ];
    for body in &bodies {
        for _ in 0..2 {
            report(&world.harness, body.clone()).await;
        }
    }
    let theirs = "/v1/operator/privacy/requests";
    let all = operator.get(theirs, 200).await["data"].clone();
    let all = all.as_array().expect("requests");
    assert_eq!(all.len(), bodies.len());
    let said: Vec<String> = all.iter().map(|one| text(one, "message")).collect();
    for named in ["Look for Tim.", OWNER, nobody] {
        assert!(said.iter().any(|text| text.contains(named)), "{named}");
    }
    for one in all {
        assert_eq!(one["account_id"], Value::Null);
        let place = format!("{theirs}/{}/decision", text(one, "id"));
        let longer = json!({ "decision": "extend", "days": 10, "explanation": "Later" });
        operator
            .refused(Method::POST, &place, Some(longer), 409, "not_changeable")
            .await;
        let done = json!({ "decision": "fulfil", "explanation": "Closed by hand." });
        operator.post(&place, done, 200).await;
    }
    // Whose account was named is no worse off: it goes by a person's decision.
    world.owner.get("/v1/account", 200).await;
    let told = world.harness.mails(OPERATOR).await;
    let subjects = told.iter().filter(|mail| mail.subject.contains("privacy"));
    assert!(subjects.count() >= bodies.len());
}

#[tokio::test]
async fn a_report_has_words_and_names_only_what_has_a_name() {
    let harness = Harness::start().await;
    for body in [
        json!({}),
        json!({ "message": " " }),
        json!({ "message": "a", "email": "nobody" }),
        json!({ "message": "a", "contact_id": "cnv_01kf0a1b2c3d4e5f6g7h8j9k0m" }),
        json!({ "message": "a", "reply_to": "eve@example.com" }),
    ] {
        let answer = harness
            .anonymous()
            .send(Method::POST, REPORT, Some(body))
            .await;
        assert!(matches!(answer.status, 400 | 422), "{}", answer.text);
    }
}
