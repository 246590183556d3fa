//! Export, import, export: a workspace with everything that the API can make is the same afterwards, but for a
//! closed list. Each entry of it has to occur, so none stays when its reason has gone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use harness::{Member, ORIGIN, Workspace, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::archive::{FileKind, LeftOut, Manifest, Part};
use tempfile::TempDir;

use super::settings::{change, import, set_up};
use super::{export, file, picture};
use crate::simulation::residue::scene::Scene;

/// Kinds that stay in the archive, and why.
const STAYS: [(&str, &str); 10] = [
    ("Availability", "a member's own"),
    ("Delivery", "what a service was told, for seven days"),
    ("FlowSums", "figures are counted where they arise"),
    ("Membership", "members come with accounts of their own"),
    ("NotifyWishes", "a member's own"),
    ("Photo", "a member's own"),
    (
        "PushDevice",
        "a device has to ask again; its token is a secret",
    ),
    ("Teammate", "members come with accounts of their own"),
    (
        "VisitorDevice",
        "a device has to ask again; its token is a secret",
    ),
    ("Webhook", "its address is a secret, and in no archive"),
];

/// Fields that differ, and why.
const DIFFERS: [(&str, &str, &str); 4] = [
    ("Conversation", "assignee", "members are others here"),
    ("Workspace", "created_at", "it is another workspace"),
    ("Workspace", "name", "it has a name here"),
    ("WorkspacePolicy", "created_at", "it is another workspace"),
];

/// The records of an archive by their kind, without what differs.
type Told = BTreeMap<String, BTreeSet<String>>;

/// What an archive holds.
struct Held {
    told: Told,
    /// What was left out of the kinds that come along.
    left_out: Vec<LeftOut>,
    /// The values of the fields that differ.
    others: BTreeMap<(&'static str, &'static str), BTreeSet<String>>,
    files: BTreeSet<String>,
}

fn held(folder: &TempDir) -> Held {
    let manifest = fs::read(file(folder, "-manifest.json")).expect("read");
    let manifest = Manifest::parse(&manifest).expect("a manifest");
    let (mut told, mut others, mut files) = (Told::new(), BTreeMap::new(), BTreeSet::new());
    for entry in &manifest.parts {
        if let Some(file) = &entry.file {
            if file.kind == FileKind::Attachment {
                files.insert(json!([file, entry.sha256, entry.bytes]).to_string());
            }
            continue;
        }
        let bytes = fs::read(file(folder, &format!("-{:06}.json", entry.number))).expect("read");
        for record in Part::parse(&bytes, entry).expect("a part").records {
            let mut fields = record.fields;
            for (kind, field, _) in DIFFERS {
                if kind == record.kind {
                    let value = fields.remove(field).unwrap_or_default().to_string();
                    let values: &mut BTreeSet<String> = others.entry((kind, field)).or_default();
                    values.insert(value);
                }
            }
            let line = Value::Object(fields).to_string();
            told.entry(record.kind).or_default().insert(line);
        }
    }
    let comes = |out: &LeftOut| !STAYS.iter().any(|(kind, _)| *kind == out.kind);
    Held {
        told,
        left_out: manifest.left_out.into_iter().filter(comes).collect(),
        others,
        files,
    }
}

