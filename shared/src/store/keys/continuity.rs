//! Keys of mail about conversations.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | how far mail about a conversation has got | data | `CONVERSATION#<ws>#<conversation>` | `CONTINUITY` |
//! | where an address for replies leads | data | `REPLY#<ws>#<keyed hash>` | `ENTRY` |

use super::{IndexKey, Key, conversations::of_thread, data, due, thread};
use crate::{
    domain::{ConversationId, Timestamp, WorkspaceId},
    store::seal::KeyedHash,
};

const CONTINUITY: &str = "CONTINUITY";

/// How far mail about a conversation has got.
pub fn continuity(workspace: WorkspaceId, conversation: ConversationId) -> Key {
    data(thread(workspace, conversation), CONTINUITY)
}

/// In which conversation mail may be due, if that is what lies here.
pub fn continuity_of(key: &Key) -> Option<(WorkspaceId, ConversationId)> {
    (key.sk == CONTINUITY).then(|| of_thread(key))?
}

/// When somebody looks whether the visitor has read.
pub fn continuity_due(
    workspace: WorkspaceId,
    conversation: ConversationId,
    due_at: Option<Timestamp>,
) -> Option<IndexKey> {
    Some(due(due_at?, &thread(workspace, conversation)))
}

/// Where an address for replies leads.
pub fn reply_address(workspace: WorkspaceId, address: KeyedHash) -> Key {
    data(format!("REPLY#{workspace}#{address}"), "ENTRY")
}
