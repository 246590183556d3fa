//! `sotto restore`: what a backup brought back and should not have goes again, before anybody is
//! served from it.
//!
//! Tables that were restored show a moment of the past. Since then people were erased, retentions were
//! shortened, sessions ended and mails went out. Five things bring the tables to where they may be
//! served from:
//! 1. the ledger of erasures, which lies outside of the tables, is checked from end to end;
//! 2. whoever it says was erased is erased again, calls that it says were deleted are deleted again, and
//!    retentions that it says were shortened are;
//! 3. roots whose data key is gone are removed: where only `data` was restored, that is everything
//!    that was deleted since, be it by a person, by an erasure or by its time;
//! 4. what was on its way is discarded: sessions, codes, links, notices, announcements, exports. It
//!    was sent, used or ended since, and must not be so twice;
//! 5. both tables are read through once more: something that is left is an error.
//!
//! Every step may be repeated: a run that was cut off is run again.

mod files;
mod settings;

use std::collections::{BTreeMap, HashMap, HashSet};

use shared::{
    app::{App, Clock},
    domain::{
        Policy, Timestamp, WorkspaceId,
        erasure::Gone,
        policy::Lens,
        receipt::{Entry, Erased, Event, Signed},
        retention::Class,
    },
    store::{
        Item, Key, RootRef, Store, StoreError, Stored, Table, Transaction, Unsealed,
        announcement::{Announcement, AnnouncementState},
        call::{Call, CallBlock},
        db::key_of,
        erasing::{says_deleted, says_lifted},
        job::{Job, JobKind},
        keys::{self, HEAD},
        ledger::LedgerError,
        record::{Record, read_item},
        remains::{declaration_of, head_behind, is_root, left_behind},
        transaction::CommitError,
        workspace::WorkspacePolicy,
    },
};

pub use files::drop_rowless;
pub use settings::{Settings, apply};

/// Kinds that were on their way when the backup was taken, besides those of [`Class::Challenge`].
const ON_ITS_WAY: [&str; 10] = [
    "Export",
    "Farewell",
    "Listener",
    "Listening",
    "LoginSession",
    "Notice",
    "PrivacyLetter",
    "ResetLink",
    "Socket",
    "Ticket",
];
/// Kinds that name somebody outside of their own partition, and go with them.
const POINTERS: [&str; 4] = ["AddressOwner", "ExternalOwner", "Reached", "TeamIdentity"];
/// Kinds that may go on naming somebody who was erased, by an id that leads nowhere.
const MAY_NAME: [&str; 9] = [
    "Announcement",
    "Erasure",
    "Job",
    "Letter",
    "OpenJob",
    "OpenWish",
    "OwnRequest",
    "PrivacyRequest",
    "Tombstone",
];

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many entries the ledger has.
    pub entries: u64,
    /// How many subjects were erased again.
    pub erased: u64,
    /// How many calls were deleted again.
    pub calls: u64,
    /// How many workspaces keep their conversations for a shorter time again.
    pub shortened: u64,
    /// How many roots had lost their key, and went.
    pub keyless: u64,
    /// How many keys had lost their root, and went.
    pub rootless: u64,
    /// What was on its way and was discarded, by its kind.
    pub discarded: BTreeMap<String, u64>,
    /// How many items both tables have in the end.
    pub items: u64,
}

/// Why tables may not be served from.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The ledger cannot be relied on.
    #[error(
        "{0}; nothing was changed. Bring the ledger back first: without it nobody knows who was erased"
    )]
    Ledger(#[from] LedgerError),
    /// A receipt is of a kind that this program does not know.
    #[error("entry {0} of the ledger is of a newer version of this program: run that one")]
    Unknown(u64),
    /// Storage failed.
    #[error("{0}; run it again, it goes on from where it is")]
    Store(#[from] StoreError),
    /// Something is there that must not be.
    #[error(
        "{0} items are left that should have gone, the first of kind {1}: the tables must not be served"
    )]
    Left(u64, String),
}

