//! A service that fails: what comes again, until when, and who is told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use harness::receiver::Receiver;
use harness::{Fault, Kind};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, HOUR, MINUTE, World};

#[tokio::test]
async fn what_failed_comes_again_by_the_schedule_under_the_same_id_until_it_is_given_up() {
    let world = World::new().await;
    let hook = world.hook(&["message.created"], "thin").await;
    world.receiver.answers(500);
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    world.harness.drain().await;
    assert_eq!(world.receiver.sent().len(), 1);
    // Not before its time.
    world.harness.advance(Duration::from_secs(30));
    world.due().await;
    assert_eq!(world.receiver.sent().len(), 1);
    let waits = [
        MINUTE,
        MINUTE * 5,
        MINUTE * 30,
        HOUR * 2,
        HOUR * 5,
        HOUR * 10,
        HOUR * 14,
        HOUR * 20,
        HOUR * 24,
    ];
    for (made, wait) in waits.into_iter().enumerate() {
        world.harness.advance(wait + wait / 5);
        world.due().await;
        assert_eq!(world.receiver.sent().len(), made + 2);
    }
    world.harness.advance(HOUR * 30);
    world.due().await;
    let sent = world.receiver.sent();
    assert_eq!(sent.len(), 10);
    let ids: BTreeSet<&str> = sent.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), 1);
    // Each attempt was signed anew, with the time of the attempt.
    let times: BTreeSet<i64> = sent.iter().map(|one| one.timestamp).collect();
    assert_eq!(times.len(), 10);
    assert!(sent.iter().all(|one| one.is_signed_with(&hook.secret)));
    let owner = world.owner_again().await;
    let log = world.deliveries(&owner, &hook).await;
    let one = &log[0];
    assert_eq!(
        (&one["state"], &one["attempts"]),
        (&json!("failed"), &json!(10))
    );
    assert_eq!(
        (&one["answer"], &one["fault"]),
        (&json!(500), &json!("status"))
    );
    assert_eq!(one["next_attempt_at"], Value::Null);
}

/// The promise of the whole: whatever fails on either side, every event arrives at least once, and a
/// receiver that knows the ids takes each once.
#[tokio::test]
async fn a_receiver_that_fails_at_random_gets_every_event_at_least_once_under_a_stable_id() {
    let world = World::new().await;
    world.hook(&["message.created"], "thin").await;
    // One of three is refused, in a pattern that nobody planned around.
    world.receiver.answers_by(|n| match (n * 7919 + 13) % 31 {
        0..20 => (204, Vec::new()),
        20..25 => (500, Vec::new()),
        25..28 => (404, Vec::new()),
        _ => (503, Vec::new()),
    });
    let visitor = world.visitor().await;
    let conversation = visitor.start("Message 1").await;
    for n in 2..=12 {
        visitor.say(&conversation, &format!("Message {n}")).await;
        if n % 4 == 0 {
            // A write of the outbox fails now and then, after the receiver was told or before.
            let fault = Fault::new(Kind::ServerError).on("TransactWriteItems");
            world.harness.faults().plan(fault.after(n % 3).times(3));
        }
        world.harness.drain().await;
        world.harness.faults().reset();
    }
    for wait in [MINUTE * 10; 12].into_iter().chain([HOUR * 6; 16]) {
        world.harness.advance(wait);
        let _ = world.harness.try_schedule("minute").await;
        world.harness.drain().await;
    }
    let mut ids: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for one in world.receiver.sent() {
        let seq = one.body["data"]["seq"].as_u64().expect("a number");
        ids.entry(seq).or_default().insert(one.id.clone());
        if one.answered == 204 {
            taken.insert(seq);
        }
    }
    assert_eq!(taken, (1..=12).collect());
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
}

#[tokio::test]
async fn an_endpoint_that_fails_for_five_days_is_switched_off_and_its_owner_is_told() {
    let world = World::new().await;
    let hook = world.hook(&["message.created"], "thin").await;
    world.receiver.answers(500);
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    world.harness.drain().await;
    world.harness.advance(HOUR * 24 * 4);
    world.due().await;
    let owner = world.owner_again().await;
    let shown = owner.get(&hook.path, 200).await;
    assert_eq!(shown["status"], "enabled");
    assert_ne!(shown["failing_since"], Value::Null);
    world.harness.advance(HOUR * 25);
    world.due().await;
    world.harness.drain().await;
    let owner = world.owner_again().await;
    let shown = owner.send(Method::GET, &hook.path, None).await;
    assert_eq!(shown.body["status"], "disabled");
    let told = world.harness.mails(ADA).await;
    let told = told
        .iter()
        .filter(|mail| mail.subject.contains("webhook"))
        .count();
    assert_eq!(told, 1);
    // Nothing goes out, and nothing is written that would.
    let (before, rows) = (
        world.receiver.sent().len(),
        world.deliveries(&owner, &hook).await.len(),
    );
    let visitor = world.visitor().await;
    visitor.start("Hello?").await;
    world.harness.drain().await;
    assert_eq!(world.receiver.sent().len(), before);
    assert_eq!(world.deliveries(&owner, &hook).await.len(), rows);
    // Somebody switches it on again: from then on it is told.
    world.receiver.answers(200);
    let on = owner.with_header("if-match", shown.header("etag"));
    on.patch(&hook.path, json!({ "status": "enabled" }), 200)
        .await;
    let visitor = world.visitor().await;
    visitor.start("Hello!").await;
    world.harness.drain().await;
    assert_eq!(world.receiver.sent().len(), before + 1);
}

#[tokio::test]
async fn a_service_that_is_gone_is_switched_off_and_one_that_is_busy_is_left_alone() {
    let world = World::new().await;
    let hook = world.hook(&["message.created"], "thin").await;
    // Busy: for ten minutes it gets nothing, not even what is new.
    world
        .receiver
        .answers_by(|_| (503, vec![("retry-after", "600".to_owned())]));
    let visitor = world.visitor().await;
    let conversation = visitor.start("Hello").await;
    world.harness.drain().await;
    world.receiver.answers(204);
    visitor.say(&conversation, "Are you there?").await;
    world.harness.drain().await;
    world.harness.advance(MINUTE * 5);
    world.due().await;
    assert_eq!(world.receiver.sent().len(), 1);
    world.harness.advance(MINUTE * 6);
    world.due().await;
    assert_eq!(world.receiver.taken().len(), 2);
    // A redirect is not followed, and is a failure.
    let elsewhere = Receiver::start().await;
    let to = elsewhere.url.clone();
    world
        .receiver
        .answers_by(move |_| (307, vec![("location", to.clone())]));
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    world.harness.drain().await;
    assert!(elsewhere.sent().is_empty());
    world.receiver.answers(410);
    world.harness.advance(MINUTE * 2);
    world.due().await;
    world.harness.drain().await;
    let owner = world.owner_again().await;
    let shown = owner.get(&hook.path, 200).await;
    assert_eq!(shown["status"], "disabled");
    let told = world.harness.mails(ADA).await;
    assert_eq!(
        told.iter()
            .filter(|mail| mail.subject.contains("webhook"))
            .count(),
        1
    );
}
