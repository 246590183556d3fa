//! Usage: how many conversations there were, how long people waited and spoke, about five people at least.

use std::time::Duration;

use harness::{Harness, Visitor, message, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use crate::flows::{World, document, edge};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn whoever_asks_for_some_numbers_gets_those_and_no_others() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    for _ in 0..5 {
        harness.visitor(&app).await.start("Hello").await;
    }
    let path = format!(
        "{}/usage?from=2026-01-15&to=2026-01-15&metric=",
        workspace.path
    );
    let one = owner
        .get(&format!("{path}visitors,flows_created"), 200)
        .await;
    let expected = json!({ "day": "2026-01-15", "visitors": 5, "flows_created": 0 });
    assert_eq!(one["days"], json!([expected]));
    // In the order of the table, whichever was asked for.
    let answer = owner
        .send(
            Method::GET,
            &format!("{path}push_sent,conversations_opened&format=csv"),
            None,
        )
        .await;
    assert_eq!(
        answer.text,
        "day,conversations_opened,push_sent\r\n2026-01-15,5,\r\n"
    );
    // A part without a number that was asked for is not there.
    let parts = owner.get(&format!("{path}ratings&by=inbox"), 200).await;
    assert_eq!(parts["days"], json!([]));
    let parts = owner.get(&format!("{path}visitors&by=inbox"), 200).await;
    let expected = json!({ "day": "2026-01-15", "part": app.id, "visitors": 5 });
    assert_eq!(parts["days"], json!([expected]));
    for wrong in [
        "",
        "visitors,",
        "salaries",
        "visitors%20",
        "visitors&metric=ratings",
    ] {
        let answer = owner
            .send(Method::GET, &format!("{path}{wrong}"), None)
            .await;
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text);
        assert_eq!(answer.body["errors"][0]["pointer"], "?metric", "{wrong}");
    }
    let wrong = owner.send(Method::GET, &format!("{path}all"), None).await;
    assert!(
        wrong.text.contains("bot_contained, conversations_led"),
        "{}",
        wrong.text
    );
}

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
        "conversations_led": null, "flows_created": 0, "push_sent": null, "call_minutes": null,
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
        Some("2026-01-15,6,5,6,12,5,180,300,,,0,0,,,,")
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
async fn usage_is_two_batches_and_seven_queries_and_bad_days_are_problems() {
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
    assert_eq!(reading.calls.len(), 9, "{:?}", reading.operations());
    assert_eq!(reading.sequential_round_trips(), 3);
    for (query, pointer) in [
        ("from=2026-02-01&to=2026-01-01", "?from"),
        ("from=2025-09-01&to=2026-01-01", "?from"),
        ("to=soon", "?to"),
        ("format=pdf", "?format"),
        ("by=colour", "?by"),
        ("of=member", "?of"),
    ] {
        let answer = owner
            .send(Method::GET, &format!("{path}?{query}"), None)
            .await;
        let status = if pointer == "?of" { 400 } else { 422 };
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[tokio::test]
async fn notifications_that_devices_took_are_counted_for_good_when_the_day_is_over() {
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
    // The day is over: what is kept of it is counted, once, and is told from then on.
    harness.advance(DAY);
    let report = harness.run_schedule("sweep").await;
    assert_eq!(report["counted_push_days"], 1, "{report}");
    assert_eq!(harness.run_schedule("sweep").await["counted_push_days"], 0);
    let owner = harness.sign_in("ada@example.com").await;
    assert_eq!(sent(&owner).await, [Value::Null, json!(9), Value::Null]);
    harness.advance(DAY);
    harness.advance(DAY);
    harness.run_schedule("sweep").await;
    let owner = harness.sign_in("ada@example.com").await;
    let days = owner.get(&usage, 200).await["days"].clone();
    assert_eq!(days[26]["push_sent"], 9, "what was counted from is gone");
    // It ends with the conversations of its day.
    let retention = format!("{}/retention", workspace.path);
    owner
        .with_header("if-match", "\"1\"")
        .patch(&retention, json!({ "conversation_days": 30 }), 200)
        .await;
    harness.advance(DAY * 28);
    harness.run_schedule("sweep").await;
    let owner = harness.sign_in("ada@example.com").await;
    let path = format!("{usage}?from=2026-01-15&to=2026-01-15");
    assert_eq!(
        owner.get(&path, 200).await["days"][0]["push_sent"],
        Value::Null
    );
    assert_eq!(harness.items_with("PushDay").await, 0);
}

#[tokio::test]
async fn a_day_in_which_devices_of_four_people_were_told_has_no_number_when_it_is_over() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let sender = format!("{}/push/webpush", workspace.path);
    let contact = json!({ "contact": "mailto:push@shop.example" });
    owner.put(&sender, contact, 200).await;
    for _ in 0..4 {
        let visitor = harness.visitor(&app).await;
        let (_, subscription) = harness.subscription(None);
        let device = json!({ "provider": "webpush", "subscription": subscription });
        visitor.post("/v1/widget/devices", device, 201).await;
        let conversation = visitor.start("Hello").await;
        owner.say(&workspace, &conversation, "Here").await;
        harness.drain().await;
    }
    harness.advance(DAY);
    assert_eq!(harness.run_schedule("sweep").await["counted_push_days"], 1);
    let owner = harness.sign_in("ada@example.com").await;
    let days = owner.get(&format!("{}/usage", workspace.path), 200).await;
    assert_eq!(days["days"][28]["day"], "2026-01-15");
    assert_eq!(days["days"][28]["push_sent"], Value::Null);
}

/// CALL-08: by member there is how much there was to do, and not how fast or how liked somebody is.
#[tokio::test]
async fn a_day_is_parted_by_inbox_team_and_member_and_what_is_left_out_does_not_follow() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let me = text(&owner.get(&workspace.path, 200).await, "member_id");
    let sales = json!({ "name": "Sales", "assignment": "manual" });
    let teams = format!("{}/teams", workspace.path);
    let sales = text(&owner.post(&teams, sales, 201).await, "id");
    let (shop, help) = (owner.app(&workspace).await, owner.app(&workspace).await);
    // Eleven come through the shop and five for help; of six one after another the team and Ada get.
    for n in 0..16 {
        let app = if n < 11 { &shop } else { &help };
        let visitor = harness.visitor(app).await;
        let conversation = visitor.start("Hello").await;
        let place = format!("{}/conversations/{}", workspace.path, conversation.id);
        if n < 6 {
            let team = json!({ "team_id": sales });
            owner.put(&format!("{place}/team"), team, 200).await;
            let mine = json!({ "member_id": me });
            owner.put(&format!("{place}/assignee"), mine, 200).await;
            owner.say(&workspace, &conversation, "Here").await;
        }
    }
    let parts = async |query: &str| {
        let path = format!(
            "{}/usage?from=2026-01-15&to=2026-01-15&{query}",
            workspace.path
        );
        let usage = owner.get(&path, 200).await;
        let days = usage["days"].as_array().expect("days").clone();
        let part = |line: &Value| (text(line, "part"), line["conversations_opened"].clone());
        (days.iter().map(part).collect::<Vec<_>>(), days)
    };
    let some = |id: &str, count: u64| (id.to_owned(), json!(count));
    let sorted = |mut all: Vec<(String, Value)>| {
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    };
    let (inboxes, _) = parts("by=inbox").await;
    assert_eq!(inboxes, sorted(vec![some(&shop.id, 11), some(&help.id, 5)]));
    let (teams, lines) = parts("by=team").await;
    assert_eq!(teams, sorted(vec![some(&sales, 6), some("none", 10)]));
    let fast = lines.iter().find(|line| line["part"] == sales.as_str());
    assert_eq!(fast.expect("sales")["first_reply_p50_seconds"], 0);
    let (members, lines) = parts("by=member").await;
    assert_eq!(members, sorted(vec![some(&me, 6), some("none", 10)]));
    for line in &lines {
        for judged in [
            "first_reply_p50_seconds",
            "resolution_p50_seconds",
            "ratings",
            "rating_p50",
        ] {
            assert_eq!(line[judged], Value::Null, "{judged}");
        }
        assert_eq!(
            (&line["push_sent"], &line["flows_created"]),
            (&Value::Null, &Value::Null)
        );
    }
    let path = format!("{}/usage?by=team&format=csv", workspace.path);
    let csv = owner.send(Method::GET, &path, None).await;
    let first = csv.text.lines().next().expect("names");
    assert!(
        first.starts_with("day,team,conversations_opened,"),
        "{first}"
    );
    let line = format!("2026-01-15,{sales},6,,6,6,6,0,,,,,0,,,,");
    assert!(csv.text.lines().any(|one| one == line), "{}", csv.text);

    // Four in a third inbox are left out, and with them the smallest of the others: it would tell them.
    let third = owner.app(&workspace).await;
    for _ in 0..4 {
        harness.visitor(&third).await.start("Hello").await;
    }
    let (inboxes, _) = parts("by=inbox").await;
    assert_eq!(inboxes, [some(&shop.id, 11)]);
}

