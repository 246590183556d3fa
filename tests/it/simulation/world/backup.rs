//! A backup of the table of data at any moment, put back at any later one: what was said since is lost, and
//! nothing that was promised is (I4).
//!
//! The table of keys is the present one, as after the loss of `data` alone (docs/restore.md): what was
//! deleted since then has lost its key.

use std::path::PathBuf;
use std::time::Duration;

use local::restore;
use serde_json::Value;
use shared::domain::Timestamp;
use tempfile::TempDir;

use super::{DAY, Person, World};
use crate::simulation::history::Trouble;

/// What a model knew when a backup was made.
pub(super) struct Backup {
    folder: TempDir,
    people: Vec<Person>,
    /// Retentions that were shortened since: whose, to how many days.
    pub(super) shortened: Vec<(usize, u32)>,
}

impl Backup {
    fn file(&self) -> String {
        let file: PathBuf = self.folder.path().join("data.sqlite");
        file.to_string_lossy().into_owned()
    }
}

impl World {
    /// Makes a backup, in the place of the one before.
    pub(super) fn back_up(&mut self) {
        let backup = Backup {
            folder: tempfile::tempdir().expect("a folder"),
            people: self.people.clone(),
            shortened: Vec::new(),
        };
        let database = self.harness.stack.data().database();
        database.vacuum_into(&backup.file()).expect("a backup");
        self.backup = Some(backup);
    }

    /// Puts the backup back, while calls fail, and again until it may be served from.
    pub(super) async fn put_back(&mut self, trouble: Option<Trouble>) {
        self.settle().await;
        let now = self.harness.now();
        // An erasure that waits for a hold is in no ledger yet, and has to be asked for again.
        let waits = |thread: &super::Thread| thread.is_held(now);
        let open = self
            .gone
            .iter()
            .any(|gone| gone.waits_for.iter().any(waits));
        let Some(backup) = self.backup.take_if(|_| !open) else {
            return;
        };
        let keys = self.harness.items_of_keys().await;
        let database = self.harness.stack.data().database();
        database.restore_from(&backup.file()).expect("put back");
        self.harness.replace_keys(&keys).await;
        let app = self.harness.app_of("retention");
        self.plan(trouble);
        let first = restore::run(app, |_| {}).await;
        self.calm();
        if let Err(error) = first {
            assert!(trouble.is_some(), "{error}");
            self.seen.cut_off += 1;
            restore::run(app, |_| {}).await.expect("restored");
        }
        // The stream of a restored table begins when it may be served from.
        let skipped = self.harness.stack.skip_streams().await;
        skipped.unwrap_or_else(|error| panic!("{error}"));
        self.forget_since(backup, &keys);
        self.seen.put_back += 1;
        // It takes its time, and everybody signs in again.
        self.harness.advance(Duration::from_secs(61 * 60));
        for team in 0..self.teams.len() {
            let owner = self.owner(team).await;
            let path = format!("{}/retention", self.teams[team].workspace.path);
            let days = owner.get(&path, 200).await["conversation_days"].as_u64();
            let days = days.and_then(|days| u32::try_from(days).ok());
            self.teams[team].days = days.expect("days");
        }
        self.settle().await;
        self.look().await;
    }

    /// The model forgets what was said since, and remembers what was taken away since.
    fn forget_since(&mut self, backup: Backup, keys: &[Value]) {
        let long_ago = Timestamp::from_ms(0);
        let has_key = |id: &str| keys.iter().any(|row| row.to_string().contains(id));
        let Backup {
            mut people,
            shortened,
            ..
        } = backup;
        people.retain(|person| has_key(&person.visitor.contact_id));
        for person in &mut people {
            person.seen_at = long_ago;
            person
                .threads
                .retain(|thread| has_key(&thread.conversation.id));
            let theirs = shortened.iter().filter(|(team, _)| *team == person.team);
            for (_, days) in theirs {
                let threads = person.threads.iter_mut();
                for said in threads.flat_map(|thread| thread.said.iter_mut()) {
                    said.ends_at = said.ends_at.min(said.at.plus(*days * DAY));
                }
            }
        }
        self.people = people;
        for team in &mut self.teams {
            team.signed_in_at = long_ago;
            team.refreshed_at = long_ago;
        }
    }
}