/// What the scene does not have: people of every kind, a call with figures, and what members keep.
async fn more(scene: &Scene) -> Vec<String> {
    let (harness, owner, from) = (&scene.harness, &scene.owner, &scene.workspace);
    let at = |rest: &str| format!("{}{rest}", from.path);
    let app = owner.app(from).await;
    let own = json!({ "asks_rating": true, "relay_only": true, "mails_offline": false });
    owner
        .patch(&at(&format!("/apps/{}", app.id)), own, 200)
        .await;
    let me = text(&owner.get(&from.path, 200).await, "member_id");
    let mine = json!({ "member_id": me });

    // Somebody who was content, and wants neither figures nor mail.
    let content = harness.visitor(&app).await;
    let thread = content.start("How much?").await;
    let path = at(&format!("/conversations/{}", thread.id));
    owner.put(&format!("{path}/assignee"), mine, 200).await;
    owner
        .patch(&path, json!({ "priority": "urgent" }), 200)
        .await;
    let said = owner.say(from, &thread, "Seven \u{20ac}").await;
    let mut answer = harness::message("For one?");
    answer["reply_to_seq"] = said["seq"].clone();
    let place = format!("/v1/widget/conversations/{}/messages", thread.id);
    content.post(&place, answer, 201).await;
    owner
        .delete(&format!("{path}/messages/{}", said["seq"]), 200)
        .await;
    let place = format!("/v1/widget/conversations/{}", thread.id);
    harness.send_file(&content, &place, &picture()).await;
    owner.post(&format!("{path}/close"), json!({}), 200).await;
    content
        .put(&format!("{place}/rating"), json!({ "rating": 5 }), 200)
        .await;
    content
        .put("/v1/widget/figures", json!({ "allowed": false }), 200)
        .await;
    let hold = json!({ "reason": "Complaint", "until": "2026-02-10T00:00:00Z" });
    owner.put(&format!("{path}/hold"), hold, 200).await;

    // Somebody whom a flow served; somebody who is put aside; one who is blocked, and is the same as another.
    let served = harness.visitor(&app).await;
    let thread = served.start("My money back").await;
    let path = at(&format!("/conversations/{}", thread.id));
    let labels = json!({ "labels": ["refund"] });
    owner.put(&format!("{path}/labels"), labels, 200).await;
    harness.drain().await;
    let later = harness.visitor(&app).await;
    let thread = later.start("Later").await;
    let path = at(&format!("/conversations/{}", thread.id));
    let until = json!({ "until": "2026-01-20T00:00:00Z" });
    owner.post(&format!("{path}/snooze"), until, 200).await;
    let again = harness.visitor(&app).await;
    again.start("Me again").await;
    let contact = |id: &str, rest: &str| at(&format!("/contacts/{id}{rest}"));
    let into = json!({ "into": later.contact_id });
    owner
        .post(&contact(&again.contact_id, "/merge"), into, 200)
        .await;
    let bad = harness.visitor(&app).await;
    bad.start("Rude").await;
    owner
        .put(&contact(&bad.contact_id, "/block"), Value::Null, 200)
        .await;

    call(scene, &app.key).await;
    let away = json!({ "status": "away", "until": null });
    owner.put(&at("/availability"), away, 200).await;
    let wishes = json!({ "email": [], "in_app": ["message"], "push": ["message"] });
    owner
        .put(&at("/notification-preferences"), wishes, 200)
        .await;
    harness.upload_photo(owner, &from.path, &picture()).await;
    let senders = owner.get(&at("/push"), 200).await;
    let list = senders["data"].as_array().expect("a list");
    let sender = list.iter().find(|one| one["provider"] == "webpush");
    let key = text(sender.expect("a key"), "public_key");
    let (_, subscription) = harness.subscription(Some(&key));
    let device = json!({ "provider": "webpush", "subscription": subscription });
    owner.post(&at("/devices"), device, 201).await;
    let teams = owner.get(&at("/teams"), 200).await;
    let team = text(&teams["data"][0], "id");
    let join = at(&format!("/teams/{team}/members/{me}"));
    owner.put(&join, json!({}), 204).await;
    harness.drain().await;
    // Turns of flows are added up: else some archives have those that wait for it.
    harness.advance(std::time::Duration::from_secs(120));
    harness.run_schedule("minute").await;
    vec![content.contact_id, served.contact_id, later.contact_id]
}

/// A call that was taken, and of which a device told how well it went.
async fn call(scene: &Scene, app_key: &str) {
    let page = scene.harness.anonymous().with_header("origin", ORIGIN);
    let session = json!({ "app_key": app_key });
    let session = page.post("/v1/guest/sessions", session, 201).await;
    let guest = page.with_token(&text(&session, "guest_token"));
    let wanted = json!({ "kind": "video", "client_id": random_uuid() });
    let begun = guest.post("/v1/guest/calls", wanted, 201).await;
    let device = page.with_token(&text(&begun["join"], "join_token"));
    device.post("/v1/calls/join", Value::Null, 201).await;
    let id = text(&begun["call"], "id");
    let accept = format!("{}/calls/{id}/accept", scene.workspace.path);
    scene.owner.post(&accept, Value::Null, 200).await;
    let quality = json!({ "last": true, "rtt_p50_ms": 40, "relayed": false });
    let path = format!("/v1/guest/calls/{id}/quality");
    guest.post(&path, quality, 204).await;
    let end = format!("/v1/guest/calls/{id}/end");
    guest.post(&end, Value::Null, 200).await;
}

