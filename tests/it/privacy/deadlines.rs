//! What happens to a request at its time: reminders, silence, more time, and the end.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{ASK, GRACE, World};

const OPERATOR: &str = "demo@example.com";
const DUE: &str = "A privacy request has to be answered soon";
const OVERDUE: &str = "The time of a privacy request is over";
const SILENT: &str = "A workspace does not answer a privacy request";

/// How many mails of this subject an address got.
async fn count(world: &World, address: &str, subject: &str) -> usize {
    let subjects = world.subjects(address).await;
    subjects.iter().filter(|one| *one == subject).count()
}

/// What the owner and the operator have been told by a day: reminders, escalations, overdue twice.
async fn told(world: &World) -> [usize; 4] {
    [
        count(world, "ada@example.com", DUE).await,
        count(world, OPERATOR, SILENT).await,
        count(world, "ada@example.com", OVERDUE).await,
        count(world, OPERATOR, OVERDUE).await,
    ]
}

/// Moves to a moment before a day, and then to the day, with the schedule of the minute.
async fn until(world: &World, days: u32) {
    let asked = harness::START.plus(DAY * days);
    let left = asked.ms() - world.harness.now().ms();
    let left = Duration::from_millis(u64::try_from(left).expect("the future"));
    world.harness.advance(left - Duration::from_millis(1));
    world.harness.run_schedule("Minute").await;
}

/// FLOW-55: reminders on day 20 and 27, silence told to the operator on 14 and 21, each once.
#[tokio::test]
async fn a_request_that_nobody_answers_is_reminded_of_escalated_and_overdue_once_each() {
    let world = World::new().await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "access" }), 202)
        .await;
    for (day, before, after) in [
        (14, [0, 0, 0, 0], [0, 1, 0, 0]),
        (20, [0, 1, 0, 0], [1, 1, 0, 0]),
        (21, [1, 1, 0, 0], [1, 2, 0, 0]),
        (27, [1, 2, 0, 0], [2, 2, 0, 0]),
        (30, [2, 2, 0, 0], [2, 2, 1, 1]),
    ] {
        until(&world, day).await;
        assert_eq!(told(&world).await, before, "a moment before day {day}");
        world.harness.advance(Duration::from_millis(1));
        for _ in 0..2 {
            let report = world.harness.run_schedule("Minute").await;
            assert!(report["overdue_requests"].is_u64(), "{report}");
            assert_eq!(told(&world).await, after, "day {day}");
        }
    }
    // A date is looked at with every read, too.
    let owner = world.harness.sign_in("ada@example.com").await;
    let seen = owner.get(&world.request(&asked), 200).await;
    assert_eq!(
        (&seen["status"], &seen["overdue"]),
        (&json!("in_progress"), &json!(true))
    );
}

#[tokio::test]
async fn a_schedule_that_slept_tells_everything_of_one_kind_once() {
    let world = World::new().await;
    world
        .visitor
        .post(ASK, json!({ "type": "access" }), 202)
        .await;
    world.harness.advance(DAY * 31);
    let report = world.harness.run_schedule("Minute").await;
    assert_eq!(report["overdue_requests"], 1);
    assert_eq!(told(&world).await, [0, 1, 1, 1]);
}

