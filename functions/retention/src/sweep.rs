//! Deletes what is over.
//!
//! Reads both tables part by part, a page at a time, and remembers where it is, so that a run that
//! is cut off costs a page. With a run every hour each part is read many times a day: nothing
//! stays longer than 24 hours past its time, even where TTL never runs. What the stream was told
//! and `outbox` lost is found here too: keys, edges and fences whose head is gone, and files whose row is.

mod files;
mod lag;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use shared::{
    app::App,
    domain::{Policy, Timestamp, WorkspaceId, day::Day, policy::Lens},
    lambda::schedule::Report,
    store::{
        CommitError, Fetched, Item, Record as _, RootRef, StoreError, Stored, Table, Transaction,
        Unsealed,
        conversation::Tombstone,
        db::key_of,
        idle::near_end,
        job::{Mark, SweepMark, SweepSegment},
        keys::{self, HEAD},
        push_day::{self, PushDay},
        record::is_older,
        remains::{self, Verdict},
        workspace::WorkspacePolicy,
    },
};

use crate::idle::{self, Near};

/// How many parts each table is read in.
const SEGMENTS: u16 = 8;
/// How long one run goes on; the function's own limit is longer.
const BUDGET: Duration = Duration::from_secs(240);
/// After how many pages the position is written down.
const CHECKPOINT_PAGES: u32 = 10;
/// What is found later than this past its end was promised to be gone.
const PROMISED: Duration = Duration::from_secs(24 * 60 * 60);

/// The policies of the workspaces that a run has met: `None` where a workspace is gone.
type Policies = HashMap<WorkspaceId, Option<Policy>>;

/// Goes on with the part that has waited longest, until all are read or the time is over.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    let started = app.clock.now();
    for name in [
        "overdue_items",
        "told_workspaces",
        "counted_push_days",
        "deleted_items",
        lag::LAG,
        "older_items",
        files::ENDED,
        files::LEFT,
        "swept_items",
        "unreadable_items",
    ] {
        report.add(name, 0);
    }
    let mut marks = marks(app, started).await?;
    marks.sort_by_key(|mark| mark.completed_at);
    for mark in marks {
        if app.clock.now() >= started.plus(BUDGET) {
            return Ok(());
        }
        segment(app, mark, started.plus(BUDGET), report).await?;
    }
    report.add("sweep_heartbeat", 1);
    Ok(())
}

/// Where each part stands.
async fn marks(app: &App, now: Timestamp) -> Result<Vec<SweepMark>, StoreError> {
    let segments: Vec<SweepSegment> = [Table::Data, Table::Keys]
        .into_iter()
        .flat_map(|table| (0..SEGMENTS).map(move |segment| SweepSegment { table, segment }))
        .collect();
    let fetched = app
        .store
        .batch(segments.iter().copied().map(keys::sweep).collect())
        .await?;
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    segments
        .into_iter()
        .map(|segment| {
            let found = fetched.get::<SweepMark>(&keys::sweep(segment), &Unsealed, lens)?;
            Ok(found.unwrap_or(SweepMark {
                segment,
                after: None,
                completed_at: None,
                updated_at: now,
            }))
        })
        .collect()
}

/// Reads one part on from where it stands.
async fn segment(
    app: &App,
    mut mark: SweepMark,
    stop_at: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let SweepSegment { table, segment } = mark.segment;
    let mut pages = 0;
    loop {
        let after = mark.after.take().map(|mark| mark.key);
        let scanned = app.store.scan(table, (segment, SEGMENTS), after).await?;
        if table == Table::Data {
            lag::look(app, &scanned.items, report).await?;
            files::look(app, &scanned.items, report).await?;
        }
        page(app, table, &scanned.items, report).await?;
        pages += 1;
        let now = app.clock.now();
        mark.updated_at = now;
        let Some(next) = scanned.next else {
            mark.completed_at = Some(now);
            return remember(app, &mark, now).await;
        };
        mark.after = Some(Mark {
            key: next,
            index_sort_key: String::new(),
        });
        let stopping = now >= stop_at;
        if stopping || pages % CHECKPOINT_PAGES == 0 {
            remember(app, &mark, now).await?;
        }
        if stopping {
            return Ok(());
        }
    }
}

