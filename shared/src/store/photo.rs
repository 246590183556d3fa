//! Photos of members. What somebody uploaded waits until it was looked through; then it takes the place
//! of the photo before, in the transaction that makes it the member's.
//!
//! The bytes lie as those of other files do: see [`super::attachment`]. A row that goes, because
//! another photo came or the member went, takes its bytes along.

use shared_derive::Record;

use super::keys::{FileKey, FileOwner};
use crate::domain::{
    AttachmentId, MemberId, Timestamp, WorkspaceId,
    attachment::{FileState, MediaType},
};

/// A photo that was not looked through yet, or that was refused.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = photo_upload(workspace, member, id), tenant = workspace,
    within = Membership, class = Upload, anchor = created_at,
)]
pub struct PhotoUpload {
    /// Its id.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: AttachmentId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// What it is.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub media: MediaType,
    /// How large it is.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub bytes: u64,
    /// How far it is.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub file_state: FileState,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// The photo of a member: a JPEG of at most 512 by 512.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = photo(workspace, member, id), tenant = workspace,
    within = Membership, class = Workspace, anchor = created_at,
)]
pub struct Photo {
    /// Its id, which is another one for every photo.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: AttachmentId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// How large it is.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub bytes: u64,
    /// Since when.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
}

/// The ids that the names of a photo in the bucket are made of.
pub const fn key_of_photo(workspace: WorkspaceId, member: MemberId, id: AttachmentId) -> FileKey {
    FileKey {
        workspace,
        owner: FileOwner::Member(member),
        id,
    }
}
