//! Flows as they are built: drafts, what is wrong with them, versions, and where they are in use.

use harness::{Harness, Member, Visitor, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

pub struct World {
    pub harness: Harness,
    pub owner: Member,
    pub agent: Member,
    pub workspace: Workspace,
    pub visitor: Visitor,
}

impl World {
    pub async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let agent = harness
            .join(&owner, &workspace, "bob@example.com", "agent")
            .await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        Self {
            harness,
            owner,
            agent,
            workspace,
            visitor,
        }
    }

    pub fn flows(&self) -> String {
        format!("{}/flows", self.workspace.path)
    }

    /// Makes a flow of a document; its path.
    pub async fn make(&self, document: &Value) -> String {
        let body = json!({ "name": "Intake", "document": document });
        let made = self.owner.post(&self.flows(), body, 201).await;
        format!("{}/{}", self.flows(), text(&made, "id"))
    }

    /// Saves another draft.
    pub async fn save(&self, flow: &str, document: &Value) -> Value {
        let shown = self.owner.send(Method::GET, flow, None).await;
        self.owner
            .with_header("if-match", shown.header("etag"))
            .patch(flow, json!({ "document": document }), 200)
            .await
    }

    /// Publishes the draft, which has to work; the number of the version.
    pub async fn publish(&self, flow: &str) -> u64 {
        let versions = format!("{flow}/versions");
        let answer = self.owner.send(Method::POST, &versions, None).await;
        assert!(answer.status < 300, "{}", answer.text);
        answer.body["version"].as_u64().expect("a number")
    }

    pub async fn switch(&self, flow: &str, version: Option<u64>) -> Value {
        let place = format!("{flow}/environments/live");
        let body = json!({ "version": version });
        self.owner.put(&place, body, 200).await
    }
}

/// A start, these nodes in a row, and what follows on ports besides.
pub fn document(nodes: Value, edges: Value) -> Value {
    json!({
        "schema": "flow/1", "name": "Intake",
        "variables": [{ "id": "v_name", "name": "name", "type": "text" }],
        "nodes": nodes, "edges": edges,
    })
}

pub fn edge(from: &str, port: &str, to: &str) -> Value {
    let id = format!("{from}-{port}");
    json!({ "id": id, "from": { "node": from, "port": port }, "to": { "node": to } })
}

fn greeting(text: &str) -> Value {
    document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "m", "type": "message", "data": { "parts": [{ "kind": "text", "md": text }] } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([edge("s", "next", "m"), edge("m", "next", "e")]),
    )
}

/// FLOW-04
#[tokio::test]
async fn a_draft_is_made_shown_changed_under_its_version_and_deleted_with_everything() {
    let world = World::new().await;
    let flow = world.make(&greeting("canary-text")).await;
    let shown = world.agent.get(&flow, 200).await;
    assert_eq!(shown["document"], greeting("canary-text"));
    let change = json!({ "document": greeting("other") });
    for (tag, status, code) in [
        (None, 428, "precondition_required"),
        (Some("\"7\""), 409, "conflict"),
    ] {
        let client = match tag {
            Some(tag) => world.owner.with_header("if-match", tag),
            None => harness::Client::clone(&world.owner),
        };
        client
            .refused(Method::PATCH, &flow, Some(change.clone()), status, code)
            .await;
    }
    world
        .agent
        .refused(Method::PATCH, &flow, Some(change), 403, "forbidden")
        .await;
    let saved = world.save(&flow, &greeting("other")).await;
    assert_eq!(saved["rev"], 2);
    assert_eq!(
        world.owner.get(&flow, 200).await["document"],
        greeting("other")
    );
    world.publish(&flow).await;
    let id = flow.rsplit('/').next().expect("an id");
    world.owner.delete(&flow, 204).await;
    world
        .owner
        .refused(Method::GET, &flow, None, 404, "not_found")
        .await;
    world.harness.drain().await;
    let left = world.harness.items_with(id).await;
    assert_eq!(left, 0, "something is left of a flow that was deleted");
}

#[tokio::test]
async fn the_largest_document_is_kept_whole_and_a_larger_one_is_refused() {
    let world = World::new().await;
    let of_size = |bytes: usize| {
        let mut document = greeting("");
        let empty = document.to_string().len();
        document["nodes"][1]["data"]["parts"][0]["md"] = "é".repeat((bytes - empty) / 2).into();
        document
    };
    let largest = of_size(512 * 1024);
    let flow = world.make(&largest).await;
    assert_eq!(world.owner.get(&flow, 200).await["document"], largest);
    // Where it was large and is small, nothing of it stays.
    world.save(&flow, &greeting("small")).await;
    assert_eq!(
        world.owner.get(&flow, 200).await["document"],
        greeting("small")
    );
    let body = json!({ "name": "Large", "document": of_size(512 * 1024 + 8) });
    let problem = world
        .owner
        .refused(
            Method::POST,
            &world.flows(),
            Some(body),
            422,
            "validation_failed",
        )
        .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/document");
}

