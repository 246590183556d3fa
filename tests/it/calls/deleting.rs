//! What is known of calls goes when the workspace asks.

use std::collections::BTreeMap;
use std::fs;

use harness::text;
use local::receipts::{Verdict, verify};
use local::restore;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

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
    let deleted = world.owner.delete(&world.call(&call), 200).await;
    assert_eq!(deleted["deleted"], 1);
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

/// The public keys of receipts, and a file to check.
struct Desk {
    folder: TempDir,
}

impl Desk {
    async fn new(world: &World) -> Self {
        let keys = world.harness.anonymous();
        let keys = keys.get("/.well-known/erasure-keys.json", 200).await;
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("keys.json"), keys.to_string()).expect("written");
        let objects = &world.harness.stack.objects;
        let ledger = folder.path().join("ledger");
        fs::create_dir(&ledger).expect("a folder");
        for listed in objects.versions() {
            if let Some(name) = listed.key.strip_prefix("ledger/") {
                let bytes = objects.bytes_of(&listed).expect("there");
                fs::write(ledger.join(name), bytes).expect("written");
            }
        }
        Self { folder }
    }

    fn check(&self, receipt: &str) -> Verdict {
        let file = self.folder.path().join("receipt.json");
        fs::write(&file, receipt).expect("written");
        let at = |name: &str| self.folder.path().join(name);
        verify(&file, &at("keys.json"), Some(&at("ledger")))
    }
}

/// CALL-16: who deleted calls holds a receipt that anybody can check, and that says which calls, how many, and
/// until when backups have them.
#[tokio::test]
async fn a_deletion_of_calls_has_a_receipt_that_is_signed_and_stands_in_the_ledger() {
    let world = World::new().await;
    let (one, two) = (world.guest().await, world.guest().await);
    let single = ended(&world, &one).await;
    let theirs = ended(&world, &two).await;
    let deletions = format!("{}/call-deletions", world.workspace.path);
    let first = world.owner.delete(&world.call(&single), 200).await;
    let second = json!({ "guest_id": two.id, "before": "2027-01-01T00:00:00.000Z" });
    let second = world.owner.post(&deletions, second, 200).await;
    let nothing = json!({ "guest_id": two.id });
    let nothing = world.owner.post(&deletions, nothing, 200).await;
    assert_eq!(
        (&nothing["deleted"], &nothing["erasure_id"]),
        (&json!(0), &Value::Null)
    );
    let show = async |deleted: &Value| {
        let id = text(deleted, "erasure_id");
        let path = format!("{}/erasures/{id}", world.workspace.path);
        world.owner.get(&path, 200).await
    };
    assert_eq!(show(&first).await["receipt"], Value::Null);
    // Of one call the erasure has the bits, as of everybody.
    let (_, bits) = single.split_once('_').expect("an id");
    assert!(text(&first, "erasure_id").ends_with(bits));
    world.harness.run_schedule("Erasures").await;
    world.harness.run_schedule("Erasures").await;
    let desk = Desk::new(&world).await;
    for (deleted, calls) in [
        (&first, json!({})),
        (
            &second,
            json!({ "guest": two.id, "before": "2027-01-01T00:00:00.000Z" }),
        ),
    ] {
        let shown = show(deleted).await;
        assert_eq!(
            (&shown["stage"], &shown["kind"]),
            (&json!("done"), &json!("calls"))
        );
        let erased = &shown["receipt"]["entry"]["event"]["erased"];
        assert_eq!(erased["calls"], calls);
        assert_eq!(erased["tenant"], world.workspace.id.as_str());
        // Thirty days, unlike what is sealed: calls have no key of their own that could go sooner.
        assert_eq!(
            erased["backup_unreadable_at"],
            deleted["gone_from_backups_by"]
        );
        let counts = erased["counts"].as_array().expect("counts");
        let counted: BTreeMap<&str, &Value> = counts
            .iter()
            .filter_map(|count| Some((count["kind"].as_str()?, count)))
            .collect();
        for kind in ["Call", "CallQuality"] {
            let count = counted[kind];
            assert_eq!(
                (&count["before"], &count["deleted"], &count["after"]),
                (&json!(1), &json!(1), &json!(0)),
                "{kind}"
            );
        }
        let holds = desk.check(&shown.to_string());
        assert!(matches!(holds, Verdict::Holds(_)), "{holds:?}");
        let altered = shown.to_string().replace("\"deleted\":1", "\"deleted\":9");
        assert!(matches!(desk.check(&altered), Verdict::Fails(_)));
    }
    // Not for another workspace, nor for whoever may not delete calls.
    let other = world.harness.sign_up("eve@example.com").await;
    let elsewhere = other.workspace("calls").await;
    let id = text(&first, "erasure_id");
    let path = format!("{}/erasures/{id}", elsewhere.path);
    other
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    let path = format!("{}/erasures/{id}", world.workspace.path);
    world
        .agent
        .refused(Method::GET, &path, None, 403, "forbidden")
        .await;
    world
        .owner
        .refused(Method::GET, &world.call(&theirs), None, 404, "not_found")
        .await;
}

