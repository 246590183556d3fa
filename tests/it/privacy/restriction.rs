//! What is set aside: kept, and nothing else is done with it.

use std::time::Duration;

use harness::{Conversation, Fault, Found, Harness, Kind, Member, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{
    ASK, World,
    accounts::{operator, subjects},
};

const OWNER: &str = "ada@example.com";
const CHILD: &str = "Decide within a day: the data of a child were reported";

impl World {
    /// The team enters what the visitor asks for.
    async fn enter(&self, owner: &Member, kind: &str) -> Value {
        let asks = json!({ "type": kind, "contact_id": self.visitor.contact_id });
        owner.post(&self.place("privacy/requests"), asks, 202).await
    }

    /// The team enters it and decides that it is done.
    async fn carry_out(&self, kind: &str) {
        // Codes are mailed five times an hour.
        self.harness.advance(Duration::from_secs(60 * 60));
        let owner = self.harness.sign_in(OWNER).await;
        let asked = self.enter(&owner, kind).await;
        let place = format!("{}/decision", self.request(&asked));
        owner
            .post(&place, json!({ "decision": "fulfil" }), 200)
            .await;
    }

    /// What the team gets where it looks for the contact and for what it wrote.
    async fn is_shown(&self, conversation: &Conversation, status: u16) {
        let owner = self.harness.sign_in(OWNER).await;
        let contact = format!("contacts/{}", self.visitor.contact_id);
        let thread = format!("conversations/{}", conversation.id);
        let messages = format!("{thread}/messages");
        for place in [contact, thread, messages] {
            let answer = owner.send(Method::GET, &self.place(&place), None).await;
            assert_eq!(answer.status, status, "{place}: {}", answer.text);
        }
        for list in ["contacts", "conversations"] {
            let found = owner.get(&self.place(list), 200).await["data"].to_string();
            let id = match list {
                "contacts" => self.visitor.contact_id.as_str(),
                _ => conversation.id.as_str(),
            };
            assert_eq!(found.contains(id), status == 200, "{list}: {found}");
        }
    }

    /// How many rows there are of a conversation, tombstones aside.
    async fn rows(&self, conversation: &Conversation) -> usize {
        let items = self.harness.items().await.into_iter();
        let place = format!("CONVERSATION#{}#{}", self.workspace.id, conversation.id);
        let rows = items.filter(|item| item.contains(&place) && !item.contains("TOMB"));
        rows.count()
    }
}

/// CALL-34, FLOW-53: an account that is set aside is kept, used by nobody, and comes back.
#[tokio::test]
async fn an_account_that_is_set_aside_is_kept_and_nobody_signs_in_until_it_is_used_again() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let ada = harness.sign_up(OWNER).await;
    let workspace = ada.workspace("inbox").await;
    let site = ada.app(&workspace).await;
    let asked = ada
        .post("/v1/privacy/requests", json!({ "type": "restrict" }), 202)
        .await;
    assert_eq!(asked["processing_details"], "waiting_for_decision");
    ada.get(&workspace.path, 200).await;
    let decide = async |operator: &Member, asked: &Value| {
        let place = format!("/v1/operator/privacy/requests/{}", text(asked, "id"));
        let yes = json!({ "decision": "fulfil" });
        let decided = operator.post(&format!("{place}/decision"), yes, 200).await;
        assert_eq!(decided["processing_details"], "executing");
        place
    };
    let place = decide(&operator, &asked).await;
    // A call that fails on the way is made up for by the next minute.
    let lost = Fault::new(Kind::ServerError).on("Query").times(9);
    harness.faults().plan(lost);
    let _ = harness.try_schedule("minute").await;
    harness.faults().reset();
    harness.run_schedule("minute").await;
    harness.drain().await;
    assert_eq!(operator.get(&place, 200).await["status"], "fulfilled");
    let told = subjects(&harness, OWNER).await;
    assert_eq!(
        told.last().map(String::as_str),
        Some("Your privacy request is done")
    );
    // Out of it, and not in again.
    ada.refused(Method::GET, "/v1/account", None, 401, "token_invalid")
        .await;
    harness.advance(Duration::from_secs(60 * 60));
    let nobody = harness.anonymous();
    let asks = json!({ "email": OWNER });
    let challenge = nobody.post("/v1/auth/otp", asks, 202).await;
    let answer = json!({
        "challenge_id": challenge["challenge_id"], "code": harness.mail_code(OWNER).await,
    });
    let verify = "/v1/auth/otp/verify";
    let answer = nobody.send(Method::POST, verify, Some(answer)).await;
    assert!((400..500).contains(&answer.status), "{}", answer.text);
    // Nor is it told of what happens in its workspace.
    let before = subjects(&harness, OWNER).await.len();
    let visitor = harness.visitor(&site).await;
    let question = json!({ "type": "question", "message": "Hello?" });
    visitor.post(ASK, question, 202).await;
    harness.drain().await;
    assert_eq!(subjects(&harness, OWNER).await.len(), before);
    // By mail it comes back: the link goes to the address on file.
    let mail = format!(
        "From: <{OWNER}>
To: privacy@example.com
Subject: Again
         Content-Type: text/plain; charset=utf-8

Use it again
"
    );
    let received = harness.stack.receive(mail.as_bytes(), Found::default());
    received.expect("a desk");
    let mails = harness.mails(OWNER).await;
    let (_, link) = mails
        .last()
        .and_then(|mail| mail.text.split_once("/privacy/confirm?token="))
        .expect("a link");
    let token = link.lines().next().expect("a line");
    let form = [("token", token), ("type", "unrestrict")];
    harness
        .browser()
        .submit("/privacy/confirm", &form, 200)
        .await;
    let operator = harness.sign_in("demo@example.com").await;
    let open = operator.get("/v1/operator/privacy/requests", 200).await;
    let open = open["data"].as_array().expect("a list");
    let again = open.iter().find(|one| one["type"] == "unrestrict");
    let place = decide(&operator, again.expect("the request")).await;
    harness.run_schedule("minute").await;
    assert_eq!(operator.get(&place, 200).await["status"], "fulfilled");
    harness.advance(Duration::from_secs(60 * 60));
    let ada = harness.sign_in(OWNER).await;
    // Nothing of it is lost.
    let found = ada.get(&workspace.path, 200).await;
    assert_eq!(found["role"], "owner");
}

