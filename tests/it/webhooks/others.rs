//! Files, flows, calls, requests about people's data, and a retention that holds now.

use harness::files::File;
use harness::receiver::Receiver;
use harness::{Client, message, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{MINUTE, World};
use crate::flows::{World as Builder, document, edge};

/// What these events are.
const EVENTS: [&str; 10] = [
    "attachment.scanned",
    "call.answered",
    "call.ended",
    "call.started",
    "flow.finished",
    "flow.handed_over",
    "flow.started",
    "privacy_request.created",
    "privacy_request.updated",
    "retention.applied",
];

/// The ids that a receiver was told with each event of this name.
fn told(receiver: &Receiver, event: &str, id: &str) -> Vec<Value> {
    let sent = receiver.sent();
    let of = sent.iter().filter(|one| one.event() == event);
    of.map(|one| one.body["data"][id].clone()).collect()
}

#[tokio::test]
async fn a_file_is_told_of_when_it_was_looked_through_whatever_came_of_it_and_once() {
    let world = World::new().await;
    world.hook(&["attachment.scanned"], "full").await;
    let visitor = world.visitor().await;
    let thread = visitor.start("See there").await.id;
    let place = format!("/v1/widget/conversations/{thread}");
    let sent = world
        .harness
        .send_file(&visitor, &place, &File::text("canary"))
        .await;
    let id = text(&sent["attachments"][0], "id");
    let lies = File::of("a.png", "image/png", b"no picture");
    let made = visitor
        .post(&format!("{place}/attachments"), lies.request(), 201)
        .await;
    assert_eq!(harness::files::put(&made["upload"], &lies.bytes).await, 200);
    world.harness.drain().await;
    world.harness.stack.redeliver().await.expect("delivered");
    world.harness.drain().await;
    let all = told(&world.receiver, "attachment.scanned", "attachment_id");
    assert_eq!(all, [json!(id), made["attachment"]["id"].clone()]);
    let of = told(&world.receiver, "attachment.scanned", "conversation_id");
    assert_eq!(of, [json!(thread), json!(thread)]);
    let last = world.receiver.sent().pop().expect("the refused one");
    assert_eq!(last.body["data"]["attachment"]["state"], "refused");
    assert!(!String::from_utf8_lossy(&last.raw).contains("canary"));
}

#[tokio::test]
async fn a_request_is_told_of_when_it_counts_and_when_it_was_answered_and_not_a_word_of_it() {
    let world = World::new().await;
    world
        .hook(
            &["privacy_request.created", "privacy_request.updated"],
            "full",
        )
        .await;
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    let asks = json!({ "type": "question", "message": "A canary sings?" });
    let asked = visitor.post("/v1/widget/privacy/requests", asks, 202).await;
    let id = text(&asked, "id");
    world.harness.drain().await;
    assert_eq!(
        told(
            &world.receiver,
            "privacy_request.created",
            "privacy_request_id"
        ),
        [id.as_str()]
    );
    let first = &world.receiver.sent()[0];
    assert_eq!(
        first.body["data"]["privacy_request"]["status"],
        "in_progress"
    );
    let decide = world.at(&format!("/privacy/requests/{id}/decision"));
    let answer = json!({ "decision": "fulfil", "explanation": "It does." });
    world.owner.post(&decide, answer, 200).await;
    world.harness.drain().await;
    world.harness.stack.redeliver().await.expect("delivered");
    world.harness.drain().await;
    assert_eq!(
        world.receiver.taken(),
        ["privacy_request.created", "privacy_request.updated"]
    );
    for one in world.receiver.sent() {
        assert!(!String::from_utf8_lossy(&one.raw).contains("canary"));
    }
}

#[tokio::test]
async fn a_retention_is_told_of_when_everything_bears_its_end() {
    let world = World::new().await;
    world.hook(&["retention.applied"], "thin").await;
    world.visitor().await.start("Hello").await;
    let owner = world.owner.with_header("if-match", "\"1\"");
    let place = world.at("/retention");
    owner
        .patch(&place, json!({ "conversation_days": 30 }), 200)
        .await;
    world.harness.drain().await;
    assert_eq!(world.receiver.taken(), Vec::<String>::new());
    for _ in 0..3 {
        world.harness.run_schedule("jobs").await;
        world.harness.advance(MINUTE);
        world.harness.drain().await;
    }
    world.harness.stack.redeliver().await.expect("delivered");
    world.harness.drain().await;
    assert_eq!(world.receiver.taken(), ["retention.applied"]);
}

/// A flow that asks for a name, and then for people.
fn asks() -> Value {
    document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "name", "type": "ask", "data": {
                "md": "Your name?", "input": { "kind": "text" }, "save": "v_name",
            } },
            { "id": "people", "type": "handoff", "data": { "note": "{{ name }}" } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "name"),
            edge("name", "next", "people"),
            edge("people", "resolved", "e"),
        ]),
    )
}

