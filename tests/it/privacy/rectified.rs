//! What was put right is nowhere as it was: everything that is kept is opened and searched.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Harness, message, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    domain::{ExportId, Policy, TenantId, policy::Lens, time::DAY},
    store::{Query, RootRef, keys, registry},
};

use super::{ASK, GRACE, World};
use crate::privacy_at_rest::search::{Haystack, forms, hashes};

/// What is wrong, in words that occur nowhere else.
const WRONG: [&str; 3] = ["Gracchus Canary", GRACE, "canary-of-a-slip"];

/// Where any of these words lie: kinds of rows, opened with their keys, and files.
pub async fn found(harness: &Harness, words: &[&str]) -> BTreeSet<String> {
    let app = harness.app_of("retention");
    let policy = Policy::platform();
    let lens = Lens {
        now: harness.now(),
        policy: &policy,
    };
    let rows = harness.items().await;
    let mut found = BTreeSet::new();
    let mut opened = 0;
    let partition = |row: &String| {
        let row: Value = serde_json::from_str(row).expect("an item");
        text(&row["pk"], "S")
    };
    let partitions: BTreeSet<String> = rows.iter().map(partition).collect();
    for partition in partitions {
        let root = RootRef::from_partition(&partition);
        let wanted = vec![keys::data_key(&root)];
        let fetched = app.store.batch(wanted).await.expect("read");
        let key = match root.tenant() {
            Some(tenant) => {
                let tenant_key = app.store.tenant_key(tenant, lens.now).await.expect("a key");
                // Under a tenant's own key nothing of anybody lies.
                fetched.data_key(&root.head(), &tenant_key).ok().flatten()
            }
            None => None,
        };
        let items = app.store.query(Query::partition(partition)).await;
        for item in items.expect("read") {
            let Ok(Some(fields)) = registry::tell(&item, key.as_ref(), lens) else {
                continue;
            };
            opened += 1;
            let told = serde_json::to_string(&fields).expect("fields");
            if words.iter().any(|wrong| told.contains(wrong)) {
                let kind = item["kind"].as_s().expect("a kind");
                found.insert(kind.clone());
            }
        }
    }
    assert!(opened > 10, "NO BASELINE: nothing opens");
    let files = harness.stack.objects.versions().into_iter();
    for file in files.filter(|file| file.key.starts_with("exports/")) {
        let parts: Vec<&str> = file.key.split('/').collect();
        let tenant: TenantId = parts[1]
            .parse()
            .map(TenantId::Workspace)
            .expect("a workspace");
        let id: ExportId = parts[2].parse().expect("an export");
        let head = keys::export(tenant, id);
        let fetched = app
            .store
            .batch(vec![keys::data_key(&RootRef::of(&head))])
            .await;
        let tenant_key = app.store.tenant_key(tenant, lens.now).await.expect("a key");
        let key = fetched.expect("read").data_key(&head, &tenant_key);
        let key = key.expect("opens").expect("a key");
        let (number, run) = parts[3].split_once('-').expect("a part, and its run");
        let run = u64::from_str_radix(run, 16).expect("a run");
        let number = number.parse().expect("a number");
        let name = keys::export_part(tenant, id, number, Some(run));
        let bytes = app.store.objects().get(&name, &key).await.expect("read");
        let told = String::from_utf8(bytes.expect("a file")).expect("text");
        if words.iter().any(|wrong| told.contains(wrong)) {
            found.insert("File".to_owned());
        }
    }
    // And as it lies: no form of it, and no hash that whoever guesses it would recognise.
    let raw = Haystack::of_items(&rows);
    for wrong in words {
        let needles: Vec<_> = forms(wrong).into_iter().chain(hashes(wrong)).collect();
        if let Some(form) = raw.find(&needles) {
            found.insert(format!("in the open, as {form}"));
        }
    }
    found
}

/// CALL-30, FLOW-49: what was wrong is in no row and no file, but in the words of the request itself,
/// which end sixty days after it.
#[tokio::test]
async fn what_was_put_right_is_found_nowhere_as_it_was() {
    let world = World::new().await;
    let person = json!({ "name": WRONG[0], "email": WRONG[1] });
    let contact = world.place(&format!("contacts/{}", world.visitor.contact_id));
    world.owner.patch(&contact, person, 200).await;
    let thread = world.visitor.start("Hello").await;
    let messages = world.place(&format!("conversations/{}/messages", thread.id));
    world.owner.post(&messages, message(WRONG[2]), 201).await;
    let copies = format!("{contact}/exports");
    let asked = world.owner.send(Method::POST, &copies, None).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    world.harness.run_schedule("minute").await;
    let before = found(&world.harness, &WRONG).await;
    for kind in ["Profile", "Message", "File"] {
        assert!(
            before.contains(kind),
            "NO BASELINE: {kind} not in {before:?}"
        );
    }

    let right = json!({ "text": "As it should be" });
    world
        .owner
        .patch(&format!("{messages}/2"), right, 200)
        .await;
    let asks = json!({ "type": "rectify", "name": "Grace", "email": "hopper@example.com" });
    let asked = world.visitor.post(ASK, asks, 202).await;
    let token = world.link(GRACE).await;
    let mut browser = world.harness.browser();
    browser
        .submit("/privacy/confirm", &[("token", &token)], 200)
        .await;
    world.decide(&asked, json!({ "decision": "fulfil" })).await;
    world.harness.drain().await;
    // A copy that was made before is as it was, for its seven days.
    let now = found(&world.harness, &WRONG).await;
    let left: BTreeSet<&str> = now.iter().map(String::as_str).collect();
    assert_eq!(left, BTreeSet::from(["File", "RequestWords"]));
    for days in [8, 22] {
        world.harness.advance(DAY * days);
        world.harness.run_schedule("minute").await;
        world.harness.run_schedule("sweep").await;
        world.harness.drain().await;
    }
    let owner = world.harness.sign_in("ada@example.com").await;
    for list in ["contacts", "conversations"] {
        let seen = owner.get(&world.place(list), 200).await.to_string();
        assert!(seen.contains("Grace") || list != "contacts", "{seen}");
        assert!(!WRONG.iter().any(|wrong| seen.contains(wrong)), "{seen}");
    }
    let now = found(&world.harness, &WRONG).await;
    assert_eq!(now, BTreeSet::from(["RequestWords".to_owned()]));
    world.harness.advance(DAY * 31 + Duration::from_secs(60));
    world.harness.run_schedule("sweep").await;
    world.harness.drain().await;
    assert_eq!(found(&world.harness, &WRONG).await, BTreeSet::new());
}