/// CALL-34, FLOW-53: nobody reads, writes or lists it, it does not expire, and it comes back.
#[tokio::test]
async fn what_is_set_aside_is_kept_and_used_by_nobody_until_it_is_used_again() {
    let world = World::new().await;
    let conversation = world.visitor.start("Keep this").await;
    let sync = world.place("sync");
    let seen = world.owner.get(&sync, 200).await;
    let cursor = text(&seen, "next_cursor");
    world.is_shown(&conversation, 200).await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "restrict" }), 202)
        .await;
    world.is_shown(&conversation, 200).await;

    world.decide(&asked, json!({ "decision": "fulfil" })).await;
    world.is_shown(&conversation, 404).await;
    let told = world
        .owner
        .get(&format!("{sync}?cursor={cursor}"), 200)
        .await;
    let gone = json!({ "type": "conversation", "id": conversation.id, "gone": true });
    let changes = told["changes"].as_array().expect("changes");
    assert!(changes.contains(&gone), "{told}");
    let says = harness::message("Hello?");
    let own = format!("/v1/widget/conversations/{}", conversation.id);
    for (method, path, body) in [
        (Method::GET, "/v1/widget/conversations".to_owned(), None),
        (Method::GET, own.clone(), None),
        (Method::POST, format!("{own}/messages"), Some(says)),
    ] {
        let visitor = &world.visitor;
        visitor
            .refused(method, &path, body, 403, "restricted")
            .await;
    }
    // What somebody asks about their own data is answered.
    assert_eq!(
        world.visitor.get(ASK, 200).await["data"][0]["status"],
        "fulfilled"
    );

    // Longer than anything is kept here; whoever looks finds every row.
    let rows = world.rows(&conversation).await;
    for days in [1, 400, 400] {
        world.harness.run_schedule("jobs").await;
        world.harness.advance(DAY * days);
        world.harness.run_schedule("minute").await;
        world.harness.sweep_ttl().await;
        world.harness.run_schedule("sweep").await;
    }
    // The client's id of the message has ended, which is no part of what was said.
    assert!(world.rows(&conversation).await + 1 >= rows);
    world.is_shown(&conversation, 404).await;
}