#[tokio::test]
async fn a_flow_is_told_of_when_it_leads_and_when_people_do() {
    let world = Builder::new().await;
    let receiver = Receiver::start().await;
    let events = ["flow.started", "flow.handed_over", "flow.finished"];
    let hook = json!({ "name": "Shop", "url": receiver.url, "events": events });
    let hooks = format!("{}/webhooks", world.workspace.path);
    world.owner.post(&hooks, hook, 201).await;
    let flow = world.make(&asks()).await;
    let version = world.publish(&flow).await;
    world.switch(&flow, Some(version)).await;
    let flow = flow.rsplit('/').next().expect("an id");
    let place = format!("/v1/widget/flows/{flow}/conversations");
    let body = json!({ "client_id": random_uuid() });
    let begun = world.visitor.post(&place, body, 201).await;
    world.harness.drain().await;
    assert_eq!(receiver.taken(), ["flow.started"]);
    let thread = text(&begun, "conversation_id");
    let say = format!("/v1/widget/conversations/{thread}/messages");
    world.visitor.post(&say, message("Grace"), 201).await;
    world.harness.drain().await;
    world.harness.stack.redeliver().await.expect("delivered");
    world.harness.drain().await;
    assert_eq!(receiver.taken(), ["flow.started", "flow.handed_over"]);
    for event in ["flow.started", "flow.handed_over"] {
        assert_eq!(told(&receiver, event, "flow_id"), [json!(flow)]);
        assert_eq!(told(&receiver, event, "conversation_id"), [json!(thread)]);
    }
}

