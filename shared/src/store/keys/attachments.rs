//! The keys of files: they lie with what they belong to, a conversation or a member.

use super::{FileKey, FileOwner, Key, data, membership, thread};
use crate::{
    domain::{AttachmentId, ConversationId, MemberId, TenantId, WorkspaceId},
    store::subject::RootRef,
};

/// What the sort keys of files that nobody has sent open with.
const UPLOAD: &str = "U#";
/// The sort keys of the files of a conversation that wait, from the first to the last.
pub const WAITING_FILES: (&str, &str) = ("U#", "U#~");
/// Those of its files that were sent.
pub const SENT_FILES: (&str, &str) = ("A#", "A#~");
/// What the sort keys of files that are somewhere open with.
const ATTACHMENT: &str = "A#";

/// A file that nobody has sent yet.
pub fn upload(workspace: WorkspaceId, conversation: ConversationId, id: AttachmentId) -> Key {
    data(thread(workspace, conversation), format!("{UPLOAD}{id}"))
}

/// A file of a message.
pub fn attachment(workspace: WorkspaceId, conversation: ConversationId, id: AttachmentId) -> Key {
    data(thread(workspace, conversation), format!("{ATTACHMENT}{id}"))
}

/// A photo of a member that was not looked through yet.
pub fn photo_upload(workspace: WorkspaceId, member: MemberId, id: AttachmentId) -> Key {
    data(membership(workspace, member).pk, format!("{UPLOAD}{id}"))
}

/// The photo of a member.
pub fn photo(workspace: WorkspaceId, member: MemberId, id: AttachmentId) -> Key {
    data(
        membership(workspace, member).pk,
        format!("{ATTACHMENT}{id}"),
    )
}

/// How many bytes the files of a workspace take up.
pub fn file_room(workspace: WorkspaceId) -> Key {
    data(format!("FILEROOM#{workspace}"), "SUM")
}

/// What one file of it counts there.
pub fn file_share(workspace: WorkspaceId, conversation: ConversationId, file: AttachmentId) -> Key {
    let sk = format!("F#{conversation}#{file}");
    data(format!("FILEROOM#{workspace}"), sk)
}

/// The rows that a file may have: while it waits, and when it is somewhere.
pub fn rows_of_file(file: FileKey) -> [Key; 2] {
    let FileKey {
        workspace,
        owner,
        id,
    } = file;
    match owner {
        FileOwner::Conversation(of) => [upload(workspace, of, id), attachment(workspace, of, id)],
        FileOwner::Member(of) => [photo_upload(workspace, of, id), photo(workspace, of, id)],
    }
}

/// Whose files the item at this key has in the bucket, if it has any.
pub fn has_files(key: &Key) -> bool {
    let row = key.sk.starts_with(UPLOAD) || key.sk.starts_with(ATTACHMENT);
    row && ["CONVERSATION#", "MEMBERSHIP#"]
        .iter()
        .any(|kind| key.pk.starts_with(kind))
}

/// Which file a row is about, if it is about one.
pub fn file_of_row(key: &Key) -> Option<FileKey> {
    if !has_files(key) {
        return None;
    }
    let root = RootRef::of(key);
    let TenantId::Workspace(workspace) = root.tenant()? else {
        return None;
    };
    Some(FileKey {
        workspace,
        owner: root.id().parse().ok()?,
        id: key.sk.split_once('#')?.1.parse().ok()?,
    })
}
