//! `sotto backfill`, with the release after this one in the hands of one who operates it: rows of this release are of an
//! earlier version then, and functions of this release go on beside it.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use local::backfill::{self, Mode, NoPosition, Position, Report};
use shared::domain::Timestamp;
use shared::store::renewing::{Renewed, Shape, older};
use shared::store::{Item, RootRef, Table, keys};

use super::*;

/// The release after this one.
mod next {
    use shared::domain::text::{Email, ExternalId, Locale, Name};
    use shared::domain::{ContactId, Timestamp, WorkspaceId};
    use shared::store::registry::Registered;
    use shared::store::{Field, Item, StoreError};
    use shared_derive::Record;

    /// What a contact told of itself, and one thing more.
    #[derive(Clone, Debug, Record)]
    #[record(
        table = Data, version = 2, upgrade = counted, key = profile(workspace, contact), tenant = workspace,
        within = Contact, class = Conversation, anchor = kept_from,
    )]
    pub struct Profile {
        #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
        pub contact: ContactId,
        #[non_personal(reason = "the id of a workspace")]
        pub workspace: WorkspaceId,
        #[personal(category = Name, purpose = AnswerVisitor, erase = Delete)]
        pub name: Option<Name>,
        #[personal(category = Contact, purpose = AnswerVisitor, erase = Delete)]
        pub email: Option<Email>,
        #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, export)]
        pub external_id: Option<ExternalId>,
        #[personal(category = VisitContext, purpose = AnswerVisitor, erase = Delete)]
        pub locale: Option<Locale>,
        #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
        pub kept_from: Timestamp,
        #[non_personal(reason = "a version counter")]
        pub rev: u64,
        #[non_personal(reason = "a count of changes")]
        pub changes: u64,
    }

    impl Registered for Profile {}

    fn counted(item: &mut Item, _: u32) -> Result<(), StoreError> {
        let rev = u64::read(item.get("rev")).ok_or(StoreError::Corrupt("no version"))?;
        let changes = (rev + 40).write().ok_or(StoreError::Corrupt("no count"))?;
        item.insert("changes".to_owned(), changes);
        Ok(())
    }
}

const SHAPES: [Shape; 1] = [Shape::of::<next::Profile>()];

/// The rows by their places, as DynamoDB tells them.
async fn rows(harness: &Harness) -> BTreeMap<(String, String), Value> {
    let items = harness.items().await.into_iter();
    let items = items.map(|item| serde_json::from_str::<Value>(&item).expect("an item"));
    items
        .map(|item| ((text(&item["pk"], "S"), text(&item["sk"], "S")), item))
        .collect()
}

async fn run(harness: &Harness, shapes: &[Shape], mode: Mode, from: Option<Position>) -> Report {
    let app = harness.app_of("retention");
    let report = backfill::run(app, shapes, (mode, from), |_| {}).await;
    report.expect("done")
}

/// Everything in the data table.
async fn all(harness: &Harness) -> Vec<Item> {
    let store = &harness.app_of("retention").store;
    let page = store.read_through(Table::Data, None).await.expect("a page");
    assert!(page.next.is_none(), "one page");
    page.items
}