async fn remember(app: &App, mark: &SweepMark, now: Timestamp) -> Result<(), StoreError> {
    let mut transaction = Transaction::new(now);
    transaction.overwrite(&Stored::new(mark.clone(), &Policy::platform()), &Unsealed)?;
    match app.store.commit(transaction).await {
        // Another run has the place as well: the later position is as good as the earlier one.
        Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// Deletes what is over on one page.
async fn page(
    app: &App,
    table: Table,
    items: &[Item],
    report: &mut Report,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let mut wanted = remains::heads_to_read(items);
    let mut workspaces: Vec<WorkspaceId> = items.iter().filter_map(remains::workspace_of).collect();
    workspaces.sort();
    workspaces.dedup();
    wanted.extend(workspaces.iter().copied().map(keys::policy));
    let fetched = app.store.batch_all(wanted).await?;
    let policies = policies(&fetched, &workspaces, now)?;
    let platform = Policy::platform();
    report.add("swept_items", items.len() as u64);
    let mut near = Near::new();
    let mut told: BTreeMap<(WorkspaceId, Day), &Policy> = BTreeMap::new();
    // What lies with a root that went a moment ago went with it: to ask again costs a write that is refused.
    let mut gone: HashSet<RootRef> = HashSet::new();
    for item in items {
        if lies_with(item, &gone) {
            continue;
        }
        if remains::declaration_of(item).is_some_and(|declared| is_older(item, declared)) {
            report.add("older_items", 1);
        }
        let own = remains::workspace_of(item)
            .map(|workspace| policies.get(&workspace).and_then(Option::as_ref));
        let (policy, policed) = match own {
            None => (&platform, true),
            Some(Some(policy)) => (policy, true),
            Some(None) => (&platform, false),
        };
        if let (Some(workspace), true) = (remains::workspace_of(item), policed)
            && let Some(end) = near_end(item, Lens { now, policy })
        {
            let last = near.entry(workspace).or_insert(end);
            *last = end.max(*last);
        }
        if let (Some(workspace), true) = (remains::workspace_of(item), policed)
            && let Some(day) = push_day::countable(item, workspace, now)
        {
            told.insert(day, policy);
        }
        match remains::judge(item, &fetched, Lens { now, policy }, policed) {
            Ok(verdict) => gone.extend(carry_out(app, table, item, &verdict, report).await?),
            Err(error) => {
                tracing::error!(error = %error, "an item that the sweep cannot judge");
                report.add("unreadable_items", 1);
            }
        }
    }
    count_pushes(app, told, now, report).await?;
    if !near.is_empty() {
        report.add("told_workspaces", idle::tell(app, near, now).await?);
    }
    Ok(())
}

/// Counts the notifications of days that are over, where nobody has yet.
async fn count_pushes(
    app: &App,
    told: BTreeMap<(WorkspaceId, Day), &Policy>,
    now: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    if told.is_empty() {
        return Ok(());
    }
    let place = |(workspace, day): &(WorkspaceId, Day)| keys::push_day(*workspace, *day);
    let counted = app
        .store
        .batch_all(told.keys().map(place).collect())
        .await?;
    for (day, policy) in told {
        let lens = Lens { now, policy };
        let known = counted.get::<PushDay>(&place(&day), &Unsealed, lens)?;
        if known.is_some() {
            continue;
        }
        let done = app.store.count_pushes(day, lens).await?;
        report.add("counted_push_days", u64::from(done));
    }
    Ok(())
}

/// The policies that a batch has brought. A workspace in erasure keeps its promises meanwhile.
fn policies(
    fetched: &Fetched,
    workspaces: &[WorkspaceId],
    now: Timestamp,
) -> Result<Policies, StoreError> {
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    workspaces
        .iter()
        .map(|workspace| {
            let row = fetched.get::<WorkspacePolicy>(&keys::policy(*workspace), &Unsealed, lens)?;
            Ok((*workspace, row.map(|row| row.policy())))
        })
        .collect()
}

/// Whether an item went with one of these roots. Tombstones stay for their week.
fn lies_with(item: &Item, gone: &HashSet<RootRef>) -> bool {
    let key = key_of(Table::Data, item).filter(|_| !gone.is_empty());
    let went = key.is_some_and(|key| gone.contains(&RootRef::of(&key)));
    went && remains::declaration_of(item).is_some_and(|one| one.name != Tombstone::DECLARATION.name)
}

/// Does what the item calls for; says which root went with everything in its partition.
async fn carry_out(
    app: &App,
    table: Table,
    item: &Item,
    verdict: &Verdict,
    report: &mut Report,
) -> Result<Option<RootRef>, StoreError> {
    let now = app.clock.now();
    let mut went = None;
    let removed = match verdict {
        Verdict::Stays => return Ok(None),
        Verdict::Orphan => {
            let key = key_of(table, item).ok_or(StoreError::Corrupt("an item without a key"))?;
            app.store.delete(key).await?;
            1
        }
        Verdict::Over(end) => {
            if end.plus(PROMISED) <= now {
                report.add("overdue_items", 1);
            }
            let root = remains::declaration_of(item).is_some_and(remains::is_root);
            match key_of(table, item) {
                Some(key) if root && key.table == Table::Data && key.sk == HEAD => {
                    let removed = app.store.remove_root(item, now).await?;
                    went = (removed > 0).then(|| RootRef::of(&key));
                    removed
                }
                _ => u64::from(app.store.delete_over(table, item, now).await?),
            }
        }
    };
    report.add("deleted_items", removed);
    Ok(went)
}