#[tokio::test]
async fn more_time_is_given_once_for_a_reason_that_the_person_is_told() {
    let world = World::new().await;
    let asks = json!({ "type": "access", "reply_to": GRACE });
    let asked = world.visitor.post(ASK, asks, 202).await;
    let longer = json!({ "decision": "extend", "days": 60, "explanation": "Ten years of mail." });
    let extended = world.decide(&asked, longer.clone()).await;
    assert_eq!(extended["status"], "in_progress");
    assert_eq!(
        extended["expected_by"],
        json!(harness::START.plus(DAY * 90))
    );
    let mails = world.harness.mails(GRACE).await;
    let last = mails.last().expect("a mail");
    assert_eq!(last.subject, "Your privacy request takes longer");
    assert!(last.text.contains("Ten years of mail."), "{}", last.text);
    world
        .is_refused(&asked, longer, 409, "not_changeable")
        .await;
    // Who extends is not silent.
    world.harness.advance(DAY * 40);
    world.harness.run_schedule("Minute").await;
    assert_eq!(told(&world).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_refusal_says_why_to_the_person_and_ends_the_request() {
    let world = World::new().await;
    let asks = json!({ "type": "erase", "reply_to": GRACE });
    let asked = world.visitor.post(ASK, asks, 202).await;
    let no = json!({
        "decision": "deny", "reason": "claim_not_covered", "explanation": "There is a lawsuit.",
    });
    let denied = world.decide(&asked, no).await;
    assert_eq!(
        (&denied["status"], &denied["reason"]),
        (&json!("denied"), &json!("claim_not_covered"))
    );
    let mails = world.harness.mails(GRACE).await;
    let last = mails.last().expect("a mail");
    assert_eq!(last.subject, "Your privacy request was refused");
    for part in ["There is a lawsuit.", "not covered", "authority"] {
        assert!(last.text.contains(part), "{}", last.text);
    }
    let contact = world.place(&format!("contacts/{}", world.visitor.contact_id));
    world.owner.get(&contact, 200).await;
    world.harness.advance(DAY * 31);
    world.harness.run_schedule("Minute").await;
    assert_eq!(told(&world).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_proof_is_good_for_seven_days_and_then_the_request_is_over() {
    let world = World::known().await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "access" }), 202)
        .await;
    let token = world.link(GRACE).await;
    world.harness.advance(DAY * 7);
    let owner = world.harness.sign_in("ada@example.com").await;
    let place = world.request(&asked);
    // The schedule has not looked yet.
    assert_eq!(owner.get(&place, 200).await["status"], "expired");
    let mut browser = world.harness.browser();
    browser
        .submit("/privacy/confirm", &[("token", &token)], 401)
        .await;
    world.harness.run_schedule("Minute").await;
    let over = owner.get(&place, 200).await;
    assert_eq!(
        (&over["status"], &over["ended_at"]),
        (&json!("expired"), &json!(world.harness.now()))
    );
    browser
        .submit("/privacy/confirm", &[("token", &token)], 401)
        .await;
    let decision = format!("{place}/decision");
    let yes = Some(json!({ "decision": "fulfil", "explanation": "Here" }));
    owner
        .refused(Method::POST, &decision, yes, 409, "not_changeable")
        .await;
}

#[tokio::test]
async fn who_asks_again_after_a_proof_that_did_not_come_gets_a_new_request() {
    let world = World::known().await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "access" }), 202)
        .await;
    world.harness.advance(DAY * 7);
    let back = world
        .harness
        .anonymous()
        .with_header("origin", harness::ORIGIN);
    let resume = json!({ "app_key": world.app.key, "resume_token": world.visitor.resume_token });
    let session = back.post("/v1/widget/sessions", resume, 201).await;
    let visitor = back.with_token(&harness::text(&session, "session_token"));
    let anew = visitor.post(ASK, json!({ "type": "access" }), 202).await;
    assert_ne!(anew["id"], asked["id"]);
    let old = visitor
        .get(&format!("{ASK}/{}", harness::text(&asked, "id")), 200)
        .await;
    assert_eq!(old["status"], "expired");
    // The old one's end does not take the new one's place.
    world.harness.run_schedule("Minute").await;
    let again = visitor.post(ASK, json!({ "type": "access" }), 200).await;
    assert_eq!(again["id"], anew["id"]);
}

#[tokio::test]
async fn the_words_of_a_request_go_sixty_days_after_its_end_and_the_rest_after_three_years() {
    let world = World::new().await;
    let asks = json!({ "type": "question", "message": "Who?", "reply_to": GRACE });
    let asked = world.visitor.post(ASK, asks, 202).await;
    let answer = json!({ "decision": "fulfil", "explanation": "We." });
    world.decide(&asked, answer).await;
    let read = async |days: u32| -> Value {
        let end = harness::START.plus(DAY * days);
        let left = end.ms() - world.harness.now().ms();
        world
            .harness
            .advance(Duration::from_millis(u64::try_from(left).expect("later")));
        let owner = world.harness.sign_in("ada@example.com").await;
        let answer = owner.send(Method::GET, &world.request(&asked), None).await;
        assert!([200, 404].contains(&answer.status), "{}", answer.text);
        answer.body
    };
    assert_eq!(read(59).await["message"], "Who?");
    let after = read(60).await;
    for gone in ["message", "answer", "reply_to"] {
        assert_eq!(after[gone], Value::Null, "{after}");
    }
    assert_eq!(after["status"], "fulfilled");
    world.harness.advance(Duration::from_secs(1));
    world.harness.sweep_ttl().await;
    let words = |items: Vec<String>| items.iter().filter(|item| item.contains("WORDS")).count();
    assert_eq!(words(world.harness.items().await), 0);
    assert_eq!(read(1095).await["status"], "fulfilled");
    assert_eq!(read(1096).await["code"], "not_found");
    world.harness.advance(Duration::from_secs(1));
    world.harness.sweep_ttl().await;
    world.harness.drain().await;
    let left: Vec<String> = world.harness.items().await;
    assert!(
        !left.iter().any(|item| item.contains("PRIVACY#")),
        "and its key is gone as well"
    );
}
