//! Bad input, of every kind and on every route that takes some: each has its problem, points at the
//! field, repeats nothing of what was sent, and changes nothing.

use std::time::Duration;

use harness::contract::{example_of, openapi};
use harness::routes::{Actor, Ids, Route, routes};
use harness::{Answer, Client, Conversation, Harness, Member, ORIGIN, Visitor, Workspace, message};
use reqwest::Method;
use serde_json::{Value, json};

/// What must never come back. Upper case, so that it is no word of ours.
const CANARY: &str = "CANARY";
const MEBIBYTE: usize = 1024 * 1024;

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let conversation = visitor.start("Hello").await;
        Self { harness, owner, workspace, visitor, conversation }
    }

    /// Somebody whom the route lets in.
    fn caller(&self, route: &Route) -> Client {
        match route.actor() {
            Actor::Member => Client::clone(&self.owner),
            Actor::Visitor => self.visitor.with_header("origin", ORIGIN),
        }
    }

    async fn items(&self) -> Vec<String> {
        let mut items = self.harness.items().await;
        items.sort();
        items
    }
}

/// What must be said, and at which field; `""` for none.
struct Said(u16, &'static str, String);

fn said(status: u16, code: &'static str, pointer: impl Into<String>) -> Said {
    Said(status, code, pointer.into())
}

fn is_problem(what: &str, answer: &Answer, said: &Said) {
    let Said(status, code, pointer) = said;
    let seen = (answer.status, answer.body["code"].as_str().unwrap_or_default());
    assert_eq!(seen, (*status, *code), "{what}: {}", answer.text);
    let at = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default();
    assert_eq!(at, pointer, "{what}: {}", answer.text);
    is_clean(what, answer);
}

fn is_clean(what: &str, answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let headers = format!("{:?}", answer.headers);
    let repeats = answer.text.contains(CANARY) || headers.contains(CANARY);
    assert!(!repeats, "{what} repeats what was sent: {}", answer.text);
}

fn taking_a_body() -> impl Iterator<Item = Route> {
    routes().into_iter().filter(|route| !route.operation()["requestBody"].is_null())
}

/// The fields of a route's body, and their schemas without the reference.
fn fields(route: &Route) -> Vec<(String, Value)> {
    let schema = &route.operation()["requestBody"]["content"]["application/json"]["schema"];
    let properties = resolved(schema)["properties"].as_object().cloned().unwrap_or_default();
    properties.into_iter().map(|(name, schema)| (name, resolved(&schema))).collect()
}

/// The schema that a reference, or the one option besides null, leads to.
fn resolved(schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return resolved(&openapi()["components"]["schemas"][name]);
    }
    let options = schema["oneOf"].as_array().into_iter().flatten();
    match options.filter(|option| option["type"] != "null").collect::<Vec<_>>()[..] {
        [only] => resolved(only),
        _ => schema.clone(),
    }
}

fn is_a(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)))
}

#[tokio::test]
async fn every_route_refuses_a_body_that_is_none() {
    let world = World::new().await;
    let before = world.items().await;
    let deep = "[".repeat(100_000);
    let large = format!("{{\"text\":\"{}\"}}", CANARY.repeat(MEBIBYTE / CANARY.len() + 1));
    let json = "application/json";
    let cases: [(&str, &str, &[u8], Said); 11] = [
        ("empty", json, b"", said(400, "malformed_body", "")),
        ("white space", json, b" \r\n\t", said(400, "malformed_body", "")),
        ("no JSON", json, b"CANARY", said(400, "malformed_body", "")),
        ("cut", json, b"{\"text\":\"CANARY", said(400, "malformed_body", "")),
        ("deep", json, deep.as_bytes(), said(400, "malformed_body", "")),
        ("bad UTF-8", json, b"{\"CANARY\":\"\xff\xfe\"}", said(400, "malformed_body", "")),
        ("over 1 MiB", json, large.as_bytes(), said(413, "body_too_large", "")),
        ("text", "text/plain", b"{}", said(415, "media_type", "")),
        ("a form", "application/x-www-form-urlencoded", b"a=CANARY", said(415, "media_type", "")),
        ("another JSON", "application/problem+json", b"{}", said(415, "media_type", "")),
        ("CANARY", "CANARY/json", b"{}", said(415, "media_type", "")),
    ];
    for route in taking_a_body() {
        for (what, content_type, bytes, said) in &cases {
            let client = world.caller(&route).with_header("content-type", content_type);
            let path = route.at(&Ids::unknown());
            let answer = client.send_raw(route.method.clone(), &path, bytes.to_vec()).await;
            is_problem(&format!("{}: {what}", route.key()), &answer, said);
        }
        let path = route.at(&Ids::unknown());
        let answer = world.caller(&route).send_raw(route.method.clone(), &path, b"{}".to_vec()).await;
        is_problem(&format!("{}: no type", route.key()), &answer, &said(415, "media_type", ""));
    }
    assert_eq!(world.items().await, before, "a refused body changed something");
}