#[tokio::test]
async fn minutes_in_calls_are_counted_where_calls_are_on_and_five_people_spoke() {
    let world = crate::calls::World::new().await;
    let usage = format!("{}/usage", world.workspace.path);
    for n in 1..=5 {
        let guest = world.guest().await;
        let (call, _) = world.ringing(&guest).await;
        world.act(&world.agent, &call, "accept", 200).await;
        let joined = world.agent_joins(&call).await;
        let mut socket = crate::calls::socket(&joined).await;
        socket.ask(json!({ "t": "call.hello", "call": call })).await;
        let alive = json!({ "t": "call.alive", "call": call, "connected": true });
        socket.send(alive).await;
        while socket.next().await["t"] != "call.state" {}
        world.harness.advance(Duration::from_secs(13));
        guest.act(&call, "end", 200).await;
        let minutes = world.owner.get(&usage, 200).await["days"][29]["call_minutes"].clone();
        // Five times thirteen seconds.
        let expected = if n < 5 { Value::Null } else { json!(1) };
        assert_eq!(minutes, expected, "after {n}");
    }
    for (by, part) in [
        ("inbox", world.app.id.clone()),
        ("member", world.agent_id.clone()),
        // None of them asked for a team.
        ("team", "none".to_owned()),
    ] {
        let parted = world.owner.get(&format!("{usage}?by={by}"), 200).await;
        let days = parted["days"].as_array().expect("days");
        assert_eq!(days.len(), 1, "{parted}");
        assert_eq!(
            (&days[0]["part"], &days[0]["call_minutes"]),
            (&json!(part), &json!(1))
        );
    }
}
