//! How many bytes the files of a workspace take up: one sum, and what each file counts in it.
//!
//! Both are written in the transaction that makes the row of a file, on the version of the sum that was
//! read; so of two who ask for the last place at once one gets it. `outbox` hears of every row of a file
//! that goes, whoever deleted it, and gives its bytes back once: the share goes in the same transaction.

use shared_derive::Record;

use super::{
    db::{Store, StoreError},
    keys::{self, FileKey, FileOwner},
    record::{Stored, read_item},
    seal::Unsealed,
    transaction::{CommitError, Refusal, Slot, Transaction},
};
use crate::domain::{AttachmentId, ConversationId, Policy, Timestamp, WorkspaceId, policy::Lens};

/// How often a writer that lost the race for the sum tries again.
pub const ROOM_RACES: u32 = 32;

/// The bytes that the files of a workspace take up, sent and waiting, as they were announced.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = file_room(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct FileRoom {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// How many.
    #[non_personal(reason = "a sum of sizes over all files of a workspace")]
    pub bytes: u64,
    /// Since when it is counted.
    #[non_personal(reason = "when a sum was begun")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What one file counts in the sum. It outlives the row of its file by moments, or leads the sweep to bytes that
/// `outbox` gave up.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = file_share(workspace, conversation, file), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct FileShare {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation it lies.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Which file.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub file: AttachmentId,
    /// How many bytes.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub bytes: u64,
    /// Since when.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl FileShare {
    /// The ids that the names of its file are made of.
    pub const fn key_of_file(&self) -> FileKey {
        FileKey {
            workspace: self.workspace,
            owner: FileOwner::Conversation(self.conversation),
            id: self.file,
        }
    }
}

impl FileRoom {
    /// That of a workspace that has no files: version 0, stored nowhere.
    pub const fn empty(workspace: WorkspaceId, now: Timestamp) -> Self {
        Self {
            workspace,
            bytes: 0,
            created_at: now,
            rev: 0,
        }
    }

    /// Whether so many bytes more come to `most` at most.
    pub const fn takes(&self, bytes: u64, most: u64) -> bool {
        self.bytes.saturating_add(bytes) <= most
    }

    /// The same with so many bytes, written on the version that was read.
    fn keep(self, bytes: u64, transaction: &mut Transaction) -> Result<Slot, StoreError> {
        let is_new = self.rev == 0;
        let next = Stored::next(Self { bytes, ..self }, &Policy::platform());
        match is_new {
            true => transaction.create(&next, &Unsealed),
            false => transaction.replace(&next, &Unsealed),
        }
    }

    /// Counts a file in; refused when the sum has changed since.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take(
        self,
        (conversation, file): (ConversationId, AttachmentId),
        bytes: u64,
        now: Timestamp,
        transaction: &mut Transaction,
    ) -> Result<Slot, StoreError> {
        let share = FileShare {
            workspace: self.workspace,
            conversation,
            file,
            bytes,
            created_at: now,
        };
        transaction.create(&Stored::new(share, &Policy::platform()), &Unsealed)?;
        let sum = self.bytes.saturating_add(bytes);
        self.keep(sum, transaction)
    }

    /// What the sum is now, by a transaction that its change refused; none when it was refused for
    /// something else.
    ///
    /// # Errors
    /// When what is there cannot be read.
    pub fn after(
        refusal: &Refusal,
        slot: Slot,
        workspace: WorkspaceId,
        lens: Lens<'_>,
    ) -> Result<Option<Self>, StoreError> {
        if !refusal.failed(slot) {
            return Ok(None);
        }
        let found = match refusal.found(slot) {
            Some(item) => read_item::<Self>(item, &Unsealed, lens)?,
            None => None,
        };
        Ok(Some(
            found.unwrap_or_else(|| Self::empty(workspace, lens.now)),
        ))
    }
}

impl Store {
    /// Gives back what a file took up whose row has gone; nothing when that was done already, or was never
    /// counted. A batch and a transaction.
    ///
    /// # Errors
    /// When storage fails; doing it again is safe.
    pub async fn give_back_room(&self, file: FileKey, now: Timestamp) -> Result<(), StoreError> {
        let FileOwner::Conversation(conversation) = file.owner else {
            return Ok(());
        };
        let workspace = file.workspace;
        let at_share = keys::file_share(workspace, conversation, file.id);
        let at_room = keys::file_room(workspace);
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let fetched = self.batch(vec![at_share.clone(), at_room.clone()]).await?;
        let Some(share) = fetched.get::<FileShare>(&at_share, &Unsealed, lens)? else {
            return Ok(());
        };
        let mut room = fetched.get::<FileRoom>(&at_room, &Unsealed, lens)?;
        for _ in 0..ROOM_RACES {
            // The workspace is going, and its sum went first.
            let Some(before) = room else {
                return self.delete(at_share).await;
            };
            let mut transaction = Transaction::new(now);
            let gone = transaction.consume(at_share.clone());
            let rest = before.bytes.saturating_sub(share.bytes);
            let slot = before.keep(rest, &mut transaction)?;
            match self.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Store(error)) => return Err(error),
                // Somebody else gave it back.
                Err(CommitError::Refused(refusal)) if refusal.failed(gone) => return Ok(()),
                Err(CommitError::Refused(refusal)) => {
                    room = match refusal.found(slot) {
                        Some(item) => read_item::<FileRoom>(item, &Unsealed, lens)?,
                        None => None,
                    };
                }
            }
        }
        Err(StoreError::Conflict)
    }
}