#[tokio::test]
async fn what_is_wrong_with_a_draft_is_told_where_it_is_and_keeps_it_from_being_published() {
    let world = World::new().await;
    let mut broken = greeting("Hi {{ nobody }}");
    broken["edges"][1]["to"]["node"] = "nowhere".into();
    broken["nodes"][2] = json!({ "id": "e", "type": "call", "data": { "kind": "video", "team": "team_01kf0a1b2c3d4e5f6g7h8j9k0m" } });
    let flow = world.make(&broken).await;
    let found = world
        .owner
        .post(&format!("{flow}/validate"), Value::Null, 200)
        .await;
    assert_eq!(found["publishable"], false);
    let at = |code: &str| {
        let all = found["diagnostics"].as_array().expect("a list").iter();
        let mut of_code = all.filter(|one| one["code"] == code);
        of_code.next().map(|one| text(one, "pointer"))
    };
    assert_eq!(at("E103").as_deref(), Some("/edges/1/to/node"), "{found}");
    assert_eq!(at("E133").as_deref(), Some("/nodes/2/data/team"), "{found}");
    assert!(at("E110").is_some(), "{found}");
    let versions = format!("{flow}/versions");
    let problem = world
        .owner
        .refused(Method::POST, &versions, None, 422, "flow_has_errors")
        .await;
    let errors = problem["errors"].as_array().expect("a list");
    assert!(errors.iter().any(|error| {
        (error["pointer"] == "#/document/nodes/2/data/team") && (error["code"] == "E133")
    }));
    assert_eq!(world.owner.get(&flow, 200).await["last_version"], 0);
    // What is no flow at all is a draft all the same, and says so.
    let flow = world.make(&json!({ "anything": [1, 2] })).await;
    let found = world
        .owner
        .post(&format!("{flow}/validate"), Value::Null, 200)
        .await;
    assert_eq!(found["diagnostics"][0]["code"], "E100");
}

