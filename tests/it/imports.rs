//! `sotto import`: what an export wrote is taken over, and tells the same when it is exported again.

mod chatwoot;
mod everything;
mod settings;

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use harness::files::{File, follow};
use harness::{Client, Fault, Harness, Kind, Member, Visitor, WidgetApp, Workspace, message, text};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use local::import::{self, ImportError, Report};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::archive::{Entry, FileKind, Manifest, Part};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The kinds that are taken over.
const TAKEN: [&str; 9] = [
    "Attachment",
    "Contact",
    "ContactNote",
    "Conversation",
    "HoldNote",
    "Message",
    "Profile",
    "Visit",
    "VisitorContext",
];

/// A workspace with something of everything, and an empty one.
struct World {
    harness: Harness,
    owner: Member,
    from: Workspace,
    to: Workspace,
    app: WidgetApp,
    visitor: Visitor,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let from = owner.workspace("inbox").await;
        let site = owner.app(&from).await;
        let visitor = signed(&harness, &from, &site).await;
        let thread = visitor.start("How much?").await;
        owner.say(&from, &thread, "Seven \u{20ac} \"only\"").await;
        let at = |rest: &str| format!("{}/conversations/{}{rest}", from.path, thread.id);
        let mut note = message("A note");
        note["kind"] = "note".into();
        owner.post(&at("/messages"), note, 201).await;
        owner
            .put(&at("/labels"), json!({ "labels": ["price"] }), 200)
            .await;
        let place = format!("/v1/widget/conversations/{}", thread.id);
        harness.send_file(&visitor, &place, &picture()).await;
        let list = File::text("Seven of them");
        harness.send_file(&owner, &at(""), &list).await;
        harness.upload_photo(&owner, &from.path, &picture()).await;
        let hold = json!({ "reason": "Complaint", "until": "2026-12-31T00:00:00Z" });
        owner.put(&at("/hold"), hold, 200).await;
        let gone = owner.say(&from, &thread, "Not this").await;
        let gone = format!("{}/{}", at("/messages"), gone["seq"]);
        owner.delete(&gone, 200).await;
        let contact = format!("{}/contacts/{}", from.path, visitor.contact_id);
        let known = json!({ "name": "Grace", "email": "grace@example.com" });
        owner.patch(&contact, known, 200).await;
        let memo = json!({ "text": "Pays \u{20ac} late" });
        owner.post(&format!("{contact}/notes"), memo, 201).await;
        let other = harness.visitor(&site).await;
        for n in 0..3 {
            other.start(&format!("Question {n}")).await;
        }
        let to = owner.workspace("inbox").await;
        let app = owner.app(&to).await;
        Self {
            harness,
            owner,
            from,
            to,
            app,
            visitor,
        }
    }

    async fn import(&self, folder: &Path) -> Result<Report, ImportError> {
        let to = self.to.id.parse().expect("an id");
        import::run(self.harness.app_of("retention"), folder, to, |_| {}).await
    }

    /// What lies in the tables, the audit log aside, whose lines an import adds to.
    async fn everything(&self) -> BTreeSet<String> {
        let items = self.harness.items().await.into_iter();
        items.filter(|item| !item.contains("\"AUDIT#")).collect()
    }
}

/// A picture that is large enough for a small one of it.
fn picture() -> File {
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbImage::from_fn(640, 480, |x, y| Rgb([x as u8, y as u8, 0]));
    let written = DynamicImage::ImageRgb8(image).write_to(&mut bytes, ImageFormat::Png);
    written.expect("a picture");
    File::of("Paket.png", "image/png", &bytes.into_inner())
}

