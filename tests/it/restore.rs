//! The drill: a backup is put back, `sotto restore` runs, and whoever was erased is erased again
//! before anybody is served (invariant I4 of `simulation`: nothing of an erasure is undone by a backup).

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Conversation, Fault, Harness, Kind, Member, Visitor, Workspace};
use local::restore::{self, Report, RestoreError};
use serde_json::{Value, json};
use shared::store::keys;
use tempfile::TempDir;

const MINUTE: Duration = Duration::from_secs(60);
const BOB: &str = "bob@example.com";
/// Kinds that may name an erased person by an id that leads nowhere any more.
const KEPT: [&str; 6] = ["Erasure", "Job", "Letter", "Notice", "OpenJob", "Tombstone"];

/// A deployment with people who will be erased, people who stay, and a backup of before.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    ending: Workspace,
    bob: Member,
    forgotten: Visitor,
    neighbour: Visitor,
    stays: Conversation,
    goes: Conversation,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let bob = harness.join(&owner, &workspace, BOB, "agent").await;
        let forgotten = harness.visitor(&app).await;
        let said = forgotten.start("canary-of-the-forgotten").await;
        let goes = forgotten.start("canary-of-a-deleted-thread").await;
        bob.say(&workspace, &said, "An answer").await;
        let contact = format!("{}/contacts/{}", workspace.path, forgotten.contact_id);
        let known = json!({ "name": "Grace", "email": "grace@example.com" });
        owner.patch(&contact, known, 200).await;
        // A hold of the past stands in the way of nothing.
        let held = format!("{}/conversations/{}/hold", workspace.path, said.id);
        let until = harness.now().plus(MINUTE * 60 * 24);
        let hold = json!({ "reason": "Complaint", "until": until });
        owner.put(&held, hold, 200).await;
        let neighbour = harness.visitor(&app).await;
        let stays = neighbour.start("I stay").await;
        let ending = owner.workspace("inbox").await;
        let other = harness.visitor(&owner.app(&ending).await).await;
        other.start("canary-of-a-workspace").await;
        harness.drain().await;
        let world = Self {
            harness,
            owner,
            workspace,
            ending,
            bob,
            forgotten,
            neighbour,
            stays,
            goes,
            folder: tempfile::tempdir().expect("a folder"),
        };
        world.owner.delete(&held, 202).await;
        world.back_up("data");
        world
    }

    fn backup(&self, name: &str) -> String {
        let path = self.folder.path().join(format!("{name}.sqlite"));
        path.to_string_lossy().into_owned()
    }

    fn back_up(&self, name: &str) {
        let database = self.harness.stack.data().database();
        database.vacuum_into(&self.backup(name)).expect("a backup");
    }

    fn put_back(&self, name: &str) {
        let database = self.harness.stack.data().database();
        database.restore_from(&self.backup(name)).expect("restored");
    }

    /// Erases a contact, an account and a workspace, and shortens a retention.
    async fn erase(&self) {
        let contact = &self.forgotten.contact_id;
        let contact = format!("{}/contacts/{contact}", self.workspace.path);
        self.owner.delete(&contact, 202).await;
        self.owner
            .delete(&format!("{}?when=now", self.ending.path), 202)
            .await;
        self.bob.delete("/v1/account?when=now", 202).await;
        self.owner
            .with_header("if-match", "\"1\"")
            .patch(
                &format!("{}/retention", self.workspace.path),
                json!({ "conversation_days": 30 }),
                200,
            )
            .await;
        for _ in 0..3 {
            self.harness.advance(MINUTE);
            for schedule in ["minute", "Erasures", "Jobs"] {
                self.harness.run_schedule(schedule).await;
            }
            self.harness.drain().await;
        }
    }

    /// The ids of everybody who was erased.
    fn gone(&self) -> BTreeSet<String> {
        [
            &self.forgotten.contact_id,
            &self.bob.account_id,
            &self.ending.id,
        ]
        .map(String::clone)
        .into()
    }

    /// The kinds of what still names one of them.
    async fn left(&self) -> BTreeSet<String> {
        let gone = self.gone();
        let items = self.harness.items().await;
        let left = items
            .iter()
            .filter(|item| gone.iter().any(|id| item.contains(id)))
            .map(|item| kind_of(item))
            .filter(|kind| !KEPT.contains(&kind.as_str()));
        left.collect()
    }

    /// What names the neighbour.
    async fn of_the_neighbour(&self) -> BTreeSet<String> {
        let items = self.harness.items().await.into_iter();
        items
            .filter(|item| {
                item.contains(&self.neighbour.contact_id) || item.contains(&self.stays.id)
            })
            .collect()
    }

    async fn restore(&self) -> Result<Report, RestoreError> {
        restore::run(self.harness.app_of("retention"), |_| {}).await
    }

    /// A copy of what is kept about the neighbour: done.
    async fn copy_of_the_neighbour(&self) {
        let contact = &self.neighbour.contact_id;
        let path = format!("{}/contacts/{contact}/exports", self.workspace.path);
        self.owner.post(&path, json!({}), 202).await;
        self.harness.run_schedule("minute").await;
    }

    /// Every version of every file, in both buckets.
    fn files(&self) -> BTreeSet<String> {
        let versions = self.harness.stack.objects.versions().into_iter();
        versions.map(|version| format!("{version:?}")).collect()
    }

    async fn ledger(&self) -> Vec<Vec<u8>> {
        let objects = self.harness.app_of("retention").store.objects().clone();
        let mut files = Vec::new();
        while let Some(file) = objects
            .get_open(&keys::ledger_entry(files.len() as u64))
            .await
            .expect("read")
        {
            files.push(file);
        }
        files
    }
}

