//! Usage: how many conversations there were and how long people waited, about five people at least.

use std::time::Duration;

use harness::{Harness, Visitor, message, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use crate::flows::{World, document, edge};

const MINUTE: Duration = Duration::from_secs(60);

/// FLOW-08: what happened is counted by day for owners and admins, about five people at least, from
/// what is there; what was deleted is counted no more.
#[tokio::test]
async fn conversations_are_counted_by_day_and_numbers_about_fewer_than_five_people_left_out() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let mut threads = Vec::new();
    let visitors: Vec<Visitor> = {
        let mut all = Vec::new();
        for _ in 0..6 {
            all.push(harness.visitor(&app).await);
        }
        all
    };
    for visitor in &visitors {
        let conversation = visitor.start("Hello").await;
        visitor.say(&conversation, "Anybody?").await;
        threads.push(conversation);
    }
    // Answers after one to five minutes; the sixth gets none.
    for conversation in &threads[..5] {
        harness.advance(MINUTE);
        owner.say(&workspace, conversation, "Here").await;
    }
    for conversation in &threads[..4] {
        let close = format!("{}/conversations/{}/close", workspace.path, conversation.id);
        owner.post(&close, Value::Null, 200).await;
    }
    let path = format!("{}/usage", workspace.path);
    let usage = owner.get(&path, 200).await;
    let days = usage["days"].as_array().expect("days");
    assert_eq!(
        (days.len(), &usage["complete_from"]),
        (30, &json!("2025-12-17"))
    );
    let expected = json!({
        "day": "2026-01-15", "conversations_opened": 6, "visitors": 6,
        "messages_received": 12, "messages_sent": 5, "first_reply_p50_seconds": 180,
        // Four people are too few.
        "conversations_closed": null, "resolution_p50_seconds": null,
        "ratings": null, "rating_p50": null, "bot_contained": null, "attachment_bytes": 0,
        "conversations_led": null, "flows_created": 0, "push_sent": null,
    });
    assert_eq!(days[29], expected);
    assert!(
        days[..29]
            .iter()
            .all(|day| day["conversations_opened"].is_null())
    );

    let close = format!("{}/conversations/{}/close", workspace.path, threads[4].id);
    owner.post(&close, Value::Null, 200).await;
    let day = format!("{path}?from=2026-01-15&to=2026-01-15");
    let one = owner.get(&day, 200).await;
    assert_eq!(one["days"][0]["conversations_closed"], 5);
    assert_eq!(one["days"][0]["resolution_p50_seconds"], 300);

    let csv = owner
        .send(Method::GET, &format!("{day}&format=csv"), None)
        .await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("set-cookie"), "");
    assert_eq!(
        csv.text.lines().nth(1),
        Some("2026-01-15,6,5,6,12,5,180,300,,,0,0,,,")
    );

    // Opened again it is closed no more; deleted it is counted no more.
    visitors[0].say(&threads[0], "One more thing").await;
    let again = owner.get(&day, 200).await;
    assert_eq!(again["days"][0]["conversations_closed"], Value::Null);
    for conversation in &threads[..2] {
        let path = format!("{}/conversations/{}", workspace.path, conversation.id);
        owner.delete(&path, 204).await;
    }
    let fewer = owner.get(&day, 200).await;
    assert_eq!(fewer["days"][0]["conversations_opened"], Value::Null);
    harness.advance(DAY);
}