/// A flow that says something and is over, and one that asks for a name before.
#[tokio::test]
async fn a_flow_is_told_of_when_it_is_over_at_once_and_when_it_is_later() {
    let world = Builder::new().await;
    let receiver = Receiver::start().await;
    let events = ["flow.started", "flow.handed_over", "flow.finished"];
    let hook = json!({ "name": "Shop", "url": receiver.url, "events": events });
    let hooks = format!("{}/webhooks", world.workspace.path);
    world.owner.post(&hooks, hook, 201).await;
    let start = json!({ "id": "s", "type": "start", "data": {} });
    let say = json!({ "id": "m", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Hello" }] } });
    let ask = json!({ "id": "q", "type": "ask", "data": {
        "md": "Your name?", "input": { "kind": "text" }, "save": "v_name",
    } });
    let end = json!({ "id": "e", "type": "end", "data": {} });
    let at_once = document(
        json!([start, say, end]),
        json!([edge("s", "next", "m"), edge("m", "next", "e")]),
    );
    let later = document(
        json!([start, ask, end]),
        json!([edge("s", "next", "q"), edge("q", "next", "e")]),
    );
    for (flow, asks) in [(at_once, false), (later, true)] {
        let before = receiver.taken().len();
        let flow = world.make(&flow).await;
        let version = world.publish(&flow).await;
        world.switch(&flow, Some(version)).await;
        let id = flow.rsplit('/').next().expect("an id");
        let place = format!("/v1/widget/flows/{id}/conversations");
        let body = json!({ "client_id": random_uuid() });
        let begun = world.visitor.post(&place, body, 201).await;
        let thread = text(&begun, "conversation_id");
        world.harness.drain().await;
        if asks {
            assert_eq!(receiver.taken()[before..], ["flow.started"]);
            let say = format!("/v1/widget/conversations/{thread}/messages");
            world.visitor.post(&say, message("Grace"), 201).await;
            world.harness.drain().await;
        }
        world.harness.stack.redeliver().await.expect("delivered");
        world.harness.drain().await;
        let mut told = receiver.taken()[before..].to_vec();
        told.sort();
        assert_eq!(told, ["flow.finished", "flow.started"]);
        for one in &receiver.sent()[before..] {
            assert_eq!(one.body["data"]["flow_id"], json!(id));
            assert_eq!(one.body["data"]["conversation_id"], json!(thread));
        }
        if asks {
            continue;
        }
        // Somebody lets it lead the same conversation once more: that shows in no status either.
        let before = receiver.taken().len();
        let again = format!("{}/conversations/{thread}/flows/{id}", world.workspace.path);
        let body = json!({ "client_id": random_uuid() });
        let answer = world.owner.send(Method::POST, &again, Some(body)).await;
        assert!(answer.status < 300, "{}", answer.text);
        world.harness.drain().await;
        world.harness.stack.redeliver().await.expect("delivered");
        world.harness.drain().await;
        let mut told = receiver.taken()[before..].to_vec();
        told.sort();
        assert_eq!(told, ["flow.finished", "flow.started"]);
    }
}

#[tokio::test]
async fn a_call_is_told_of_when_it_rings_is_taken_and_is_over_and_leads_to_nobody() {
    let world = World::new().await;
    world
        .hook(&["call.started", "call.answered", "call.ended"], "full")
        .await;
    let now = world.owner.get(&world.workspace.path, 200).await;
    let known = world
        .owner
        .with_header("if-match", &format!("\"{}\"", now["rev"]));
    known
        .patch(&world.workspace.path, json!({ "calls": true }), 200)
        .await;
    let links = world.at("/call-links");
    let link = world
        .owner
        .post(&links, json!({ "kind": "audio" }), 201)
        .await;
    let page = world.harness.anonymous();
    let come = json!({ "link": text(&link, "token"), "client_id": random_uuid() });
    let session = page.post("/v1/guest/sessions", come, 201).await;
    let guest: Client = page.with_token(&text(&session, "guest_token"));
    let wanted = json!({ "kind": "audio", "client_id": random_uuid() });
    let begun = guest.post("/v1/guest/calls", wanted, 201).await;
    let device = page.with_token(&text(&begun["join"], "join_token"));
    device.post("/v1/calls/join", Value::Null, 201).await;
    let id = text(&begun["call"], "id");
    world.harness.drain().await;
    assert_eq!(world.receiver.taken(), ["call.started"]);
    let accept = world.at(&format!("/calls/{id}/accept"));
    let taken = world.owner.send(Method::POST, &accept, None).await;
    assert!(taken.status < 300, "{}", taken.text);
    world.harness.drain().await;
    let end = format!("/v1/guest/calls/{id}/end");
    let ended = guest.send(Method::POST, &end, None).await;
    assert!(ended.status < 300, "{}", ended.text);
    world.harness.drain().await;
    world.harness.stack.redeliver().await.expect("delivered");
    world.harness.drain().await;
    assert_eq!(
        world.receiver.taken(),
        ["call.started", "call.answered", "call.ended"]
    );
    for one in world.receiver.sent() {
        let data = one.body["data"].as_object().expect("ids").clone();
        let names: Vec<&str> = data.keys().map(String::as_str).collect();
        assert_eq!(names, ["call_id", "workspace_id"], "{data:?}");
        assert_eq!(data["call_id"], id.as_str());
    }
}

#[tokio::test]
async fn each_of_them_can_be_chosen_and_nothing_else() {
    let world = World::new().await;
    let hook = world.hook(&EVENTS, "thin").await;
    let shown = world.owner.get(&hook.path, 200).await;
    assert_eq!(shown["events"], json!(EVENTS));
    let hooks = world.at("/webhooks");
    for wrong in ["call.rang", "webhook.test", "flow.*"] {
        let body = json!({ "name": "Shop", "url": world.receiver.url, "events": [wrong] });
        let refused = world.owner.send(Method::POST, &hooks, Some(body)).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text);
    }
}
