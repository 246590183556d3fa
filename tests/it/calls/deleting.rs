//! What is known of calls goes when the workspace asks.

use harness::text;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Guest, SECOND, World};

/// A call that is over, with what a device told of it.
async fn ended(world: &World, guest: &Guest) -> String {
    let (call, _) = world.ringing(guest).await;
    world.act(&world.agent, &call, "accept", 200).await;
    let quality = json!({ "last": true, "rtt_p50_ms": 40, "loss_permille": 2, "relayed": false });
    let path = format!("/v1/guest/calls/{call}/quality");
    guest.client.post(&path, quality, 204).await;
    guest.act(&call, "end", 200).await;
    world.harness.advance(SECOND);
    call
}

/// CALL-16
#[tokio::test]
async fn calls_are_deleted_by_call_guest_app_reference_and_date_and_nothing_of_them_is_left() {
    let world = World::new().await;
    let sign = |reference: &str| {
        use aws_lc_rs::hmac;
        let key = hmac::Key::new(hmac::HMAC_SHA256, world.app.identity_secret.as_bytes());
        data_encoding::HEXLOWER.encode(hmac::sign(&key, reference.as_bytes()).as_ref())
    };
    let named = json!({
        "app_key": world.app.key, "user_ref": "user-1", "user_signature": sign("user-1"),
    });
    let deletions = format!("{}/call-deletions", world.workspace.path);
    let delete = async |by: Value| world.owner.post(&deletions, by, 200).await;
    let gone = async |call: &str| {
        world
            .owner
            .refused(Method::GET, &world.call(call), None, 404, "not_found")
            .await;
        world.harness.drain().await;
        // The guest's token of a day still says in which call it was last.
        let left = world.harness.items().await;
        let left = left
            .iter()
            .filter(|item| item.contains(call) && !item.contains("GUEST#"));
        assert_eq!(left.count(), 0, "something is left of {call}");
    };
    let stays = world.guest().await;
    let stays = ended(&world, &stays).await;

    let call = ended(&world, &world.guest().await).await;
    world.owner.delete(&world.call(&call), 204).await;
    gone(&call).await;
    world
        .owner
        .refused(Method::DELETE, &world.call(&call), None, 404, "not_found")
        .await;

    let guest = world.guest().await;
    let call = ended(&world, &guest).await;
    let receipt = delete(json!({ "guest_id": guest.id })).await;
    assert_eq!(
        (&receipt["deleted"], &receipt["more_after"]),
        (&json!(1), &Value::Null)
    );
    gone(&call).await;
    guest
        .client
        .refused(
            Method::GET,
            &format!("/v1/guest/calls/{call}"),
            None,
            401,
            "token_invalid",
        )
        .await;
    assert_eq!(delete(json!({ "guest_id": guest.id })).await["deleted"], 0);

    let call = ended(&world, &world.guest_with(named).await).await;
    assert_eq!(delete(json!({ "user_ref": "user-2" })).await["deleted"], 0);
    assert_eq!(delete(json!({ "user_ref": "user-1" })).await["deleted"], 1);
    gone(&call).await;

    // One that goes on is over with it.
    let (live, _) = world.ringing(&world.guest().await).await;
    let now = world.harness.now();
    let before = json!({ "before": now });
    assert_eq!(delete(before.clone()).await["deleted"], 1);
    gone(&stays).await;
    world.harness.advance(SECOND);
    assert_eq!(
        delete(json!({ "app_id": world.app.id })).await["deleted"],
        1
    );
    gone(&live).await;

    let problem = world
        .owner
        .refused(
            Method::POST,
            &deletions,
            Some(json!({})),
            422,
            "validation_failed",
        )
        .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/before");
    let log = world
        .owner
        .get(&format!("{}/audit", world.workspace.path), 200)
        .await;
    let acts: Vec<String> = log["data"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| text(line, "act"))
        .collect();
    for act in ["call_deleted", "calls_deleted"] {
        assert!(acts.contains(&act.to_owned()), "{act} is not in {acts:?}");
    }
    world.harness.advance(25 * 3600 * SECOND);
    world.harness.run_schedule("sweep").await;
    assert_eq!(
        world.harness.items_with("call_01").await,
        0,
        "after a day not even that is left"
    );
}