#[tokio::test]
async fn every_route_refuses_unknown_fields_and_points_at_them() {
    let world = World::new().await;
    let before = world.items().await;
    let names = [
        ("aa_unknown", "#/aa_unknown"),
        // Names that are none are not repeated.
        ("CANARY CANARY", "#/*"),
        ("<script>CANARY", "#/*"),
        ("\\u0001forged\\u0001CANARY\\u0001", "#/*"),
    ];
    for route in taking_a_body() {
        for (name, pointer) in names {
            // The unknown one first: the parser stops at it.
            let body = format!("{{\"{name}\":\"CANARY\"}}");
            let client = world.caller(&route).with_header("content-type", "application/json");
            let path = route.at(&Ids::unknown());
            let answer = client.send_raw(route.method.clone(), &path, body.into_bytes()).await;
            let what = format!("{}: {name}", route.key());
            is_problem(&what, &answer, &said(400, "unknown_field", pointer));
        }
    }
    assert_eq!(world.items().await, before, "a refused body changed something");
}

#[tokio::test]
async fn every_field_refuses_a_value_of_another_type_and_is_pointed_at() {
    let world = World::new().await;
    let before = world.items().await;
    let mut tried = 0;
    for route in taking_a_body() {
        for (field, schema) in fields(&route) {
            let mut wrong = Vec::new();
            if !is_a(&schema, "string") {
                wrong.push(json!(CANARY));
            }
            if !is_a(&schema, "array") {
                wrong.push(json!([CANARY]));
            }
            if !is_a(&schema, "object") {
                wrong.push(json!({ "CANARY": CANARY }));
            }
            if !is_a(&schema, "integer") {
                wrong.extend([json!(-1), json!(1.5), json!(true)]);
            }
            for value in wrong {
                let what = format!("{}: {field} as {value}", route.key());
                let answer = with_field(&world, &route, &field, &value).await;
                is_clean(&what, &answer);
                assert_eq!(answer.body["code"], wrong_code(&answer), "{what}: {}", answer.text);
                let at = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default();
                assert!(at.starts_with(&format!("#/{field}")), "{what}: {}", answer.text);
                tried += 1;
            }
        }
    }
    assert!(tried >= 100, "only {tried} values");
    assert_eq!(world.items().await, before, "a refused body changed something");
}

/// Within an object a name can be unknown as well.
fn wrong_code(answer: &Answer) -> &'static str {
    if answer.status == 400 { "unknown_field" } else { "validation_failed" }
}

#[tokio::test]
async fn every_text_has_a_length_and_control_characters_are_no_text() {
    let world = World::new().await;
    let before = world.items().await;
    let long = CANARY.repeat(4000);
    let mut tried = 0;
    for route in taking_a_body() {
        for (field, schema) in fields(&route).iter().filter(|(_, schema)| is_a(schema, "string")) {
            for value in [json!(long), json!(format!("{CANARY}\u{0}")), json!(format!("{CANARY}\u{1}a\u{1}b"))] {
                let answer = with_field(&world, &route, field, &value).await;
                let what = format!("{}: {field}: {:.20}", route.key(), value.to_string());
                is_clean(&what, &answer);
                if answer.status == 422 {
                    let at = &answer.body["errors"][0]["pointer"];
                    assert_eq!(*at, json!(format!("#/{field}")), "{what}: {}", answer.text);
                    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(1), "{what}");
                } else {
                    // Opaque tokens and keys: whatever is none is not there, or not valid.
                    assert!([401, 404].contains(&answer.status), "{what}: {}", answer.text);
                }
                tried += 1;
            }
            let bounded = ["maxLength", "pattern", "enum", "format"];
            let bounded = bounded.iter().any(|word| !schema[*word].is_null());
            let opaque = field.ends_with("token") || field.ends_with("key");
            assert!(bounded || opaque, "{}: the document does not bound {field}", route.key());
        }
    }
    assert!(tried >= 30, "only {tried} values");
    assert_eq!(world.items().await, before, "a refused body changed something");
}

