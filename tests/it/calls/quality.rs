//! How well calls go, and how reliable they are.

use reqwest::Method;
use serde_json::{Value, json};

use super::{SECOND, World};

/// CALL-21, CALL-23
#[tokio::test]
async fn each_side_tells_how_well_it_goes_and_the_last_word_stays() {
    let world = World::new().await;
    let guest = world.guest().await;
    let (call, _) = world.ringing(&guest).await;
    let path = format!("/v1/guest/calls/{call}/quality");
    let told = json!({ "rtt_p50_ms": 40, "loss_permille": 0, "network": "wifi" });
    guest
        .client
        .refused(Method::POST, &path, Some(told.clone()), 409, "call_state")
        .await;
    world.act(&world.agent, &call, "accept", 200).await;
    let client = guest.client.with_header(
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.7339.99 Safari/537.36",
    );
    client.post(&path, told.clone(), 204).await;
    let last = json!({ "last": true, "rtt_p50_ms": 44, "loss_permille": 3, "relayed": true });
    client.post(&path, last, 204).await;
    // A checkpoint that comes late changes nothing.
    client.post(&path, told, 204).await;
    let shown = world.show(&call).await;
    assert_eq!(shown["quality"].as_array().map(Vec::len), Some(1));
    let quality = &shown["quality"][0];
    assert_eq!(quality["counted"]["rtt_p50_ms"], 44);
    assert_eq!(
        (&quality["side"], &quality["score"]),
        (&json!("guest"), &json!(4.4))
    );
    for bad in [
        json!({ "loss_permille": 1001 }),
        json!({ "rtt_p50_ms": -1 }),
        json!({ "network": "satellite" }),
        json!({ "label": "FaceTime HD Camera" }),
        json!({ "ip": "203.0.113.7" }),
    ] {
        let answer = guest.client.send(Method::POST, &path, Some(bad)).await;
        assert!([400, 422].contains(&answer.status), "{}", answer.text);
    }
    assert_eq!(
        world.harness.items_with("7339").await,
        0,
        "more than a family of browsers"
    );
    guest.act(&call, "end", 200).await;
    world.harness.advance(601 * SECOND);
    guest
        .client
        .refused(Method::POST, &path, Some(json!({})), 409, "call_state")
        .await;
}

/// CALL-23
#[tokio::test]
async fn figures_are_of_ten_calls_at_least_and_name_nobody() {
    let world = World::new().await;
    let figures = format!("{}/call-figures", world.workspace.path);
    let call = async |kind: usize| {
        let guest = world.guest().await;
        let (call, _) = world.ringing(&guest).await;
        match kind {
            0 => world.harness.advance(46 * SECOND),
            1 => {
                world.act(&world.agent, &call, "accept", 200).await;
                world.harness.advance(21 * SECOND);
            }
            _ => {
                world.act(&world.agent, &call, "accept", 200).await;
                let path = format!("/v1/guest/calls/{call}/quality");
                let told = json!({ "last": true, "relayed": kind == 2, "connect_ms": 500 + kind });
                guest.client.post(&path, told, 204).await;
                guest.act(&call, "end", 200).await;
            }
        }
        guest.act(&call, "knock", 200).await;
    };
    for kind in [0, 1, 2, 3, 4] {
        call(kind).await;
    }
    let few = world.owner.get(&figures, 200).await;
    assert_eq!(
        (&few["calls"], &few["missed_permille"]),
        (&json!(5), &Value::Null)
    );
    for kind in [0, 1, 1, 2, 2, 3, 4, 5, 6, 7] {
        call(kind).await;
    }
    let shown = world.owner.get(&figures, 200).await;
    assert_eq!(shown["calls"], 15);
    // 2 of 15 were missed, 3 of 13 found no way, 3 of 10 went through a relay.
    assert_eq!(
        (
            &shown["missed_permille"],
            &shown["failed_ice_permille"],
            &shown["relayed_permille"]
        ),
        (&json!(133), &json!(230), &json!(300))
    );
    assert_eq!(shown["connect_p95_ms"], 507);
    for word in ["call_", "gst_", "mbr_"] {
        assert!(!shown.to_string().contains(word), "{shown}");
    }
    let later = format!("{figures}?since={}", world.harness.now().plus(SECOND));
    assert_eq!(world.owner.get(&later, 200).await["calls"], 0);
}