#[tokio::test]
async fn what_flows_led_and_flows_that_were_made_are_counted_by_day() {
    let world = World::new().await;
    let ask = json!({ "md": "Name?", "input": { "kind": "text" }, "save": "v_name" });
    let flow = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "q", "type": "ask", "data": ask },
            { "id": "people", "type": "handoff", "data": {} },
        ]),
        json!([edge("s", "next", "q"), edge("q", "next", "people")]),
    );
    let flow = world.make(&flow).await;
    world.publish(&flow).await;
    world.switch(&flow, Some(1)).await;
    let id = flow.rsplit('/').next().expect("an id");
    let app = world.owner.app(&world.workspace).await;
    let begin = format!("/v1/widget/flows/{id}/conversations");
    let mut today = Vec::new();
    for n in 0..5 {
        let visitor = world.harness.visitor(&app).await;
        let body = json!({ "client_id": random_uuid() });
        let begun = visitor.post(&begin, body, 201).await;
        if n == 0 {
            // Whoever of the team answers later, a flow has led it.
            let place = format!(
                "{}/conversations/{}/messages",
                world.workspace.path,
                text(&begun, "conversation_id")
            );
            world.owner.post(&place, message("Here"), 201).await;
        }
        let usage = world
            .owner
            .get(&format!("{}/usage", world.workspace.path), 200)
            .await;
        let last = usage["days"][29].clone();
        today.push((
            last["conversations_led"].clone(),
            last["flows_created"].clone(),
        ));
    }
    let few = (Value::Null, json!(1));
    assert_eq!(today[3], few, "four people are too few");
    assert_eq!(today[4], (json!(5), json!(1)));
    world.visitor.start("Hello").await;
    world.owner.delete(&flow, 204).await;
    let path = format!("{}/usage?format=csv", world.workspace.path);
    let csv = world.owner.send(Method::GET, &path, None).await;
    let last = csv.text.lines().last().expect("a line");
    assert!(last.starts_with("2026-01-15,6,,"), "{last}");
    assert_eq!(
        last.split(',').skip(9).take(2).collect::<Vec<_>>(),
        ["5", "0"]
    );
}

#[tokio::test]
async fn usage_is_two_batches_and_six_queries_and_bad_days_are_problems() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    for n in 0..9 {
        visitor.start(&n.to_string()).await;
    }
    let path = format!("{}/usage", workspace.path);
    owner.get(&path, 200).await;
    let meter = &harness.app_of("conversations").meter;
    meter.take();
    owner.get(&path, 200).await;
    let reading = meter.take();
    assert_eq!(reading.calls.len(), 8, "{:?}", reading.operations());
    assert_eq!(reading.sequential_round_trips(), 3);
    for (query, pointer) in [
        ("from=2026-02-01&to=2026-01-01", "?from"),
        ("from=2025-09-01&to=2026-01-01", "?from"),
        ("to=soon", "?to"),
        ("format=pdf", "?format"),
        ("by=member", "?by"),
    ] {
        let answer = owner
            .send(Method::GET, &format!("{path}?{query}"), None)
            .await;
        let status = if pointer == "?by" { 400 } else { 422 };
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[tokio::test]
async fn notifications_that_devices_took_are_counted_for_two_days_and_not_about_four_people() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let sender = format!("{}/push/webpush", workspace.path);
    let contact = json!({ "contact": "mailto:push@shop.example" });
    owner.put(&sender, contact, 200).await;
    let usage = format!("{}/usage", workspace.path);
    let sent = async |owner: &harness::Member| {
        let days = owner.get(&usage, 200).await["days"].clone();
        let days = days.as_array().expect("days").clone();
        let of = days.iter().rev().map(|day| day["push_sent"].clone());
        of.take(3).collect::<Vec<Value>>()
    };
    for n in 1..=5 {
        let visitor = harness.visitor(&app).await;
        let (_, subscription) = harness.subscription(None);
        let device = json!({ "provider": "webpush", "subscription": subscription });
        visitor.post("/v1/widget/devices", device, 201).await;
        let conversation = visitor.start("Hello").await;
        harness.drain().await;
        if n == 2 {
            // What no device took is not counted.
            harness.stack.pushes.plan(&[400]);
        }
        owner.say(&workspace, &conversation, "Here").await;
        owner.say(&workspace, &conversation, "And here").await;
        harness.drain().await;
        let expected = if n < 5 { Value::Null } else { json!(9) };
        assert_eq!(sent(&owner).await, [expected, Value::Null, Value::Null]);
    }
    harness.advance(DAY);
    let owner = harness.sign_in("ada@example.com").await;
    assert_eq!(sent(&owner).await, [Value::Null, json!(9), Value::Null]);
    harness.advance(DAY);
    let owner = harness.sign_in("ada@example.com").await;
    assert_eq!(sent(&owner).await, [Value::Null, Value::Null, Value::Null]);
}