/// Sends the route's example with one field replaced, that one first.
async fn with_field(world: &World, route: &Route, field: &str, value: &Value) -> Answer {
    let example = route.body(&Ids::unknown()).expect("a body");
    let others = example.as_object().into_iter().flatten().filter(|(name, _)| *name != field);
    let others: String = others.map(|(name, value)| format!(",{}:{value}", json!(name))).collect();
    let body = format!("{{{}:{value}{others}}}", json!(field));
    let client = world.caller(route).with_header("content-type", "application/json");
    client.send_raw(route.method.clone(), &route.at(&Ids::unknown()), body.into_bytes()).await
}

#[tokio::test]
async fn the_limits_of_a_message_are_exact() {
    let world = World::new().await;
    let path = format!("/v1/widget/conversations/{}/messages", world.conversation.id);
    let with = |text: &str| {
        let mut body = message("");
        body["text"] = text.into();
        body
    };
    // Characters, not bytes.
    world.visitor.post(&path, with(&"ä".repeat(10_000)), 201).await;
    let before = world.items().await;
    for (text, code) in [("ä".repeat(10_001), "too_long"), (String::new(), "empty"), (" \n ".into(), "empty")] {
        let answer = world.visitor.send(Method::POST, &path, Some(with(&text))).await;
        is_problem(code, &answer, &said(422, "validation_failed", "#/text"));
        assert_eq!(answer.body["errors"][0]["code"], code);
    }
    let mut nobody = with("a");
    nobody["client_message_id"] = format!("{CANARY}-not-an-id").into();
    let answer = world.visitor.send(Method::POST, &path, Some(nobody)).await;
    is_problem("an id", &answer, &said(422, "validation_failed", "#/client_message_id"));
    let twice = format!("{{\"text\":\"a\",\"text\":\"{CANARY}\"}}");
    let client = world.visitor.with_header("content-type", "application/json");
    let answer = client.send_raw(Method::POST, &path, twice.into_bytes()).await;
    is_problem("twice", &answer, &said(422, "validation_failed", "#/text"));
    assert_eq!(world.items().await, before, "a refused message changed something");
}

#[tokio::test]
async fn an_id_that_is_none_is_not_there() {
    let world = World::new().await;
    let member = format!("{}", world.workspace.member_id);
    let upper = world.workspace.id.to_uppercase();
    let long = CANARY.repeat(500);
    let bad = [
        CANARY, "ws_", "ws_CANARY", &upper, &long, "%00", "%20", "..%2f..%2fCANARY", "a%2Fb", "%ff",
        "%3Fcursor=CANARY", "'%20OR%201=1--", "ses_01kf0a1b2c3d4e5f6g7h8j9k0m", "null", "*",
    ];
    for route in routes().iter().filter(|route| !route.parameters().is_empty()) {
        for parameter in route.parameters() {
            let known = Ids::unknown().with("workspace", &world.workspace.id);
            let path = route.at(&known);
            let id = path.split('/').zip(route.path.split('/'));
            let id = id.filter(|(_, part)| *part == format!("{{{parameter}}}")).map(|(id, _)| id);
            let id = id.last().expect("an id");
            for bad in bad.into_iter().chain([member.as_str()]) {
                let answer = world.caller(route).send(route.method.clone(), &path.replace(id, bad), None).await;
                let what = format!("{} with {bad:.30}", route.key());
                is_clean(&what, &answer);
                assert_eq!(answer.status, 404, "{what}: {}", answer.text);
                let code = answer.body["code"].as_str().unwrap_or_default();
                assert!(["not_found", "no_such_route"].contains(&code), "{what}: {code}");
            }
        }
    }
}

