//! Devices: whose they are, how long they are kept, and what is none.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// CHAT-06: tokens are sealed, and dead ones go.
#[tokio::test]
async fn a_token_lies_sealed_and_one_that_its_provider_knows_no_more_is_removed() {
    let world = World::new().await;
    let (dead, alive) = (
        world.register(&world.owner).await,
        world.register(&world.owner).await,
    );
    let items = world.harness.items().await;
    for device in [&dead, &alive] {
        for part in [
            device.subscription["endpoint"].as_str(),
            device.subscription["keys"]["auth"].as_str(),
        ] {
            let part = part.expect("a text");
            assert!(!items.iter().any(|item| item.contains(part)));
        }
    }
    world.harness.stack.pushes.unsubscribe(&dead.browser);
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    visitor.say(&conversation, "Anybody?").await;
    assert_eq!(world.events(&alive).await, ["message"]);
    assert_eq!(world.told(&dead).await.len(), 0);
    let left = world.devices(&world.owner).await;
    assert_eq!(left.len(), 1);
    assert!(alive.path.ends_with(&text(&left[0], "id")));
    let gone = world.owner.send(Method::DELETE, &dead.path, None).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn who_has_left_and_who_signed_out_is_told_nothing_and_nothing_of_theirs_stays() {
    let world = World::new().await;
    let grace = world.colleague("grace@example.com", "agent").await;
    let leo = world.colleague("leo@example.com", "agent").await;
    let (hers, his) = (world.register(&grace).await, world.register(&leo).await);
    let all = json!({ "email": [], "in_app": [], "push": ["unassigned"] });
    world.wish(&grace, all.clone()).await;
    world.wish(&leo, all).await;
    let out = grace.send(Method::POST, "/v1/auth/logout", None).await;
    assert_eq!(out.status, 204, "{}", out.text);
    let gone = world.at(&format!("/members/{}", world.member_id(&leo).await));
    world.owner.delete(&gone, 202).await;
    let visitor = world.visitor().await;
    visitor.start("Anybody?").await;
    assert_eq!(world.told(&hers).await.len(), 0);
    assert_eq!(world.told(&his).await.len(), 0);
    for _ in 0..3 {
        world.harness.advance(MINUTE);
        world.harness.run_schedule("jobs").await;
        world.harness.drain().await;
    }
    let items = world.harness.items().await;
    assert!(!items.iter().any(|item| item.contains("PushDevice")));
}

#[tokio::test]
async fn a_token_is_one_persons_and_the_last_to_register_it_has_it() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let grace = world.colleague("grace@example.com", "agent").await;
    let body = json!({ "provider": "webpush", "subscription": device.subscription });
    let hers = grace.post(&world.at("/devices"), body, 201).await;
    assert!(!device.path.ends_with(&text(&hers, "id")));
    assert_eq!(world.devices(&world.owner).await.len(), 0);
    assert_eq!(world.devices(&grace).await.len(), 1);
}

/// CHAT-06: 270 days without a sign of it.
#[tokio::test]
async fn a_device_that_does_not_show_up_is_forgotten_after_two_hundred_and_seventy_days() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let body = json!({ "provider": "webpush", "subscription": device.subscription });
    world.harness.advance(DAY * 200);
    let owner = world.harness.sign_in(ADA).await;
    owner.post(&world.at("/devices"), body, 200).await;
    world.harness.advance(DAY * 269);
    let owner = world.harness.sign_in(ADA).await;
    assert_eq!(world.devices(&owner).await.len(), 1);
    world.harness.advance(DAY);
    let owner = world.harness.sign_in(ADA).await;
    assert_eq!(world.devices(&owner).await.len(), 0);
    world.harness.run_schedule("sweep").await;
    let items = world.harness.items().await;
    assert!(!items.iter().any(|item| item.contains("PushDevice")));
}

