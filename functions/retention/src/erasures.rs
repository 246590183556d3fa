//! Accounts and workspaces whose seven days are over, or whose owner did not want to wait.
//!
//! The list of accounts that are going and the index of deadlines say what begins, each by the time of
//! its end. Another list says what has begun and is not done, by when it goes on; whatever a crash
//! cut off is found there. Contacts are erased by `minute`; here theirs is brought to its end, should the
//! contact have gone before: while the end was not written down, or by its own time, when the schedule
//! rested for longer than that and a conversation of theirs was on hold. Calls are deleted when somebody asks;
//! here that gets its receipt, because nobody else has the key and the ledger.

use std::time::Duration;

use shared::{
    app::App,
    domain::{AccountId, ErasureId, Policy, TenantId, Timestamp, WorkspaceId, policy::Lens},
    lambda::schedule::Report,
    store::{
        Item, Query, StoreError, Table, Unsealed,
        db::key_of,
        erasing::Ended,
        erasure::{Erasure, ErasureKind, Stage},
        keys,
        query::Listed,
        workspace::WorkspacePolicy,
    },
};

/// How long one run goes on: the next one starts after a minute.
const BUDGET: Duration = Duration::from_secs(45);
/// How many are read at once.
const PAGE: u16 = 100;

/// Begins what is due and goes on with what has begun.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    let now = app.clock.now();
    let stop_at = now.plus(BUDGET);
    for name in ["erased_accounts", "erased_workspaces", "erasures_begun"] {
        report.add(name, 0);
    }
    let mut failed = None;
    let mut note = |done: Result<(), StoreError>| {
        if let Err(error) = done {
            // One that fails must not hold up the others.
            tracing::warn!(error = %error, "an erasure has to wait");
            failed = Some(error);
        }
    };
    for id in due::<AccountId>(app, keys::accounts_going(), now).await? {
        let begun = app.store.begin_account(id, app.clock.now()).await;
        note(begun.map(|begun| report.add("erasures_begun", u64::from(begun.is_some()))));
    }
    for id in ended_workspaces(app, now).await? {
        let begun = app.store.begin_workspace(id, app.clock.now()).await;
        note(begun.map(|begun| report.add("erasures_begun", u64::from(begun.is_some()))));
    }
    for id in due::<ErasureId>(app, keys::open_erasures(), now).await? {
        if app.clock.now() >= stop_at {
            break;
        }
        note(go_on(app, id, stop_at, report).await);
    }
    failed.map_or(Ok(()), Err)
}

/// The ids in a list whose sort keys open with a time, as far as that has come.
async fn due<T: std::str::FromStr>(
    app: &App,
    list: String,
    now: Timestamp,
) -> Result<Vec<T>, StoreError> {
    let query = Query::lists(list)
        .between("0", keys::until(now))
        .limit(PAGE);
    let items = app.store.query(query).await?;
    let id = |item: &Item| {
        let place = item.get("lists_sk")?.as_s().ok()?;
        place.split_once('#')?.1.parse().ok()
    };
    Ok(items.iter().filter_map(id).collect())
}

/// The workspaces whose end has come.
async fn ended_workspaces(app: &App, now: Timestamp) -> Result<Vec<WorkspaceId>, StoreError> {
    let mut found = Vec::new();
    for shard in 0..keys::DUE_SHARDS {
        let mut low = "0".to_owned();
        loop {
            let query = Query::due(keys::due_shard(shard))
                .between(low.clone(), keys::until(now))
                .limit(PAGE);
            let Listed { items, more } = app.store.page(query).await?;
            let places = items.iter().filter_map(|item| key_of(Table::Data, item));
            found.extend(places.filter_map(|key| keys::policy_of(&key)));
            let last = items
                .last()
                .and_then(|item| item.get("due_sk")?.as_s().ok());
            match last.filter(|_| more) {
                Some(last) => low = format!("{last}!"),
                None => break,
            }
        }
    }
    Ok(found)
}

async fn go_on(
    app: &App,
    id: ErasureId,
    stop_at: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let found = app.store.erasure(id, now).await?;
    let Some(erasure) = found.filter(|erasure| erasure.stage != Stage::Done) else {
        return Ok(());
    };
    let kind = erasure.erased;
    let ended = carry_out(app, erasure, stop_at).await?;
    let what = match kind {
        ErasureKind::Account => "erased_accounts",
        ErasureKind::Calls => "attested_deletions_of_calls",
        ErasureKind::Contact => "erased_contacts",
        ErasureKind::Workspace => "erased_workspaces",
    };
    report.add(what, u64::from(ended == Ended::Whole));
    Ok(())
}

/// What a contact's conversations are kept by; the platform's own when their workspace is gone.
async fn policy(app: &App, erasure: &Erasure, now: Timestamp) -> Result<Policy, StoreError> {
    let platform = Policy::platform();
    let TenantId::Workspace(workspace) = erasure.tenant else {
        return Ok(platform);
    };
    let place = keys::policy(workspace);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let lens = Lens {
        now,
        policy: &platform,
    };
    let row = fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)?;
    Ok(row.map_or_else(Policy::platform, |row| row.policy()))
}

async fn carry_out(app: &App, erasure: Erasure, stop_at: Timestamp) -> Result<Ended, StoreError> {
    let now = app.clock.now();
    match erasure.erased {
        ErasureKind::Account => Box::pin(app.store.erase_account(erasure, now)).await,
        ErasureKind::Calls => app.store.attest_calls(erasure, now).await,
        ErasureKind::Workspace => {
            let clock = || app.clock.now();
            Box::pin(app.store.erase_workspace(erasure, clock, stop_at)).await
        }
        ErasureKind::Contact => {
            let policy = policy(app, &erasure, now).await?;
            let lens = Lens {
                now,
                policy: &policy,
            };
            let has_time = || app.clock.now() < stop_at;
            Box::pin(app.store.verify_contact(erasure, has_time, lens)).await
        }
    }
}
