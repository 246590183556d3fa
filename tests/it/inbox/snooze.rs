//! Snoozes: put aside until a time, and back to the millisecond.

use reqwest::Method;
use serde_json::{Value, json};

use super::{HOUR, MS, World, numbers};

#[tokio::test]
async fn a_snooze_is_over_to_the_millisecond_wherever_it_is_read() {
    let mut world = World::new().await;
    let id = [world.conversation.id.clone()];
    let until = world.harness.now().plus(HOUR);
    let put_aside = world
        .owner
        .post(&world.at("/snooze"), json!({ "until": until }), 200)
        .await;
    assert_eq!(
        (&put_aside["status"], &put_aside["snoozed_until"]),
        (&json!("snoozed"), &json!(until))
    );
    world.pass(HOUR - MS).await;
    assert_eq!(world.shown().await["status"], "snoozed");
    assert!(
        world
            .listed(&world.owner, "view=unassigned")
            .await
            .is_empty()
    );
    assert_eq!(
        world
            .listed(&world.owner, "view=unassigned&status=snoozed")
            .await,
        id
    );
    assert_eq!(world.listed(&world.owner, "status=snoozed").await, id);
    let counts = format!("{}/conversations/counts", world.workspace.path);
    let unassigned = &world.owner.get(&counts, 200).await["unassigned"];
    assert_eq!(*unassigned, json!({ "open": 0, "snoozed": 1 }));
    // A knock too early changes nothing.
    assert_eq!(world.post("/wake", 200).await["status"], "snoozed");

    world.pass(MS).await;
    let shown = world.shown().await;
    assert_eq!(
        (&shown["status"], &shown["snoozed_until"]),
        (&json!("open"), &Value::Null)
    );
    assert_eq!(world.listed(&world.owner, "view=unassigned").await, id);
    assert!(
        world
            .listed(&world.owner, "view=unassigned&status=snoozed")
            .await
            .is_empty()
    );
    assert_eq!(world.listed(&world.owner, "status=open").await, id);
    let unassigned = &world.owner.get(&counts, 200).await["unassigned"];
    assert_eq!(*unassigned, json!({ "open": 1, "snoozed": 0 }));
    assert_eq!(
        world.events().await,
        ["snoozed"],
        "nobody has written it down yet"
    );

    let woken = world.post("/wake", 200).await;
    assert_eq!(woken["status"], "open");
    assert_eq!(world.post("/wake", 200).await, woken);
    assert_eq!(world.events().await, ["snoozed", "woke"]);
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert!(lines[2]["actor"].is_null(), "the clock did it");
    assert_eq!(lines[1]["until"], json!(until));
    assert_eq!(world.listed(&world.owner, "view=unassigned").await, id);
}

#[tokio::test]
async fn any_write_is_a_knock_and_the_visitors_message_brings_a_snoozed_thread_back() {
    let mut world = World::new().await;
    let snooze = |world: &World| json!({ "until": world.harness.now().plus(HOUR) });
    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    // A member's words leave it put aside; the visitor's do not.
    world
        .owner
        .say(&world.workspace, &world.conversation, "please wait")
        .await;
    assert_eq!(world.shown().await["status"], "snoozed");
    world.visitor.say(&world.conversation, "still there?").await;
    assert_eq!(world.shown().await["status"], "open");
    assert_eq!(world.events().await, ["snoozed", "woke"]);

    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    world.pass(HOUR).await;
    world
        .owner
        .say(&world.workspace, &world.conversation, "here I am")
        .await;
    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    world.pass(HOUR).await;
    world.post("/reopen", 200).await;
    world
        .owner
        .post(&world.at("/snooze"), snooze(&world), 200)
        .await;
    world.pass(HOUR).await;
    world.post("/close", 200).await;
    let expected = [
        "snoozed", "woke", "snoozed", "woke", "snoozed", "woke", "snoozed", "woke", "closed",
    ];
    assert_eq!(world.events().await, expected);
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert_eq!(
        numbers(&lines),
        (1..=lines.len() as u64).collect::<Vec<u64>>()
    );
}

#[tokio::test]
async fn a_snooze_ends_in_the_future_and_before_the_conversation() {
    let world = World::new().await;
    let now = world.harness.now();
    let before = world.shown().await;
    for until in [
        now,
        now.minus(MS),
        now.plus(HOUR * 24 * 760),
        now.plus(HOUR * 24 * 36500),
    ] {
        let body = Some(json!({ "until": until }));
        let problem = world
            .owner
            .refused(
                Method::POST,
                &world.at("/snooze"),
                body,
                422,
                "validation_failed",
            )
            .await;
        assert_eq!(problem["errors"][0]["pointer"], "#/until");
    }
    assert_eq!(world.shown().await, before);
    world
        .owner
        .post(&world.at("/snooze"), json!({ "until": now.plus(MS) }), 200)
        .await;
}
