//! Tells whoever answers for a workspace that what nobody has touched for two years is near its end
//! (CHAT-18): once a week at most, and of everything thirty days before at the least.

use std::collections::BTreeMap;

use shared::{
    app::App,
    domain::{
        Permission, Policy, Timestamp, WorkspaceId,
        idle::{NEAR, TOLD_EVERY},
        policy::Lens,
    },
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed,
        idle::IdleTold,
        keys,
        notice::{Notice, NoticeKind},
    },
};

/// How many are told at once: a transaction has room for a hundred writes.
const MOST_TOLD: usize = 50;

/// The last end that is near, of each workspace that has one.
pub type Near = BTreeMap<WorkspaceId, Timestamp>;

/// Tells the workspaces that were not told yet: how many.
pub async fn tell(app: &App, near: Near, now: Timestamp) -> Result<u64, StoreError> {
    let places = near.keys().map(|workspace| keys::idle_told(*workspace));
    let fetched = app.store.batch_all(places.collect()).await?;
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let mut told = 0;
    for (workspace, end) in near {
        let place = keys::idle_told(workspace);
        let before = fetched.get::<IdleTold>(&place, &Unsealed, lens)?;
        let is_known = before
            .as_ref()
            .is_some_and(|last| last.covers_until >= end || last.told_at.plus(TOLD_EVERY) > now);
        if is_known {
            continue;
        }
        told += u64::from(one(app, workspace, before, now).await?);
    }
    Ok(told)
}

async fn one(
    app: &App,
    workspace: WorkspaceId,
    before: Option<IdleTold>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let policy = Policy::platform();
    let row = IdleTold {
        workspace,
        told_at: now,
        covers_until: now.plus(NEAR),
        rev: before.as_ref().map_or(1, |before| before.rev),
    };
    let mut transaction = Transaction::new(now);
    match before {
        Some(_) => transaction.replace(&Stored::next(row, &policy), &Unsealed)?,
        None => transaction.create(&Stored::new(row, &policy), &Unsealed)?,
    };
    let accounts = app
        .store
        .accounts_that_may(workspace, Permission::PrivacyManage, now)
        .await?;
    for account in accounts.into_iter().take(MOST_TOLD) {
        let notice = Notice::new(account, NoticeKind::IdleDataEnding, now);
        transaction.notify(notice.in_workspace(workspace))?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(true),
        // Another run has told them.
        Err(CommitError::Refused(_)) => Ok(false),
        Err(CommitError::Store(error)) => Err(error),
    }
}
