//! A deleted conversation, and one that must not be deleted.

use std::time::Duration;

use harness::message;
use reqwest::Method;
use serde_json::json;
use shared::domain::Profile;
use shared::domain::policy::{Lens, Policy};
use shared::store::conversation::Conversation as Stored;
use shared::store::erasing::Ended;
use shared::store::{Unsealed, keys};

use super::{HOUR, World};

#[tokio::test]
async fn of_a_deleted_conversation_a_tombstone_is_left_and_nothing_else() {
    let world = World::new().await;
    let other = world.visitor.start("another").await;
    world
        .owner
        .say(&world.workspace, &world.conversation, "two")
        .await;
    world
        .owner
        .put(&world.at("/read"), json!({ "seq": 2 }), 200)
        .await;
    world
        .agent
        .put(&world.at("/draft"), json!({ "text": "three" }), 200)
        .await;
    world
        .agent
        .refused(Method::DELETE, &world.at(""), None, 403, "forbidden")
        .await;
    world.owner.delete(&world.at(""), 204).await;

    let left: Vec<String> = world.harness.items().await;
    let left: Vec<&String> = left
        .iter()
        .filter(|item| item.contains(&world.conversation.id))
        .collect();
    // What remembers a request by its key holds the id for its own 24 hours.
    let kinds: Vec<&str> = ["Tombstone", "Idempotency"]
        .into_iter()
        .filter(|kind| left.iter().any(|item| item.contains(kind)))
        .collect();
    assert_eq!((left.len(), kinds.len()), (2, 2), "{left:#?}");
    for path in ["", "/messages", "/draft"] {
        world
            .owner
            .refused(Method::GET, &world.at(path), None, 404, "not_found")
            .await;
    }
    world
        .owner
        .refused(Method::DELETE, &world.at(""), None, 404, "not_found")
        .await;
    let body = Some(message("hello?"));
    let widget = format!(
        "/v1/widget/conversations/{}/messages",
        world.conversation.id
    );
    world
        .visitor
        .refused(Method::POST, &widget, body, 404, "not_found")
        .await;
    for query in ["view=all", "view=unassigned"] {
        let listed = world.listed(&world.owner, query).await;
        assert_eq!(listed, std::slice::from_ref(&other.id));
    }
    world.harness.drain().await;
    world.harness.advance(HOUR * 24 * 7 + HOUR);
    world.harness.sweep_ttl().await;
    assert_eq!(world.harness.items_with(&world.conversation.id).await, 0);
}

#[tokio::test]
async fn a_long_conversation_is_gone_at_once_and_deleted_in_steps() {
    let world = World::new().await;
    for n in 0..60 {
        world
            .visitor
            .say(&world.conversation, &format!("{n}"))
            .await;
    }
    world.owner.delete(&world.at(""), 202).await;
    world
        .owner
        .refused(Method::GET, &world.at(""), None, 404, "not_found")
        .await;
    let body = Some(message("hello?"));
    world
        .owner
        .refused(Method::POST, &world.at("/messages"), body, 404, "not_found")
        .await;
    assert!(world.listed(&world.owner, "view=all").await.is_empty());
    assert!(
        world
            .listed(&world.owner, "view=unassigned")
            .await
            .is_empty()
    );
    // Nobody asks for it again: the schedule goes on with it.
    world.harness.advance(Duration::from_secs(60));
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["erased_conversations"], 1, "{report}");
    world
        .owner
        .refused(Method::DELETE, &world.at(""), None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn of_long_messages_nothing_is_left_behind_the_megabyte_of_a_page() {
    let world = World::new().await;
    // Three bytes a letter, and some of it does not fit a page.
    let long = "\u{6c34}".repeat(10_000);
    for _ in 0..45 {
        world.visitor.say(&world.conversation, &long).await;
    }
    world.owner.delete(&world.at(""), 202).await;
    world.owner.delete(&world.at(""), 204).await;
    let left = world.harness.items().await;
    let id = &world.conversation.id;
    let left = left.iter().filter(|item| item.contains(id));
    let left: Vec<_> = left.filter(|item| item.contains("\"Message\"")).collect();
    assert!(left.is_empty(), "{}", left.len());
}

#[tokio::test]
async fn a_hold_that_comes_while_somebody_deletes_keeps_the_conversation() {
    let world = World::new().await;
    let store = &world.harness.app_of("conversations").store;
    let policy = Policy::of(Profile::Inbox);
    let lens = || Lens {
        now: world.harness.now(),
        policy: &policy,
    };
    let ids = (world.workspace.id.parse(), world.conversation.id.parse());
    let place = keys::conversation(ids.0.expect("an id"), ids.1.expect("an id"));
    let read = store.batch(vec![place.clone()]).await.expect("read");
    let head = read.get::<Stored>(&place, &Unsealed, lens());
    let head = head.expect("a head").expect("there");
    let until = world.harness.now().plus(HOUR * 24);
    let hold = json!({ "reason": "Complaint 17", "until": until });
    world.owner.put(&world.at("/hold"), hold, 200).await;
    let ended = store.end_conversation(head, None, lens()).await;
    assert_eq!(ended.expect("an answer"), Ended::Held);
    assert_eq!(world.shown().await["id"], world.conversation.id);
}

#[tokio::test]
async fn a_long_deletion_that_is_asked_for_again_goes_on() {
    let world = World::new().await;
    for n in 0..60 {
        let text = format!("{n}");
        world.visitor.say(&world.conversation, &text).await;
    }
    world.owner.delete(&world.at(""), 202).await;
    world.owner.delete(&world.at(""), 204).await;
}

#[tokio::test]
async fn a_conversation_on_hold_is_not_deleted_until_it_is_released() {
    let world = World::new().await;
    let until = world.harness.now().plus(HOUR * 24);
    let hold = json!({ "reason": "Complaint 17", "until": until });
    world.owner.put(&world.at("/hold"), hold, 200).await;
    world
        .owner
        .refused(Method::DELETE, &world.at(""), None, 409, "on_hold")
        .await;
    world
        .owner
        .send(Method::DELETE, &world.at("/hold"), None)
        .await;
    world.owner.delete(&world.at(""), 204).await;
}
