//! Tests that are made of conversations.

use reqwest::Method;
use serde_json::{Value, json};

use super::calls::offering;
use crate::flows::{World, document, edge};

#[tokio::test]
async fn a_test_made_of_a_conversation_goes_its_way_and_holds_nothing_that_was_said() {
    let world = World::new().await;
    let mut document = offering(json!({ "kind": "audio" }));
    document["nodes"][1]["data"]["timeout_s"] = 1_200.into();
    let flow = world.live(&document).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "Canary Grace").await;
    world.say(&thread, "canary more").await;
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!("{}/conversations/{id}/flow", world.workspace.path);
    let run = world.owner.get(&place, 200).await;
    assert!(run["test"].is_null(), "nobody asked: {run}");
    let run = world.owner.get(&format!("{place}?with=test"), 200).await;
    let test = run["test"].clone();
    let script = test["script"].to_string();
    assert!(!script.to_lowercase().contains("canary"), "{script}");
    assert!(script.contains("\"without_calls\":true"), "{script}");
    assert_eq!(run["test_stops_at"], Value::Null, "{run}");

    // It becomes one of the flow's tests, as it is, and holds.
    let path = format!("{}/{flow}", world.flows());
    let shown = world.owner.send(Method::GET, &path, None).await;
    let tagged = world.owner.with_header("if-match", shown.header("etag"));
    tagged.patch(&path, json!({ "tests": [test] }), 200).await;
    let runs = format!("{path}/test-runs");
    let ran = world.owner.post(&runs, Value::Null, 200).await;
    assert_eq!(ran["passed"], true, "{ran}");
    let body = json!({ "script": run["test"]["script"] });
    let played = world
        .owner
        .post(&format!("{path}/simulate"), body, 200)
        .await;
    let went = played["trace"].as_array().expect("a list").iter();
    let went: Vec<_> = went.map(|visit| (&visit["node"], &visit["port"])).collect();
    let way = run["way"].as_array().expect("a list").iter();
    let way: Vec<_> = way.map(|visit| (&visit["node"], &visit["port"])).collect();
    assert_eq!(went, way);
    // A flow that goes another way fails it.
    document["nodes"][2]["data"] = json!({ "kind": "audio", "wait_s": 60 });
    document["edges"][5]["to"]["node"] = "spoke".into();
    document["edges"][6]["to"]["node"] = "name".into();
    world.save(&path, &document).await;
    let ran = world.owner.post(&runs, Value::Null, 200).await;
    assert_eq!(ran["passed"], false, "{ran}");
}

#[tokio::test]
async fn a_test_is_made_for_whoever_sees_flows_and_of_nothing_where_no_flow_led() {
    let world = World::new().await;
    let begun = world.visitor.start("Hello").await;
    let place = format!("{}/conversations/{}/flow", world.workspace.path, begun.id);
    let run = world.owner.get(&format!("{place}?with=test"), 200).await;
    assert!(run["test"].is_null() && run["flow_id"].is_null(), "{run}");
    let odd = format!("{place}?with=everything");
    world
        .owner
        .refused(Method::GET, &odd, None, 422, "validation_failed")
        .await;
    let keys = format!("{}/api-keys", world.workspace.path);
    let wanted = json!({ "name": "Reader", "scopes": ["conversations.read"] });
    let key = world.owner.post(&keys, wanted, 201).await;
    let reader = world
        .harness
        .anonymous()
        .with_token(&harness::text(&key, "key"));
    reader.get(&place, 200).await;
    let wanted = format!("{place}?with=test");
    reader
        .refused(Method::GET, &wanted, None, 403, "forbidden")
        .await;
}

/// A flow that compares with what nobody can guess makes no test, and the answer says where looking for one ended.
#[tokio::test]
async fn where_no_test_is_found_the_node_that_nothing_leads_through_is_named() {
    let world = World::new().await;
    let asked = json!({ "md": "Your code?", "input": { "kind": "text" }, "save": "v_name" });
    let more = json!({ "md": "More?", "input": { "kind": "text" } });
    let known = json!({ "cases": [{ "id": "x", "when": { "expr": "name == 'ABC' ~ '-1234'" } }] });
    let flow = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "code", "type": "ask", "data": asked },
            { "id": "known", "type": "condition", "data": known },
            { "id": "more", "type": "ask", "data": more },
        ]),
        json!([
            edge("s", "next", "code"),
            edge("code", "next", "known"),
            edge("known", "case:x", "more"),
            edge("known", "else", "code"),
            edge("more", "next", "code"),
        ]),
    );
    let flow = world.live(&flow).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "ABC-1234").await;
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!("{}/conversations/{id}/flow", world.workspace.path);
    let run = world.owner.get(&format!("{place}?with=test"), 200).await;
    assert_eq!((&run["node"], &run["test"]), (&json!("more"), &Value::Null));
    assert_eq!(run["test_stops_at"], "code", "{run}");
    let run = world.owner.get(&place, 200).await;
    assert_eq!(run["test_stops_at"], Value::Null, "nobody asked: {run}");
}