#[tokio::test]
async fn paths_and_methods_that_nobody_serves_are_a_problem_too() {
    let world = World::new().await;
    let no_route = said(404, "no_such_route", "");
    let paths = [
        "/v1", "/v1/", "/v1/CANARY", "/v2/workspaces", "/v1/workspaces/", "/V1/workspaces", "//", "/health/",
        "/CANARY?cursor=CANARY", "/v1/widget", "/.env", "/openapi.yaml", "/v1/workspaces%2Fx", "/%00",
    ];
    for client in [Client::clone(&world.harness.anonymous()), Client::clone(&world.owner)] {
        for path in paths {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = client.send(method.clone(), path, None).await;
                is_problem(&format!("{method} {path}"), &answer, &no_route);
            }
        }
    }
    // A path of ours with a method that it does not have.
    let all = routes();
    for route in &all {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let has = |other: &&Route| other.path == route.path && other.method == method;
            if all.iter().any(|other| has(&other)) {
                continue;
            }
            let path = route.at(&Ids::unknown());
            let answer = world.caller(route).send(method.clone(), &path, None).await;
            is_problem(&format!("{method} {}", route.path), &answer, &no_route);
        }
    }
}

#[tokio::test]
async fn every_query_parameter_is_known_and_within_its_bounds() {
    let world = World::new().await;
    let mut limited = 0;
    let ids = Ids::unknown()
        .with("workspace", &world.workspace.id)
        .with("contact", &world.visitor.contact_id)
        .with("conversation", &world.conversation.id);
    for route in routes() {
        let declared = route.operation()["parameters"].as_array().cloned().unwrap_or_default();
        let query: Vec<&Value> = declared.iter().filter(|one| one["in"] == "query").collect();
        if query.is_empty() {
            continue;
        }
        let (client, path) = (world.caller(&route), route.at(&ids));
        let refused = async |query: &str, said: Said| {
            let answer = client.send(route.method.clone(), &format!("{path}?{query}"), None).await;
            is_problem(&format!("{}?{query}", route.key()), &answer, &said);
        };
        refused("unknown=CANARY", said(400, "unknown_field", "?unknown")).await;
        refused("CANARY%20=1", said(400, "unknown_field", "?")).await;
        for parameter in query {
            let name = parameter["name"].as_str().expect("a name");
            let pointer = format!("?{name}");
            let twice = format!("{name}=1&{name}={CANARY}");
            // The second one, unless the first is refused already: either way it is this one.
            let answer = client.send(route.method.clone(), &format!("{path}?{twice}"), None).await;
            is_problem(&twice, &answer, &said(422, "validation_failed", pointer.as_str()));
            if name == "cursor" {
                refused("cursor=CANARY", said(400, "cursor_invalid", "")).await;
                refused("cursor=", said(400, "cursor_invalid", "")).await;
                continue;
            }
            for bad in ["CANARY", "", "-1", "1.5", "99999999999999999999999", "%00"] {
                refused(&format!("{name}={bad}"), said(422, "validation_failed", pointer.as_str())).await;
            }
            if name == "limit" {
                limited += 1;
                for bad in ["0", "101", "65537"] {
                    refused(&format!("limit={bad}"), said(422, "validation_failed", "?limit")).await;
                }
                for good in ["1", "100"] {
                    client.get(&format!("{path}?limit={good}"), 200).await;
                }
            }
        }
    }
    assert!(limited >= 7, "only {limited} lists");
    let path = format!("{}/conversations/{}/messages", world.workspace.path, world.conversation.id);
    let answer = world.owner.send(Method::GET, &format!("{path}?after_seq=1&before_seq=2"), None).await;
    is_problem("both ways", &answer, &said(422, "validation_failed", "?after_seq"));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_its_own_reader_and_a_day() {
    let world = World::new().await;
    let World { harness, owner, workspace, visitor, .. } = &world;
    visitor.start("Another").await;
    let app = owner.app(workspace).await;
    harness.visitor(&app).await.start("A third").await;
    let colleague = harness.join(owner, workspace, "bob@example.com", "admin").await;
    let second = owner.workspace("inbox").await;
    let path = |list: &str| format!("{}/{list}", workspace.path);
    let mut cursors = Vec::new();
    for list in ["conversations", "contacts", "members", "apps"] {
        cursors.push((path(list), next(owner, &path(list)).await));
    }
    cursors.push(("/v1/workspaces".to_owned(), next(owner, "/v1/workspaces").await));
    let bad = said(400, "cursor_invalid", "");
    for (list, cursor) in &cursors {
        owner.get(&format!("{list}?limit=1&cursor={cursor}"), 200).await;
        for (other, _) in cursors.iter().filter(|(other, _)| other != list) {
            refused(owner, other, cursor, &bad).await;
        }
        refused(&colleague, list, cursor, &bad).await;
        refused(owner, list, &altered(cursor), &bad).await;
        refused(owner, list, &format!("{cursor}AA"), &bad).await;
        refused(owner, list, &cursor[..cursor.len() / 2], &bad).await;
    }
    // The same list with another filter, and the same list of another workspace.
    let (list, cursor) = &cursors[0];
    let answer = owner.send(Method::GET, &format!("{list}?status=open&cursor={cursor}"), None).await;
    is_problem("another filter", &answer, &bad);
    refused(owner, &format!("{}/conversations", second.path), cursor, &bad).await;
    // A visitor's list, to the visitor and to another.
    let own = next(visitor, "/v1/widget/conversations").await;
    visitor.get(&format!("/v1/widget/conversations?cursor={own}"), 200).await;
    let neighbour = harness.visitor(&app).await;
    refused(&neighbour, "/v1/widget/conversations", &own, &bad).await;

    harness.advance(Duration::from_secs(24 * 60 * 60 - 1));
    let later = owner.refresh().await;
    for (list, cursor) in &cursors {
        later.get(&format!("{list}?cursor={cursor}"), 200).await;
    }
    harness.advance(Duration::from_secs(1));
    for (list, cursor) in &cursors {
        refused(&later, list, cursor, &bad).await;
    }
    harness.advance(Duration::from_secs(60 * 60));
    let latest = later.refresh().await;
    for (list, cursor) in &cursors {
        refused(&latest, list, cursor, &bad).await;
    }
}

/// Where a list goes on after its first entry.
async fn next(client: &Client, list: &str) -> String {
    let page = client.get(&format!("{list}?limit=1"), 200).await;
    assert_eq!(page["page"]["has_more"], true, "{list} has one entry: {page}");
    harness::text(&page["page"], "next_cursor")
}

async fn refused(client: &Client, list: &str, cursor: &str, said: &Said) {
    let answer = client.send(Method::GET, &format!("{list}?cursor={cursor}"), None).await;
    is_problem(list, &answer, said);
    assert!(!answer.text.contains(cursor), "{list} repeats the cursor");
}

/// The same cursor with one character changed.
fn altered(cursor: &str) -> String {
    let middle = cursor.len() / 2;
    let other = if &cursor[middle..=middle] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &cursor[..middle], &cursor[middle + 1..])
}

#[tokio::test]
async fn bad_headers_have_their_problem_too() {
    let world = World::new().await;
    let path = format!("{}/contacts/{}", world.workspace.path, world.visitor.contact_id);
    let client = world.owner.with_header("if-match", CANARY);
    let body = example_of(&json!({ "$ref": "#/components/schemas/ChangeContact" }));
    let answer = client.send(Method::PATCH, &path, Some(body)).await;
    is_problem("if-match", &answer, &said(422, "validation_failed", "If-Match"));
    let before = world.items().await;
    for key in ["", &CANARY.repeat(50)] {
        let client = world.owner.with_header("idempotency-key", key);
        let body = json!({ "name": "W", "profile": "inbox", "member_name": "A" });
        let answer = client.send(Method::POST, "/v1/workspaces", Some(body)).await;
        is_problem("idempotency-key", &answer, &said(422, "validation_failed", "Idempotency-Key"));
    }
    assert_eq!(world.items().await, before, "a refused call changed something");
}
