//! Who may not call a team any more.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Client, Harness, random_uuid, text};
use local::restore;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Guest, SECOND, World};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl World {
    fn blocks(&self) -> String {
        format!("{}/call-blocks", self.workspace.path)
    }

    /// Somebody whom the app calls for, and signed for.
    async fn known(&self, reference: &str) -> Guest {
        use aws_lc_rs::hmac;
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.app.identity_secret.as_bytes());
        let signature =
            data_encoding::HEXLOWER.encode(hmac::sign(&key, reference.as_bytes()).as_ref());
        self.guest_with(json!({
            "app_key": self.app.key, "user_ref": reference, "user_signature": signature,
        }))
        .await
    }

    async fn block(&self, whom: Value, status: u16) -> Value {
        self.agent.post(&self.blocks(), whom, status).await
    }

    /// A call that somebody began and took back.
    async fn called(&self, guest: &Guest) -> String {
        let call = text(&guest.begin(201).await["call"], "id");
        guest.act(&call, "cancel", 200).await;
        self.harness.advance(SECOND);
        call
    }
}

async fn is_refused(guest: &Client, code: &str) {
    let body = json!({ "kind": "audio", "client_id": random_uuid() });
    guest
        .refused(Method::POST, "/v1/guest/calls", Some(body), 403, code)
        .await;
}

/// CALL-13: who is blocked stays so with another session, and by nothing that says who they are.
#[tokio::test]
async fn who_is_blocked_begins_no_call_until_that_is_lifted() {
    let world = World::new().await;
    let (guest, other) = (
        world.known("canary-user-1").await,
        world.known("user-2").await,
    );
    let call = world.called(&guest).await;
    let block = world.block(json!({ "call_id": call }), 201).await;
    let again = world
        .block(json!({ "user_ref": "canary-user-1" }), 200)
        .await;
    assert_eq!(again, block, "a call leads to the same as the reference");
    is_refused(&guest.client, "caller_blocked").await;
    let anew = world.known("canary-user-1").await;
    is_refused(&anew.client, "caller_blocked").await;
    world.called(&other).await;
    world.called(&world.guest().await).await;
    // The team may still call them.
    let wanted = json!({ "guest_id": anew.id, "kind": "audio", "client_id": random_uuid() });
    let called = world.agent.post(&world.calls(), wanted, 201).await;
    let called = text(&called["call"], "id");
    world.act(&world.agent, &called, "cancel", 200).await;
    let listed = world.agent.get(&world.blocks(), 200).await;
    assert_eq!(listed["data"], json!([block]));
    assert_eq!(world.harness.items_with("canary-user-1").await, 0);
    let path = format!("{}/{}", world.blocks(), text(&block, "id"));
    world.agent.delete(&path, 204).await;
    world
        .agent
        .refused(Method::DELETE, &path, None, 404, "not_found")
        .await;
    world.called(&anew).await;
    let log = format!("{}/audit", world.workspace.path);
    let log = world.owner.get(&log, 200).await.to_string();
    for act in ["caller_blocked", "caller_unblocked"] {
        assert_eq!(log.matches(act).count(), 1, "{act}");
    }
}

/// Bad input: nobody, both, somebody who is nobody tomorrow, and what is not there.
#[tokio::test]
async fn only_who_will_be_recognised_is_blocked() {
    let world = World::new().await;
    let call = world.called(&world.guest().await).await;
    for (body, pointer, code) in [
        (json!({}), "#/user_ref", "required"),
        (
            json!({ "user_ref": "user-1", "call_id": call }),
            "#/call_id",
            "forbidden",
        ),
        (json!({ "call_id": call }), "#/call_id", "not_recognised"),
    ] {
        let problem = world
            .agent
            .refused(
                Method::POST,
                &world.blocks(),
                Some(body),
                422,
                "validation_failed",
            )
            .await;
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(code))
        );
    }
    let nowhere = Some(json!({ "call_id": "call_01kf0a1b2c3d4e5f6g7h8j9k0m" }));
    world
        .agent
        .refused(Method::POST, &world.blocks(), nowhere, 404, "not_found")
        .await;
    for reference in ["user-1", "user-2", "user-3"] {
        world.block(json!({ "user_ref": reference }), 201).await;
    }
    let first = world
        .agent
        .get(&format!("{}?limit=2", world.blocks()), 200)
        .await;
    let cursor = text(&first["page"], "next_cursor");
    let rest = format!("{}?limit=2&cursor={cursor}", world.blocks());
    let rest = world.agent.get(&rest, 200).await;
    assert_eq!(
        (
            first["data"].as_array().map(Vec::len),
            rest["data"].as_array().map(Vec::len)
        ),
        (Some(2), Some(1))
    );
    assert_eq!(rest["page"]["has_more"], false);
}

