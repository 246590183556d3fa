//! What holders of accounts ask the operator, and where anybody finds out how.

use std::time::Duration;

use harness::{Harness, Member, text};
use reqwest::Method;
use serde_json::json;
use shared::domain::time::DAY;

pub const ASK: &str = "/v1/privacy/requests";
pub const DESK: &str = "/v1/operator/privacy/requests";
const OPERATOR: &str = "demo@example.com";
const ADA: &str = "ada@example.com";

/// The operator, signed in with both factors.
pub async fn operator(harness: &Harness) -> Member {
    let operator = harness.sign_up(OPERATOR).await;
    operator.enrol().await;
    harness.advance(Duration::from_secs(60));
    harness.sign_in(OPERATOR).await
}

pub async fn subjects(harness: &Harness, address: &str) -> Vec<String> {
    let mails = harness.mails(address).await.into_iter();
    mails.map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn what_an_account_holder_asks_goes_to_the_operator_and_its_answer_comes_by_mail() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let ada = harness.sign_up(ADA).await;
    let asks = json!({ "type": "object", "message": "No news of the service" });
    let asked = ada.post(ASK, asks.clone(), 202).await;
    assert_eq!(asked["account_id"], ada.account_id.as_str());
    assert_eq!(asked["status"], "in_progress");
    assert_eq!(ada.post(ASK, asks, 200).await, asked);
    assert_eq!(ada.get(ASK, 200).await["data"], json!([asked]));
    let mails = subjects(&harness, ADA).await;
    assert_eq!(
        mails.last().map(String::as_str),
        Some("Your privacy request was received")
    );
    let told = subjects(&harness, OPERATOR).await;
    assert_eq!(
        told.last().map(String::as_str),
        Some("A privacy request came in")
    );

    assert_eq!(operator.get(DESK, 200).await["data"], json!([asked]));
    let place = format!("{DESK}/{}", text(&asked, "id"));
    assert_eq!(operator.get(&place, 200).await, asked);
    let decision = format!("{place}/decision");
    let nothing = Some(json!({ "decision": "fulfil" }));
    operator
        .refused(Method::POST, &decision, nothing, 422, "validation_failed")
        .await;
    let answer = json!({ "decision": "fulfil", "explanation": "It is off." });
    let done = operator.post(&decision, answer, 200).await;
    assert_eq!(done["status"], "fulfilled");
    let own = format!("{ASK}/{}", text(&asked, "id"));
    assert_eq!(ada.get(&own, 200).await, done);
    let mails = harness.mails(ADA).await;
    assert!(mails.last().expect("a mail").text.contains("It is off."));
}

#[tokio::test]
async fn whoever_is_not_the_operator_answers_nobody_and_a_stale_proof_asks_for_nothing() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let eve = harness.sign_up("eve@example.com").await;
    let asks = json!({ "type": "object", "message": "No news" });
    let asked = ada.post(ASK, asks, 202).await;
    let place = format!("{DESK}/{}", text(&asked, "id"));
    for path in [DESK, place.as_str()] {
        eve.refused(Method::GET, path, None, 403, "forbidden").await;
    }
    let yes = Some(json!({ "decision": "fulfil", "explanation": "Here" }));
    let decision = format!("{place}/decision");
    eve.refused(Method::POST, &decision, yes, 403, "forbidden")
        .await;
    let own = format!("{ASK}/{}", text(&asked, "id"));
    eve.refused(Method::GET, &own, None, 404, "not_found").await;
    let revoke = format!("{own}/revoke");
    eve.refused(Method::POST, &revoke, None, 404, "not_found")
        .await;
    // Nor does a request of a workspace lie on the operator's desk.
    let workspace = ada.workspace("inbox").await;
    let visitor = harness.visitor(&ada.app(&workspace).await).await;
    let theirs = visitor
        .post(super::ASK, json!({ "type": "access" }), 202)
        .await;
    let foreign = format!("{ASK}/{}", text(&theirs, "id"));
    ada.refused(Method::GET, &foreign, None, 404, "not_found")
        .await;
    let calls = json!({ "type": "delete_call_metadata" });
    visitor
        .refused(
            Method::POST,
            super::ASK,
            Some(calls.clone()),
            422,
            "validation_failed",
        )
        .await;

    harness.advance(Duration::from_secs(9 * 60));
    let ada = ada.refresh().await;
    harness.advance(Duration::from_secs(2 * 60));
    let ask = Some(json!({ "type": "access" }));
    ada.refused(Method::POST, ASK, ask, 403, "step_up_required")
        .await;
    // A question shows and changes nothing.
    let question = json!({ "type": "question", "message": "Who reads this?" });
    let question = ada.post(ASK, question, 202).await;
    let revoke = format!("{ASK}/{}/revoke", text(&question, "id"));
    assert_eq!(ada.post(&revoke, json!({}), 200).await["status"], "revoked");
    let fresh = harness.sign_in(ADA).await;
    fresh.post(ASK, calls, 202).await;
}

#[tokio::test]
async fn the_operator_is_reminded_of_what_is_theirs_to_answer() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let asks = json!({ "type": "question", "message": "Who reads this?" });
    ada.post(ASK, asks, 202).await;
    let mut expected = vec!["A privacy request came in"];
    assert_eq!(subjects(&harness, OPERATOR).await, expected);
    for (day, letter) in [
        (14, None),
        (20, Some("A privacy request has to be answered soon")),
        (21, None),
        (27, Some("A privacy request has to be answered soon")),
        (30, Some("The time of a privacy request is over")),
    ] {
        let at = harness::START.plus(DAY * day);
        let left = u64::try_from(at.ms() - harness.now().ms()).expect("later");
        harness.advance(Duration::from_millis(left));
        harness.run_schedule("Minute").await;
        expected.extend(letter);
        assert_eq!(subjects(&harness, OPERATOR).await, expected, "day {day}");
    }
}

/// CALL-39: a person can be reached, and programs find out how.
#[tokio::test]
async fn whoever_looks_finds_the_contact_what_can_be_asked_and_where() {
    let harness = Harness::start().await;
    let found = harness
        .anonymous()
        .get("/.well-known/privacy.json", 200)
        .await;
    assert_eq!(
        found["contact"], "privacy@example.com",
        "the one that is set"
    );
    assert_eq!(found["answered_within_days"], 30);
    let actions = found["account_actions"].as_array().expect("a list");
    for action in actions {
        let ask = json!({ "type": action, "message": "Why?" });
        let account = harness
            .sign_up(&format!("{}@example.com", action.as_str().expect("a word")))
            .await;
        account.post(ASK, ask, 202).await;
    }
    for policy in found["policies"].as_array().expect("a list") {
        let path = format!("/policy/{}", text(policy, "profile"));
        assert!(text(policy, "url").ends_with(&path));
        assert_eq!(
            harness
                .anonymous()
                .send(Method::GET, &path, None)
                .await
                .status,
            200
        );
    }
}