fn kind_of(item: &str) -> String {
    let item: Value = serde_json::from_str(item).expect("an item");
    item["kind"]["S"].as_str().unwrap_or_default().to_owned()
}

/// CALL-31, FLOW-38, FLOW-50: an erasure holds for backups too.
#[tokio::test]
async fn whoever_was_erased_is_erased_again_when_a_backup_is_put_back() {
    let world = World::new().await;
    world.erase().await;
    assert_eq!(world.left().await, BTreeSet::new(), "they were erased");
    let ledger = world.ledger().await;
    assert_eq!(ledger.len(), 4, "three receipts and a shortened retention");

    world.put_back("data");
    let back = world.left().await;
    for kind in [
        "Account",
        "Contact",
        "Conversation",
        "Workspace",
        "DataKeyRow",
    ] {
        assert!(
            back.contains(kind),
            "NO BASELINE: {kind} is not in {back:?}"
        );
    }
    let neighbour = world.of_the_neighbour().await;
    let report = world.restore().await.expect("restored");
    assert_eq!((report.entries, report.erased, report.shortened), (4, 3, 1));
    assert_eq!(report.keyless, 0, "the keys came back as well");
    assert_eq!(world.left().await, BTreeSet::new());
    assert_eq!(world.of_the_neighbour().await, neighbour);
    // Nobody gets the last mail twice, no session of the past is good, and no second receipt is made.
    for kind in ["Farewell", "Notice", "LoginSession"] {
        let row = format!("\"kind\":{{\"S\":\"{kind}\"}}");
        assert_eq!(world.harness.items_with(&row).await, 0, "{kind}");
    }
    assert_eq!(world.ledger().await, ledger);
    // Reads are right at once, and the rows follow.
    let policy = keys::policy(world.workspace.id.parse().expect("an id"));
    let rows = world.harness.items_under(&policy.pk).await;
    let row = rows
        .iter()
        .find(|row| row["kind"]["S"] == "WorkspacePolicy");
    assert_eq!(row.expect("a policy")["conversation_days"]["N"], "30");
    world.harness.advance(MINUTE);
    let jobs = world.harness.run_schedule("Jobs").await;
    assert!(jobs["restamped_items"].as_u64() > Some(0), "{jobs}");
    // Who stays is served, and who was erased is not known.
    assert_eq!(world.neighbour.read(&world.stays).await.len(), 1);
    let path = "/v1/widget/conversations";
    let stranger = world.forgotten.send(reqwest::Method::GET, path, None).await;
    assert_eq!(stranger.status, 401, "{}", stranger.text);
    // Once more changes nothing.
    let again = world.restore().await.expect("restored");
    assert_eq!((again.erased, again.shortened, again.keyless), (0, 0, 0));
}