/// A program that deleted calls reads what came of it, and nothing that was deleted otherwise.
#[tokio::test]
async fn a_program_with_the_scope_reads_receipts_of_calls_and_no_others() {
    let world = World::new().await;
    let call = ended(&world, &world.guest().await).await;
    let keys = format!("{}/api-keys", world.workspace.path);
    let program = async |scope: &str| {
        let made = json!({ "name": "Shop", "scopes": [scope] });
        let key = text(&world.owner.post(&keys, made, 201).await, "key");
        world.harness.anonymous().with_token(&key)
    };
    let deletes = program("calls.delete").await;
    let reads = program("calls.read").await;
    let deleted = deletes.delete(&world.call(&call), 200).await;
    let at = |id: &str| format!("{}/erasures/{id}", world.workspace.path);
    let receipt = at(&text(&deleted, "erasure_id"));
    assert_eq!(deletes.get(&receipt, 200).await["receipt"], Value::Null);
    world.harness.run_schedule("Erasures").await;
    world.harness.run_schedule("Erasures").await;
    let shown = deletes.get(&receipt, 200).await;
    assert_eq!(
        (&shown["kind"], &shown["stage"]),
        (&json!("calls"), &json!("done"))
    );
    assert_eq!(shown, world.owner.get(&receipt, 200).await);
    let holds = Desk::new(&world).await.check(&shown.to_string());
    assert!(matches!(holds, Verdict::Holds(_)), "{holds:?}");
    reads
        .refused(Method::GET, &receipt, None, 403, "forbidden")
        .await;
    // What is no deletion of calls, is of another workspace, or is not there.
    let other = world.harness.sign_up("eve@example.com").await;
    let theirs = other.workspace("calls").await;
    let body = json!({ "name": "Shop", "scopes": ["calls.delete"] });
    let place = format!("{}/api-keys", theirs.path);
    let key = text(&other.post(&place, body, 201).await, "key");
    let foreign = world.harness.anonymous().with_token(&key);
    let elsewhere = receipt.replace(&world.workspace.id, &theirs.id);
    foreign
        .refused(Method::GET, &elsewhere, None, 404, "not_found")
        .await;
    foreign
        .refused(Method::GET, &receipt, None, 401, "token_invalid")
        .await;
    let nowhere = at("ers_01kf0a1b2c3d4e5f6g7h8j9k0m");
    deletes
        .refused(Method::GET, &nowhere, None, 404, "not_found")
        .await;
}

/// A program that may delete calls is not shown what came of forgetting a contact.
#[tokio::test]
async fn a_program_is_not_shown_the_erasure_of_a_contact() {
    let harness = harness::Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let inbox = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&inbox).await).await;
    visitor.start("Hello").await;
    let contact = format!("{}/contacts/{}", inbox.path, visitor.contact_id);
    owner.send(Method::DELETE, &contact, None).await;
    harness.run_schedule("minute").await;
    let (_, bits) = visitor.contact_id.split_once('_').expect("an id");
    let receipt = format!("{}/erasures/ers_{bits}", inbox.path);
    owner.get(&receipt, 200).await;
    let body = json!({ "name": "Shop", "scopes": ["calls.delete"] });
    let keys = format!("{}/api-keys", inbox.path);
    let key = text(&owner.post(&keys, body, 201).await, "key");
    harness
        .anonymous()
        .with_token(&key)
        .refused(Method::GET, &receipt, None, 404, "not_found")
        .await;
}

/// A backup that is put back brings no call back that was deleted since, and takes none that was not.
#[tokio::test]
async fn calls_that_were_deleted_since_a_backup_are_deleted_again_when_it_is_put_back() {
    let world = World::new().await;
    let stays = ended(&world, &world.guest().await).await;
    let guest = world.guest().await;
    let goes = ended(&world, &guest).await;
    world.harness.drain().await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("data.sqlite");
    let backup = backup.to_string_lossy();
    let database = world.harness.stack.data().database();
    database.vacuum_into(&backup).expect("a backup");
    world.owner.delete(&world.call(&goes), 200).await;
    world.harness.run_schedule("Erasures").await;
    database.restore_from(&backup).expect("restored");
    let report = restore::run(world.harness.app_of("retention"), |_| {}).await;
    let report = report.expect("restored");
    assert_eq!((report.calls, report.erased), (1, 0));
    let owner = world.harness.sign_in("ada@example.com").await;
    owner
        .refused(Method::GET, &world.call(&goes), None, 404, "not_found")
        .await;
    owner.get(&world.call(&stays), 200).await;
    let report = restore::run(world.harness.app_of("retention"), |_| {}).await;
    assert_eq!(report.expect("restored").calls, 0, "once is enough");
}
