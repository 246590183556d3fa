//! Who may not call a team any more, on the wire: nothing that says who they are.

use serde::Serialize;
use shared::{
    domain::{CallBlockId, Timestamp},
    store::call::CallBlock,
};
use utoipa::ToSchema;

/// That somebody may not call. Whom it is about is kept as a keyed hash: blocking the same reference again
/// tells which block that is.
#[derive(Serialize, ToSchema)]
pub struct CallBlockView {
    /// Its id.
    id: CallBlockId,
    /// Since when.
    created_at: Timestamp,
    /// Until when: a year later, unless it is lifted before.
    expires_at: Timestamp,
}

impl CallBlockView {
    /// The view of a block.
    pub fn new(block: &CallBlock) -> Self {
        Self {
            id: block.id,
            created_at: block.created_at,
            expires_at: block.ends_at(),
        }
    }
}
