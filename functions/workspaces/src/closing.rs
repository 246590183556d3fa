//! How a workspace ends: seven days in which nothing opens it, and in which its owner may undo that.

use shared::{
    app::App,
    domain::{Timestamp, WorkspaceId, retention::erasure_days, time::DAY},
    http::{Code, Member, Problem},
    store::{
        CommitError, Stored, Transaction, Unsealed, audit::Deed, notice::NoticeKind,
        workspace::WorkspacePolicy,
    },
    words,
};

use crate::{
    ownership, retention,
    workspace::{self, WorkspaceView},
};

words! {
    /// When what is deleted is erased.
    #[derive(Default)]
    pub enum When {
        /// After the seven days in which it can be undone.
        #[default]
        Later = "later",
        /// Within minutes; it cannot be undone.
        Now = "now",
    }
}

impl When {
    /// The instant of the erasure of what is deleted at `now`.
    pub fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Later => now.plus(DAY * erasure_days::UNDO),
            Self::Now => now,
        }
    }
}

/// Writes when a workspace will be erased, or that it will not, and tells every owner; the workspace
/// as it is then.
pub async fn set(
    app: &App,
    member: &Member,
    id: WorkspaceId,
    closes_at: Option<Timestamp>,
) -> Result<WorkspaceView, Problem> {
    let entry = &member.entry;
    let found = workspace::open(entry.fetched(), &entry.tenant_key, id, entry.lens())?;
    let found = found.ok_or_else(Problem::not_found)?;
    let row = WorkspacePolicy {
        closes_at,
        ..retention::row(entry)?
    };
    let row = Stored::next(row, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&row, &Unsealed)?;
    let notice = match closes_at {
        Some(at) if at > entry.now => Some(NoticeKind::WorkspaceDeletionScheduled),
        // Who does not wait hears of it when it is done.
        Some(_) => None,
        None => Some(NoticeKind::WorkspaceDeletionUndone),
    };
    let line = match closes_at {
        Some(_) => entry.line(member.id, Deed::WorkspaceClosing).begun(),
        None => entry.line(member.id, Deed::WorkspaceKept),
    };
    transaction.audit(line)?;
    if let Some(notice) = notice {
        ownership::tell(&mut transaction, app, entry, notice).await?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => {
            let policy = row.record().policy();
            Ok(WorkspaceView::new(&found, &policy, member.id, member.role))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
