//! A workspace as the operator sees it: that it is there, and how it stands. No name, no people.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        Profile, Timestamp, WorkspaceId,
        policy::{Module, SuspensionReason},
    },
    http::{Code, Problem},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        audit::Deed,
        notice::{Notice, NoticeKind},
        operator::OperatorAct,
        workspace::WorkspacePolicy,
    },
    words,
};
use utoipa::ToSchema;

use shared::http::Operator;

words! {
    /// How a workspace stands.
    pub enum WorkspaceState {
        /// It may be used.
        Active = "active",
        /// Its owner ended it.
        Closing = "closing",
        /// Members may read and nothing else, and visitors stay outside.
        Suspended = "suspended",
    }
}

/// A workspace as the operator sees it.
#[derive(Serialize, ToSchema)]
pub struct OperatedWorkspace {
    /// Its id.
    id: WorkspaceId,
    /// Which family of promises it made.
    profile: Profile,
    /// What it can do.
    modules: Vec<Module>,
    /// How it stands.
    state: WorkspaceState,
    /// Since when it is suspended.
    suspended_at: Option<Timestamp>,
    /// Why it is suspended.
    suspended_for: Option<SuspensionReason>,
    /// When it was made.
    created_at: Timestamp,
}

impl OperatedWorkspace {
    /// The view of a workspace.
    pub fn new(row: &WorkspacePolicy) -> Self {
        let state = match (row.closes_at, row.suspended_at) {
            (Some(_), _) => WorkspaceState::Closing,
            (None, Some(_)) => WorkspaceState::Suspended,
            (None, None) => WorkspaceState::Active,
        };
        Self {
            id: row.workspace,
            profile: row.profile,
            modules: row.modules.clone(),
            state,
            suspended_at: row.suspended_at,
            suspended_for: row.suspended_for,
            created_at: row.created_at,
        }
    }
}

/// Suspends a workspace for a reason, or, without one, lets it go on, and tells its owners. What
/// stands so already is left as it is.
///
/// # Errors
/// 409 `conflict` when its settings were changed meanwhile.
pub async fn suspend(
    app: &App,
    (operator, row): (Operator, WorkspacePolicy),
    reason: Option<SuspensionReason>,
) -> Result<OperatedWorkspace, Problem> {
    if row.suspended_for == reason {
        return Ok(OperatedWorkspace::new(&row));
    }
    let (workspace, now) = (row.workspace, operator.now);
    let next = WorkspacePolicy {
        suspended_at: reason.map(|_| row.suspended_at.unwrap_or(now)),
        suspended_for: reason,
        ..row
    };
    let policy = next.policy();
    let stored = Stored::next(next, &policy);
    let mut transaction = Transaction::new(now);
    transaction.replace(&stored, &Unsealed)?;
    let (deed, act, notice) = match reason {
        Some(_) => (
            Deed::WorkspaceSuspended,
            OperatorAct::WorkspaceSuspended,
            NoticeKind::WorkspaceSuspended,
        ),
        None => (
            Deed::WorkspaceResumed,
            OperatorAct::WorkspaceResumed,
            NoticeKind::WorkspaceResumed,
        ),
    };
    transaction.audit(operator.line(workspace, deed))?;
    transaction.deed(operator.deed(act).in_workspace(workspace))?;
    tell_owners(app, &mut transaction, &operator, workspace, notice).await?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(OperatedWorkspace::new(stored.record())),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// Tells every owner of a workspace what `transaction` does.
pub async fn tell_owners(
    app: &App,
    transaction: &mut Transaction,
    operator: &Operator,
    workspace: WorkspaceId,
    kind: NoticeKind,
) -> Result<(), Problem> {
    for owner in app.store.owner_accounts(workspace, operator.now).await? {
        let notice = Notice::new(owner, kind, operator.now);
        transaction.notify(notice.in_workspace(workspace))?;
    }
    Ok(())
}
