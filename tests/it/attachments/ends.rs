//! How files end: with their message, their conversation, their person and their workspace, or a day
//! after nobody sent them.

use std::time::Duration;

use harness::{Fault, Kind};
use shared::domain::time::DAY;

use super::{File, World, json, put, text, with_files};

/// A message of the visitor with a file, and one that the team fetched.
async fn sent(world: &World) -> serde_json::Value {
    let file = File::text("A canary in a file");
    let sent = world
        .harness
        .send_file(&world.visitor, &world.visitors(), &file)
        .await;
    let id = text(&sent["attachments"][0], "id");
    let path = format!("{}/attachments/{id}/content", world.teams());
    super::follow(&world.owner, &path).await;
    assert_eq!(
        world.lies().len(),
        2,
        "sealed, and the copy of a link: {:?}",
        world.lies()
    );
    sent
}

/// CHAT-04.
#[tokio::test]
async fn a_deleted_message_takes_every_version_of_its_files_along() {
    let world = World::new().await;
    let sent = sent(&world).await;
    let kept = world
        .harness
        .send_file(&world.visitor, &world.visitors(), &File::text("2"))
        .await;
    let path = format!("{}/messages/{}", world.teams(), sent["seq"]);
    let left = world.owner.delete(&path, 200).await;
    assert_eq!(left["attachments"], serde_json::Value::Null);
    let id = text(&sent["attachments"][0], "id");
    let content = format!("{}/attachments/{id}/content", world.teams());
    world
        .owner
        .refused(reqwest::Method::GET, &content, None, 404, "not_found")
        .await;
    world.harness.drain().await;
    assert_eq!(world.lies().len(), 1, "the other one's: {:?}", world.lies());
    world.harness.stack.redeliver().await.expect("delivered");
    let other = text(&kept["attachments"][0], "id");
    let content = format!("{}/attachments/{other}/content", world.teams());
    assert_eq!(super::follow(&world.owner, &content).await.0, b"2");
}

#[tokio::test]
async fn a_deleted_conversation_takes_sent_and_unsent_files_along() {
    let world = World::new().await;
    sent(&world).await;
    world
        .harness
        .upload(&world.visitor, &world.visitors(), &File::text("Unsent"))
        .await;
    let late = world.asked(&File::text("Late")).await;
    world.owner.delete(&world.teams(), 204).await;
    assert!(world.lies().is_empty(), "{:?}", world.lies());
    world.harness.drain().await;
    // A link that is still good leads to nothing that stays.
    assert_eq!(put(&late["upload"], b"Late").await, 200);
    world.harness.drain().await;
    assert!(world.lies().is_empty(), "{:?}", world.lies());
}

/// CHAT-04.
#[tokio::test]
async fn a_contact_that_is_erased_leaves_no_file() {
    let world = World::new().await;
    sent(&world).await;
    let path = format!(
        "{}/contacts/{}",
        world.workspace.path, world.visitor.contact_id
    );
    world.owner.delete(&path, 202).await;
    for _ in 0..3 {
        world.harness.run_schedule("minute").await;
        world.harness.drain().await;
    }
    assert!(
        !world.lies().iter().any(|key| !key.starts_with("ledger/")),
        "{:?}",
        world.lies()
    );
}

#[tokio::test]
async fn what_nobody_sends_is_gone_after_a_day_with_or_without_ttl() {
    for ttl in [true, false] {
        let mut world = World::new().await;
        let id = world
            .harness
            .upload(&world.visitor, &world.visitors(), &File::text("?"))
            .await;
        let waiting = world.asked(&File::text("Never uploaded")).await;
        world.harness.advance(DAY);
        world.visitor = again(&world).await;
        for id in [id, text(&waiting["attachment"], "id")] {
            let path = format!("{}/attachments/{id}", world.visitors());
            world
                .visitor
                .refused(reqwest::Method::GET, &path, None, 404, "not_found")
                .await;
            let path = format!("{}/messages", world.visitors());
            let body = Some(with_files(&[&id]));
            let refused =
                world
                    .visitor
                    .refused(reqwest::Method::POST, &path, body, 422, "validation_failed");
            refused.await;
        }
        world.harness.advance(Duration::from_secs(1));
        match ttl {
            true => assert!(world.harness.sweep_ttl().await >= 2),
            false => drop(world.harness.run_schedule("sweep").await),
        }
        world.harness.drain().await;
        assert!(world.lies().is_empty(), "{ttl}: {:?}", world.lies());
        assert_eq!(world.visitor.read(&world.conversation).await.len(), 1);
    }
}

/// The same visitor, a day later.
async fn again(world: &World) -> harness::Visitor {
    let owner = world.harness.sign_in("ada@example.com").await;
    let apps = owner
        .get(&format!("{}/apps", world.workspace.path), 200)
        .await;
    let key = text(&apps["data"][0], "public_key");
    let app = harness::WidgetApp {
        id: text(&apps["data"][0], "id"),
        key,
        identity_secret: String::new(),
    };
    let resume = json!({ "resume_token": world.visitor.resume_token });
    world.harness.visitor_with(&app, resume).await
}

