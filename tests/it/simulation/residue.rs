//! What is left of somebody: every item that names them or something of theirs, or that holds any
//! of their sealed bytes, wherever it lies.

pub mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use harness::{Fault, Harness, Kind, Member, Workspace, text};
use reqwest::Method;
use serde_json::Value;

use scene::Scene;

/// Kinds of items that may still name an erased person's ids: tombstones for a week, and a job for
/// a month after its last step. Neither says anything else.
pub const KEPT: [&str; 3] = ["Job", "OpenJob", "Tombstone"];

/// Kinds of items that name an erased person's ids for some days, as the receipt of the erasure says: that
/// services and devices were told, who might have called for a day, and marks that something is gone.
pub const DECLARED: [&str; 5] = ["CallLink", "Delivery", "Guest", "Notification", "Tombstone"];

/// What is said and who says it, in words that occur nowhere else.
pub const CANARIES: [&str; 4] = [
    "canary-question",
    "canary-answer",
    "canary-name",
    "canary@example.com",
];

/// What somebody is recognised by.
#[derive(Clone, Debug, Default)]
pub struct Needles {
    /// Ids of the contact, its conversations and their messages.
    pub ids: BTreeSet<String>,
    /// Sealed bytes and hashes, in the form that DynamoDB's JSON gives them.
    sealed: BTreeSet<String>,
}

impl Needles {
    /// What items hold that name one of these ids. Fails when an id is nowhere: a search that
    /// finds nothing beforehand proves nothing afterwards.
    pub fn of(ids: BTreeSet<String>, items: &[String]) -> Self {
        let mut needles = Self {
            ids,
            sealed: BTreeSet::new(),
        };
        for id in &needles.ids {
            assert!(
                items.iter().any(|item| item.contains(id)),
                "NO BASELINE: {id} is nowhere"
            );
        }
        let mut sealed = BTreeSet::new();
        for item in items.iter().filter(|item| needles.names(item)) {
            binary(&serde_json::from_str(item).expect("an item"), &mut sealed);
        }
        needles.sealed = sealed;
        assert!(
            !needles.sealed.is_empty(),
            "NO BASELINE: nothing of theirs is sealed"
        );
        needles
    }

    /// Whether an item names them.
    pub fn names(&self, item: &str) -> bool {
        self.ids.iter().any(|id| item.contains(id))
    }

    /// The items that hold something of theirs, and are not kept on purpose. Bytes that were sealed
    /// are never kept.
    pub fn left<'i>(&self, items: &'i [String]) -> Vec<&'i String> {
        let sealed = |item: &String| self.sealed.iter().any(|bytes| item.contains(bytes));
        let kept = |item: &String| KEPT.contains(&kind_of(item).as_str());
        let left = items.iter();
        left.filter(|item| sealed(item) || (self.names(item) && !kept(item)))
            .collect()
    }
}

/// Binary values that are long enough to be somebody's.
fn binary(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value.as_str() {
                    Some(text) if name == "B" && text.len() >= 24 => {
                        found.insert(text.to_owned());
                    }
                    _ => binary(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| binary(value, found)),
        _ => {}
    }
}

/// The kind of an item.
pub fn kind_of(item: &str) -> String {
    let item: Value = serde_json::from_str(item).expect("an item");
    item["kind"]["S"].as_str().unwrap_or_default().to_owned()
}

fn key_of(item: &Value) -> (String, String) {
    let part = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (part("pk"), part("sk"))
}

/// A contact with everything that a contact can have, who is to be forgotten.
pub struct Stage {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    contact: String,
    needles: Needles,
    /// Hears what services of customers are told.
    _receiver: harness::receiver::Receiver,
}

impl Stage {
    pub async fn new() -> Self {
        let Scene {
            harness,
            owner,
            workspace,
            contact,
            mut ids,
            receiver,
        } = Scene::set().await;
        // Copies of everything, one of them fetched: it lies there in clear for some minutes.
        let exports = format!("{}/exports", workspace.path);
        for asked in [&format!("{contact}/exports"), &exports] {
            let asked = owner.send(Method::POST, asked, None).await;
            ids.insert(text(&asked.body, "id"));
            harness.run_schedule("minute").await;
            let part = format!("{exports}/{}/parts/1", text(&asked.body, "id"));
            let fetched = owner.send(Method::GET, &part, None).await;
            assert_eq!(fetched.status, 302, "{}", fetched.text);
        }
        harness.drain().await;
        let items = harness.items().await;
        // Their beacons bear a pseudonym, which one row leads to.
        ids.extend(pseudonyms(&items, &ids));
        let needles = Needles::of(ids, &items);
        let stage = Self {
            harness,
            owner,
            workspace,
            contact,
            needles,
            _receiver: receiver,
        };
        let files = stage.files();
        let of = |folder: &str| files.iter().filter(|name| name.starts_with(folder)).count();
        assert!(
            of("exports/") >= 4 && of("links/") == 2,
            "NO BASELINE: {files:?}"
        );
        stage
    }

    /// The files that are named after something of theirs, every version of them.
    fn files(&self) -> Vec<String> {
        let files = self.harness.stack.objects.versions().into_iter();
        let files = files.map(|file| file.key);
        files.filter(|name| self.needles.names(name)).collect()
    }

    /// The kinds of items that are there about the contact.
    pub async fn kinds(&self) -> BTreeSet<String> {
        let items = self.harness.items().await;
        let named = items.iter().filter(|item| self.needles.names(item));
        named.map(|item| kind_of(item)).collect()
    }