#[tokio::test]
async fn the_same_document_is_the_same_version_and_a_version_never_changes() {
    let world = World::new().await;
    let flow = world.make(&greeting("one")).await;
    assert_eq!(world.publish(&flow).await, 1);
    assert_eq!(world.publish(&flow).await, 1);
    world.save(&flow, &greeting("two")).await;
    assert_eq!(world.publish(&flow).await, 2);
    let first = format!("{flow}/versions/1");
    assert_eq!(
        world.owner.get(&first, 200).await["document"],
        greeting("one")
    );
    // Back to what was there: no third version.
    world.save(&flow, &greeting("one")).await;
    assert_eq!(world.publish(&flow).await, 1);
    let listed = world.agent.get(&format!("{flow}/versions"), 200).await;
    let numbers: Vec<u64> = listed["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|version| version["version"].as_u64())
        .collect();
    assert_eq!(numbers, [2, 1]);
    let changes = world
        .owner
        .get(&format!("{flow}/diff?from=1&to=2"), 200)
        .await;
    assert_eq!(
        changes["nodes"],
        json!({ "added": [], "removed": [], "changed": ["m"] })
    );
    assert_eq!(
        world.owner.get(&format!("{flow}/diff?from=1"), 200).await["differs"],
        false
    );
    world
        .owner
        .refused(
            Method::GET,
            &format!("{flow}/versions/3"),
            None,
            404,
            "not_found",
        )
        .await;
}

#[tokio::test]
async fn a_version_is_taken_into_use_and_an_older_one_again() {
    let world = World::new().await;
    let flow = world.make(&greeting("one")).await;
    world.publish(&flow).await;
    world.save(&flow, &greeting("two")).await;
    world.publish(&flow).await;
    let live = |view: &Value| {
        let all = view["environments"].as_array().expect("a list").clone();
        let found = all.into_iter().find(|one| one["environment"] == "live");
        found.map(|one| (one["version"].clone(), one["before"].clone()))
    };
    let none = Value::Null;
    assert_eq!(
        live(&world.switch(&flow, Some(1)).await),
        Some((1.into(), none.clone()))
    );
    let second = world.switch(&flow, Some(2)).await;
    assert_eq!(live(&second), Some((2.into(), 1.into())));
    assert_eq!(
        world.switch(&flow, Some(2)).await,
        second,
        "a retry changes nothing"
    );
    assert_eq!(
        live(&world.switch(&flow, Some(1)).await),
        Some((1.into(), 2.into()))
    );
    assert_eq!(
        live(&world.switch(&flow, None).await),
        Some((none, 1.into()))
    );
    let place = format!("{flow}/environments/live");
    let problem = world
        .owner
        .refused(
            Method::PUT,
            &place,
            Some(json!({ "version": 9 })),
            422,
            "validation_failed",
        )
        .await;
    assert_eq!(problem["errors"][0]["code"], "unknown_version");
    // Which is none is said, and not left out.
    world.switch(&flow, Some(1)).await;
    let nothing = Some(json!({}));
    let refused = world
        .owner
        .refused(Method::PUT, &place, nothing, 422, "validation_failed");
    refused.await;
    let shown = world.owner.get(&flow, 200).await;
    assert_eq!(live(&shown), Some((1.into(), Value::Null)));
}

#[tokio::test]
async fn a_simulation_stores_and_sends_nothing() {
    let world = World::new().await;
    let flow = world.make(&greeting("Hello there")).await;
    let before = sorted(&world).await;
    let app = world.harness.app_of("flows");
    let script = json!({
        "steps": [{ "expect": [{ "text": "Hello there" }] }, { "expect": [{ "text": "Goodbye" }] }],
    });
    let body = json!({ "script": script });
    app.meter.take();
    let played = world
        .owner
        .post(&format!("{flow}/simulate"), body, 200)
        .await;
    assert_eq!(played["passed"], false);
    assert_eq!(played["missed"][0]["step"], 1);
    assert_eq!(played["coverage"]["nodes"], 3);
    assert_eq!(app.meter.take().operations(), ["BatchGetItem"]);
    let walked = world
        .owner
        .post(&format!("{flow}/explore"), json!({ "walks": 20 }), 200)
        .await;
    assert_eq!(
        (&walked["ended"], &walked["walks"]),
        (&json!(20), &json!(20))
    );
    assert_eq!(app.meter.take().operations(), ["BatchGetItem"]);
    assert_eq!(sorted(&world).await, before);
    let bad = json!({ "script": { "steps": [{ "shout": "x" }] } });
    world
        .owner
        .refused(
            Method::POST,
            &format!("{flow}/simulate"),
            Some(bad),
            422,
            "validation_failed",
        )
        .await;
}

async fn sorted(world: &World) -> Vec<String> {
    let mut items = world.harness.items().await;
    items.sort();
    items
}

#[tokio::test]
async fn tests_live_with_a_flow_and_keep_it_from_being_published_where_it_says_so() {
    let world = World::new().await;
    let flow = world.make(&greeting("Hello")).await;
    let expects = |said: &str| json!({ "steps": [{ "expect": [{ "text": said }] }] });
    let tests = json!([
        { "name": "It greets", "script": expects("Hello") },
        { "name": "It sings", "script": expects("La la") },
    ]);
    let owner = world.owner.with_header("if-match", "\"1\"");
    let body = json!({ "tests": tests, "tests_required": true });
    owner.patch(&flow, body, 200).await;
    assert_eq!(world.owner.get(&flow, 200).await["tests"], tests);
    let run = world
        .agent
        .post(&format!("{flow}/test-runs"), Value::Null, 200)
        .await;
    assert_eq!(run["passed"], false);
    assert_eq!(run["tests"][0]["passed"], true);
    let versions = format!("{flow}/versions");
    let problem = world
        .owner
        .refused(Method::POST, &versions, None, 422, "flow_has_errors")
        .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/tests/1");
    let owner = world.owner.with_header("if-match", "\"2\"");
    owner
        .patch(&flow, json!({ "tests": [tests[0]] }), 200)
        .await;
    world.publish(&flow).await;
    let owner = world.owner.with_header("if-match", "\"4\"");
    let bad = json!({ "tests": [{ "name": "No script" }] });
    owner
        .refused(Method::PATCH, &flow, Some(bad), 422, "validation_failed")
        .await;
}

#[tokio::test]
async fn an_export_of_typebot_becomes_a_document_with_a_report_and_nothing_is_stored() {
    let world = World::new().await;
    let before = sorted(&world).await;
    let bot = json!({
        "version": "6", "id": "b", "name": "Bot", "variables": [],
        "events": [{ "id": "ev", "type": "start", "outgoingEdgeId": "e1" }],
        "groups": [{ "id": "g", "title": "Hi", "blocks": [
            { "id": "b1", "type": "text", "content": { "richText": [{ "type": "p", "children": [{ "text": "Hello" }] }] } },
            { "id": "b2", "type": "Code", "options": { "content": "alert(1)" } },
        ] }],
        "edges": [{ "id": "e1", "from": { "eventId": "ev" }, "to": { "groupId": "g" } }],
    });
    let import = format!("{}/import", world.flows());
    let body = json!({ "format": "typebot", "file": bot });
    let imported = world.owner.post(&import, body, 200).await;
    assert_eq!(imported["blocks"], 2);
    let lost = imported["report"].as_array().expect("a report");
    assert!(lost.iter().any(|line| line["block"] == "b2"), "{imported}");
    assert_eq!(sorted(&world).await, before);
    let flow = world.make(&imported["document"]).await;
    world.publish(&flow).await;
    let body = json!({ "format": "typebot", "file": { "no": "bot" } });
    world
        .owner
        .refused(Method::POST, &import, Some(body), 422, "validation_failed")
        .await;
    // What was exported comes in again as it was.
    let version = world.owner.get(&format!("{flow}/versions/1"), 200).await;
    let body = json!({ "format": "flow1", "file": version["document"] });
    let again = world.owner.post(&import, body, 200).await;
    assert_eq!(again["document"], version["document"]);
}
