//! Which bucket a file lies in: what AWS Backup takes is sealed, and what passes through is where nothing is backed up.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::files::{File, follow, put};
use local::restore;
use serde_json::json;
use shared::domain::attachment::Rendition;
use shared::store::keys;
use shared::store::objects::passes;

use super::{World, has, photo, with_files};

/// The words of a file that nobody may read in a backup.
const WORDS: &str = "the parcel was left behind the garage";

impl World {
    /// What lies in a bucket, with its bytes.
    fn lies_in(&self, bucket: &str) -> Vec<(String, Vec<u8>)> {
        let objects = &self.harness.stack.objects;
        let versions = objects.versions().into_iter();
        let here = versions.filter(|version| version.bucket == bucket);
        here.map(|version| {
            let bytes = objects.bytes_of(&version).expect("there");
            (version.key, bytes.to_vec())
        })
        .collect()
    }

    /// The visitor sends a file; says its id.
    async fn sends(&self, file: &File) -> String {
        let made = self.asked(file).await;
        let id = harness::text(&made["attachment"], "id");
        assert_eq!(put(&made["upload"], &file.bytes).await, 200);
        // Waiting for the scanner, it lies open where nothing is backed up.
        let waits = self.lies_in("passing");
        assert!(
            waits
                .iter()
                .any(|(key, bytes)| key.starts_with("intake/") && *bytes == file.bytes)
        );
        self.harness.drain().await;
        let messages = format!("{}/messages", self.visitors());
        self.visitor.post(&messages, with_files(&[&id]), 201).await;
        id
    }
}

/// The sum of all copies counts no backup of files: each is ciphertext, under keys whose own copies roll in a week.
#[tokio::test]
async fn everything_that_is_backed_up_is_sealed_or_the_ledger() {
    let world = World::new().await;
    let text = world.sends(&File::text(WORDS)).await;
    world.sends(&photo()).await;
    let content = format!("{}/attachments/{text}/content", world.teams());
    follow(&world.owner, &content).await;
    // The open copy that the link leads to passes.
    let passing = world.lies_in("passing");
    assert!(
        passing
            .iter()
            .any(|(key, bytes)| key.starts_with("links/") && has(bytes, WORDS))
    );
    assert!(passing.iter().all(|(key, _)| passes(key)), "{passing:?}");
    // A contact is erased, so that there is a ledger.
    let neighbour = world
        .harness
        .visitor(&world.owner.app(&world.workspace).await)
        .await;
    let contact = format!("{}/contacts/{}", world.workspace.path, neighbour.contact_id);
    world.owner.delete(&contact, 202).await;
    for _ in 0..3 {
        world.harness.advance(Duration::from_secs(60));
        world.harness.run_schedule("minute").await;
        world.harness.run_schedule("Erasures").await;
        world.harness.drain().await;
    }
    let kept = world.lies_in("sealed");
    let kinds: BTreeSet<&str> = kept
        .iter()
        .filter_map(|(key, _)| key.split('/').next())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["files", "ledger"]));
    for (key, bytes) in &kept {
        assert!(
            !has(bytes, WORDS) && !has(bytes, "parcel") && !has(bytes, "JFIF"),
            "{key}"
        );
        assert!(image::load_from_memory(bytes).is_err(), "{key}");
        let of_ledger = key.starts_with("ledger/");
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(bytes).is_ok(),
            of_ledger,
            "{key}"
        );
        assert!(!of_ledger || !has(bytes, &neighbour.contact_id), "{key}");
    }
}

/// docs/restore.md: `sotto restore --files`.
#[tokio::test]
async fn files_that_a_backup_brought_back_without_their_rows_go_again() {
    let world = World::new().await;
    let stays = world.sends(&File::text(WORDS)).await;
    let goes = world.sends(&photo()).await;
    let waits = world.asked(&File::text("not sent yet")).await;
    assert_eq!(put(&waits["upload"], b"not sent yet").await, 200);
    world.harness.drain().await;
    let before = world.lies_in("sealed");
    let app = world.harness.app_of("retention");
    let mut said = Vec::new();
    let none = restore::drop_rowless(app, |line| said.push(line)).await;
    assert_eq!((none.expect("done"), said.len()), (0, 1), "{said:?}");
    assert_eq!(world.lies_in("sealed").len(), before.len());

    // Its row is gone, as when the table is of before the upload, or the bucket of before the deletion.
    let messages = world.visitor.read(&world.conversation).await;
    let seq = messages
        .iter()
        .find(|message| message["attachments"][0]["id"] == json!(goes));
    let seq = seq.expect("sent")["seq"].clone();
    let message = format!("{}/messages/{seq}", world.teams());
    world.owner.delete(&message, 200).await;
    world.harness.drain().await;
    assert!(!world.lies().iter().any(|key| key.contains(&goes)));
    for (key, bytes) in before.iter().filter(|(key, _)| key.contains(&goes)) {
        let file = keys::of_rendition(key).expect("a file");
        let which = key.rsplit('/').next().and_then(Rendition::parse);
        let name = keys::rendition(file, which.expect("a form"));
        let back = app
            .store
            .objects()
            .put_open(&name, bytes.clone(), "application/octet-stream");
        back.await.expect("put back");
    }
    let again = restore::drop_rowless(app, |_| {}).await.expect("done");
    assert_eq!(again, 2, "the photo and its small picture");
    let left = world.lies();
    assert!(!left.iter().any(|key| key.contains(&goes)), "{left:?}");
    assert!(left.iter().any(|key| key.contains(&stays)));
    assert_eq!(
        left.iter().filter(|key| key.starts_with("files/")).count(),
        2,
        "sent and waiting"
    );
}
