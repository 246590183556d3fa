//! What S3 and the scanner say of a file, at least once and in any order.
//!
//! The bytes are kept before the row says so, and the upload is deleted after it: a crash in between
//! leaves an event that comes again. A file whose row is gone leaves nothing.

use shared::{
    app::App,
    domain::{
        ConversationId, Policy, TenantId,
        attachment::{FileState, Rendition},
        policy::Lens,
    },
    lambda::files::{FileEvent, Heard, Verdict},
    store::{
        CommitError, DataKey, RootRef, StoreError, Stored, Transaction, Unsealed,
        attachment::{Attachment, Upload},
        conversation::Conversation,
        keys::{self, FileKey, FileOwner},
        subject::State,
    },
};

use crate::{
    hear_photo,
    look::{self, Kept},
};

/// Carries out what an event of S3 or of the scanner means; others mean nothing here.
///
/// # Errors
/// When storage failed: the event comes again.
pub async fn hear(app: &App, event: &serde_json::Value) -> Result<Heard, StoreError> {
    let mut heard = Heard::default();
    let Some(event) = FileEvent::read(event, &app.config.passing_bucket) else {
        return Ok(heard);
    };
    let file = event.file;
    let conversation = match file.owner {
        FileOwner::Conversation(conversation) => conversation,
        FileOwner::Member(member) => return hear_photo::hear(app, &event, member).await,
    };
    let Some(row) = Row::read(app, file, conversation).await? else {
        let erased = app.store.erase_file_without_row(file).await?;
        heard.orphans += u64::from(erased.is_some_and(|count| count > 0));
        return Ok(heard);
    };
    let (upload, waits) = match row.upload.clone() {
        // It was sent already; what is left of the upload is no use to anybody.
        None => (None, false),
        Some(upload) => {
            let state = upload.file_state;
            let waits = matches!(state, FileState::Pending | FileState::Scanning);
            (Some(upload), waits)
        }
    };
    let Some(upload) = upload.filter(|_| waits) else {
        app.store.erase_intake(file).await?;
        return Ok(heard);
    };
    let next = match event.verdict {
        None if upload.file_state == FileState::Pending => Upload {
            file_state: FileState::Scanning,
            ..upload
        },
        None => return Ok(heard),
        Some(Verdict::Clean) => {
            let name = keys::intake(file);
            let read = app.store.objects().get_version(&name, &event.version);
            let Some(bytes) = read.await? else {
                return Ok(heard);
            };
            row.looked_through(app, upload, bytes).await?
        }
        Some(Verdict::Harmful) => ended(upload, FileState::Infected),
        Some(Verdict::Unknown) => ended(upload, FileState::Unscannable),
    };
    let over = next.file_state != FileState::Scanning;
    heard.looked_through += u64::from(over);
    let mut transaction = Transaction::new(row.now);
    transaction.replace(&Stored::next(next, &row.policy), &row.key)?;
    match app.store.commit(transaction).await {
        Ok(()) => {}
        // Somebody confirmed it meanwhile, or it is gone: the next try sees which.
        Err(CommitError::Refused(_)) => return Err(StoreError::Conflict),
        Err(CommitError::Store(error)) => return Err(error),
    }
    if over {
        app.store.erase_intake(file).await?;
    }
    Ok(heard)
}

fn ended(upload: Upload, file_state: FileState) -> Upload {
    Upload {
        file_state,
        ..upload
    }
}

/// What is known of a file.
struct Row {
    /// The file, while nobody has sent it.
    upload: Option<Upload>,
    key: DataKey,
    policy: Policy,
    now: shared::domain::Timestamp,
}

impl Row {
    /// One round trip; none when there is no such file in a conversation that lives.
    async fn read(
        app: &App,
        file: FileKey,
        conversation: ConversationId,
    ) -> Result<Option<Self>, StoreError> {
        let FileKey { workspace, id, .. } = file;
        let now = app.clock.now();
        let tenant = TenantId::Workspace(workspace);
        let at_head = keys::conversation(workspace, conversation);
        let at_upload = keys::upload(workspace, conversation, id);
        let at_attachment = keys::attachment(workspace, conversation, id);
        let wanted = vec![
            keys::policy(workspace),
            at_head.clone(),
            keys::data_key(&RootRef::of(&at_head)),
            at_upload.clone(),
            at_attachment.clone(),
            keys::tenant_key(tenant),
        ];
        let fetched = app.store.batch(wanted).await?;
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(None);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
        let Some(head) = head.filter(|head| head.state == State::Live) else {
            return Ok(None);
        };
        let policy = head.policy(lens);
        let lens = Lens {
            now,
            policy: &policy,
        };
        let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(key) = fetched.data_key(&at_head, &tenant_key)? else {
            return Ok(None);
        };
        let upload = fetched.get::<Upload>(&at_upload, &key, lens)?;
        let sent = fetched.get::<Attachment>(&at_attachment, &key, lens)?;
        Ok((upload.is_some() || sent.is_some()).then_some(Self {
            upload,
            key,
            policy,
            now,
        }))
    }

    /// Keeps what may be kept of a file that the scanner found nothing in, sealed.
    async fn looked_through(
        &self,
        app: &App,
        upload: Upload,
        bytes: Vec<u8>,
    ) -> Result<Upload, StoreError> {
        if bytes.len() as u64 != upload.bytes {
            return Ok(ended(upload, FileState::Refused));
        }
        let Some(Kept { content, thumbnail }) = look::into_kept(upload.media, bytes) else {
            return Ok(ended(upload, FileState::Refused));
        };
        let objects = app.store.objects();
        let file = upload.key_of_file();
        if let Some(thumbnail) = &thumbnail {
            let name = keys::rendition(file, Rendition::Thumbnail);
            objects.put(&name, &self.key, thumbnail).await?;
        }
        let name = keys::rendition(file, Rendition::Content);
        objects.put(&name, &self.key, &content).await?;
        Ok(Upload {
            bytes: content.len() as u64,
            thumbnail: thumbnail.is_some(),
            file_state: FileState::Clean,
            ..upload
        })
    }
}
