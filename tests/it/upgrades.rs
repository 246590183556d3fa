//! What a release before this one wrote is read by this one: each archive under `tests/releases` is a data folder
//! that a release left, and what its API said of it.
//!
//! A new release leaves its own: every run of these tests writes `target/tmp/release.tar.gz`, and reads it again.
//! When a release is made, it goes to `tests/releases` under the month of the release.

mod backfill;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::files::follow;
use harness::{Client, Harness, START, repository, text};
use serde_json::{Value, json};
use shared::store::registry;

use crate::simulation::residue::scene::Scene;

/// Says something of the moment at which it is asked, or leads to a place on a list.
const OF_THE_MOMENT: [&str; 3] = ["next_cursor", "cursor", "last_seen_at"];
/// What a stack calls its data in an archive, and what it said of it.
const DATA: &str = "data";
const SAID: &str = "said.json";

/// Where the archives are.
fn archives() -> Vec<PathBuf> {
    let folder = fs::read_dir(repository().join("tests/releases")).expect("a folder");
    let mut found: Vec<PathBuf> = folder
        .map(|entry| entry.expect("an entry").path())
        .collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "gz"));
    found.sort();
    found
}

fn tar(arguments: &[&str], folder: &Path) {
    let mut command = Command::new("tar");
    let done = command.args(arguments).current_dir(folder).status();
    assert!(done.expect("tar").success(), "tar {arguments:?}");
}

/// Everything that somebody of the team asks for, by its path.
async fn ask(client: &Client, paths: &[String]) -> Value {
    let mut said = serde_json::Map::new();
    for path in paths {
        said.insert(path.clone(), client.get(path, 200).await);
    }
    said.into()
}

/// The paths of a workspace that say what lies in it.
async fn paths(client: &Client, workspace: &str) -> Vec<String> {
    let at = |rest: &str| format!("{workspace}{rest}");
    let mut paths = vec!["/v1/account".to_owned(), workspace.to_owned()];
    let lists = [
        "/apps",
        "/audit",
        "/availability",
        "/business-hours",
        "/calls",
        "/canned-replies",
        "/contacts",
        "/conversations",
        "/flows",
        "/members",
        "/notifications",
        "/push",
        "/retention",
        "/saved-views",
        "/teams",
        "/webhooks",
    ];
    paths.extend(lists.map(at));
    for (list, beside) in [
        ("/calls", vec![""]),
        ("/contacts", vec![""]),
        ("/conversations", vec!["", "/messages", "/draft", "/flow"]),
        ("/flows", vec!["", "/versions", "/versions/1"]),
        ("/webhooks", vec![""]),
    ] {
        let listed = client.get(&at(list), 200).await;
        for entry in listed["data"].as_array().expect("a list") {
            let id = text(entry, "id");
            paths.extend(beside.iter().map(|rest| at(&format!("{list}/{id}{rest}"))));
        }
    }
    let mut there = Vec::new();
    for path in paths {
        let answer = client.send(reqwest::Method::GET, &path, None).await;
        // Not every conversation has a draft, or a flow that leads it.
        if answer.status == 200 {
            there.push(path);
        }
    }
    there
}

/// Where `now` does not say what was said. More may be said than then.
fn unsaid(then: &Value, now: &Value, place: &str, found: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            for (name, value) in then {
                let place = format!("{place}.{name}");
                match now.get(name) {
                    _ if OF_THE_MOMENT.contains(&name.as_str()) => {}
                    Some(now) => unsaid(value, now, &place, found),
                    None => found.push(format!("{place} is missing")),
                }
            }
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            for (at, (then, now)) in then.iter().zip(now).enumerate() {
                unsaid(then, now, &format!("{place}[{at}]"), found);
            }
        }
        _ if then == now => {}
        _ => found.push(format!("{place}: {then} became {now}")),
    }
}

/// The kinds of the items that there are.
async fn kinds(harness: &Harness) -> BTreeSet<String> {
    let items = harness.items().await;
    let kind = |item: &String| {
        let item: Value = serde_json::from_str(item).expect("an item");
        text(&item["kind"], "S")
    };
    items.iter().map(kind).collect()
}

/// The routes of the files of what was said in conversations.
fn files(said: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, said) in said.as_object().expect("paths") {
        let Some(thread) = path.strip_suffix("/messages") else {
            continue;
        };
        for message in said["data"].as_array().expect("messages") {
            for file in message["attachments"].as_array().into_iter().flatten() {
                found.push(format!("{thread}/attachments/{}/content", text(file, "id")));
            }
        }
    }
    found
}

