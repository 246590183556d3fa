//! Bodies that are none, fields that are none, and values that are none of a field's.

use harness::Answer;
use harness::contract::{example_of, openapi};
use harness::message;
use harness::routes::{Ids, Route, routes};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{CANARY, World, is_clean, is_problem, said};

const MEBIBYTE: usize = 1024 * 1024;

const JSON: &str = "application/json";

/// What is no JSON, or not in UTF-8.
const MALFORMED: [(&str, &[u8]); 7] = [
    ("empty", b""),
    ("white space", b" \r\n\t"),
    ("words", b"CANARY"),
    ("cut", b"{\"CANARY"),
    ("more than one", b"[] CANARY"),
    ("bad UTF-8", b"{\"CANARY\":\"\xff\xfe\"}"),
    ("half a character", b"{\"CANARY\\ud800\":1}"),
];

/// JSON, but no object.
const NO_OBJECTS: [&[u8]; 4] = [b"[\"CANARY\"]", b" \"CANARY\"", b"null", b"17"];

const OTHER_TYPES: [&str; 5] = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/problem+json",
    "CANARY/json",
];

#[tokio::test]
async fn every_route_refuses_a_body_that_is_none() {
    let world = World::new().await;
    let before = world.items().await;
    let deep = "[".repeat(100_000);
    let large = format!(
        "{{\"text\":\"{}\"}}",
        CANARY.repeat(MEBIBYTE / CANARY.len() + 1)
    );
    for route in taking_a_body() {
        let key = route.key();
        for (what, bytes) in MALFORMED.into_iter().chain([("deep", deep.as_bytes())]) {
            let answer = send(&world, &route, JSON, bytes).await;
            is_problem(
                &format!("{key}: {what}"),
                &answer,
                &said(400, "malformed_body", ""),
            );
        }
        for bytes in NO_OBJECTS {
            let answer = send(&world, &route, JSON, bytes).await;
            is_problem(
                &format!("{key}: {bytes:?}"),
                &answer,
                &said(422, "validation_failed", "#"),
            );
        }
        for content_type in OTHER_TYPES {
            let answer = send(&world, &route, content_type, b"{}").await;
            is_problem(
                &format!("{key}: {content_type}"),
                &answer,
                &said(415, "media_type", ""),
            );
        }
        let answer = send(&world, &route, JSON, large.as_bytes()).await;
        is_problem(
            &format!("{key}: large"),
            &answer,
            &said(413, "body_too_large", ""),
        );
    }
    assert_eq!(
        world.items().await,
        before,
        "a refused body changed something"
    );
}

/// Any bytes, as somebody whom the route lets in; with an empty content type without one.
async fn send(world: &World, route: &Route, content_type: &str, bytes: &[u8]) -> Answer {
    let mut client = world.caller(route);
    if !content_type.is_empty() {
        client = client.with_header("content-type", content_type);
    }
    let path = route.at(&Ids::unknown());
    client
        .send_raw(route.method.clone(), &path, bytes.to_vec())
        .await
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
            let answer = send(&world, &route, JSON, body.as_bytes()).await;
            let what = format!("{}: {name}", route.key());
            is_problem(&what, &answer, &said(400, "unknown_field", pointer));
        }
    }
    assert_eq!(
        world.items().await,
        before,
        "a refused body changed something"
    );
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
            if is_a(&schema, "object") {
                // Parsers may take the values of a list for the fields of an object.
                let example = example_of(&schema);
                let values = example
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, value)| value);
                wrong.push(values.cloned().collect());
                wrong.push(vec![Value::Null; example.as_object().map_or(0, Map::len)].into());
            } else {
                wrong.push(json!({ "CANARY": CANARY }));
            }
            if !is_a(&schema, "integer") {
                wrong.extend([json!(-1), json!(1.5)]);
            }
            if !is_a(&schema, "boolean") && !is_a(&schema, "integer") {
                wrong.push(json!(true));
            }
            for value in wrong {
                let what = format!("{}: {field} as {value}", route.key());
                let answer = with_field(&world, &route, &field, &value).await;
                is_clean(&what, &answer);
                assert_eq!(
                    answer.body["code"],
                    wrong_code(&answer),
                    "{what}: {}",
                    answer.text
                );
                let at = answer.body["errors"][0]["pointer"]
                    .as_str()
                    .unwrap_or_default();
                assert!(
                    at.starts_with(&format!("#/{field}")),
                    "{what}: {}",
                    answer.text
                );
                tried += 1;
            }
        }
    }
    assert!(tried >= 100, "only {tried} values");
    assert_eq!(
        world.items().await,
        before,
        "a refused body changed something"
    );
}

/// Within an object a name can be unknown as well.
fn wrong_code(answer: &Answer) -> &'static str {
    if answer.status == 400 {
        "unknown_field"
    } else {
        "validation_failed"
    }
}

