//! What is heard of a photo of a member: when nothing is found in it, it becomes theirs.

use shared::{
    app::App,
    domain::{
        MemberId, Policy, TenantId,
        attachment::{FileState, Rendition},
        policy::Lens,
    },
    lambda::files::{FileEvent, Heard, Verdict},
    store::{
        CommitError, DataKey, RootRef, StoreError, Stored, Transaction, Unsealed, keys,
        membership::Membership,
        photo::{Photo, PhotoUpload},
        subject::State,
    },
};

use crate::look;

/// Carries out what an event means for a photo.
pub async fn hear(app: &App, event: &FileEvent, member: MemberId) -> Result<Heard, StoreError> {
    let mut heard = Heard::default();
    let file = event.file;
    let Some(row) = Row::read(app, event, member).await? else {
        let erased = app.store.erase_file_without_row(file).await?;
        heard.orphans += u64::from(erased.is_some_and(|count| count > 0));
        return Ok(heard);
    };
    let upload = row.upload.clone();
    let waits = |state| matches!(state, FileState::Pending | FileState::Scanning);
    let Some(upload) = upload.filter(|upload| waits(upload.file_state)) else {
        // It is theirs by now, or was refused: what is left of the upload is no use to anybody.
        app.store.erase_intake(file).await?;
        return Ok(heard);
    };
    let mut transaction = Transaction::new(row.now);
    let state = match event.verdict {
        None if upload.file_state == FileState::Pending => FileState::Scanning,
        None => return Ok(heard),
        Some(Verdict::Clean) => match row.portrait(app, event, &upload).await? {
            Some(photo) => {
                row.take(&mut transaction, &upload, photo)?;
                FileState::Clean
            }
            None => FileState::Refused,
        },
        Some(Verdict::Harmful) => FileState::Infected,
        Some(Verdict::Unknown) => FileState::Unscannable,
    };
    if state != FileState::Clean {
        let next = PhotoUpload {
            file_state: state,
            ..upload
        };
        transaction.replace(&Stored::next(next, &row.policy), &Unsealed)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => {}
        // The member, or what they uploaded, was changed or went: the next try sees which.
        Err(CommitError::Refused(_)) => return Err(StoreError::Conflict),
        Err(CommitError::Store(error)) => return Err(error),
    }
    if state != FileState::Scanning {
        heard.looked_through += 1;
        app.store.erase_intake(file).await?;
    }
    Ok(heard)
}

/// What is known of a photo.
struct Row {
    /// The photo, until it is the member's.
    upload: Option<PhotoUpload>,
    membership: Membership,
    key: DataKey,
    policy: Policy,
    now: shared::domain::Timestamp,
}

impl Row {
    /// One round trip; none when there is no such photo of a member who is there.
    async fn read(
        app: &App,
        event: &FileEvent,
        member: MemberId,
    ) -> Result<Option<Self>, StoreError> {
        let now = app.clock.now();
        let workspace = event.file.workspace;
        let tenant = TenantId::Workspace(workspace);
        let at_member = keys::membership(workspace, member);
        let [at_upload, at_photo] = keys::rows_of_file(event.file);
        let wanted = vec![
            keys::policy(workspace),
            at_member.clone(),
            keys::data_key(&RootRef::of(&at_member)),
            at_upload.clone(),
            at_photo.clone(),
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
        let upload = fetched.get::<PhotoUpload>(&at_upload, &Unsealed, lens)?;
        let photo = fetched.get::<Photo>(&at_photo, &Unsealed, lens)?;
        if upload.is_none() && photo.is_none() {
            return Ok(None);
        }
        let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(key) = fetched.data_key(&at_member, &tenant_key)? else {
            return Ok(None);
        };
        let membership = fetched.get::<Membership>(&at_member, &key, lens)?;
        let membership = membership.filter(|member| member.state == State::Live);
        Ok(membership.map(|membership| Self {
            upload,
            membership,
            key,
            policy,
            now,
        }))
    }

    /// Keeps a portrait, sealed, if what was scanned is a picture.
    async fn portrait(
        &self,
        app: &App,
        event: &FileEvent,
        upload: &PhotoUpload,
    ) -> Result<Option<Photo>, StoreError> {
        let objects = app.store.objects();
        let name = keys::intake(event.file);
        let read = objects.get_version(&name, &event.version).await?;
        let bytes = read.filter(|bytes| bytes.len() as u64 == upload.bytes);
        let made = bytes.and_then(|bytes| look::into_portrait(upload.media, &bytes));
        let Some(made) = made else {
            return Ok(None);
        };
        let name = keys::rendition(event.file, Rendition::Content);
        objects.put(&name, &self.key, &made).await?;
        Ok(Some(Photo {
            id: upload.id,
            workspace: upload.workspace,
            member: upload.member,
            bytes: made.len() as u64,
            created_at: self.now,
        }))
    }

    /// Makes it the member's, in the place of the one before.
    fn take(
        &self,
        transaction: &mut Transaction,
        upload: &PhotoUpload,
        photo: Photo,
    ) -> Result<(), StoreError> {
        let (workspace, member) = (photo.workspace, photo.member);
        let waits = keys::photo_upload(workspace, member, photo.id);
        transaction.consume_version(waits, upload.rev);
        if let Some(before) = self.membership.photo {
            transaction.remove(keys::photo(workspace, member, before));
        }
        let next = Membership {
            photo: Some(photo.id),
            ..self.membership.clone()
        };
        transaction.replace(&Stored::next(next, &self.policy), &self.key)?;
        transaction.create(&Stored::new(photo, &self.policy), &Unsealed)?;
        Ok(())
    }
}
