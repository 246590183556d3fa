//! Entries of the operator as the workspace sees them.

use serde::Serialize;
use shared::{
    domain::{BreakGlassId, MemberId, Timestamp},
    store::break_glass::{BreakGlass, BreakGlassReason},
};
use utoipa::ToSchema;

/// That an operator entered the workspace.
#[derive(Serialize, ToSchema)]
pub struct BreakGlassView {
    /// Its id.
    id: BreakGlassId,
    /// As which member they read.
    member_id: MemberId,
    /// Why.
    reason: BreakGlassReason,
    /// The number of the case in the operator's books.
    #[schema(example = 4711)]
    case_number: Option<u64>,
    /// From when.
    opened_at: Timestamp,
    /// Until when; of one that goes on, until when at the longest.
    ends_at: Timestamp,
    /// Whether it goes on.
    open: bool,
}

impl BreakGlassView {
    /// The view of an entry at `now`.
    pub fn new(entry: &BreakGlass, now: Timestamp) -> Self {
        Self {
            id: entry.id,
            member_id: entry.member,
            reason: entry.reason,
            case_number: entry.case_number,
            opened_at: entry.opened_at,
            ends_at: entry.end(),
            open: entry.end() > now,
        }
    }
}