async fn signed(harness: &Harness, workspace: &Workspace, app: &WidgetApp) -> Visitor {
    let claims = json!({
        "sub": "user-17", "aud": workspace.id, "exp": harness.now().seconds() + 600,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let signed = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let context = json!({
        "identity_token": signed.expect("signed"),
        "context": { "page_url": "https://www.example.com/prices", "locale": "en" },
    });
    harness.visitor_with(app, context).await
}

async fn fetch(by: &Client, path: &str) -> Vec<u8> {
    let answer = by.send(Method::GET, path, None).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let client = reqwest::Client::builder().no_proxy().build();
    let got = client.expect("a client").get(answer.header("location"));
    let got = got.send().await.expect("answered").bytes().await;
    got.expect("a body").to_vec()
}

/// Exports a workspace into a folder, with the names that a browser gives the files.
async fn export(harness: &Harness, owner: &Member, workspace: &Workspace) -> TempDir {
    let exports = format!("{}/exports", workspace.path);
    let asked = owner.send(Method::POST, &exports, None).await;
    let id = text(&asked.body, "id");
    harness.run_schedule("minute").await;
    let folder = tempfile::tempdir().expect("a folder");
    let part = |number: u32| format!("{exports}/{id}/parts/{number}");
    let manifest = fetch(owner, &part(0)).await;
    for entry in Manifest::parse(&manifest).expect("a manifest").parts {
        let bytes = fetch(owner, &part(entry.number)).await;
        let ending = entry.file.map_or("json", |file| file.content_type.ending());
        let name = format!("{id}-{:06}.{ending}", entry.number);
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    let name = format!("{id}-manifest.json");
    fs::write(folder.path().join(name), manifest).expect("written");
    folder
}

fn file(folder: &TempDir, ending: &str) -> std::path::PathBuf {
    let entries = fs::read_dir(folder.path()).expect("a folder");
    let mut paths = entries.map(|entry| entry.expect("a file").path());
    let found = paths.find(|path| path.to_string_lossy().ends_with(ending));
    found.expect("a file of that name")
}

/// The records and files of an archive that are taken over, whatever their order.
fn records(folder: &TempDir) -> BTreeSet<String> {
    records_of(folder, &TAKEN)
}

/// Those of these kinds.
fn records_of(folder: &TempDir, kinds: &[&str]) -> BTreeSet<String> {
    let manifest = fs::read(file(folder, "-manifest.json")).expect("read");
    let manifest = Manifest::parse(&manifest).expect("a manifest");
    let mut records = BTreeSet::new();
    for entry in &manifest.parts {
        if let Some(file) = &entry.file {
            if file.kind == FileKind::Attachment && kinds.contains(&"Attachment") {
                records.insert(json!([file, entry.sha256, entry.bytes]).to_string());
            }
            continue;
        }
        let bytes = fs::read(file(folder, &format!("-{:06}.json", entry.number))).expect("read");
        let part = Part::parse(&bytes, entry).expect("a part");
        let taken = part
            .records
            .into_iter()
            .filter(|entry| kinds.contains(&entry.kind.as_str()));
        records.extend(
            taken.map(|Entry { kind, fields }| {
                json!({ "kind": kind, "fields": fields }).to_string()
            }),
        );
    }
    records
}

/// Writes an archive whose only part holds these records.
fn rewrite(folder: &TempDir, change: impl Fn(&mut Vec<Entry>)) {
    let path = file(folder, "-manifest.json");
    let mut manifest = Manifest::parse(&fs::read(&path).expect("read")).expect("a manifest");
    let at_part = file(folder, "-000001.json");
    let bytes = fs::read(&at_part).expect("read");
    let mut part = Part::parse(&bytes, &manifest.parts[0]).expect("a part");
    change(&mut part.records);
    let (bytes, entry) = part.document().expect("a document");
    manifest.counts.clear();
    for record in &part.records {
        *manifest.counts.entry(record.kind.clone()).or_default() += 1;
    }
    manifest.parts = vec![entry];
    fs::write(at_part, bytes).expect("written");
    fs::write(path, manifest.document().expect("a document")).expect("written");
}

/// CALL-32, FLOW-46, FLOW-51: export, import and export again tell the same.
#[tokio::test]
async fn what_was_exported_and_imported_is_exported_again_the_same() {
    let world = World::new().await;
    let first = export(&world.harness, &world.owner, &world.from).await;
    let told = records(&first);
    assert!(told.len() >= 21, "{told:?}");
    for kind in TAKEN.into_iter().chain([r#""rendition":"thumbnail""#]) {
        assert!(
            told.iter().any(|one| one.contains(kind)),
            "{kind} is missing"
        );
    }
    let report = world.import(first.path()).await.expect("imported");
    assert_eq!(
        (report.contacts, report.conversations),
        (2, 4),
        "{report:?}"
    );
    assert_eq!((report.there, report.over, report.erased), (0, 0, 0));
    assert_eq!(report.files, 2, "{report}");
    assert!(report.left_out.contains_key("Photo"), "{report}");
    assert!(report.left_out.contains_key("Membership"), "{report}");
    let second = export(&world.harness, &world.owner, &world.to).await;
    assert_eq!(records(&second), records(&first));
    // It is served as what was written here is, and the app's own name for somebody leads to them.
    let contact = format!("{}/contacts/{}", world.to.path, world.visitor.contact_id);
    assert_eq!(world.owner.get(&contact, 200).await["name"], "Grace");
    let known = signed(&world.harness, &world.to, &world.app).await;
    assert_eq!(known.contact_id, world.visitor.contact_id);
    let threads = known.get("/v1/widget/conversations", 200).await;
    let thread = harness::Conversation {
        id: text(&threads["data"][0], "id"),
        body: Value::Null,
    };
    let said = known.read(&thread).await;
    assert!(
        said.iter().any(|said| said["text"] == "How much?"),
        "{said:?}"
    );
    known.say(&thread, "I am back").await;
    // Its files are fetched where they came to, and are the same.
    for workspace in [&world.from, &world.to] {
        let thread = format!("{}/conversations/{}", workspace.path, thread.id);
        let said = world.owner.get(&format!("{thread}/messages"), 200).await;
        let files = said["data"].as_array().expect("a list").iter();
        let files = files.flat_map(|said| said["attachments"].as_array().cloned());
        let files: Vec<Value> = files.flatten().collect();
        assert_eq!(files.len(), 2, "{said}");
        for file in files {
            let place = format!("{thread}/attachments/{}", text(&file, "id"));
            let (bytes, kind, _) = follow(&world.owner, &format!("{place}/content")).await;
            assert_eq!(
                (bytes.len() as u64, json!(kind)),
                (
                    file["bytes"].as_u64().expect("a size"),
                    file["content_type"].clone(),
                )
            );
            if file["thumbnail"] == json!(true) {
                follow(&world.owner, &format!("{place}/thumbnail")).await;
            }
        }
    }
    // Another deployment has other keys, and tells the same.
    let elsewhere = Harness::start().await;
    let owner = elsewhere.sign_up("grace@example.com").await;
    let there = owner.workspace("inbox").await;
    let to = there.id.parse().expect("an id");
    let report = import::run(elsewhere.app_of("retention"), first.path(), to, |_| {}).await;
    assert_eq!(report.expect("imported").conversations, 4);
    let third = export(&elsewhere, &owner, &there).await;
    assert_eq!(records(&third), records(&first));
    // Its owner sees that somebody did this.
    elsewhere.run_schedule("minute").await;
    assert!(elsewhere.items_with("archive_imported").await >= 1);
}

#[tokio::test]
async fn importing_twice_changes_nothing_and_an_import_that_was_cut_off_is_finished_by_the_next() {
    let world = World::new().await;
    let folder = export(&world.harness, &world.owner, &world.from).await;
    let mut cut_off = 0;
    for call in [0, 1, 2, 3, 5, 7, 9, 11, 13] {
        let fault = Fault::new(Kind::ServerError).after(call).times(usize::MAX);
        world.harness.faults().plan(fault);
        cut_off += usize::from(world.import(folder.path()).await.is_err());
        world.harness.faults().reset();
    }
    assert!(cut_off >= 6, "only {cut_off} were cut off");
    let report = world.import(folder.path()).await.expect("imported");
    assert_eq!(report.over, 0, "{report}");
    let again = export(&world.harness, &world.owner, &world.to).await;
    assert_eq!(records(&again), records(&folder));
    let before = world.everything().await;
    let report = world.import(folder.path()).await.expect("imported");
    assert_eq!((report.there, report.messages), (7, 0), "{report}");
    assert_eq!(world.everything().await, before);
    // Its two files count among the bytes of the workspace, once each.
    let rooms = format!("FILEROOM#{}", world.to.id);
    let rows = world.harness.items_under(&rooms).await;
    let bytes = |row: &Value| text(&row["bytes"], "N").parse::<u64>().expect("a number");
    let (sum, files): (Vec<&Value>, Vec<&Value>) =
        rows.iter().partition(|row| row["sk"]["S"] == "SUM");
    let files: Vec<u64> = files.into_iter().map(bytes).collect();
    assert_eq!(files.len(), 2, "{rows:?}");
    assert_eq!(bytes(sum[0]), files.iter().sum::<u64>());
    assert!(files.iter().all(|bytes| *bytes > 0), "{files:?}");
}

#[tokio::test]
async fn an_archive_that_is_not_whole_is_refused_and_nothing_is_taken_over() {
    let world = World::new().await;
    let folder = export(&world.harness, &world.owner, &world.from).await;
    let before: BTreeSet<String> = world.harness.items().await.into_iter().collect();
    let part = file(&folder, "-000001.json");
    let whole = fs::read(&part).expect("read");
    let refused = async || {
        let refused = world.import(folder.path()).await.expect_err("refused");
        let after: BTreeSet<String> = world.harness.items().await.into_iter().collect();
        assert_eq!(before, after);
        refused.to_string()
    };
    let mut altered = whole.clone();
    let at = altered.len() / 2;
    altered[at] ^= 1;
    fs::write(&part, &altered).expect("written");
    assert!(refused().await.contains("the checksum is another one"));
    fs::write(&part, &whole).expect("written");
    // A file that is not the one that was exported.
    let picture = file(&folder, ".png");
    let kept = fs::read(&picture).expect("read");
    fs::write(&picture, b"another picture").expect("written");
    assert!(refused().await.contains("the checksum is another one"));
    fs::write(&picture, kept).expect("written");
    fs::remove_file(&part).expect("removed");
    assert!(refused().await.contains("no file"));
    fs::write(&part, &whole).expect("written");
    // A record of another form, however well the checksums fit.
    rewrite(&folder, |records| {
        let message = records.iter_mut().rfind(|entry| entry.kind == "Message");
        let message = message.expect("a message");
        message.fields.insert("sent_at".into(), json!("yesterday"));
    });
    assert!(
        refused()
            .await
            .contains("a Message without a readable field `sent_at`")
    );
    // Somebody's own copy is not a workspace's.
    let path = file(&folder, "-manifest.json");
    let manifest = fs::read_to_string(&path).expect("read");
    let own = manifest.replace("\"about\": \"workspace\"", "\"about\": \"account\"");
    assert_ne!(own, manifest);
    fs::write(&path, own).expect("written");
    assert!(refused().await.contains("about account"));
    fs::remove_file(&path).expect("removed");
    assert!(refused().await.contains("no file …manifest.json"));
}

#[tokio::test]
async fn an_archive_goes_to_a_workspace_that_is_open_and_to_no_other() {
    let world = World::new().await;
    let folder = export(&world.harness, &world.owner, &world.from).await;
    let closing = world.owner.workspace("inbox").await;
    world.owner.delete(&closing.path, 202).await;
    let app = world.harness.app_of("retention");
    for id in [closing.id.as_str(), "ws_01kf0a1b2c3d4e5f6g7h8j9k0m"] {
        let to = id.parse().expect("an id");
        let refused = import::run(app, folder.path(), to, |_| {}).await;
        let refused = refused.expect_err("refused");
        assert!(matches!(refused, ImportError::Workspace(_)), "{refused}");
    }
    // Where there are calls and no conversations, only what goes with calls has a place.
    let calls = world.owner.workspace("calls").await;
    let to = calls.id.parse().expect("an id");
    let report = import::run(app, folder.path(), to, |_| {}).await;
    let report = report.expect("imported");
    assert_eq!(
        (report.contacts, report.conversations, report.files),
        (0, 0, 0)
    );
    assert!(report.conversations_not_on > 0, "{report}");
    assert_eq!(report.settings.get("App"), Some(&1), "{report}");
}

/// CALL-31: an archive of before an erasure brings nobody back.
#[tokio::test]
async fn whoever_was_erased_does_not_come_back_with_an_archive() {
    let world = World::new().await;
    let folder = export(&world.harness, &world.owner, &world.from).await;
    world.import(folder.path()).await.expect("imported");
    let contact = format!("{}/contacts/{}", world.to.path, world.visitor.contact_id);
    world.owner.delete(&contact, 202).await;
    for _ in 0..3 {
        world.harness.advance(Duration::from_secs(60));
        world.harness.run_schedule("minute").await;
    }
    // The conversation on hold outlives the request, and nothing is added to it.
    let report = world.import(folder.path()).await.expect("imported");
    assert_eq!((report.contacts, report.messages), (0, 0), "{report}");
    world.owner.get(&contact, 404).await;
}

#[tokio::test]
async fn what_the_retention_of_the_workspace_has_ended_stays_in_the_archive() {
    let world = World::new().await;
    let folder = export(&world.harness, &world.owner, &world.from).await;
    world
        .owner
        .with_header("if-match", "\"1\"")
        .patch(
            &format!("{}/retention", world.to.path),
            json!({ "conversation_days": 1 }),
            200,
        )
        .await;
    world.harness.advance(DAY * 2);
    let report = world.import(folder.path()).await.expect("imported");
    assert_eq!((report.contacts, report.messages), (0, 0), "{report}");
    assert_eq!(report.over, 2, "both contacts: {report}");
    let left = world.harness.items_under("CONTACT#").await;
    assert!(
        !left
            .iter()
            .any(|item| item.to_string().contains(&world.to.id))
    );
}