impl From<CommitError> for RestoreError {
    fn from(error: CommitError) -> Self {
        Self::Store(match error {
            CommitError::Store(error) => error,
            CommitError::Refused(_) => StoreError::Conflict,
        })
    }
}

/// The tables that are worked on, and the time.
struct Tables {
    store: Store,
    clock: Clock,
}

/// Brings restored tables to where they may be served from. `say` hears what is done.
///
/// # Errors
/// When they may not be, or not yet.
pub async fn run(app: &App, say: impl FnMut(String)) -> Result<Report, RestoreError> {
    let tables = Tables {
        store: app.store.clone(),
        clock: app.clock.clone(),
    };
    carry_out(&tables, say).await
}

/// The same with tables that nobody will be served from. Files are left alone, and nothing is added to the ledger: the
/// buckets are those of the living, whose exports and uploads these tables would end.
///
/// # Errors
/// As [`run`].
pub async fn drill(app: &App, say: impl FnMut(String)) -> Result<Report, RestoreError> {
    let tables = Tables {
        store: app.store.hands_off_files(),
        clock: app.clock.clone(),
    };
    carry_out(&tables, say).await
}

async fn carry_out(tables: &Tables, mut say: impl FnMut(String)) -> Result<Report, RestoreError> {
    let ledger = tables.store.ledger(tables.clock.now()).await?;
    let mut report = Report {
        entries: ledger.len() as u64,
        ..Report::default()
    };
    say(format!("The ledger holds: {} entries.", ledger.len()));
    let gone = erased(&ledger)?;
    let named = named(tables, &gone).await?;
    say(format!(
        "Of {} who were erased, the tables name {}.",
        gone.len(),
        named.len()
    ));
    for (entry, erased) in receipts(&ledger) {
        let Some(who) = Gone::of(erased).filter(|who| named.contains(&who.id())) else {
            continue;
        };
        let clock = || tables.clock.now();
        tables
            .store
            .erase_again(who, (entry, erased), clock)
            .await?;
        report.erased += 1;
    }
    report.calls = delete_calls(tables, &ledger).await?;
    report.shortened = shorten(tables, &ledger).await?;
    say(format!(
        "{} erased again, {} calls deleted again, {} retentions shortened again.",
        report.erased, report.calls, report.shortened
    ));
    discard(tables, &gone, &mut report).await?;
    let discarded: u64 = report.discarded.values().sum();
    say(format!(
        "{} roots without a key and {} keys without a root removed, {discarded} items discarded.",
        report.keyless, report.rootless
    ));
    report.items = verify(tables, &gone).await?;
    say(format!(
        "Read through: {} items, nothing is left that should have gone.",
        report.items
    ));
    Ok(report)
}

/// The receipts of a ledger, with the entries that they stand in.
fn all_receipts(ledger: &[Signed]) -> impl Iterator<Item = (&Entry, &Erased)> {
    let entries = ledger.iter();
    entries.filter_map(|signed| Some((&signed.entry, signed.erased()?)))
}

/// Those of somebody or of a workspace: calls are nobody.
fn receipts(ledger: &[Signed]) -> impl Iterator<Item = (&Entry, &Erased)> {
    all_receipts(ledger).filter(|(_, erased)| erased.calls.is_none())
}

/// Calls that were deleted since: deleted again, where the backup brought them back; and who was blocked and is
/// not known any more.
async fn delete_calls(tables: &Tables, ledger: &[Signed]) -> Result<u64, RestoreError> {
    let receipts = all_receipts(ledger).map(|(_, erased)| erased);
    let deleted: Vec<&Erased> = receipts.filter(|one| one.calls.is_some()).collect();
    if deleted.is_empty() {
        return Ok(0);
    }
    let policy = Policy::platform();
    let lens = Lens {
        now: tables.clock.now(),
        policy: &policy,
    };
    let (mut found, mut lifted) = (Vec::new(), Vec::new());
    let says = |says: &dyn Fn(&Erased) -> bool| deleted.iter().any(|erased| says(erased));
    pages(tables, Table::Data, async |items| {
        for item in &items {
            if kind(item) == Call::DECLARATION.name {
                let call = read_item::<Call>(item, &Unsealed, lens)?;
                let goes = |call: &Call| says(&|erased| says_deleted(erased, call));
                let call = call.filter(goes);
                found.extend(call.map(|call| (call.workspace, call.id)));
            } else if kind(item) == CallBlock::DECLARATION.name {
                let block = read_item::<CallBlock>(item, &Unsealed, lens)?;
                let goes = |block: &CallBlock| says(&|erased| says_lifted(erased, block));
                let block = block.filter(goes);
                lifted.extend(block.map(|block| keys::call_block(block.workspace, block.id)));
            }
        }
        Ok(())
    })
    .await?;
    for place in lifted {
        tables.store.delete(place).await?;
    }
    for (workspace, id) in &found {
        tables
            .store
            .delete_calls(*workspace, &[*id], &mut Vec::new())
            .await?;
    }
    Ok(found.len() as u64)
}

