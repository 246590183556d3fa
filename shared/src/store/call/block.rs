//! Who may not call a team any more.

use shared_derive::Record;

use crate::{
    domain::{CallBlockId, Timestamp, WorkspaceId, retention::CALL_BLOCK_LIFETIME},
    store::seal::KeyedHash,
};

/// That somebody may not call a team: whom an app called for, and signed for. A guest without a reference is
/// somebody else tomorrow (CALL-13), so there is nobody to block.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = call_block(workspace, id), lists = call_block_list(workspace, id), tenant = workspace,
    no_subject = "the keyed hash of a reference of the workspace's, of nobody we know; gone after a year, with a deletion of their calls, or when it is lifted",
    class = CallBlock, anchor = created_at,
)]
pub struct CallBlock {
    /// Its id, which follows from `user_ref`.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub id: CallBlockId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What recognises whom the app calls for.
    #[personal(category = Identifier, purpose = ConnectCall, erase = Delete, keyed)]
    pub user_ref: KeyedHash,
    /// Since when.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl CallBlock {
    /// The block of somebody, from `now` on.
    pub fn new(workspace: WorkspaceId, user_ref: KeyedHash, now: Timestamp) -> Self {
        Self {
            id: Self::id_of(user_ref),
            workspace,
            user_ref,
            created_at: now,
        }
    }

    /// The id of a block of somebody: the same whoever asks, so that nobody is blocked twice.
    pub fn id_of(user_ref: KeyedHash) -> CallBlockId {
        CallBlockId::derived(Timestamp::from_ms(0), user_ref.as_bytes())
    }

    /// Until when it holds.
    pub fn ends_at(&self) -> Timestamp {
        self.created_at.plus(CALL_BLOCK_LIFETIME)
    }
}
