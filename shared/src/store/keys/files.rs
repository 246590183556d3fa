//! The names of files.
//!
//! | what | name |
//! |---|---|
//! | part of an export | `exports/<tenant>/<export>/<number>-<run>`; `<number>` alone of before there were runs |
//! | what a link to an export leads to | `links/<link>` |
//! | file as it was uploaded, open under KMS until it was looked through | `intake/<ws>/<conversation or member>/<attachment>` |
//! | file of a conversation, photo of a member | `files/<ws>/<conversation or member>/<attachment>/<rendition>` |
//! | what a link to it leads to | `links/<conversation or member>/<attachment>/<rendition>` |
//! | mail as it came in, for a day at the most | `mail/<desk>/<name that SES gave it>` |
//! | entry of the ledger of erasures | `ledger/<number>` |

use std::{fmt, str::FromStr};

use crate::{
    domain::{
        AttachmentId, ConversationId, ExportId, MemberId, TenantId, WorkspaceId,
        attachment::Rendition, text::Fault,
    },
    store::objects::{ObjectKey, ObjectPrefix},
    words,
};

/// What a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileOwner {
    /// A conversation.
    Conversation(ConversationId),
    /// A member, whose photo it is.
    Member(MemberId),
}

impl fmt::Display for FileOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversation(id) => id.fmt(f),
            Self::Member(id) => id.fmt(f),
        }
    }
}

impl FromStr for FileOwner {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let conversation = text.parse().map(Self::Conversation);
        conversation.or_else(|_| text.parse().map(Self::Member))
    }
}

words! {
    /// Where mail to this deployment comes to.
    pub enum Desk {
        /// Who answers about privacy.
        Privacy = "privacy",
        /// Conversations, which go on by mail.
        Reply = "reply",
        /// Who answers questions.
        Support = "support",
    }
}

/// Which mail that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailKey {
    /// To which desk.
    pub desk: Desk,
    /// The name that SES gave it.
    name: String,
}

/// Longest name of a mail; those of SES have about forty characters.
const MOST_NAME: usize = 128;

/// Where a mail lies that came in, until it has been read.
pub fn mail(mail: &MailKey) -> ObjectKey {
    ObjectKey::new(format!("mail/{}/{}", mail.desk.word(), mail.name))
}

/// Which mail lies under this name.
pub fn of_mail(name: &str) -> Option<MailKey> {
    let (desk, name) = name.strip_prefix("mail/")?.split_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let fits = (1..=MOST_NAME).contains(&name.len()) && name.chars().all(plain);
    fits.then_some(MailKey {
        desk: Desk::parse(desk)?,
        name: name.to_owned(),
    })
}

/// All mail that came in.
pub fn mails() -> ObjectPrefix {
    ObjectPrefix::new("mail/".to_owned())
}

/// Which file: the ids that its names are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Whose.
    pub owner: FileOwner,
    /// Its id.
    pub id: AttachmentId,
}

/// A part of an export, as this run wrote it: two that overlap never write under one name.
pub fn export_part(tenant: TenantId, export: ExportId, number: u32, run: Option<u64>) -> ObjectKey {
    let run = run.map_or_else(String::new, |run| format!("-{run:016x}"));
    ObjectKey::new(format!("exports/{tenant}/{export}/{number:06}{run}"))
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
        owner,
        id,
    } = file;
    ObjectKey::new(format!("intake/{workspace}/{owner}/{id}"))
}

/// Which file was uploaded under this name.
pub fn of_intake(name: &str) -> Option<FileKey> {
    let mut ids = name.strip_prefix("intake/")?.split('/');
    let file = FileKey {
        workspace: ids.next()?.parse().ok()?,
        owner: ids.next()?.parse().ok()?,
        id: ids.next()?.parse().ok()?,
    };
    ids.next().is_none().then_some(file)
}

/// A form of a file, sealed.
pub fn rendition(file: FileKey, which: Rendition) -> ObjectKey {
    let FileKey {
        workspace,
        owner,
        id,
    } = file;
    let which = which.word();
    ObjectKey::new(format!("files/{workspace}/{owner}/{id}/{which}"))
}

/// Every form of every file that is kept.
pub fn kept_files() -> ObjectPrefix {
    ObjectPrefix::new("files/".to_owned())
}

/// Of which file a form lies under this name.
pub fn of_rendition(name: &str) -> Option<FileKey> {
    let mut ids = name.strip_prefix("files/")?.split('/');
    let file = FileKey {
        workspace: ids.next()?.parse().ok()?,
        owner: ids.next()?.parse().ok()?,
        id: ids.next()?.parse().ok()?,
    };
    ids.next().map(|_| file)
}

/// What a link to a form of a file leads to.
pub fn linked_rendition(file: FileKey, which: Rendition) -> ObjectKey {
    let FileKey { owner, id, .. } = file;
    ObjectKey::new(format!("links/{owner}/{id}/{}", which.word()))
}

/// Everything of one file.
pub fn files_of_attachment(file: FileKey) -> [ObjectPrefix; 3] {
    let FileKey {
        workspace,
        owner,
        id,
    } = file;
    [
        format!("intake/{workspace}/{owner}/{id}"),
        format!("files/{workspace}/{owner}/{id}/"),
        format!("links/{owner}/{id}/"),
    ]
    .map(ObjectPrefix::new)
}

/// All files of an owner, sent or not.
pub fn files_of(workspace: WorkspaceId, owner: FileOwner) -> [ObjectPrefix; 3] {
    [
        format!("intake/{workspace}/{owner}/"),
        format!("files/{workspace}/{owner}/"),
        format!("links/{owner}/"),
    ]
    .map(ObjectPrefix::new)
}