/// Where the keys were not lost, whatever was deleted since has none, be it in the ledger or not.
#[tokio::test]
async fn with_the_present_keys_everything_that_was_deleted_since_the_backup_goes_again() {
    let world = World::new().await;
    let goes = format!("{}/conversations/{}", world.workspace.path, world.goes.id);
    world.owner.delete(&goes, 204).await;
    world.erase().await;
    world.back_up("after");
    let present: Vec<Value> = world.harness.items_of_keys().await;
    world.put_back("data");
    world.harness.replace_keys(&present).await;
    let back = world.left().await;
    assert!(back.contains("Contact") && back.contains("Workspace"));
    assert!(world.harness.items_with(&world.goes.id).await > 0);
    let neighbour = world.of_the_neighbour().await;
    let report = world.restore().await.expect("restored");
    assert_eq!(world.left().await, BTreeSet::new());
    assert_eq!(world.of_the_neighbour().await, neighbour);
    assert!(report.erased == 3, "{report:?}");
    let left = world.harness.items().await;
    let left: Vec<&String> = left
        .iter()
        .filter(|item| item.contains(&world.goes.id))
        .filter(|item| kind_of(item) != "Idempotency" && !KEPT.contains(&kind_of(item).as_str()))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A conversation that somebody deleted is in no ledger: its missing key says that it is gone.
#[tokio::test]
async fn a_thread_that_was_deleted_since_the_backup_is_known_by_its_missing_key() {
    let world = World::new().await;
    let goes = format!("{}/conversations/{}", world.workspace.path, world.goes.id);
    world.owner.delete(&goes, 204).await;
    let present = world.harness.items_of_keys().await;
    world.put_back("data");
    world.harness.replace_keys(&present).await;
    let report = world.restore().await.expect("restored");
    assert_eq!((report.erased, report.keyless), (0, 1), "{report:?}");
    let items = world.harness.items().await.into_iter();
    // The memory of a request names what it made, for a day.
    let left: Vec<String> = items
        .filter(|item| item.contains(&world.goes.id) && kind_of(item) != "Idempotency")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(world.neighbour.read(&world.stays).await.len(), 1);
}

#[tokio::test]
async fn a_restore_without_anything_to_erase_takes_only_what_was_on_its_way() {
    let world = World::new().await;
    let before: BTreeSet<String> = world.harness.items().await.into_iter().collect();
    world.put_back("data");
    let report = world.restore().await.expect("restored");
    assert_eq!((report.entries, report.erased, report.keyless), (0, 0, 0));
    let after: BTreeSet<String> = world.harness.items().await.into_iter().collect();
    assert!(after.is_subset(&before), "something was changed");
    let taken: BTreeSet<String> = before
        .difference(&after)
        .map(|item| kind_of(item))
        .collect();
    let discarded: BTreeSet<String> = report.discarded.keys().cloned().collect();
    let mut keys = taken.clone();
    keys.remove("DataKeyRow");
    assert_eq!(keys, discarded, "{taken:?}");
    assert!(discarded.contains("LoginSession"), "{discarded:?}");
}

#[tokio::test]
async fn a_restore_that_is_cut_off_at_any_call_is_finished_by_the_next() {
    let world = World::new().await;
    world.erase().await;
    let mut cut_off = 0;
    for call in [0, 1, 2, 5, 9, 14, 22, 35, 60, 90, 140] {
        world.put_back("data");
        let fault = Fault::new(Kind::ServerError).after(call).times(usize::MAX);
        world.harness.faults().plan(fault);
        let cut = world.restore().await;
        world.harness.faults().reset();
        cut_off += usize::from(cut.is_err());
        world.restore().await.expect("finished");
        assert_eq!(world.left().await, BTreeSet::new(), "call {call}");
        assert_eq!(world.ledger().await.len(), 4, "call {call}");
    }
    assert!(cut_off >= 8, "only {cut_off} runs were cut off");
}

#[tokio::test]
async fn a_ledger_that_was_altered_or_cut_is_not_relied_on_and_nothing_is_changed() {
    let world = World::new().await;
    world.erase().await;
    world.back_up("after");
    let store = &world.harness.app_of("retention").store;
    let names = |number| keys::ledger_entry(number);
    let second = store.objects().get_open(&names(1)).await.expect("read");
    let second = second.expect("an entry");
    let altered = String::from_utf8(second.clone()).expect("text");
    let altered = altered.replacen("\"after\":0", "\"after\":1", 1);
    assert_ne!(altered.as_bytes(), second);
    let json = "application/json";
    let put = |bytes: Vec<u8>| async move {
        let put = store.objects().put_open(&names(1), bytes, json).await;
        put.expect("put");
    };
    let unchanged = async || {
        let before: BTreeSet<String> = world.harness.items().await.into_iter().collect();
        let refused = world.restore().await.expect_err("refused");
        assert!(matches!(refused, RestoreError::Ledger(_)), "{refused}");
        let after: BTreeSet<String> = world.harness.items().await.into_iter().collect();
        assert_eq!(before, after);
        refused.to_string()
    };
    put(altered.into_bytes()).await;
    assert!(unchanged().await.starts_with("entry 1 of the ledger"));
    put(second).await;
    // The end of it is missing: the backup knows that it was longer.
    let versions = store.objects().versions(&keys::ledger()).await;
    for version in versions.expect("a list") {
        if version.key == names(3) {
            store
                .objects()
                .delete_version(&version)
                .await
                .expect("gone");
        }
    }
    assert!(unchanged().await.contains("entry 3 is missing"));
}

/// docs/restore.md: the drill of every quarter, beside people who are served.
#[tokio::test]
async fn a_drill_ends_exports_in_its_tables_and_leaves_the_files_of_the_living_alone() {
    let world = World::new().await;
    world.copy_of_the_neighbour().await;
    world.back_up("drill");
    world.erase().await;
    let of_exports = |files: &BTreeSet<String>| {
        let mut files = files.iter();
        files.any(|file| file.contains("exports/"))
    };
    let before = world.files();
    assert!(of_exports(&before), "NO BASELINE: {before:?}");

    world.put_back("drill");
    let drilled = restore::drill(world.harness.app_of("retention"), |_| {}).await;
    let drilled = drilled.expect("restored");
    assert_eq!((drilled.erased, drilled.shortened), (3, 1));
    assert!(drilled.discarded.contains_key("Export"), "{drilled:?}");
    assert_eq!(world.left().await, BTreeSet::new());
    assert_eq!(world.harness.items_with("EXPORT#").await, 0);
    assert_eq!(world.files(), before);

    // Where people will be served from these tables, nothing would lead to it any more.
    world.put_back("drill");
    let restored = world.restore().await.expect("restored");
    assert_eq!(restored, drilled);
    assert!(!of_exports(&world.files()));
}
