//! Keys of calls, and of those who call.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | call, how well it went for a side | data | `CALL#<ws>#<call>` | `HEAD`, `Q#<side>` |
//! | that somebody may not call | data | `CALL#<ws>#<block>` | `BLOCK` |
//! | somebody who calls without an account | data | `GUEST#<ws>#<guest>` | `HEAD` |
//! | link that lets somebody call a member | data | `LINK#<ws>#<link>` | `HEAD` |
//! | what lets a device into a call | data | `JOIN#<ws>#<pass>` | `HEAD` |

use super::{HEAD, IndexKey, Key, data, due, head};
use crate::domain::{
    CallBlockId, CallId, CallLinkId, GuestId, JoinId, Timestamp, WorkspaceId,
    call::{CallState, Side},
};

/// A call.
pub fn call(workspace: WorkspaceId, id: CallId) -> Key {
    head(call_partition(workspace, id))
}

/// The partition of a call.
pub fn call_partition(workspace: WorkspaceId, id: CallId) -> String {
    format!("CALL#{workspace}#{id}")
}

/// Whether this is the head of a call.
pub fn is_call(key: &Key) -> bool {
    key.pk.starts_with("CALL#") && key.sk == HEAD
}

/// How well a call went for a side.
pub fn call_quality(workspace: WorkspaceId, call: CallId, side: Side) -> Key {
    data(
        call_partition(workspace, call),
        format!("Q#{}", side.word()),
    )
}

/// Calls of a workspace that go on, and those that are over, each by id, which is by beginning.
pub fn call_list(workspace: WorkspaceId, state: CallState, id: CallId) -> IndexKey {
    IndexKey {
        pk: calls(workspace, state),
        sk: id.to_string(),
    }
}

/// The list of all calls that go on, or of all that are over.
pub fn calls(workspace: WorkspaceId, state: CallState) -> String {
    let list = match state {
        CallState::Ended => "ENDED",
        _ => "OPEN",
    };
    format!("CALL#{workspace}#{list}")
}

/// When something happens to a call by itself.
pub fn call_due(workspace: WorkspaceId, id: CallId, due_at: Option<Timestamp>) -> Option<IndexKey> {
    Some(due(due_at?, &call_partition(workspace, id)))
}

/// That somebody may not call.
pub fn call_block(workspace: WorkspaceId, id: CallBlockId) -> Key {
    data(format!("CALL#{workspace}#{id}"), "BLOCK".to_owned())
}

/// Those who may not call a workspace, by id.
pub fn call_block_list(workspace: WorkspaceId, id: CallBlockId) -> IndexKey {
    IndexKey {
        pk: call_blocks(workspace),
        sk: id.to_string(),
    }
}

/// The list of all who may not call.
pub fn call_blocks(workspace: WorkspaceId) -> String {
    format!("CALL#{workspace}#BLOCKED")
}

/// Somebody who calls without an account.
pub fn guest(workspace: WorkspaceId, id: GuestId) -> Key {
    head(format!("GUEST#{workspace}#{id}"))
}

/// A link that lets somebody call a member.
pub fn call_link(workspace: WorkspaceId, id: CallLinkId) -> Key {
    head(format!("LINK#{workspace}#{id}"))
}

/// What lets a device into a call.
pub fn join_pass(workspace: WorkspaceId, id: JoinId) -> Key {
    head(format!("JOIN#{workspace}#{id}"))
}
