//! A deletion of calls: what was deleted, and the erasure that its receipt is written for.

use serde::Serialize;
use shared::{
    app::App,
    domain::{CallId, ErasureId, Timestamp, erasure::ErasureKind, receipt::CallsMeant},
    http::{Problem, actor::Entry},
    store::{KeyedHash, audit::Line, erasing::CallDeletion},
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
pub struct Deletion<'a> {
    /// How many were looked at.
    pub looked_at: usize,
    calls: CallDeletion,
    line: Line<'a>,
}

impl<'a> Deletion<'a> {
    /// Nothing yet, of these.
    pub const fn of(calls: CallDeletion, line: Line<'a>) -> Self {
        Self {
            looked_at: 0,
            calls,
            line,
        }
    }

    /// Which calls are meant.
    pub const fn meant(&self) -> &CallsMeant {
        self.calls.meant()
    }

    /// Deletes these. What went is written down with it: for the receipt, and in the audit log.
    pub async fn delete(&mut self, app: &App, ids: &[CallId]) -> Result<(), Problem> {
        let (calls, now) = (&mut self.calls, app.clock.now());
        let gone = app.store.delete_calls_of(calls, ids, &self.line, now).await;
        Ok(gone?)
    }

    /// Lifts the block of whoever the calls are of, if all of theirs are meant.
    pub async fn lift(
        &mut self,
        app: &App,
        entry: &Entry,
        user_ref: KeyedHash,
    ) -> Result<(), Problem> {
        let (calls, lens) = (&mut self.calls, entry.lens());
        let lifted = app
            .store
            .delete_block(calls, user_ref, &self.line, lens)
            .await;
        Ok(lifted?)
    }

    /// What was deleted.
    pub async fn end(
        mut self,
        app: &App,
        entry: &Entry,
        more_after: Option<CallId>,
    ) -> Result<CallsDeleted, Problem> {
        let now = entry.now;
        app.store
            .end_deletion_of_calls(&mut self.calls, now)
            .await?;
        Ok(CallsDeleted {
            deleted: self.calls.deleted(),
            looked_at: self.looked_at as u64,
            deleted_at: now,
            erasure_id: self.calls.erasure(),
            more_after,
            gone_from_backups_by: ErasureKind::Calls.unreadable_after(now),
        })
    }
}