/// Reads the folder of an archive with this release, and goes on with it.
async fn read(archive: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    tar(&["-xzf", archive.to_str().expect("a path")], folder.path());
    let then = fs::read(folder.path().join(SAID)).expect("what was said");
    let then: Value = serde_json::from_slice(&then).expect("JSON");
    let day_after = START.plus(Duration::from_secs(24 * 60 * 60));
    let harness = Harness::in_folder(&folder.path().join(DATA), day_after).await;
    let owner = harness.sign_in("ada@example.com").await;
    let paths: Vec<String> = then["said"]
        .as_object()
        .expect("paths")
        .keys()
        .cloned()
        .collect();
    let now = ask(&owner, &paths).await;
    let mut faults = Vec::new();
    unsaid(&then["said"], &now, "", &mut faults);
    assert!(faults.is_empty(), "{}: {faults:#?}", archive.display());
    let files = files(&now);
    assert!(!files.is_empty(), "no file in what was said");
    for file in &files {
        assert!(!follow(&owner, file).await.0.is_empty(), "{file}");
    }
    // Every row is read by what reads all rows, and the schedules go on with them.
    for name in ["Sweep", "Minute", "Jobs"] {
        let report = harness.run_schedule(name).await;
        assert!(
            report["unreadable_items"].as_u64().unwrap_or_default() == 0,
            "{report}"
        );
    }
    // What was there can be changed, and what is new is written beside it.
    let workspace = text(&then, "workspace");
    let thread = paths.iter().find_map(|path| path.strip_suffix("/messages"));
    let said = harness::message("Written by the release after");
    let path = format!("{}/messages", thread.expect("a conversation"));
    owner.post(&path, said, 201).await;
    let copy = owner
        .post(&format!("{workspace}/exports"), Value::Null, 202)
        .await;
    harness.run_schedule("Minute").await;
    let copy = format!("{workspace}/exports/{}", text(&copy, "id"));
    assert_eq!(owner.get(&copy, 200).await["state"], "done");
}

#[tokio::test]
async fn a_release_leaves_its_data_folder_to_the_next_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let harness = Harness::in_folder(&folder.path().join(DATA), START).await;
    let scene = Scene::of(harness).await;
    scene.harness.drain().await;
    let owner = &scene.owner;
    let paths = paths(owner, &scene.workspace.path).await;
    let fields = |declared: &shared::store::Declaration| {
        let names = declared.fields.iter().map(|field| field.name);
        names.collect::<Vec<_>>()
    };
    let shapes = registry::ALL.iter().map(|declared| {
        let shape = json!({ "version": declared.version, "fields": fields(declared) });
        (declared.name.to_owned(), shape)
    });
    let said = json!({
        "workspace": scene.workspace.path,
        "said": ask(owner, &paths).await,
        "kinds": kinds(&scene.harness).await,
        "shapes": shapes.collect::<serde_json::Map<_, _>>(),
    });
    scene.harness.stop().await;
    let said = serde_json::to_string_pretty(&said).expect("JSON");
    fs::write(folder.path().join(SAID), said).expect("written");
    let archive = Path::new(env!("CARGO_TARGET_TMPDIR")).join("release.tar.gz");
    let place = archive.to_str().expect("a path");
    tar(
        &["--exclude=lock", "-czf", place, DATA, SAID],
        folder.path(),
    );
    read(&archive).await;
}

#[tokio::test]
async fn what_an_earlier_release_wrote_is_read_and_goes_on() {
    let archives = archives();
    assert!(!archives.is_empty(), "no release has left its folder");
    for archive in archives {
        read(&archive).await;
    }
}

/// A release reads what the next one writes, so no field goes away at once: it becomes one that may be absent, and
/// in a release after that it goes, with a higher version.
#[test]
fn no_field_of_an_earlier_release_is_gone_unless_the_version_says_so() {
    for archive in archives() {
        let folder = tempfile::tempdir().expect("a folder");
        tar(
            &["-xzf", archive.to_str().expect("a path"), SAID],
            folder.path(),
        );
        let then = fs::read(folder.path().join(SAID)).expect("what was said");
        let then: Value = serde_json::from_slice(&then).expect("JSON");
        let shapes = then["shapes"].as_object().expect("shapes");
        assert!(shapes.len() > 100, "nothing was read");
        for (kind, shape) in shapes {
            let Some(declared) = registry::declaration(kind) else {
                continue;
            };
            let now: Vec<&str> = declared.fields.iter().map(|field| field.name).collect();
            for field in shape["fields"].as_array().expect("fields") {
                let same = now.contains(&field.as_str().expect("a name"));
                assert!(
                    same || u64::from(declared.version)
                        > shape["version"].as_u64().expect("a number"),
                    "{}: {kind}.{field} is gone without another version",
                    archive.display()
                );
            }
        }
    }
}

/// The sweep counts what has an earlier version than is written now: when it counts none in a day, the function that
/// gave such items their new shape can go.
#[tokio::test]
async fn the_sweep_counts_the_items_of_an_earlier_version() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    assert_eq!(harness.run_schedule("Sweep").await["older_items"], 0);
    let items = harness
        .items_under(&format!("MEMBERSHIP#{}", workspace.id))
        .await;
    let mut item = items.first().cloned().unwrap_or_else(|| panic!("no item"));
    item["v"]["N"] = "0".into();
    harness.forge(item).await;
    assert_eq!(harness.run_schedule("Sweep").await["older_items"], 1);
}