#[tokio::test]
async fn rows_of_an_earlier_release_are_written_again_beside_functions_that_still_are_of_it() {
    let archive = archives().pop().expect("a release");
    let folder = tempfile::tempdir().expect("a folder");
    tar(&["-xzf", archive.to_str().expect("a path")], folder.path());
    let then = fs::read(folder.path().join(SAID)).expect("what was said");
    let then: Value = serde_json::from_slice(&then).expect("JSON");
    let day_after = START.plus(Duration::from_secs(24 * 60 * 60));
    let harness = Harness::in_folder(&folder.path().join(DATA), day_after).await;
    let owner = harness.sign_in("ada@example.com").await;
    let asked = then["said"].as_object().expect("paths").keys();
    let paths: Vec<String> = asked
        .filter(|path| !path.ends_with("/account"))
        .cloned()
        .collect();
    let said = ask(&owner, &paths).await;

    // To this release nothing is older; to the next one every profile is.
    let own = run(&harness, registry::SHAPES, Mode::Renew, None).await;
    assert_eq!((own.older, own.left()), (0, 0));
    let before = rows(&harness).await;
    let counted = run(&harness, &SHAPES, Mode::Count, None).await;
    assert!(counted.older > 0 && counted.looked_at > before.len() as u64);
    assert_eq!(counted.done, Renewed::default());
    assert_eq!(rows(&harness).await, before, "counting changes nothing");

    let done = run(&harness, &SHAPES, Mode::Renew, None).await;
    assert_eq!((done.done.renewed, done.left()), (counted.older, 0));
    assert!(
        done.to_string()
            .ends_with(&format!("{} written again.\n", done.older))
    );
    let after = rows(&harness).await;
    assert_eq!(before.len(), after.len());
    for (place, was) in &before {
        let is = &after[place];
        if was["kind"]["S"] != "Profile" {
            assert_eq!(was, is);
            continue;
        }
        assert_eq!((&was["v"]["N"], &is["v"]["N"]), (&json!("1"), &json!("2")));
        let rev: u64 = text(&was["rev"], "N").parse().expect("a number");
        assert_eq!(is["changes"]["N"], json!((rev + 40).to_string()));
        for same in ["anchor", "exp", "ttl", "pol", "rev", "contact", "kept_from"] {
            assert_eq!(was[same], is[same], "{same}");
        }
        // Sealed anew: a ciphertext is bound to the version it was written under.
        assert_ne!(was["name"], is["name"]);
    }
    let now = ask(&owner, &paths).await;
    assert_eq!(said, now, "this release reads what the next one wrote");
    assert_eq!(run(&harness, &SHAPES, Mode::Renew, None).await.older, 0);

    // A function of this release writes one again in its own shape, and the next run finds it.
    let contacts = format!("{}/contacts", text(&then, "workspace"));
    let listed = owner.get(&contacts, 200).await;
    let contact = format!("{contacts}/{}", text(&listed["data"][0], "id"));
    let etag = format!("\"{}\"", owner.get(&contact, 200).await["rev"]);
    let patch = json!({ "name": "Grace of this release" });
    owner
        .with_header("if-match", &etag)
        .patch(&contact, patch, 200)
        .await;
    let again = run(&harness, &SHAPES, Mode::Renew, None).await;
    assert_eq!((again.older, again.done.renewed), (1, 1));
    assert_eq!(
        owner.get(&contact, 200).await["name"],
        "Grace of this release"
    );
    harness.stop().await;
}

#[tokio::test]
async fn a_row_that_somebody_wrote_meanwhile_is_left_to_them() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    visitor.start("Hello").await;
    let store = &harness.app_of("retention").store;
    let now = harness.now();
    let read = all(&harness).await;
    let found = older(&read, &SHAPES, now);
    assert_eq!(found.len(), 1);
    let profile = |rows: BTreeMap<(String, String), Value>| {
        let mut rows = rows.into_values();
        rows.find(|row| row["kind"]["S"] == "Profile")
            .expect("a profile")
    };
    let was = profile(rows(&harness).await);
    // Whatever they changed, and if it is an attribute that was not there when it was read.
    for (name, value) in [
        ("anchor", json!({ "N": "1" })),
        ("due_pk", json!({ "S": "X" })),
    ] {
        let mut other = was.clone();
        other[name] = value;
        harness.forge(other.clone()).await;
        let done = store.renew(Table::Data, &found, now).await.expect("asked");
        assert_eq!((done.renewed, done.meanwhile), (0, 1), "{name}");
        assert_eq!(profile(rows(&harness).await), other, "{name}");
    }
    harness.forge(was.clone()).await;
    // Its key is gone: nobody opens it, and the sweep takes it.
    let root = was["pk"]["S"].as_str().expect("a place");
    let key = keys::data_key(&RootRef::from_partition(root));
    store.delete(key).await.expect("gone");
    let report = run(&harness, &SHAPES, Mode::Renew, None).await;
    assert_eq!(report.done.keyless, BTreeMap::from([("Profile", 1)]));
    assert_eq!(report.left(), 1);
    assert!(report.to_string().contains("1 of kind Profile have no key"));
    // What has ended is the sweep's as well.
    let end = Timestamp::from_ms(i64::MAX / 2);
    assert!(older(&read, &SHAPES, end).is_empty());
}

#[tokio::test]
async fn a_run_that_was_cut_off_goes_on_from_where_it_was() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    owner.workspace("inbox").await;
    let whole = run(&harness, &SHAPES, Mode::Count, None).await;
    let items = all(&harness).await;
    let named = |table: &str, item: &Item| {
        let part = |name: &str| item[name].as_s().expect("a text").clone();
        let place = [table.to_owned(), part("pk"), part("sk")].join("\n");
        BASE64URL_NOPAD.encode(place.as_bytes())
    };
    let second = named("data", &items[1]);
    let position: Position = second.parse().expect("a position");
    assert_eq!(position.to_string(), second);
    let rest = run(&harness, &SHAPES, Mode::Count, Some(position)).await;
    assert_eq!(rest.looked_at + 2, whole.looked_at);
    let keys = named("keys", &items[1]).parse().expect("a position");
    let rest = run(&harness, &SHAPES, Mode::Count, Some(keys)).await;
    assert!(rest.looked_at + items.len() as u64 <= whole.looked_at);
    for bad in ["", "x!", "ZGF0YQ", &named("table", &items[1])] {
        assert_eq!(bad.parse::<Position>(), Err(NoPosition), "{bad}");
    }
}
