//! What is handed over to somebody outside: two people agree, as little as is asked for goes, and the
//! register and the person know.

use std::time::Duration;

use harness::{Member, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{DAY, World, kinds, read};

/// A world with a second admin and a second conversation, which no demand is about.
struct Case {
    world: World,
    second: Member,
    other: String,
}

impl Case {
    async fn new() -> Self {
        let world = World::new().await;
        let second = world
            .harness
            .join(&world.owner, &world.workspace, "bob@example.com", "admin")
            .await;
        let other = world.visitor.start("canary-elsewhere").await.id;
        Self {
            world,
            second,
            other,
        }
    }

    /// Where disclosures about the visitor are proposed.
    fn place(&self) -> String {
        let contact = &self.world.visitor.contact_id;
        format!(
            "{}/contacts/{contact}/disclosures",
            self.world.workspace.path
        )
    }

    fn register(&self) -> String {
        format!("{}/disclosures", self.world.workspace.path)
    }

    fn demand(&self) -> Value {
        json!({
            "ground": "legal_demand", "recipient": "canary-court", "reference": "canary-order",
            "conversations": [self.world.conversation],
        })
    }

    async fn propose(&self, body: Value) -> String {
        let made = self.world.owner.post(&self.place(), body, 201).await;
        assert_eq!(made["state"], "proposed");
        format!("{}/{}", self.place(), text(&made, "id"))
    }

    async fn approve(&self, place: &str) -> Value {
        let approve = format!("{place}/approve");
        let answer = self.second.send(Method::POST, &approve, None).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer.body
    }

    /// Everything in the visitor's own copy of their data.
    async fn own_copy(&self) -> String {
        let visitor = &self.world.visitor;
        let place = self.world.make(visitor, "/v1/widget/exports").await;
        read(visitor, &place).await.2
    }
}

/// FLOW-45, FLOW-47, CHAT-17: two people, the named conversations and no others, no notes of the team.
#[tokio::test]
async fn what_is_handed_over_takes_two_people_and_is_no_more_than_was_named() {
    let case = Case::new().await;
    let place = case.propose(case.demand()).await;
    let approve = format!("{place}/approve");
    // Not by who proposed it.
    case.world
        .owner
        .refused(Method::POST, &approve, None, 403, "forbidden")
        .await;
    let approved = case.approve(&place).await;
    assert_eq!(approved["state"], "approved");
    case.world.harness.run_schedule("minute").await;

    let export = format!(
        "{}/exports/{}",
        case.world.workspace.path,
        text(&approved, "export_id")
    );
    assert_eq!(case.second.get(&export, 200).await["state"], "done");
    let (manifest, records, whole) = read(&case.second, &export).await;
    assert_eq!(manifest.about, "disclosure");
    assert!(whole.contains("canary-question") && whole.contains("canary-answer"));
    for others in [
        "canary-elsewhere",
        "canary-note",
        "canary-reason",
        "canary-name",
    ] {
        assert!(!whole.contains(others), "{others} was handed over");
    }
    assert_eq!(kinds(&records), ["Conversation", "Message"].into());
    // Decided once.
    case.second
        .refused(Method::POST, &approve, None, 409, "conflict")
        .await;
    case.world
        .owner
        .refused(Method::DELETE, &place, None, 409, "conflict")
        .await;
}

/// FLOW-21: the register says who got what, by whom and why, and outlives the person without naming
/// them.
#[tokio::test]
async fn the_register_keeps_what_was_handed_over_and_names_nobody() {
    let case = Case::new().await;
    let place = case.propose(case.demand()).await;
    case.approve(&place).await;
    let page = case.world.owner.get(&case.register(), 200).await;
    let entry = &page["data"][0];
    assert_eq!(
        (&entry["recipient"], &entry["reference"], &entry["ground"]),
        (
            &json!("canary-court"),
            &json!("canary-order"),
            &json!("legal_demand")
        )
    );
    assert_ne!(entry["proposed_by"], entry["decided_by"]);
    let contact = case.world.visitor.contact_id.clone();
    assert!(!page.to_string().contains(&contact));
    let about = format!("{}?contact={contact}", case.register());
    let found = case.world.owner.get(&about, 200).await;
    assert_eq!(found["data"].as_array().expect("a list").len(), 1);
    let another = "ctc_01kf0a1b2c3d4e5f6g7h8j9k0m";
    let none = format!("{}?contact={another}", case.register());
    assert_eq!(case.world.owner.get(&none, 200).await["data"], json!([]));

    let path = format!("{}/contacts/{contact}", case.world.workspace.path);
    let hold = format!(
        "{}/conversations/{}/hold",
        case.world.workspace.path, case.world.conversation
    );
    case.world.owner.delete(&hold, 202).await;
    case.world.owner.delete(&path, 202).await;
    for _ in 0..3 {
        case.world.harness.advance(Duration::from_secs(60));
        case.world.harness.run_schedule("minute").await;
    }
    case.world.harness.drain().await;
    let left = case.world.owner.get(&case.register(), 200).await;
    assert_eq!(left["data"][0]["recipient"], "canary-court");
    let items = case.world.harness.items().await;
    let naming = |item: &&String| item.contains(&contact) && item.contains("DISCLOS");
    assert_eq!(items.iter().find(naming), None);
    // Thirty-six months, and it is gone as well.
    case.world.harness.advance(1096 * DAY);
    let owner = case.world.harness.sign_in("ada@example.com").await;
    assert_eq!(owner.get(&case.register(), 200).await["data"], json!([]));
}

/// FLOW-45: the person learns of it from their own copy, or as soon as the law lets them.
#[tokio::test]
async fn the_person_finds_it_in_their_own_copy_unless_the_law_forbids_to_tell_yet() {
    let case = Case::new().await;
    let open = case.propose(case.demand()).await;
    case.approve(&open).await;
    let mut silent = case.demand();
    silent["recipient"] = "canary-secret-service".into();
    silent["silent_until"] = json!(case.world.harness.now().plus(DAY));
    let silent = case.propose(silent).await;
    case.approve(&silent).await;
    let mut declined = case.demand();
    declined["recipient"] = "canary-nosy".into();
    let declined = case.propose(declined).await;
    case.world.owner.delete(&declined, 204).await;
    case.world
        .owner
        .refused(Method::DELETE, &declined, None, 409, "conflict")
        .await;
    let mut proposed = case.demand();
    proposed["recipient"] = "canary-not-yet".into();
    case.propose(proposed).await;
    let copy = case.own_copy().await;
    assert!(copy.contains("canary-court"), "{copy}");
    for kept in ["canary-secret-service", "canary-nosy", "canary-not-yet"] {
        assert!(!copy.contains(kept), "{kept} was told");
    }

    case.world.harness.advance(8 * DAY);
    let again = super::signed_again(&case.world).await;
    let place = case.world.make(&again, "/v1/widget/exports").await;
    let whole = read(&again, &place).await.2;
    assert!(whole.contains("canary-secret-service"), "{whole}");
    assert!(!whole.contains("canary-nosy"));
}

/// FLOW-45, CHAT-17: the person is told by mail, once; where the law forbids it, on the day it does not any
/// more and not a minute before.
#[tokio::test]
async fn the_person_is_told_by_mail_once_and_not_before_the_law_lets_them_know() {
    const TOLD: &str = "Data about you were handed over";
    let case = Case::new().await;
    let harness = &case.world.harness;
    let told = async || {
        let mails = harness.mails("canary@example.com").await.into_iter();
        let mails = mails.filter(|mail| mail.subject == TOLD);
        mails.map(|mail| mail.text).collect::<Vec<_>>()
    };
    let open = case.propose(case.demand()).await;
    harness.run_schedule("minute").await;
    assert_eq!(told().await, [""; 0], "nothing was handed over yet");
    case.approve(&open).await;
    for _ in 0..2 {
        harness.run_schedule("minute").await;
        harness.advance(Duration::from_secs(60));
    }
    let mails = told().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    for word in ["canary-court", "one of your conversations", "may demand it"] {
        assert!(mails[0].contains(word), "{}", mails[0]);
    }
    for kept in ["canary-order", "canary-question"] {
        assert!(!mails[0].contains(kept), "{}", mails[0]);
    }
    let entry = case.world.owner.get(&case.register(), 200).await["data"][0].clone();
    assert!(entry["told_at"].is_string(), "{entry}");

    let mut silent = case.demand();
    silent["recipient"] = "canary-secret-service".into();
    silent["silent_until"] = json!(harness.now().plus(DAY));
    let silent = case.propose(silent).await;
    case.approve(&silent).await;
    harness.advance(DAY - Duration::from_secs(1));
    harness.run_schedule("minute").await;
    assert_eq!(told().await.len(), 1, "the law forbids it");
    harness.advance(Duration::from_secs(1));
    for _ in 0..2 {
        harness.run_schedule("minute").await;
        harness.advance(Duration::from_secs(60));
    }
    let mails = told().await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails[1].contains("canary-secret-service"), "{}", mails[1]);
}

