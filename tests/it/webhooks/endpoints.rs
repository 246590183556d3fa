//! An endpoint: its address, its secret, and its end.

use harness::text;
use reqwest::Method;
use serde_json::json;

use super::{HOUR, MINUTE, World, sorted};

#[tokio::test]
async fn a_secret_is_rotated_with_an_overlap_and_shown_only_when_it_is_made() {
    let world = World::new().await;
    let hook = world.hook(&["message.created"], "thin").await;
    let shown = world.owner.send(Method::GET, &hook.path, None).await;
    assert!(!shown.text.contains("whsec_"));
    let rotate = format!("{}/secret", hook.path);
    // Without a version it could rotate twice.
    let refused = world
        .owner
        .send(Method::POST, &rotate, Some(json!({})))
        .await;
    assert_eq!(refused.status, 428);
    let versioned = world.owner.with_header("if-match", shown.header("etag"));
    let rotated = versioned
        .post(&rotate, json!({ "overlap_hours": 1 }), 200)
        .await;
    let next = text(&rotated, "secret");
    assert_ne!(next, hook.secret);
    // Repeated, it is refused, and nothing changes.
    let again = versioned.send(Method::POST, &rotate, Some(json!({ "overlap_hours": 1 })));
    assert_eq!(again.await.status, 409);
    let visitor = world.visitor().await;
    let conversation = visitor.start("Hello").await;
    world.harness.drain().await;
    let sent = world.receiver.sent();
    assert!(sent[0].is_signed_with(&next) && sent[0].is_signed_with(&hook.secret));
    assert_eq!(sent[0].signature.split(' ').count(), 2);
    world.harness.advance(HOUR);
    let resume = json!({ "resume_token": visitor.resume_token });
    let visitor = world.harness.visitor_with(&world.app, resume).await;
    visitor.say(&conversation, "Again").await;
    world.harness.drain().await;
    let sent = world.receiver.sent();
    assert!(sent[1].is_signed_with(&next) && !sent[1].is_signed_with(&hook.secret));
    let stored = world.harness.items().await.join("\n");
    assert!(!stored.contains("whsec_") && !stored.contains(&world.receiver.url));
}

#[tokio::test]
async fn an_address_that_leads_inside_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let hook = world.hook(&[], "thin").await;
    let before = sorted(&world).await;
    for url in [
        "http://shop.example.com/hooks",
        "https://10.0.0.1/hooks",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/latest",
        "https://2130706433/",
        "https://metadata/",
        "https://shop.example.com:8443/",
        "https://user:word@shop.example.com/",
        "ftp://shop.example.com/",
        "shop.example.com",
    ] {
        let body = json!({ "name": "Shop", "url": url, "events": [] });
        let made = world
            .owner
            .send(Method::POST, &world.at("/webhooks"), Some(body))
            .await;
        assert_eq!(made.status, 422, "{url}: {}", made.text);
        let client = world.owner.with_header("if-match", "\"1\"");
        let changed = client
            .send(Method::PATCH, &hook.path, Some(json!({ "url": url })))
            .await;
        assert_eq!(changed.status, 422, "{url}: {}", changed.text);
        for answer in [made, changed] {
            assert_eq!(answer.body["errors"][0]["pointer"], "#/url");
            assert_eq!(answer.body["errors"][0]["code"], "bad_address");
        }
    }
    let test = json!({ "name": "Shop", "url": world.receiver.url, "events": ["webhook.test"] });
    let chosen = world
        .owner
        .send(Method::POST, &world.at("/webhooks"), Some(test))
        .await;
    assert_eq!(chosen.body["errors"][0]["code"], "not_a_choice");
    assert_eq!(sorted(&world).await, before);
}

#[tokio::test]
async fn what_was_told_is_forgotten_after_seven_days_and_a_removed_endpoint_is_told_nothing() {
    let world = World::new().await;
    let hook = world.hook(&["message.created"], "thin").await;
    let rows = async || {
        let items = world.harness.items().await;
        items.iter().filter(|item| item.contains("HOOKED#")).count()
    };
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    world.harness.drain().await;
    assert_eq!(rows().await, 1);
    world.harness.advance(HOUR * 24 * 7);
    let owner = world.owner_again().await;
    assert!(world.deliveries(&owner, &hook).await.is_empty());
    world.harness.run_schedule("sweep").await;
    assert_eq!(rows().await, 0);
    world.receiver.answers(500);
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    world.harness.drain().await;
    let before = world.receiver.sent().len();
    owner.delete(&hook.path, 204).await;
    world.receiver.answers(200);
    world.harness.advance(MINUTE * 2);
    world.due().await;
    assert_eq!(world.receiver.sent().len(), before);
    assert_eq!(rows().await, 0);
}
