//! A deletion of calls: what was deleted, and the erasure that its receipt is written for.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        CallId, ErasureId, Policy, Timestamp, WorkspaceId,
        erasure::{ErasureKind, Tally},
        receipt::CallsMeant,
    },
    http::{Problem, actor::Entry},
    store::{
        CommitError, KeyedHash, Stored, Transaction, Unsealed, audit::Line, call::Call,
        erasure::Erasure, record::Record as _,
    },
};
use utoipa::ToSchema;

/// What a request deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallsDeleted {
    /// How many calls were deleted by this request, with everything that was known of them.
    #[schema(example = 12)]
    deleted: u64,
    /// How many it looked at.
    #[schema(example = 40)]
    looked_at: u64,
    /// When. The same stands in the audit log of the workspace.
    deleted_at: Timestamp,
    /// The erasure: `GET …/erasures/{erasure}` shows its receipt within minutes, which `sotto verify-receipt`
    /// checks. None when nothing was deleted.
    erasure_id: Option<ErasureId>,
    /// There is more: ask again with this as `after`.
    more_after: Option<CallId>,
    /// The day by which copies in backups have rolled out.
    gone_from_backups_by: Timestamp,
}

/// Calls that are being deleted.
pub struct Deletion {
    /// How many were looked at.
    pub looked_at: usize,
    one: Option<CallId>,
    meant: CallsMeant,
    tallies: Vec<Tally>,
}

impl Deletion {
    /// Nothing yet, of these.
    pub const fn of(meant: CallsMeant) -> Self {
        Self {
            looked_at: 0,
            one: None,
            meant,
            tallies: Vec::new(),
        }
    }

    /// Nothing yet, of this one.
    pub fn of_one(call: CallId) -> Self {
        Self {
            looked_at: 1,
            one: Some(call),
            ..Self::of(CallsMeant::default())
        }
    }

    /// Which calls are meant.
    pub const fn meant(&self) -> &CallsMeant {
        &self.meant
    }

    /// Deletes these.
    pub async fn delete(
        &mut self,
        app: &App,
        workspace: WorkspaceId,
        ids: &[CallId],
    ) -> Result<(), Problem> {
        let tallies = &mut self.tallies;
        Ok(app.store.delete_calls(workspace, ids, tallies).await?)
    }

    /// Lifts the block of whoever the calls are of, if all of theirs are meant.
    pub async fn lift(
        &mut self,
        app: &App,
        entry: &Entry,
        user_ref: KeyedHash,
    ) -> Result<(), Problem> {
        let whose = (entry.workspace, user_ref);
        let (meant, tallies) = (&self.meant, &mut self.tallies);
        let lens = entry.lens();
        Ok(app.store.delete_block(whose, meant, tallies, lens).await?)
    }

    /// Writes down what was deleted: for the receipt, and in the audit log.
    pub async fn end(
        self,
        app: &App,
        entry: &Entry,
        line: Line<'_>,
        more_after: Option<CallId>,
    ) -> Result<CallsDeleted, Problem> {
        let now = entry.now;
        let of_calls = |tally: &&Tally| tally.kind == Call::DECLARATION.name;
        let counted = self.tallies.iter().find(of_calls);
        let deleted = counted.map_or(0, |tally| tally.before.saturating_sub(tally.after));
        let mut erasure_id = None;
        if !self.tallies.is_empty() {
            let erasure =
                Erasure::of_calls(entry.workspace, self.one, self.meant, self.tallies, now);
            erasure_id = Some(erasure.id);
            let mut transaction = Transaction::new(now);
            transaction.create(&Stored::new(erasure, &Policy::platform()), &Unsealed)?;
            transaction.audit(line)?;
            match app.store.commit(transaction).await {
                Ok(()) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Refused(_)) => {
                    return Err(Problem::internal("a line that was there"));
                }
            }
        }
        Ok(CallsDeleted {
            deleted,
            looked_at: self.looked_at as u64,
            deleted_at: now,
            erasure_id,
            more_after,
            gone_from_backups_by: ErasureKind::Calls.unreadable_after(now),
        })
    }
}
