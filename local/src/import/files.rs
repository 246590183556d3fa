//! The files of a conversation: the row that owns the bytes, the room that they take, and the bytes.

use shared::{
    domain::{
        archive::FileKind,
        attachment::Rendition,
        policy::{Lens, Policy},
    },
    store::{
        CommitError, DataKey, StoreError, Stored, Transaction, Unsealed,
        attachment::Attachment,
        file_room::{FileRoom, FileShare, ROOM_RACES},
        keys,
    },
};

use super::{ImportError, Run, Thread};

impl Run<'_> {
    /// The row of a file, which owns its bytes, and then those.
    pub(super) async fn write_file(
        &mut self,
        file: Attachment,
        thread: &Thread,
    ) -> Result<(), ImportError> {
        let (id, names) = (file.id, file.key_of_file());
        let file = Stored::new(file, &thread.policy);
        let Some(archive) = self.archive.filter(|archive| archive.has(id)) else {
            return Ok(());
        };
        if file.expiry().has_passed(self.now) {
            return Ok(());
        }
        self.write_counted(&file, &thread.key.key).await?;
        for which in Rendition::ALL {
            let part = archive.file(FileKind::Attachment, id, *which)?;
            if let Some(bytes) = part {
                let name = keys::rendition(names, *which);
                let objects = self.app.store.objects();
                objects.put(&name, &thread.key.key, &bytes).await?;
            }
        }
        self.report.files += 1;
        Ok(())
    }

    /// The row of a file, counted among the bytes of the workspace; once, however often an import begins.
    async fn write_counted(
        &self,
        file: &Stored<Attachment>,
        key: &DataKey,
    ) -> Result<(), ImportError> {
        let row = file.record();
        let whose = (row.conversation, row.id);
        let at_share = keys::file_share(self.workspace, whose.0, whose.1);
        let at_room = keys::file_room(self.workspace);
        let platform = Policy::platform();
        let lens = Lens {
            now: self.now,
            policy: &platform,
        };
        for _ in 0..ROOM_RACES {
            let wanted = vec![at_share.clone(), at_room.clone()];
            let fetched = self.app.store.batch(wanted).await?;
            let mut transaction = Transaction::new(self.now);
            transaction.overwrite(file, key)?;
            let counted = fetched.get::<FileShare>(&at_share, &Unsealed, lens)?;
            if counted.is_none() {
                let room = fetched.get::<FileRoom>(&at_room, &Unsealed, lens)?;
                let room = room.unwrap_or_else(|| FileRoom::empty(self.workspace, self.now));
                room.take(whose, row.bytes, self.now, &mut transaction)?;
            }
            match self.app.store.commit(transaction).await {
                Ok(()) => return Ok(()),
                // Somebody else took room, or gave it back.
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }
}