/// Everybody whom the ledger erased, by the id that items name them by.
fn erased(ledger: &[Signed]) -> Result<HashMap<String, Gone>, RestoreError> {
    let who = receipts(ledger).map(|(entry, erased)| {
        let gone = Gone::of(erased).ok_or(RestoreError::Unknown(entry.number))?;
        Ok((gone.id(), gone))
    });
    who.collect()
}

/// Reads a table through, page by page.
async fn pages<F>(tables: &Tables, table: Table, mut each: F) -> Result<(), RestoreError>
where
    F: AsyncFnMut(Vec<Item>) -> Result<(), RestoreError>,
{
    let mut after = None;
    loop {
        let page = tables.store.read_through(table, after).await?;
        each(page.items).await?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn kind(item: &Item) -> &str {
    text(item, "kind").unwrap_or("unknown")
}

/// Whoever of these an item names: in its key, or as the value of a field.
fn names<'g>(item: &Item, gone: &'g HashMap<String, Gone>) -> Option<&'g str> {
    let texts = item.values().filter_map(|value| value.as_s().ok());
    let mut ids = texts.flat_map(|text| text.split(['#', ' ', '\n']));
    ids.find_map(|id| gone.get_key_value(id).map(|(id, _)| id.as_str()))
}

/// Whoever of these the tables name.
async fn named(
    tables: &Tables,
    gone: &HashMap<String, Gone>,
) -> Result<HashSet<String>, RestoreError> {
    let mut named = HashSet::new();
    for table in [Table::Data, Table::Keys] {
        pages(tables, table, async |items| {
            let items = items.iter().filter(|item| !MAY_NAME.contains(&kind(item)));
            named.extend(
                items
                    .filter_map(|item| names(item, gone))
                    .map(str::to_owned),
            );
            Ok(())
        })
        .await?;
    }
    Ok(named)
}

/// Shortens retentions again. What the table shows of a later time than an entry includes it.
async fn shorten(tables: &Tables, ledger: &[Signed]) -> Result<u64, RestoreError> {
    let mut steps: BTreeMap<WorkspaceId, Vec<(Timestamp, u32)>> = BTreeMap::new();
    for Signed { entry, .. } in ledger {
        if let Event::Shortened(shortened) = &entry.event {
            let of = steps.entry(shortened.workspace).or_default();
            of.push((entry.at, shortened.conversation_days));
        }
    }
    let mut done = 0;
    for (workspace, steps) in steps {
        done += u64::from(shorten_one(tables, workspace, &steps).await?);
    }
    Ok(done)
}

