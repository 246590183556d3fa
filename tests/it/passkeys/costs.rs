//! What the routes for passkeys cost. With a session it is one read and one transaction; a sign-in that
//! waits is read before its account is known, and a new session looks for the device in those before it.

use harness::{Client, Harness};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ADA, CONFIRM, PASSKEYS, SECOND, SECOND_CONFIRM, STEP_UP, STEP_UP_CONFIRM, answer, halfway,
    with_passkey,
};

/// Operations in their order, units read and units written of one call, in a warm function.
const COSTS: [(&str, &str, f64, f64); 8] = [
    ("list", "BatchGetItem", 4.0, 0.0),
    ("begin", "BatchGetItem TransactWriteItems", 4.0, 4.0),
    ("add", "BatchGetItem TransactWriteItems", 5.0, 12.0),
    (
        "ask",
        "BatchGetItem BatchGetItem BatchGetItem TransactWriteItems",
        5.0,
        4.0,
    ),
    (
        "sign in",
        "BatchGetItem BatchGetItem Query TransactWriteItems",
        6.0,
        12.0,
    ),
    ("ask again", "BatchGetItem TransactWriteItems", 4.0, 4.0),
    (
        "prove",
        "UpdateItem BatchGetItem TransactWriteItems",
        5.0,
        11.0,
    ),
    (
        "remove",
        "BatchGetItem Query TransactWriteItems Query TransactWriteItems",
        6.0,
        10.0,
    ),
];

/// Makes a call and notes what it cost.
async fn call(
    (harness, client): (&Harness, &Client),
    (method, path): (Method, &str),
    body: Option<Value>,
    told: &mut Vec<(String, f64, f64)>,
) -> Value {
    let meter = &harness.app_of("passkeys").meter;
    meter.take();
    let answered = client.send(method, path, body).await;
    assert!(answered.status < 300, "{path}: {}", answered.text);
    let reading = meter.take();
    let strong = reading.calls.iter().all(|call| call.consistent);
    assert!(strong, "{path}: {reading:?}");
    let (read, written) = (reading.read_units(), reading.write_units());
    told.push((reading.operations().join(" "), read, written));
    answered.body
}

#[tokio::test]
async fn every_end_of_a_ceremony_costs_what_stands_here() {
    let harness = Harness::start().await;
    let (ada, mut key, _) = with_passkey(&harness, ADA).await;
    let anonymous = harness.anonymous();
    let mut told = Vec::new();
    let (ours, theirs) = ((&harness, &*ada), (&harness, &*anonymous));
    // Once before, so that the key of the platform is at hand.
    ada.get(PASSKEYS, 200).await;
    let listed = call(ours, (Method::GET, PASSKEYS), None, &mut told).await;

    let begun = call(ours, (Method::POST, PASSKEYS), None, &mut told).await;
    let mut body = answer(&begun, harness.security_key().create(&begun["public_key"]));
    body["name"] = json!("red key");
    call(ours, (Method::POST, CONFIRM), Some(body), &mut told).await;

    let waits = halfway(&harness, ADA).await;
    let body = json!({ "challenge_id": waits["challenge_id"] });
    let begun = call(theirs, (Method::POST, SECOND), Some(body), &mut told).await;
    let body = answer(&begun, key.get(&begun["public_key"]));
    call(
        theirs,
        (Method::POST, SECOND_CONFIRM),
        Some(body),
        &mut told,
    )
    .await;

    let begun = call(ours, (Method::POST, STEP_UP), None, &mut told).await;
    let body = answer(&begun, key.get(&begun["public_key"]));
    call(ours, (Method::POST, STEP_UP_CONFIRM), Some(body), &mut told).await;

    let first = listed["data"][0]["id"].as_str().expect("an id");
    let first = format!("{PASSKEYS}/{first}");
    call(ours, (Method::DELETE, &first), None, &mut told).await;

    let expected =
        COSTS.map(|(_, operations, read, written)| (operations.to_owned(), read, written));
    assert_eq!(told, expected);
}