#[tokio::test]
async fn the_twenty_first_device_takes_the_place_of_the_one_that_was_seen_longest_ago() {
    let world = World::new().await;
    let first = world.register(&world.owner).await;
    for _ in 0..20 {
        world.harness.advance(Duration::from_millis(1));
        world.register(&world.owner).await;
    }
    let left = world.devices(&world.owner).await;
    assert_eq!(left.len(), 20);
    assert!(
        !left
            .iter()
            .any(|one| first.path.ends_with(&text(one, "id")))
    );
}

#[tokio::test]
async fn what_is_no_subscription_and_no_preference_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let before = sorted(&world).await;
    let with = |endpoint: &str, key: &str| {
        let mut subscription = device.subscription.clone();
        subscription["endpoint"] = endpoint.into();
        if !key.is_empty() {
            subscription["keys"]["p256dh"] = key.into();
        }
        json!({ "provider": "webpush", "subscription": subscription })
    };
    let own = text(&device.subscription, "endpoint");
    let bad = [
        (json!({ "provider": "webpush" }), "#/subscription"),
        (
            with("https://push.example.com/x", ""),
            "#/subscription/endpoint",
        ),
        (with("http://127.0.0.1:1/x", ""), "#/subscription/endpoint"),
        (
            with("https://fcm.googleapis.com.example.com/x", ""),
            "#/subscription/endpoint",
        ),
        (with(&own, "AAAA"), "#/subscription/keys"),
    ];
    let place = world.at("/devices");
    for (body, pointer) in bad {
        let answer = world.owner.send(Method::POST, &place, Some(body)).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(
            answer.body["errors"][0]["pointer"], pointer,
            "{}",
            answer.text
        );
    }
    let quiet = |days: Value, from: &str, to: &str, zone: &str| {
        json!({
            "email": [], "in_app": [], "push": [],
            "quiet_hours": { "time_zone": zone, "days": days, "from": from, "to": to },
        })
    };
    let place = world.at("/notification-preferences");
    let days = json!(["monday"]);
    for body in [
        json!({ "email": ["test"], "in_app": [], "push": [] }),
        json!({ "email": ["lunch"], "in_app": [], "push": [] }),
        json!({ "email": [], "push": [] }),
        quiet(json!([]), "22:00", "07:00", "UTC"),
        quiet(days.clone(), "22:00", "22:00", "UTC"),
        quiet(days.clone(), "22:00", "25:00", "UTC"),
        quiet(days, "22:00", "07:00", "Middle/Earth"),
    ] {
        let answer = world.owner.send(Method::PUT, &place, Some(body)).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
    for contact in [json!({}), json!({ "contact": "push@shop.example" })] {
        let place = world.at("/push/webpush");
        let answer = world.owner.send(Method::PUT, &place, Some(contact)).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
    assert_eq!(sorted(&world).await, before);
    // The key stays the same when the address becomes another: browsers are bound to it.
    let key = world.key().await;
    let contact = json!({ "contact": "https://shop.example/contact" });
    world
        .owner
        .put(&world.at("/push/webpush"), contact, 200)
        .await;
    assert_eq!(world.key().await, key);
}

/// CHAT-23: that somebody was told of something is known for two days, by ids, and then by nobody.
#[tokio::test]
async fn that_a_device_was_told_of_something_is_forgotten_after_two_days() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    visitor.say(&conversation, "Anybody?").await;
    assert_eq!(world.events(&device).await, ["message"]);
    let told = async || {
        let items = world.harness.items().await;
        items
            .iter()
            .filter(|item| item.contains("NOTIFICATION#"))
            .count()
    };
    assert!(told().await >= 1, "NO BASELINE");
    world.harness.advance(Duration::from_secs(47 * 60 * 60));
    world.harness.run_schedule("sweep").await;
    assert!(
        told().await >= 1,
        "it is kept, so that nobody is told twice"
    );
    world.harness.advance(Duration::from_secs(2 * 60 * 60));
    world.harness.run_schedule("sweep").await;
    assert_eq!(told().await, 0);
}