/// FLOW-45: an address that nobody proved is not told of somebody's conversations.
#[tokio::test]
async fn who_has_no_address_that_was_proved_is_not_written_to() {
    let case = Case::new().await;
    let harness = &case.world.harness;
    let stranger = harness.visitor(&case.world.app).await;
    let theirs = stranger.start("Hello").await.id;
    let path = &case.world.workspace.path;
    let known = json!({ "email": "someone@example.com" });
    let contact = format!("{path}/contacts/{}", stranger.contact_id);
    case.world.owner.patch(&contact, known, 200).await;
    let mut demand = case.demand();
    demand["conversations"] = json!([theirs]);
    let place = format!("{contact}/disclosures");
    let made = case.world.owner.post(&place, demand, 201).await;
    case.approve(&format!("{place}/{}", text(&made, "id")))
        .await;
    harness.run_schedule("minute").await;
    assert_eq!(harness.mails("someone@example.com").await.len(), 0);
    let entry = case.world.owner.get(&case.register(), 200).await["data"][0].clone();
    assert_eq!(entry["told_at"], json!(null));
}

#[tokio::test]
async fn a_demand_that_is_too_wide_or_about_somebody_else_is_refused_and_changes_nothing() {
    let case = Case::new().await;
    let stranger = case.world.harness.visitor(&case.world.app).await;
    let theirs = stranger.start("Hello").await.id;
    let id = &case.world.conversation;
    let now = case.world.harness.now();
    let many: Vec<String> = (0..21).map(|_| id.clone()).collect();
    let before = sorted(&case).await;
    for (change, pointer) in [
        (json!({ "conversations": [] }), "#/conversations"),
        (json!({ "conversations": many }), "#/conversations"),
        (json!({ "conversations": [id, id] }), "#/conversations"),
        (json!({ "conversations": [theirs] }), "not_found"),
        (json!({ "silent_until": now }), "#/silent_until"),
        (
            json!({ "silent_until": now.plus(731 * DAY) }),
            "#/silent_until",
        ),
        (json!({ "ground": "curiosity" }), "#/ground"),
        (json!({ "recipient": "" }), "#/recipient"),
        (json!({ "why": "x" }), "#/why"),
    ] {
        let mut body = case.demand();
        for (name, value) in change.as_object().expect("fields") {
            body[name] = value.clone();
        }
        let answer = case
            .world
            .owner
            .send(Method::POST, &case.place(), Some(body))
            .await;
        assert!((400..=422).contains(&answer.status), "{}", answer.text);
        assert!(answer.text.contains(pointer), "{pointer}: {}", answer.text);
    }
    assert_eq!(sorted(&case).await, before);
    // A wrong contact beside a right disclosure finds nothing.
    let place = case.propose(case.demand()).await;
    let wrong = place.replace(&case.world.visitor.contact_id, &stranger.contact_id);
    case.second
        .refused(
            Method::POST,
            &format!("{wrong}/approve"),
            None,
            404,
            "not_found",
        )
        .await;
    // An old proof of who somebody is does not do.
    case.world.harness.advance(Duration::from_secs(11 * 60));
    let late = case.second.refresh().await;
    late.refused(
        Method::POST,
        &format!("{place}/approve"),
        None,
        403,
        "step_up_required",
    )
    .await;
    assert_ne!(case.other, *id);
}

async fn sorted(case: &Case) -> Vec<String> {
    let mut items = case.world.harness.items().await;
    items.sort();
    items
}
