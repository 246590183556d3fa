//! The address and the text that a browser sends of itself lie nowhere, in no form.

use harness::ORIGIN;
use serde_json::{Value, json};

use super::{BEACONS, SECRET, World, loaded};
use crate::privacy_at_rest::{
    log::Log,
    search::{Haystack, forms},
};

/// An address of a documentation network that nothing else has, and that of the viewer.
const ADDRESSES: [&str; 2] = ["203.0.113.197", "198.51.100.183"];
/// A browser that is like no other.
const AGENT: &str = "Kanarienvogel/7.31415 (Zwitscher; rv:2.71828) Firefox/140.0";

/// FLOW-11: full address and text of the browser are seen while a beacon is answered, and lie in no
/// table, no count, no key and no log line.
#[tokio::test]
async fn an_address_and_the_text_of_a_browser_are_in_no_store_and_in_no_log() {
    let (log, _listening) = Log::listen();
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    let event = json!({
        "version": "2.0", "routeKey": format!("POST {BEACONS}"), "rawPath": BEACONS,
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json", "origin": ORIGIN, "host": "api.example.com",
            "authorization": format!("Bearer {}", visitor.session_token),
            "user-agent": AGENT, "x-origin-secret": SECRET,
            "cloudfront-viewer-address": format!("{}:41000", ADDRESSES[1]),
            "cloudfront-viewer-country": "DE",
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "a", "domainName": "api.example.com",
            "domainPrefix": "api", "requestId": "r", "routeKey": format!("POST {BEACONS}"),
            "stage": "$default", "time": "15/Jan/2026:12:00:00 +0000",
            "timeEpoch": 1_768_478_400_000_i64,
            "http": {
                "method": "POST", "path": BEACONS, "protocol": "HTTP/1.1",
                "sourceIp": ADDRESSES[0], "userAgent": AGENT,
            },
        },
        "body": loaded(840).to_string(), "isBase64Encoded": false,
    });
    let function = world
        .harness
        .stack
        .function("visitors")
        .expect("the function");
    let answer = function.invoke(event.to_string().into_bytes(), "r").await;
    let answer: Value = serde_json::from_slice(&answer.expect("an answer")).expect("json");
    assert_eq!(answer["statusCode"], 204, "{answer}");
    world.harness.advance(shared::domain::time::DAY * 7);
    world.harness.run_schedule("jobs").await;
    world.harness.drain().await;

    // It came in: what may be kept of it is there.
    let beacon = &world.beacons().await[0];
    assert_eq!(
        (&beacon["browser"]["S"], &beacon["country"]["S"]),
        (&json!("firefox"), &json!("DE"))
    );

    let mut needles = Vec::new();
    for canary in ADDRESSES
        .into_iter()
        .chain([AGENT, "Kanarienvogel", "203.0.113.0/24"])
    {
        needles.extend(forms(canary));
    }
    let mut items = world.harness.items().await;
    items.extend(world.harness.counts().await);
    assert_eq!(Haystack::of_items(&items).find(&needles), None);
    assert_eq!(Haystack::of(&log.bytes()).find(&needles), None);

    // The search finds what is planted, in a table as in a log.
    let planted = json!({ "pk": { "S": "X" }, "seen": { "S": format!("from {}", ADDRESSES[0]) } });
    items.push(planted.to_string());
    assert!(Haystack::of_items(&items).find(&needles).is_some());
    tracing::info!(agent = AGENT, "planted");
    assert!(Haystack::of(&log.bytes()).find(&needles).is_some());
}
