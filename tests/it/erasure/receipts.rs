//! Receipts and their ledger: whoever holds a receipt checks it without asking anybody.

use std::fs;
use std::path::Path;
use std::time::Duration;

use harness::{Fault, Harness, Kind, Member, WidgetApp, Workspace, text};
use local::receipts::{Verdict, verify};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

const MINUTE: Duration = Duration::from_secs(60);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let folder = tempfile::tempdir().expect("a folder");
        let keys = harness.anonymous();
        let keys = keys.get("/.well-known/erasure-keys.json", 200).await;
        fs::write(folder.path().join("keys.json"), keys.to_string()).expect("written");
        Self {
            harness,
            owner,
            workspace,
            app,
            folder,
        }
    }

    /// Somebody comes, writes, and is to be erased: the id of the erasure.
    async fn forget(&self) -> String {
        let visitor = self.harness.visitor(&self.app).await;
        visitor.start("Forget me").await;
        let place = format!("{}/contacts/{}", self.workspace.path, visitor.contact_id);
        text(&self.owner.delete(&place, 202).await, "erasure_id")
    }

    async fn shown(&self, erasure: &str) -> Value {
        let place = format!("{}/erasures/{erasure}", self.workspace.path);
        self.owner.get(&place, 200).await
    }

    /// The files of the ledger, by name.
    fn ledger(&self) -> Vec<(String, Vec<u8>)> {
        let objects = &self.harness.stack.objects;
        let all = objects.versions().into_iter();
        let mut files: Vec<(String, Vec<u8>)> = all
            .filter(|listed| listed.key.starts_with("ledger/"))
            .map(|listed| {
                let bytes = objects.bytes_of(&listed).expect("there");
                let name = listed.key.trim_start_matches("ledger/").to_owned();
                (name, bytes.to_vec())
            })
            .collect();
        files.sort();
        files
    }

    /// Copies the ledger into a folder, as `aws s3 sync` would.
    fn copy(&self) -> std::path::PathBuf {
        let folder = self.folder.path().join("ledger");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder");
        for (name, bytes) in self.ledger() {
            fs::write(folder.join(name), bytes).expect("written");
        }
        folder
    }

    fn check(&self, receipt: &[u8], ledger: Option<&Path>) -> Verdict {
        let file = self.folder.path().join("receipt.json");
        fs::write(&file, receipt).expect("written");
        verify(&file, &self.folder.path().join("keys.json"), ledger)
    }
}

fn fails(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fails(_))
}

