//! Files whose row has gone and whose bytes have not.
//!
//! `outbox` hears of every row of a file that goes and takes the bytes; a record that it gave up is not told again, and
//! nothing in the bucket ends by itself. What the file counts in its workspace's sum goes last, so it is what leads
//! here. Each is asked for once in [`TURN_HOURS`], because it costs two reads, and the sweep comes by every hour.

use std::time::Duration;

use shared::{
    app::App,
    domain::{Policy, Timestamp, policy::Lens},
    lambda::schedule::Report,
    store::{
        Item, Record as _, StoreError, Unsealed,
        file_room::FileShare,
        keys::{self, FileKey},
        record::read_item,
    },
};

/// The metric: files that were deleted because they had no row.
pub const ENDED: &str = "rowless_files";
/// The metric: those that storage did not delete, and that the next turn asks for again.
pub const LEFT: &str = "rowless_files_left";

/// Until when a file may wait for its message and so move from one row to the other, which two reads can miss; and a
/// day for `outbox`, whose business it is.
const YOUNG: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// A prime, so that a sweep that takes some hours comes by at the hour of every file.
const TURN_HOURS: i64 = 23;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// Whether it is the hour of a file.
fn has_its_hour(file: FileKey, now: Timestamp) -> bool {
    let hour = now.ms().div_euclid(HOUR_MS).rem_euclid(TURN_HOURS);
    let [.., last] = *file.id.uuid().as_bytes();
    i64::from(last) % TURN_HOURS == hour
}

/// The file that an item counts, if it is to be asked for now.
fn due(item: &Item, lens: Lens<'_>) -> Result<Option<FileKey>, StoreError> {
    let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
    if kind.is_none_or(|kind| kind != FileShare::DECLARATION.name) {
        return Ok(None);
    }
    let share = read_item::<FileShare>(item, &Unsealed, lens)?;
    let old = share.filter(|share| share.created_at.plus(YOUNG) <= lens.now);
    let file = old.map(|share| share.key_of_file());
    Ok(file.filter(|file| has_its_hour(*file, lens.now)))
}

/// Deletes the files of a page that have no row any more.
pub async fn look(app: &App, items: &[Item], report: &mut Report) -> Result<(), StoreError> {
    let now = app.clock.now();
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let mut files = Vec::new();
    for item in items {
        files.extend(due(item, lens)?);
    }
    if files.is_empty() {
        return Ok(());
    }
    let rows = files.iter().flat_map(|file| keys::rows_of_file(*file));
    let found = app.store.batch_all(rows.collect()).await?;
    for file in files {
        if keys::rows_of_file(file).iter().any(|row| found.holds(row)) {
            continue;
        }
        match end(app, file, now).await {
            Ok(ended) => report.add(ENDED, u64::from(ended)),
            // One that fails must not hold up the others.
            Err(error) => {
                tracing::warn!(error = %error, "a file without a row that stays for now");
                report.add(LEFT, 1);
            }
        }
    }
    Ok(())
}

/// Deletes what there is of a file and gives its room back, unless a row has it after all.
async fn end(app: &App, file: FileKey, now: Timestamp) -> Result<bool, StoreError> {
    let erased = app.store.erase_file_without_row(file).await?;
    if erased.is_some() {
        app.store.give_back_room(file, now).await?;
    }
    Ok(erased.is_some())
}
