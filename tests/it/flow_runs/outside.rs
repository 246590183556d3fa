//! What happens outside and on pages: the address that a flow gives out for an event, and starts by pages.

use std::time::Duration;

use harness::{message, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::bot;
use crate::flows::{World, document, edge};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Asks something, waits for a payment, and waits for another one.
fn waits() -> Value {
    let mut waits = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "q", "type": "ask", "data": { "md": "Pay now?", "input": { "kind": "text" } } },
            { "id": "paid", "type": "event", "data": {
                "name": "payment", "timeout_s": 1200, "map": [{ "path": "/status", "to": "v_name" }],
            } },
            { "id": "m", "type": "message", "data": { "parts": [{ "kind": "text", "md": "It is {{ name }}." }] } },
            { "id": "again", "type": "event", "data": { "name": "payment", "timeout_s": 864_000 } },
            { "id": "late", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Too late." }] } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "q"),
            edge("q", "next", "paid"),
            edge("paid", "next", "m"),
            edge("paid", "timeout", "late"),
            edge("m", "next", "again"),
            edge("again", "next", "e"),
            edge("again", "timeout", "e"),
            edge("late", "next", "again"),
        ]),
    );
    let address = json!({ "id": "v_back", "name": "callback_payment", "type": "text" });
    let variables = waits["variables"].as_array_mut();
    variables.expect("variables").push(address);
    waits
}

impl World {
    /// The path of the address that a flow holds for its event.
    async fn address(&self, thread: &str) -> String {
        let id = thread.rsplit('/').next().expect("an id");
        let run = format!("{}/conversations/{id}/flow", self.workspace.path);
        let address = text(&self.owner.get(&run, 200).await["variables"], "v_back");
        let (_, path) = address.split_once("/v1/").expect("an address of ours");
        format!("/v1/{path}")
    }
}

#[tokio::test]
async fn whoever_has_the_address_of_an_event_tells_the_flow_once_and_a_doubled_call_changes_nothing()
 {
    let world = World::new().await;
    let flow = world.live(&waits()).await;
    let thread = world.begin(&flow).await;
    let place = world.address(&thread).await;
    let shop = world.harness.anonymous();
    let event = json!({ "event": { "status": "paid" } });
    // Too early: the flow does not wait for it yet.
    let post = Method::POST;
    shop.refused(
        post.clone(),
        &place,
        Some(event.clone()),
        409,
        "not_changeable",
    )
    .await;
    world.say(&thread, "Yes").await;
    let (a, b) = tokio::join!(
        shop.send(post.clone(), &place, Some(event.clone())),
        shop.send(post.clone(), &place, Some(event.clone())),
    );
    assert_eq!((a.status, b.status), (204, 204), "{} {}", a.text, b.text);
    let told = world.said(&thread).await;
    assert_eq!(told.last(), Some(&bot("It is paid.")));
    // It waits for another one of that name, for which this address is used up.
    shop.post(&place, json!({ "event": { "status": "stolen" } }), 204)
        .await;
    assert_eq!(world.said(&thread).await, told);
    let id = thread.rsplit('/').next().expect("an id");
    let run = format!("{}/conversations/{id}/flow", world.workspace.path);
    assert_eq!(world.owner.get(&run, 200).await["node"], "again");
    // The visitor is not shown it, and the address lies nowhere in the open.
    let shown = world.visitor.get(&format!("{thread}/flow"), 200).await;
    let (_, secret) = place.rsplit_once('.').expect("a secret");
    assert!(!shown.to_string().contains(secret));
    assert_eq!(world.harness.items_with(secret).await, 0);
}