#[tokio::test]
async fn what_is_used_again_is_as_it_was_and_ends_when_it_would_have() {
    let world = World::new().await;
    let conversation = world.visitor.start("Keep this").await;
    world.carry_out("restrict").await;
    world.harness.advance(DAY * 10);
    world.harness.run_schedule("minute").await;
    world.carry_out("unrestrict").await;
    world.is_shown(&conversation, 200).await;
    world.harness.run_schedule("jobs").await;
    let owner = world.harness.sign_in(OWNER).await;
    let read = owner.read(&world.workspace, &conversation).await;
    assert_eq!(read[0]["text"], "Keep this");
    // Of a contact that is not set aside, that changes nothing.
    world.carry_out("unrestrict").await;
    world.is_shown(&conversation, 200).await;
    world.harness.advance(DAY * 751);
    world.is_shown(&conversation, 404).await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.rows(&conversation).await, 0);
}

/// FLOW-61: a report sets aside at once, a person is alarmed, and a day is all there is.
#[tokio::test]
async fn a_report_of_a_child_sets_aside_at_once_and_is_decided_within_a_day() {
    let world = World::new().await;
    let conversation = world.visitor.start("I am eleven").await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "child_report" }), 202)
        .await;
    assert_eq!(asked["expected_by"], json!(harness::START.plus(DAY)));
    world.is_shown(&conversation, 404).await;
    let alarmed = world.subjects(OWNER).await;
    assert_eq!(
        alarmed.iter().filter(|one| *one == CHILD).count(),
        1,
        "{alarmed:?}"
    );
    let longer = json!({ "decision": "extend", "days": 5, "explanation": "Busy" });
    world
        .is_refused(&asked, longer, 409, "not_changeable")
        .await;
    // Whoever says so again is led to the same report.
    let again = world
        .visitor
        .post(ASK, json!({ "type": "child_report" }), 200)
        .await;
    assert_eq!(again["id"], asked["id"]);

    world.harness.advance(Duration::from_secs(24 * 60 * 60));
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["overdue_requests"], 1, "{report}");
    let no = json!({ "decision": "deny", "reason": "no_match", "explanation": "Born in 1980." });
    let owner = world.harness.sign_in(OWNER).await;
    let place = format!("{}/decision", world.request(&asked));
    owner.post(&place, no, 200).await;
    world.is_shown(&conversation, 200).await;
    let log = owner.get(&world.place("audit"), 200).await["data"].to_string();
    for deed in [
        "contact_restricted",
        "contact_unrestricted",
        "request_refused",
    ] {
        assert!(log.contains(deed), "{deed}: {log}");
    }
}

#[tokio::test]
async fn what_is_set_aside_can_be_copied_for_its_person_and_erased() {
    let world = World::new().await;
    let conversation = world.visitor.start("I am eleven").await;
    let asked = world.enter(&world.owner, "child_report").await;
    let exports = world.place(&format!("contacts/{}/exports", world.visitor.contact_id));
    let owner = world.harness.sign_in(OWNER).await;
    let export = owner.send(Method::POST, &exports, None).await;
    assert_eq!(export.status, 202, "{}", export.text);
    world.harness.run_schedule("minute").await;
    let place = world.place(&format!("exports/{}", text(&export.body, "id")));
    let export = owner.get(&place, 200).await;
    assert_eq!(export["state"], "done");
    // The head, the message, and the contact with its request at least.
    assert!(
        export["records"].as_u64().expect("a count") >= 4,
        "{export}"
    );

    world.decide(&asked, json!({ "decision": "fulfil" })).await;
    for _ in 0..3 {
        world.harness.run_schedule("minute").await;
        world.harness.advance(Duration::from_secs(61));
    }
    assert_eq!(world.rows(&conversation).await, 0);
    let seen = owner.refresh().await.get(&world.request(&asked), 200).await;
    assert_eq!(seen["status"], "fulfilled");
    let left = world.harness.items().await;
    let contact = world.visitor.contact_id.as_str();
    let about = left.iter().filter(|item| item.contains(contact));
    let rest: Vec<&String> = about
        .filter(|item| {
            !["PRIVACY#", "ASKED#", "TOMB"]
                .iter()
                .any(|kind| item.contains(kind))
        })
        .collect();
    assert!(rest.is_empty(), "{rest:?}");
}