/// CALL-16: a block goes with a deletion of somebody's calls, which a backup does not undo, and after a year.
#[tokio::test]
async fn a_block_ends_with_a_deletion_of_their_calls_or_after_a_year() {
    let world = World::new().await;
    let block = world.block(json!({ "user_ref": "user-1" }), 201).await;
    world.block(json!({ "user_ref": "user-2" }), 201).await;
    let id = text(&block, "id");
    world.harness.advance(SECOND);
    world.harness.drain().await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("data.sqlite");
    let backup = backup.to_string_lossy();
    let database = world.harness.stack.data().database();
    database.vacuum_into(&backup).expect("a backup");
    let deletions = format!("{}/call-deletions", world.workspace.path);
    // Some of their calls are not all of them.
    let some = json!({ "user_ref": "user-1", "app_id": world.app.id });
    let some = world.owner.post(&deletions, some, 200).await;
    assert_eq!(some["erasure_id"], Value::Null);
    let all = json!({ "user_ref": "user-1" });
    let all = world.owner.post(&deletions, all, 200).await;
    assert_eq!(all["deleted"], 0);
    assert_eq!(world.harness.items_with(&id).await, 0);
    world.harness.run_schedule("Erasures").await;
    world.harness.run_schedule("Erasures").await;
    let receipt = format!(
        "{}/erasures/{}",
        world.workspace.path,
        text(&all, "erasure_id")
    );
    let receipt = world.owner.get(&receipt, 200).await;
    let counts = receipt["receipt"]["entry"]["event"]["erased"]["counts"].clone();
    let counts: BTreeMap<String, u64> = counts
        .as_array()
        .expect("counts")
        .iter()
        .map(|count| {
            (
                text(count, "kind"),
                count["deleted"].as_u64().expect("a count"),
            )
        })
        .collect();
    assert_eq!(counts, BTreeMap::from([("CallBlock".to_owned(), 1)]));
    world.known("user-1").await.begin(201).await;
    database.restore_from(&backup).expect("restored");
    assert_eq!(world.harness.items_with(&id).await, 1);
    restore::run(world.harness.app_of("retention"), |_| {})
        .await
        .expect("restored");
    assert_eq!(world.harness.items_with(&id).await, 0);
    // The other one ends by itself.
    world.harness.advance(365 * DAY - 10 * SECOND);
    is_refused(&world.known("user-2").await.client, "caller_blocked").await;
    world.harness.advance(10 * SECOND);
    world.known("user-2").await.begin(201).await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.harness.items_with("cbl_").await, 0);
}

/// The visitor of a conversation is blocked as a contact: no link of theirs begins a call then.
#[tokio::test]
async fn a_visitor_who_is_blocked_begins_no_call_by_a_link_that_was_offered_to_them() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let inbox = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&inbox).await).await;
    let thread = visitor.start("Can we talk?").await;
    let now = owner.get(&inbox.path, 200).await;
    let known = owner.with_header("if-match", &format!("\"{}\"", now["rev"]));
    known
        .patch(&inbox.path, json!({ "calls": true }), 200)
        .await;
    let offer = json!({ "kind": "video", "conversation_id": thread.id });
    let link = owner
        .post(&format!("{}/call-links", inbox.path), offer, 201)
        .await;
    let page = harness.anonymous();
    let come = json!({ "link": text(&link, "token"), "client_id": random_uuid() });
    let session = page.post("/v1/guest/sessions", come, 201).await;
    let guest = page.with_token(&text(&session, "guest_token"));
    let block = format!("{}/contacts/{}/block", inbox.path, visitor.contact_id);
    let blocked = owner.send(Method::PUT, &block, None).await;
    assert!(blocked.status < 300, "{}", blocked.text);
    is_refused(&guest, "caller_blocked").await;
    let lifted = owner.send(Method::DELETE, &block, None).await;
    assert!(lifted.status < 300, "{}", lifted.text);
    let wanted = json!({ "kind": "audio", "client_id": random_uuid() });
    guest.post("/v1/guest/calls", wanted, 201).await;
}