/// CALL-32, FLOW-46, FLOW-51
#[tokio::test]
async fn everything_is_exported_imported_and_exported_again_the_same_but_for_a_closed_list() {
    let scene = Scene::set().await;
    let owner: &Member = &scene.owner;
    set_up(owner, &scene.workspace).await;
    let people = more(&scene).await;
    let first = export(&scene.harness, owner, &scene.workspace).await;
    let before = held(&first);

    let to: Workspace = owner.workspace("inbox").await;
    change(owner, &to, json!({ "calls": true, "name": "Here" })).await;
    let report = import(&scene.harness, first.path(), &to).await;
    assert_eq!(
        (report.over, report.erased, report.calls),
        (0, 0, 3),
        "{report}"
    );
    let second = export(&scene.harness, owner, &to).await;
    let after = held(&second);

    let stays = |kind: &String| STAYS.iter().any(|(stays, _)| stays == kind);
    let kinds: BTreeSet<&String> = before.told.keys().chain(after.told.keys()).collect();
    for kind in kinds.into_iter().filter(|kind| !stays(kind)) {
        assert_eq!(
            after.told.get(kind),
            before.told.get(kind),
            "{kind}\n{report}"
        );
    }
    assert_eq!(after.files, before.files);
    assert!(before.files.len() >= 3, "{:?}", before.files);
    assert_eq!(after.left_out, before.left_out);
    // No entry of the lists without a cause.
    let all = STAYS.iter().map(|(kind, _)| *kind);
    let nowhere: Vec<&str> = all
        .filter(|kind| !before.told.contains_key(*kind))
        .collect();
    assert_eq!(nowhere, Vec::<&str>::new(), "in no archive");
    for (kind, field, why) in DIFFERS {
        assert_ne!(
            before.others[&(kind, field)],
            after.others[&(kind, field)],
            "{kind}.{field}: {why}"
        );
    }
    // What came is in use: people, apps with keys of their own, calls.
    for contact in people {
        owner
            .get(&format!("{}/contacts/{contact}", to.path), 200)
            .await;
    }
    let apps = |workspace: &Workspace| format!("{}/apps", workspace.path);
    let (there, here) = (
        owner.get(&apps(&scene.workspace), 200).await,
        owner.get(&apps(&to), 200).await,
    );
    for (there, here) in there["data"]
        .as_array()
        .expect("apps")
        .iter()
        .zip(here["data"].as_array().expect("apps"))
    {
        for field in [
            "id",
            "name",
            "origins",
            "asks_rating",
            "mails_offline",
            "relay_only",
        ] {
            assert_eq!(here[field], there[field], "{field}");
        }
        assert_ne!(here["public_key"], there["public_key"]);
    }
    let calls = owner.get(&format!("{}/calls", to.path), 200).await;
    assert_eq!(calls["data"].as_array().map(Vec::len), Some(3), "{calls}");
    // What was deleted here does not come back, by itself or with others.
    for (delete, body) in [
        (Method::DELETE, None),
        (Method::POST, Some(json!({ "before": scene.harness.now() }))),
    ] {
        let id = text(&calls["data"][0], "id");
        let path = match delete {
            Method::DELETE => format!("{}/calls/{id}", to.path),
            _ => format!("{}/call-deletions", to.path),
        };
        scene.harness.advance(std::time::Duration::from_secs(1));
        let deleted = owner.send(delete, &path, body).await;
        assert_ne!(deleted.body["deleted"], 0, "{}", deleted.text);
        scene.harness.run_schedule("Erasures").await;
        let report = import(&scene.harness, first.path(), &to).await;
        assert_eq!(report.calls, 0, "{report}");
    }
}