#[tokio::test]
async fn every_text_has_a_length_and_control_characters_are_no_text() {
    let world = World::new().await;
    let before = world.items().await;
    let long = CANARY.repeat(4000);
    let mut tried = 0;
    for route in taking_a_body() {
        for (field, schema) in fields(&route)
            .iter()
            .filter(|(_, schema)| is_a(schema, "string"))
        {
            for value in [
                json!(long),
                json!(format!("{CANARY}\u{0}")),
                json!(format!("{CANARY}\u{1}a\u{1}b")),
            ] {
                let answer = with_field(&world, &route, field, &value).await;
                let what = format!("{}: {field}: {:.20}", route.key(), value.to_string());
                is_clean(&what, &answer);
                if answer.status == 422 {
                    let at = &answer.body["errors"][0]["pointer"];
                    assert_eq!(*at, json!(format!("#/{field}")), "{what}: {}", answer.text);
                    assert_eq!(
                        answer.body["errors"].as_array().map(Vec::len),
                        Some(1),
                        "{what}"
                    );
                } else {
                    // Opaque tokens and keys: whatever is none is not there, or not valid.
                    assert!(
                        [401, 404].contains(&answer.status),
                        "{what}: {}",
                        answer.text
                    );
                }
                tried += 1;
            }
            let bounded = ["maxLength", "pattern", "enum", "format"];
            let bounded = bounded.iter().any(|word| !schema[*word].is_null());
            let opaque = field.ends_with("token") || field.ends_with("key");
            assert!(
                bounded || opaque,
                "{}: the document does not bound {field}",
                route.key()
            );
        }
    }
    assert!(tried >= 30, "only {tried} values");
    assert_eq!(
        world.items().await,
        before,
        "a refused body changed something"
    );
}

#[tokio::test]
async fn the_limits_of_a_message_are_exact() {
    let world = World::new().await;
    let path = format!(
        "/v1/widget/conversations/{}/messages",
        world.conversation.id
    );
    let with = |text: &str| {
        let mut body = message("");
        body["text"] = text.into();
        body
    };
    // Characters, not bytes.
    world
        .visitor
        .post(&path, with(&"ä".repeat(10_000)), 201)
        .await;
    let before = world.items().await;
    for (text, code) in [
        ("ä".repeat(10_001), "too_long"),
        (String::new(), "empty"),
        (" \n ".into(), "empty"),
    ] {
        let answer = world
            .visitor
            .send(Method::POST, &path, Some(with(&text)))
            .await;
        is_problem(code, &answer, &said(422, "validation_failed", "#/text"));
        assert_eq!(answer.body["errors"][0]["code"], code);
    }
    let mut nobody = with("a");
    nobody["client_message_id"] = format!("{CANARY}-not-an-id").into();
    let answer = world.visitor.send(Method::POST, &path, Some(nobody)).await;
    is_problem(
        "an id",
        &answer,
        &said(422, "validation_failed", "#/client_message_id"),
    );
    let twice = format!("{{\"text\":\"a\",\"text\":\"{CANARY}\"}}");
    let client = world
        .visitor
        .with_header("content-type", "application/json");
    let answer = client
        .send_raw(Method::POST, &path, twice.into_bytes())
        .await;
    is_problem("twice", &answer, &said(422, "validation_failed", "#/text"));
    assert_eq!(answer.body["errors"][0]["code"], "duplicate");
    assert_eq!(
        world.items().await,
        before,
        "a refused message changed something"
    );
}

/// Sends the route's example with one field replaced, that one first.
async fn with_field(world: &World, route: &Route, field: &str, value: &Value) -> Answer {
    let example = route.body(&Ids::unknown()).expect("a body");
    let others = example
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != field);
    let others: String = others
        .map(|(name, value)| format!(",{}:{value}", json!(name)))
        .collect();
    let body = format!("{{{}:{value}{others}}}", json!(field));
    send(world, route, JSON, body.as_bytes()).await
}

/// The forms of pages are looked at by the test `pages`.
fn taking_a_body() -> impl Iterator<Item = Route> {
    routes()
        .into_iter()
        .filter(|route| route.operation()["requestBody"]["content"][JSON].is_object())
}

/// The fields of a route's body, and their schemas without the reference.
fn fields(route: &Route) -> Vec<(String, Value)> {
    let schema = &route.operation()["requestBody"]["content"]["application/json"]["schema"];
    let properties = resolved(schema)["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    properties
        .into_iter()
        .map(|(name, schema)| (name, resolved(&schema)))
        .collect()
}

/// The schema that a reference, or the one option besides null, leads to.
fn resolved(schema: &Value) -> Value {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next())
    {
        return resolved(&openapi()["components"]["schemas"][name]);
    }
    let options = schema["oneOf"].as_array().into_iter().flatten();
    match options
        .filter(|option| option["type"] != "null")
        .collect::<Vec<_>>()[..]
    {
        [only] => resolved(only),
        _ => schema.clone(),
    }
}

fn is_a(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind
        || schema["type"]
            .as_array()
            .is_some_and(|all| all.contains(&json!(kind)))
}
