//! Files in conversations. What somebody uploaded waits for a day for its message; then it is a file
//! of that message and ends with it.
//!
//! The bytes lie under `intake/` as they came, until they have been looked through, in the bucket of what
//! passes; then sealed under the key of the conversation, in the one that is kept. A row that goes takes its bytes along: `outbox`
//! hears of it, whoever deleted the row.

use shared_derive::Record;

use super::{
    conversation::Conversation,
    db::{Store, StoreError},
    keys::{self, FileKey, FileOwner},
    message::Audience,
    objects::ObjectPrefix,
    query::Query,
    record::read_item,
    seal::DataKey,
    subject::SubjectId,
};
use crate::domain::{
    AttachmentId, ConversationId, Timestamp, WorkspaceId,
    attachment::{AttachedFile, FileState, MediaType},
    policy::Lens,
    text::FileName,
};

/// A file that nobody has sent yet.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = upload(workspace, conversation, id), tenant = workspace,
    within = Conversation, class = Upload, anchor = created_at,
)]
pub struct Upload {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: AttachmentId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Who uploads it, and who alone may send it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub author: SubjectId,
    /// What its author calls it.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub name: FileName,
    /// What it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub media: MediaType,
    /// How large it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub bytes: u64,
    /// How far it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub file_state: FileState,
    /// Whether there is a small picture of it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub thumbnail: bool,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A file of a message.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = attachment(workspace, conversation, id), tenant = workspace,
    within = Conversation, class = Conversation, anchor = sent_at,
)]
pub struct Attachment {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: AttachmentId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Of which message.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// Who sent it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub author: SubjectId,
    /// Who may fetch it: who may read the message.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub audience: Audience,
    /// What its author calls it.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub name: FileName,
    /// What it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub media: MediaType,
    /// How large it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub bytes: u64,
    /// Whether there is a small picture of it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub thumbnail: bool,
    /// When it was sent.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub sent_at: Timestamp,
}

impl Upload {
    /// The file as a message tells of it.
    pub fn file(&self) -> AttachedFile {
        AttachedFile {
            id: self.id,
            name: self.name.clone(),
            media: self.media,
            bytes: self.bytes,
            thumbnail: self.thumbnail,
        }
    }

    /// The ids that its names in the bucket are made of.
    pub const fn key_of_file(&self) -> FileKey {
        FileKey {
            workspace: self.workspace,
            owner: FileOwner::Conversation(self.conversation),
            id: self.id,
        }
    }
}

impl Attachment {
    /// The ids that its names in the bucket are made of.
    pub const fn key_of_file(&self) -> FileKey {
        FileKey {
            workspace: self.workspace,
            owner: FileOwner::Conversation(self.conversation),
            id: self.id,
        }
    }

    /// The file as its message tells of it.
    pub fn file(&self) -> AttachedFile {
        AttachedFile {
            id: self.id,
            name: self.name.clone(),
            media: self.media,
            bytes: self.bytes,
            thumbnail: self.thumbnail,
        }
    }
}

/// The most files of one conversation that are looked at for their sizes: one page of a query.
const MOST_FILES: u16 = 1_000;

impl Store {
    /// How many bytes somebody has lying in a conversation, sent and waiting. Two queries at once; it is
    /// a sum of what is there, so what ends makes room by itself, and nothing can drift.
    ///
    /// # Errors
    /// When storage did not say.
    pub async fn bytes_of(
        &self,
        head: &Conversation,
        author: SubjectId,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<u64, StoreError> {
        let policy = head.policy(lens);
        let lens = Lens {
            policy: &policy,
            ..lens
        };
        let rows = |(low, high): (&str, &str)| {
            let thread = Query::partition(keys::thread(head.workspace, head.id));
            self.query(thread.between(low, high).limit(MOST_FILES))
        };
        let (sent, waiting) = tokio::try_join!(rows(keys::SENT_FILES), rows(keys::WAITING_FILES))?;
        let mut bytes = 0_u64;
        for item in &sent {
            let file = read_item::<Attachment>(item, key, lens)?;
            let file = file.filter(|file| file.author == author);
            bytes = bytes.saturating_add(file.map_or(0, |file| file.bytes));
        }
        for item in &waiting {
            let file = read_item::<Upload>(item, key, lens)?;
            let file = file.filter(|file| file.author == author);
            bytes = bytes.saturating_add(file.map_or(0, |file| file.bytes));
        }
        Ok(bytes)
    }

    /// Deletes every version of everything of one file that no row has: neither the one of its upload
    /// nor, when it was sent, that of its message. What has a row is kept, whoever may see it: then there
    /// is no count.
    ///
    /// # Errors
    /// When storage did not do all of it; doing it again is safe.
    pub async fn erase_file_without_row(&self, file: FileKey) -> Result<Option<u64>, StoreError> {
        let rows = keys::rows_of_file(file);
        let found = self.batch(rows.to_vec()).await?;
        match rows.iter().any(|row| found.raw(row).is_some()) {
            true => Ok(None),
            false => {
                let erased = self.erase_all(&keys::files_of_attachment(file)).await?;
                Ok(Some(erased))
            }
        }
    }

    /// Whether something was uploaded.
    ///
    /// # Errors
    /// When S3 did not say.
    pub async fn has_arrived(&self, file: FileKey) -> Result<bool, StoreError> {
        let [uploaded, ..] = keys::files_of_attachment(file);
        Ok(!self.objects().versions(&uploaded).await?.is_empty())
    }

    /// Deletes what was uploaded, when it has been looked through.
    ///
    /// # Errors
    /// As [`Self::erase_file_without_row`].
    pub async fn erase_intake(&self, file: FileKey) -> Result<u64, StoreError> {
        let [uploaded, ..] = keys::files_of_attachment(file);
        self.objects().erase(&uploaded).await
    }

    /// Deletes every version of every file of a conversation or a member, sent or not.
    ///
    /// # Errors
    /// As [`Self::erase_file_without_row`].
    pub async fn erase_files_of(
        &self,
        workspace: WorkspaceId,
        owner: FileOwner,
    ) -> Result<u64, StoreError> {
        self.erase_all(&keys::files_of(workspace, owner)).await
    }

    async fn erase_all(&self, prefixes: &[ObjectPrefix]) -> Result<u64, StoreError> {
        let mut erased = 0;
        for prefix in prefixes {
            erased += self.objects().erase(prefix).await?;
        }
        Ok(erased)
    }
}
