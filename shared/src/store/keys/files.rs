//! The names of files.
//!
//! | what | name |
//! |---|---|
//! | part of an export | `exports/<tenant>/<export>/<number>` |
//! | what a link to an export leads to | `links/<link>` |
//! | file as it was uploaded, open under KMS until it was looked through | `intake/<ws>/<conversation>/<attachment>` |
//! | file of a conversation | `files/<ws>/<conversation>/<attachment>/<rendition>` |
//! | what a link to it leads to | `links/<conversation>/<attachment>/<rendition>` |
//! | entry of the ledger of erasures | `ledger/<number>` |

use crate::{
    domain::{AttachmentId, ConversationId, ExportId, TenantId, WorkspaceId},
    store::objects::{ObjectKey, ObjectPrefix},
    words,
};

words! {
    /// Which form of a file.
    pub enum Rendition {
        /// The whole file.
        Content = "content",
        /// A small picture of it.
        Thumbnail = "thumbnail",
    }
}

/// Which file: the ids that its names are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKey {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// Its id.
    pub id: AttachmentId,
}

/// A part of an export.
pub fn export_part(tenant: TenantId, export: ExportId, number: u32) -> ObjectKey {
    ObjectKey::new(format!("exports/{tenant}/{export}/{number:06}"))
}

/// Every part of an export.
pub fn export_parts(tenant: TenantId, export: ExportId) -> ObjectPrefix {
    ObjectPrefix::new(format!("exports/{tenant}/{export}/"))
}

/// What one link leads to.
pub fn linked_file(export: ExportId, number: u32) -> ObjectKey {
    ObjectKey::new(format!("links/{export}/{number:06}"))
}

/// What the links to an export lead to.
pub fn linked_files_of(export: ExportId) -> ObjectPrefix {
    ObjectPrefix::new(format!("links/{export}/"))
}

/// What all links lead to.
pub fn linked_files() -> ObjectPrefix {
    ObjectPrefix::new("links/".to_owned())
}

/// An entry of the ledger of erasures.
pub fn ledger_entry(number: u64) -> ObjectKey {
    ObjectKey::new(format!("ledger/{number:016}"))
}

/// The ledger of erasures.
pub fn ledger() -> ObjectPrefix {
    ObjectPrefix::new("ledger/".to_owned())
}

/// Where a file is uploaded to.
pub fn intake(file: FileKey) -> ObjectKey {
    let FileKey {
        workspace,
        conversation,
        id,
    } = file;
    ObjectKey::new(format!("intake/{workspace}/{conversation}/{id}"))
}

/// Which file was uploaded under this name.
pub fn of_intake(name: &str) -> Option<FileKey> {
    let mut ids = name.strip_prefix("intake/")?.split('/');
    let file = FileKey {
        workspace: ids.next()?.parse().ok()?,
        conversation: ids.next()?.parse().ok()?,
        id: ids.next()?.parse().ok()?,
    };
    ids.next().is_none().then_some(file)
}

/// A form of a file, sealed.
pub fn rendition(file: FileKey, which: Rendition) -> ObjectKey {
    let FileKey {
        workspace,
        conversation,
        id,
    } = file;
    let which = which.word();
    ObjectKey::new(format!("files/{workspace}/{conversation}/{id}/{which}"))
}

/// What a link to a form of a file leads to.
pub fn linked_rendition(file: FileKey, which: Rendition) -> ObjectKey {
    let FileKey {
        conversation, id, ..
    } = file;
    ObjectKey::new(format!("links/{conversation}/{id}/{}", which.word()))
}

/// Everything of one file.
pub fn files_of_attachment(file: FileKey) -> [ObjectPrefix; 3] {
    let FileKey {
        workspace,
        conversation,
        id,
    } = file;
    [
        format!("intake/{workspace}/{conversation}/{id}"),
        format!("files/{workspace}/{conversation}/{id}/"),
        format!("links/{conversation}/{id}/"),
    ]
    .map(ObjectPrefix::new)
}

/// The files of a conversation, sent or not.
pub fn files_of_thread(workspace: WorkspaceId, conversation: ConversationId) -> [ObjectPrefix; 3] {
    [
        format!("intake/{workspace}/{conversation}/"),
        format!("files/{workspace}/{conversation}/"),
        format!("links/{conversation}/"),
    ]
    .map(ObjectPrefix::new)
}
