//! Exports that are cut off, overlap, or were begun by an earlier release.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Fault, Kind, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::TenantId;
use shared::store::{RootRef, keys};

use super::{World, kinds, read};

#[tokio::test]
async fn an_export_is_whole_whatever_fails_at_whichever_call() {
    let world = World::new().await;
    let whole = world.make(&world.owner, &world.contact_exports()).await;
    let (whole, ..) = read(&world.owner, &whole).await;
    for kind in [Kind::ServerError, Kind::TimeoutAfter] {
        for call in [0, 1, 2, 3, 5, 8, 13] {
            let asked = world
                .owner
                .send(Method::POST, "/v1/account/exports", None)
                .await;
            let account = (asked.status == 202).then(|| text(&asked.body, "id"));
            let asked = world
                .owner
                .send(Method::POST, &world.contact_exports(), None)
                .await;
            assert_eq!(asked.status, 202, "{}", asked.text);
            let id = text(&asked.body, "id");
            // Three in a row: more than the SDK's own retries heal.
            world
                .harness
                .faults()
                .plan(Fault::new(kind).after(call).times(3));
            let _ = world.harness.try_schedule("minute").await;
            world.harness.faults().reset();
            world.harness.run_schedule("minute").await;
            let place = format!("{}/exports/{id}", world.workspace.path);
            assert_eq!(
                world.owner.get(&place, 200).await["state"],
                "done",
                "{kind:?} at {call}"
            );
            let (made, ..) = read(&world.owner, &place).await;
            assert_eq!(made.parts, whole.parts, "{kind:?} at {call}");
            // Room for the next ones.
            world.harness.stack.clock.advance(Duration::ZERO);
            end(&world, &id, account.as_deref()).await;
        }
    }
}

/// The rows of an export, by what they are.
async fn rows(world: &World, id: &str) -> BTreeMap<String, Value> {
    let partition = format!("EXPORT#{}#{id}", world.workspace.id);
    let rows = world.harness.items_under(&partition).await.into_iter();
    rows.map(|row| (text(&row["sk"], "S"), row)).collect()
}

/// Minutes overlap: one that read how far it is before the other wrote it down has made a file by the time that it is
/// refused.
#[tokio::test]
async fn a_run_that_comes_too_late_spoils_no_part_of_the_one_before() {
    let world = World::new().await;
    let of_exports = || {
        let all = world.harness.stack.objects.versions().into_iter();
        all.filter(|file| file.key.starts_with("exports/")).count()
    };
    let asked = world
        .owner
        .send(Method::POST, &world.contact_exports(), None)
        .await;
    let id = text(&asked.body, "id");
    let queued = rows(&world, &id).await["HEAD"].clone();
    world.harness.run_schedule("minute").await;
    let done = rows(&world, &id).await["HEAD"].clone();
    assert_eq!(of_exports(), 2, "manifest and part");

    // The other one knows nothing of that, and meanwhile something else is told of them.
    let contact = &world.visitor.contact_id;
    let contact = format!("{}/contacts/{contact}", world.workspace.path);
    let known = json!({ "name": "Another name" });
    world.owner.patch(&contact, known, 200).await;
    world.harness.forge(queued).await;
    let refused = Fault::new(Kind::ServerError)
        .on("TransactWriteItems")
        .times(usize::MAX);
    world.harness.faults().plan(refused);
    let _ = world.harness.try_schedule("minute").await;
    world.harness.faults().reset();
    world.harness.forge(done).await;
    assert_eq!(of_exports(), 3, "NO BASELINE: it made no file");

    let place = format!("{}/exports/{id}", world.workspace.path);
    let (_, records, _) = read(&world.owner, &place).await;
    assert!(kinds(&records).contains("Message"));
    // What no row names goes as well.
    end(&world, &id, None).await;
    assert_eq!(of_exports(), 0);
}

/// Files of before their names said which run wrote them.
#[tokio::test]
async fn a_part_under_a_name_of_before_runs_had_numbers_is_handed_out() {
    let world = World::new().await;
    let place = world.make(&world.owner, &world.contact_exports()).await;
    let id = place.rsplit('/').next().expect("an id");
    let store = &world.harness.app_of("retention").store;
    let tenant = TenantId::Workspace(world.workspace.id.parse().expect("an id"));
    let export = id.parse().expect("an id");
    let head = keys::export(tenant, export);
    let fetched = store.batch(vec![keys::data_key(&RootRef::of(&head))]).await;
    let tenant_key = store.tenant_key(tenant, world.harness.now()).await;
    let key = fetched
        .expect("read")
        .data_key(&head, &tenant_key.expect("a key"));
    let key = key.expect("opens").expect("a key");
    for (_, mut row) in rows(&world, id).await {
        let run = row["run"]["N"].as_str().map(str::to_owned);
        let Some(run) = run else { continue };
        let number = text(&row["number"], "N").parse().expect("a number");
        let run = run.parse().expect("a number");
        let now = keys::export_part(tenant, export, number, Some(run));
        let then = keys::export_part(tenant, export, number, None);
        let bytes = store.objects().get(&now, &key).await.expect("read");
        let put = store
            .objects()
            .put(&then, &key, &bytes.expect("a file"))
            .await;
        put.expect("kept");
        row.as_object_mut().expect("a row").remove("run");
        world.harness.forge(row).await;
    }
    let of_export = keys::export_parts(tenant, export);
    let versions = store.objects().versions(&of_export).await;
    let versions = versions.expect("a list").into_iter();
    for version in versions.filter(|version| version.key.as_str().contains('-')) {
        let gone = store.objects().delete_version(&version).await;
        gone.expect("gone");
    }
    let (manifest, ..) = read(&world.owner, &place).await;
    assert_eq!(manifest.parts.len(), 1);
}

/// Deletes exports past the API, which lets three lie there.
async fn end(world: &World, id: &str, account: Option<&str>) {
    let store = &world.harness.app_of("retention").store;
    let workspace = TenantId::Workspace(world.workspace.id.parse().expect("an id"));
    let own = account.map(|id| keys::export(TenantId::Platform, id.parse().expect("an id")));
    let theirs = keys::export(workspace, id.parse().expect("an id"));
    for key in own.into_iter().chain([theirs]) {
        let partition = shared::store::Query::partition(key.pk.clone());
        let items = store
            .query(partition.between("HEAD", "HEAD"))
            .await
            .expect("read");
        for item in &items {
            store.end_at_once(item).await.expect("ended");
        }
    }
}
