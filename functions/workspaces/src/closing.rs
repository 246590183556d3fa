//! How a workspace ends: seven days in which nothing opens it, and in which its owner may undo that.

use shared::{
    app::App,
    domain::{Timestamp, WorkspaceId},
    http::{Code, Member, Problem},
    store::{
        CommitError, Stored, Transaction, Unsealed, audit::Deed, notice::NoticeKind,
        workspace::WorkspacePolicy,
    },
};

use crate::{
    ownership, retention,
    workspace::{self, WorkspaceView},
};

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
        Some(_) => NoticeKind::WorkspaceDeletionScheduled,
        None => NoticeKind::WorkspaceDeletionUndone,
    };
    ownership::tell(&mut transaction, app, entry, notice).await?;
    let line = match closes_at {
        Some(_) => entry.line(member.id, Deed::WorkspaceClosing).begun(),
        None => entry.line(member.id, Deed::WorkspaceKept),
    };
    transaction.audit(line)?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let policy = row.record().policy();
            Ok(WorkspaceView::new(&found, &policy, member.id, member.role))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