async fn shorten_one(
    tables: &Tables,
    workspace: WorkspaceId,
    steps: &[(Timestamp, u32)],
) -> Result<bool, RestoreError> {
    let now = tables.clock.now();
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let place = keys::policy(workspace);
    let fetched = tables.store.batch(vec![place.clone()]).await?;
    let Some(row) = fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)? else {
        return Ok(false);
    };
    let before = row.policy();
    let mut policy = before.clone();
    for (at, days) in steps {
        if row
            .retention_changed_at
            .is_some_and(|changed| changed > *at)
        {
            continue;
        }
        // More days than now: it was made longer in between, and what is older keeps its promise.
        policy = policy.with_days(*days, *at).unwrap_or(Policy {
            conversation_days: policy.conversation_days.min(*days),
            ..policy
        });
    }
    let same = |one: &Policy, other: &Policy| {
        (one.conversation_days, &one.steps) == (other.conversation_days, &other.steps)
    };
    if same(&before, &policy) {
        return Ok(false);
    }
    let mut transaction = Transaction::new(now);
    let next = Stored::next(row.with_retention(&policy, now), &policy);
    transaction.replace(&next, &Unsealed)?;
    let job = Job::new(workspace, JobKind::Restamp, None, now);
    transaction.create(&Stored::new(job.clone(), &policy), &Unsealed)?;
    transaction.create(&Stored::new(job.opened(), &policy), &Unsealed)?;
    tables.store.commit(transaction).await?;
    Ok(true)
}

/// Whether something was on its way when the backup was taken.
fn on_its_way(item: &Item) -> bool {
    if kind(item) == Announcement::DECLARATION.name {
        return text(item, "announcement_state") != Some(AnnouncementState::Done.word());
    }
    let asked = declaration_of(item).is_some_and(|one| one.class == Class::Challenge);
    asked || ON_ITS_WAY.contains(&kind(item))
}

/// The key of a root that has one; none of anything else.
fn key_of_root(item: &Item) -> Option<Key> {
    let head = key_of(Table::Data, item).filter(|key| key.sk == HEAD)?;
    let root = declaration_of(item).is_some_and(is_root);
    root.then(|| keys::data_key(&RootRef::of(&head)))
}

/// Removes what was on its way, what points at nobody, roots without keys and keys without roots.
async fn discard(
    tables: &Tables,
    gone: &HashMap<String, Gone>,
    report: &mut Report,
) -> Result<(), RestoreError> {
    pages(tables, Table::Data, async |items| {
        let wanted: Vec<Key> = items.iter().filter_map(key_of_root).collect();
        let there = tables.store.there(wanted).await?;
        for item in &items {
            let lost = key_of_root(item).is_some_and(|key| !there.contains(&key));
            let points = POINTERS.contains(&kind(item)) && names(item, gone).is_some();
            if lost && !on_its_way(item) {
                report.keyless += 1;
            } else if points || on_its_way(item) {
                *report.discarded.entry(kind(item).to_owned()).or_default() += 1;
            } else {
                continue;
            }
            match left_behind(item).is_empty() {
                true => match key_of(Table::Data, item) {
                    Some(key) => tables.store.delete(key).await?,
                    None => continue,
                },
                false => tables.store.end_at_once(item).await?,
            }
        }
        Ok(())
    })
    .await?;
    pages(tables, Table::Keys, async |items| {
        let wanted: Vec<Key> = items.iter().filter_map(head_behind).collect();
        let there = tables.store.there(wanted).await?;
        for item in &items {
            let lost = head_behind(item).is_some_and(|head| !there.contains(&head));
            if let Some(key) = key_of(Table::Keys, item).filter(|_| lost) {
                tables.store.delete(key).await?;
                report.rootless += 1;
            }
        }
        Ok(())
    })
    .await
}

/// Reads everything once more: how many items there are, when none of them should have gone.
async fn verify(tables: &Tables, gone: &HashMap<String, Gone>) -> Result<u64, RestoreError> {
    let (mut items_in_all, mut left) = (0, Vec::new());
    for table in [Table::Data, Table::Keys] {
        pages(tables, table, async |items| {
            items_in_all += items.len() as u64;
            let wanted: Vec<Key> = items.iter().filter_map(key_of_root).collect();
            let there = tables.store.there(wanted).await?;
            for item in &items {
                let named = !MAY_NAME.contains(&kind(item)) && names(item, gone).is_some();
                let lost = key_of_root(item).is_some_and(|key| !there.contains(&key));
                if named || lost || on_its_way(item) {
                    left.push(kind(item).to_owned());
                }
            }
            Ok(())
        })
        .await?;
    }
    match left.first() {
        None => Ok(items_in_all),
        Some(first) => Err(RestoreError::Left(left.len() as u64, first.clone())),
    }
}