    /// Keeps whatever is deleted of one kind.
    pub async fn switch_off(&self, kind: &str) {
        let items = self.harness.items().await;
        let of_kind = items.iter().filter(|item| kind_of(item) == kind);
        let keys: BTreeSet<_> = of_kind
            .map(|item| key_of(&serde_json::from_str(item).expect("an item")))
            .collect();
        let ignored = move |key: &Value| keys.contains(&key_of(key));
        self.harness.faults().ignore_deletions(ignored);
    }

    /// Keeps one item of every kind that names the workspace, whoever deletes it.
    pub async fn switch_off_all_of_the_workspace(&self) {
        let items = self.harness.items().await;
        let named = items.iter().filter(|item| self.is_of_the_workspace(item));
        let one_each: BTreeMap<String, &String> = named.map(|item| (kind_of(item), item)).collect();
        let keys: BTreeSet<_> = one_each
            .values()
            .map(|item| key_of(&serde_json::from_str(item).expect("an item")))
            .collect();
        let ignored = move |key: &Value| keys.contains(&key_of(key));
        self.harness.faults().ignore_deletions(ignored);
    }

    /// Keeps the files whose names open with this, whoever deletes them.
    pub fn switch_off_files(&self, folder: &str) {
        let folder = format!("/{folder}/");
        let ignored = move |address: &str| address.contains(&folder);
        self.harness.faults().ignore_deletions_of_files(ignored);
    }

    /// The folders that hold files of theirs.
    pub fn folders(&self) -> BTreeSet<String> {
        let files = self.files();
        let folders = files.iter().filter_map(|name| name.split('/').next());
        folders.map(str::to_owned).collect()
    }

    /// Lets erasers work again, and gives the schedule its time.
    pub async fn switch_on(&self) {
        self.harness.faults().reset();
        self.go_on_with_the_workspace().await;
    }

    /// How far the erasure of the workspace is.
    pub async fn of_the_erasure(&self) -> String {
        let rows = self.harness.items_under("ERASURE#").await;
        let of_it = |row: &&Value| row["erased"]["S"] == "workspace";
        let row = rows.iter().find(of_it).expect("an erasure");
        text(&row["stage"], "S")
    }

    /// Forgets the contact, and gives the schedule, the stream and TTL their time.
    pub async fn forget(&self) {
        self.owner.delete(&self.contact, 202).await;
        self.run().await;
    }

    /// The same, while calls of the first run fail from one on.
    pub async fn forget_despite(&self, kind: Kind, call: usize) {
        self.owner.delete(&self.contact, 202).await;
        self.harness.advance(Duration::from_secs(60));
        let fault = Fault::new(kind).after(call).times(3);
        self.harness.faults().plan(fault);
        // It may get through, or not.
        let _cut_off = self.harness.try_schedule("minute").await;
        self.harness.faults().reset();
        self.run().await;
    }

    /// Deletes the whole workspace at once, and gives the schedule its time.
    pub async fn end_the_workspace(&self) {
        let path = format!("{}?when=now", self.workspace.path);
        self.owner.delete(&path, 202).await;
        self.go_on_with_the_workspace().await;
    }

    /// The same while erasers are switched off.
    pub async fn end_the_workspace_in_vain(&self) {
        let path = format!("{}?when=now", self.workspace.path);
        self.owner.delete(&path, 202).await;
        self.harness.advance(Duration::from_secs(60));
        in_vain(&self.harness).await;
    }

    async fn go_on_with_the_workspace(&self) {
        for _ in 0..3 {
            self.harness.advance(Duration::from_secs(60));
            self.harness.run_schedule("Erasures").await;
        }
        self.harness.drain().await;
    }

    fn is_of_the_workspace(&self, item: &str) -> bool {
        item.contains(&self.workspace.id)
            && !item.contains("\"ERASURE#")
            && !item.contains("\"NOTICE#")
    }

    /// The kinds of items that name the workspace, but for the row that shows its erasure and the mail about it.
    pub async fn of_the_workspace(&self) -> BTreeSet<String> {
        let items = self.harness.items().await;
        let named = items.iter().filter(|item| self.is_of_the_workspace(item));
        named.map(|item| kind_of(item)).collect()
    }

    async fn run(&self) {
        for _ in 0..3 {
            self.harness.advance(Duration::from_secs(60));
            self.harness.run_schedule("minute").await;
        }
        self.harness.drain().await;
    }

    /// The kinds of what is left.
    pub async fn left(&self) -> BTreeSet<String> {
        let items = self.harness.items().await;
        let mut left: BTreeSet<_> = self
            .needles
            .left(&items)
            .into_iter()
            .map(|item| kind_of(item))
            .collect();
        let tombstones = items.iter().filter(|item| self.needles.names(item));
        left.extend(tombstones.map(|item| kind_of(item)));
        left.extend(self.files().first().map(|_| "File".to_owned()));
        left
    }
}

/// A run of erasures that has no success: it goes on for as long as it has time, so the clock moves.
pub async fn in_vain(harness: &Harness) {
    let moving = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            harness.advance(Duration::from_secs(46));
        }
    };
    tokio::select! {
        _ = harness.run_schedule("Erasures") => {}
        () = moving => {}
    }
}

/// The pseudonyms under which somebody with these ids is in figures about use.
fn pseudonyms(items: &[String], ids: &BTreeSet<String>) -> Vec<String> {
    let links = items.iter().filter(|item| kind_of(item) == "BeaconLink");
    let theirs = links.filter(|item| ids.iter().any(|id| item.contains(id)));
    let pseudonym = |item: &String| {
        let item: Value = serde_json::from_str(item).expect("an item");
        text(&item["pseudonym"], "S")
    };
    theirs.map(pseudonym).collect()
}
