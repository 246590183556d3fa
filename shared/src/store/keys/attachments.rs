//! The keys of files: they lie with their conversation.

use super::{Key, data, thread};
use crate::domain::{AttachmentId, ConversationId, WorkspaceId};

/// What the sort keys of files that nobody has sent open with.
const UPLOAD: &str = "U#";
/// What the sort keys of files of messages open with.
const ATTACHMENT: &str = "A#";

/// A file that nobody has sent yet.
pub fn upload(workspace: WorkspaceId, conversation: ConversationId, id: AttachmentId) -> Key {
    data(thread(workspace, conversation), format!("{UPLOAD}{id}"))
}

/// A file of a message.
pub fn attachment(workspace: WorkspaceId, conversation: ConversationId, id: AttachmentId) -> Key {
    data(thread(workspace, conversation), format!("{ATTACHMENT}{id}"))
}

/// Whether files in the bucket belong to the item at this key.
pub fn has_files(key: &Key) -> bool {
    let row = key.sk.starts_with(UPLOAD) || key.sk.starts_with(ATTACHMENT);
    row && key.pk.starts_with("CONVERSATION#")
}