#[tokio::test]
async fn a_receipt_says_what_was_erased_and_holds_until_a_letter_of_it_is_altered() {
    let world = World::new().await;
    let id = world.forget().await;
    world.harness.run_schedule("minute").await;
    let shown = world.shown(&id).await;
    assert_eq!(shown["stage"], "done");
    let erased = &shown["receipt"]["entry"]["event"]["erased"];
    assert_eq!(
        (&erased["erasure"], &erased["kind"]),
        (&json!(id), &json!("contact"))
    );
    assert_eq!(erased["backup_unreadable_at"], "2026-01-22T12:00:00.000Z");
    let counts = erased["counts"].as_array().expect("counts");
    let of = |kind: &str| {
        counts
            .iter()
            .find(|count| count["kind"] == kind)
            .expect("a kind")
    };
    assert_eq!(
        (&of("Message")["before"], &of("Message")["deleted"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(of("DataKeyRow")["method"], "key_deleted");
    let says = |field: &str, words: &str| {
        let lines = erased[field].as_array().expect("lines");
        assert!(
            lines.iter().any(|line| line.to_string().contains(words)),
            "{field}: {words}"
        );
    };
    for kept in [
        "This receipt",
        "services which the workspace chose",
        "devices were told",
        "as a guest",
    ] {
        says("kept", kept);
    }
    for away in [
        "Mails",
        "push service",
        "servers that a workspace chose",
        "downloaded",
        "Backups",
    ] {
        says("out_of_reach", away);
    }
    let holds = world.check(shown.to_string().as_bytes(), Some(&world.copy()));
    assert!(matches!(holds, Verdict::Holds(_)), "{holds:?}");
    // What the API shows, as a person may have formatted it, and the file itself.
    let pretty = serde_json::to_vec_pretty(&shown["receipt"]).expect("json");
    assert!(matches!(world.check(&pretty, None), Verdict::Holds(_)));
    let file = world.ledger().remove(0).1;
    assert!(matches!(world.check(&file, None), Verdict::Holds(_)));
    let altered = shown.to_string().replace("\"deleted\":1", "\"deleted\":2");
    assert!(fails(&world.check(altered.as_bytes(), None)));
    assert!(fails(&world.check(b"{}", None)));
    let nowhere = verify(Path::new("/nowhere"), Path::new("/nowhere"), None);
    assert!(matches!(nowhere, Verdict::Unchecked(_)), "{nowhere:?}");
}

#[tokio::test]
async fn entries_follow_each_other_and_a_ledger_that_was_touched_is_refused() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.forget().await);
    }
    world.harness.run_schedule("minute").await;
    let retention = format!("{}/retention", world.workspace.path);
    world
        .owner
        .with_header("if-match", "\"1\"")
        .patch(&retention, json!({ "conversation_days": 30 }), 200)
        .await;
    world.harness.run_schedule("Jobs").await;
    let files = world.ledger();
    assert_eq!(files.len(), 4, "three erasures and a shorter retention");
    let last = String::from_utf8_lossy(&files[3].1).into_owned();
    assert!(
        last.contains("\"shortened\":{\"conversation_days\":30"),
        "{last}"
    );
    let receipt = world.shown(&ids[1]).await.to_string();
    let receipt = receipt.as_bytes();
    assert!(matches!(
        world.check(receipt, Some(&world.copy())),
        Verdict::Holds(_)
    ));
    for (name, bytes) in &files[..3] {
        // Left out, altered, and another one's in its place.
        let folder = world.copy();
        fs::remove_file(folder.join(name)).expect("removed");
        assert!(
            fails(&world.check(receipt, Some(&folder))),
            "{name} left out"
        );
        let folder = world.copy();
        let mut other = bytes.clone();
        other[20] ^= 1;
        fs::write(folder.join(name), other).expect("written");
        assert!(
            fails(&world.check(receipt, Some(&folder))),
            "{name} altered"
        );
        let folder = world.copy();
        fs::write(folder.join(name), &files[3].1).expect("written");
        assert!(
            fails(&world.check(receipt, Some(&folder))),
            "{name} replaced"
        );
    }
}

#[tokio::test]
async fn whatever_fails_an_erasure_has_one_entry_and_the_ledger_no_fork() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for kind in [Kind::ServerError, Kind::TimeoutBefore, Kind::TimeoutAfter] {
        for operation in ["PutObject", "TransactWriteItems"] {
            ids.push(world.forget().await);
            for after in 0..4 {
                let fault = Fault::new(kind).on(operation).after(after).times(3);
                world.harness.faults().plan(fault);
                let _ = tokio::join!(
                    world.harness.try_schedule("minute"),
                    world.harness.try_schedule("Erasures"),
                );
                world.harness.faults().reset();
            }
            world.harness.run_schedule("minute").await;
            world.harness.run_schedule("Erasures").await;
        }
    }
    for id in &ids {
        let shown = world.shown(id).await;
        assert_eq!(shown["stage"], "done");
        let verdict = world.check(shown.to_string().as_bytes(), Some(&world.copy()));
        assert!(matches!(verdict, Verdict::Holds(_)), "{verdict:?}");
    }
    assert_eq!(world.ledger().len(), ids.len());
}

#[tokio::test]
async fn whoever_erased_their_account_gets_the_receipt_with_the_last_mail() {
    let world = World::new().await;
    let bob = world.harness.sign_up("bob@example.com").await;
    bob.delete("/v1/account?when=now", 202).await;
    world.harness.advance(MINUTE);
    world.harness.run_schedule("Erasures").await;
    let mail = world.harness.mails("bob@example.com").await;
    let mail = mail.last().expect("a mail");
    let receipt = mail.text.lines().find(|line| line.starts_with('{'));
    let receipt = receipt.expect("a receipt").as_bytes();
    let verdict = world.check(receipt, Some(&world.copy()));
    assert!(matches!(verdict, Verdict::Holds(_)), "{verdict:?}");
    // Nobody's account is named in it, but by the number of the erasure.
    let words = String::from_utf8_lossy(receipt).into_owned();
    assert!(
        !words.contains("bob@") && !words.contains(&bob.account_id),
        "{words}"
    );
    // It is no entry that a workspace could show.
    let id = mail.text.lines().find(|line| line.starts_with("ers_"));
    let place = format!("{}/erasures/{}", world.workspace.path, id.expect("an id"));
    world
        .owner
        .refused(Method::GET, &place, None, 404, "not_found")
        .await;
}