#[tokio::test]
async fn an_address_of_nothing_of_another_conversation_or_that_is_over_changes_nothing() {
    let world = World::new().await;
    let flow = world.live(&waits()).await;
    let (thread, other) = (world.begin(&flow).await, world.begin(&flow).await);
    let (place, others) = (world.address(&thread).await, world.address(&other).await);
    world.say(&thread, "Yes").await;
    let told = world.said(&thread).await;
    let shop = world.harness.anonymous();
    let (own, theirs) = (place.split_once('.'), others.split_once('.'));
    let mixed = format!("{}.{}", own.expect("a token").0, theirs.expect("a token").1);
    let cut = place[..place.len() - 2].to_owned();
    for bad in ["/v1/flow-events/fe_a.b", "/v1/flow-events/x", &mixed, &cut] {
        shop.refused(Method::POST, bad, Some(json!({})), 404, "not_found")
            .await;
    }
    shop.refused(
        Method::POST,
        &place,
        Some(json!({ "event": 1 })),
        422,
        "validation_failed",
    )
    .await;
    assert_eq!(world.said(&thread).await, told);
    // A call that comes after the time of the node is settled as such, and one after a week is of nothing.
    world.harness.advance(Duration::from_secs(1200));
    shop.post(&place, json!({ "event": { "status": "paid" } }), 204)
        .await;
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("Too late.")));
    world.harness.advance(DAY * 8);
    shop.refused(Method::POST, &others, Some(json!({})), 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_flow_begins_where_the_page_of_the_visitor_says() {
    let world = World::new().await;
    let say = |id: &str, words: &str| json!({ "id": id, "type": "message", "data": { "parts": [{ "kind": "text", "md": words }] } });
    let start = |id: &str, trigger: Value| json!({ "id": id, "type": "start", "data": { "trigger": trigger } });
    let pages = document(
        json!([
            start("api", json!({ "kind": "api" })),
            start("any", json!({ "kind": "widget_open" })),
            start("prices", json!({ "kind": "url", "contains": "/pricing" })),
            say("a", "By a program"),
            say("b", "Welcome"),
            say("c", "A question about prices?"),
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("api", "next", "a"),
            edge("any", "next", "b"),
            edge("prices", "next", "c"),
            edge("a", "next", "e"),
            edge("b", "next", "e"),
            edge("c", "next", "e"),
        ]),
    );
    let flow = world.live(&pages).await;
    let place = format!("/v1/widget/flows/{flow}/conversations");
    for (page, words) in [
        (None, "Welcome"),
        (Some("https://www.example.com/"), "Welcome"),
        (
            Some("https://www.example.com/pricing?plan=1"),
            "A question about prices?",
        ),
    ] {
        let body = json!({ "client_id": random_uuid(), "page_url": page });
        let begun = world.visitor.post(&place, body, 201).await;
        let thread = format!(
            "/v1/widget/conversations/{}",
            text(&begun, "conversation_id")
        );
        assert_eq!(world.said(&thread).await[0], bot(words), "{page:?}");
    }
    assert_eq!(world.harness.items_with("plan=1").await, 0);
}

/// FLOW-08
#[tokio::test]
async fn files_answer_where_files_are_asked_for_and_pages_and_counts_come_of_actions() {
    let world = World::new().await;
    let mut asks = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "f", "type": "ask", "data": { "md": "A picture?", "input": { "kind": "file" }, "save": "v_file" } },
            { "id": "t", "type": "action", "data": { "do": "track", "metric": "sent a file" } },
            { "id": "o", "type": "action", "data": { "do": "open_url", "url": "https://www.example.com/thanks" } },
            { "id": "m", "type": "ask", "data": { "md": "Thanks! More?", "input": { "kind": "text" } } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "f"),
            edge("f", "next", "t"),
            edge("t", "next", "o"),
            edge("o", "next", "m"),
            edge("m", "next", "e"),
        ]),
    );
    let file = json!({ "id": "v_file", "name": "file", "type": "file" });
    let variables = asks["variables"].as_array_mut();
    variables.expect("variables").push(file);
    let flow = world.live(&asks).await;
    let thread = world.begin(&flow).await;
    // Words are no file: the flow waits on.
    world.say(&thread, "I have none").await;
    assert_eq!(world.said(&thread).await.len(), 2);
    let file = harness::files::File::text("Hello");
    world
        .harness
        .send_file(&world.visitor, &thread, &file)
        .await;
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("Thanks! More?")), "{said:?}");
    let shown = world.visitor.get(&format!("{thread}/flow"), 200).await;
    let page = json!([{ "url": "https://www.example.com/thanks", "new_window": false }]);
    assert_eq!(shown["opens"], page);
    world.harness.run_schedule("minute").await;
    let figures = format!("{}/{flow}/versions/1/figures", world.flows());
    let figures = world.owner.get(&figures, 200).await;
    let nodes = figures["nodes"].as_array().expect("a list");
    let tracked = nodes.iter().find(|node| node["node"] == "t");
    assert_eq!(tracked.expect("a node")["visits"], 1, "{figures}");
    // Answered once, the page is not opened again.
    world
        .visitor
        .post(&format!("{thread}/messages"), message("No"), 201)
        .await;
    let shown = world.visitor.get(&format!("{thread}/flow"), 200).await;
    assert_eq!(shown["opens"], json!([]));
}