/// FLOW-33: files follow their message.
#[tokio::test]
async fn a_file_ends_when_its_message_does_also_by_a_shorter_retention() {
    let mut world = World::new().await;
    let sent = sent(&world).await;
    world.harness.advance(8 * DAY);
    world.owner = world.harness.sign_in("ada@example.com").await;
    world.visitor = again(&world).await;
    world.visitor.say(&world.conversation, "Still there?").await;
    let id = text(&sent["attachments"][0], "id");
    let path = format!("{}/attachments/{id}", world.teams());
    world.owner.get(&path, 200).await;
    let retention = format!("{}/retention", world.workspace.path);
    let shorter = world.owner.with_header("if-match", "\"1\"");
    shorter
        .patch(&retention, json!({ "conversation_days": 7 }), 200)
        .await;
    world
        .owner
        .refused(reqwest::Method::GET, &path, None, 404, "not_found")
        .await;
    world.harness.run_schedule("sweep").await;
    world.harness.drain().await;
    world.harness.run_schedule("minute").await;
    let left: Vec<String> = world
        .lies()
        .into_iter()
        .filter(|key| !key.starts_with("ledger/"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn whatever_fails_while_a_file_is_looked_through_is_made_good() {
    let kinds = [Kind::ServerError, Kind::TimeoutAfter];
    for kind in kinds {
        for operation in [
            "BatchGetItem",
            "GetObject",
            "PutObject",
            "TransactWriteItems",
            "ListObjectVersions",
            "DeleteObject",
        ] {
            let world = World::new().await;
            let file = super::photo();
            let made = world.asked(&file).await;
            assert_eq!(put(&made["upload"], &file.bytes).await, 200);
            // Three in a row: more than the SDK's own retries heal; the bus tells again.
            world
                .harness
                .faults()
                .plan(Fault::new(kind).on(operation).times(3));
            world.harness.drain().await;
            world.harness.faults().reset();
            let id = text(&made["attachment"], "id");
            let path = format!("{}/attachments/{id}", world.visitors());
            let shown = world.visitor.get(&path, 200).await;
            assert_eq!(shown["state"], "clean", "{kind:?} at {operation}");
            let left: Vec<String> = world
                .lies()
                .into_iter()
                .filter(|key| key.starts_with("intake/"))
                .collect();
            assert!(left.is_empty(), "{kind:?} at {operation}: {left:?}");
        }
    }
}

/// A link is good for minutes: then there is nothing behind it, whoever kept it.
#[tokio::test]
async fn a_link_to_a_file_leads_nowhere_when_its_minutes_are_over() {
    let world = World::new().await;
    let sent = sent(&world).await;
    let file = text(&sent["attachments"][0], "id");
    let place = format!("{}/attachments/{file}/content", world.visitors());
    let answer = world.visitor.send(reqwest::Method::GET, &place, None).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let link = answer.header("location").to_owned();
    let open = async || {
        let client = reqwest::Client::builder().no_proxy().build();
        let got = client.expect("a client").get(&link).send().await;
        got.expect("answered").status().as_u16()
    };
    assert!(link.contains("X-Amz-Expires=300"), "{link}");
    assert_eq!(open().await, 200);
    world
        .harness
        .advance(std::time::Duration::from_secs(11 * 60));
    world.harness.run_schedule("minute").await;
    assert!((400..500).contains(&open().await));
    assert!(!world.lies().iter().any(|key| key.starts_with("links/")));
}

/// What `outbox` gave up is told to nobody again, and nothing in the bucket ends by itself.
#[tokio::test]
async fn bytes_whose_row_went_unheard_are_found_by_the_sweep_and_their_room_is_given_back() {
    let world = World::new().await;
    let goes = sent(&world).await;
    let stays = world
        .harness
        .send_file(&world.visitor, &world.visitors(), &File::text("2"))
        .await;
    let id = |sent: &serde_json::Value| text(&sent["attachments"][0], "id");
    let (goes_id, stays) = (id(&goes), id(&stays));
    world.harness.drain().await;
    let path = format!("{}/messages/{}", world.teams(), goes["seq"]);
    world.owner.delete(&path, 200).await;
    let dropped = world.harness.stack.skip_streams().await;
    dropped.unwrap_or_else(|error| panic!("{error}"));
    let lies = |id: &str| world.lies().iter().any(|key| key.contains(id));
    let shares = async || world.harness.items_under("FILEROOM#").await.len() - 1;
    assert!(lies(&goes_id), "NO BASELINE: {:?}", world.lies());
    assert_eq!(shares().await, 2, "NO BASELINE");

    world.harness.advance(2 * DAY);
    let mut found = 0;
    // Each has its hour.
    for _ in 0..23 {
        world.harness.advance(Duration::from_secs(60 * 60));
        let report = world.harness.run_schedule("sweep").await;
        found += report["rowless_files"].as_u64().expect("a count");
    }
    assert_eq!(found, 1);
    assert!(!lies(&goes_id), "{:?}", world.lies());
    assert!(lies(&stays), "{:?}", world.lies());
    assert_eq!(shares().await, 1);
    let rows = world.harness.items_under("FILEROOM#").await;
    let sum = rows.iter().find(|row| row["sk"]["S"] == "SUM");
    assert_eq!(sum.expect("a sum")["bytes"]["N"], "1");
}
