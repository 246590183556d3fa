//! What the routes of both sides do with a file, and how they tell of it.

use std::collections::BTreeMap;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act},
    domain::{
        AttachmentId, Policy, Timestamp,
        attachment::{FileState, MAX_FILE_BYTES, MediaType, Rendition, Sha256},
        policy::Lens,
        retention::{Class, Expiry, expiry},
        text::FileName,
    },
    http::{Client, Code, Json, Problem, thread::Thread, view::content_end},
    store::{
        CommitError, DataKey, StoreError, Stored, Transaction, Unsealed,
        attachment::Upload,
        file_room::{FileRoom, ROOM_RACES},
        keys::{self, FileKey, FileOwner},
        objects::{LINK, UploadLink},
        record::read_item,
    },
    words,
};
use utoipa::ToSchema;

use crate::place::{Actor, Found, Place};

/// The most bytes that one person may have in one conversation: ten of the largest files. Two requests at
/// once may go beyond it by one file each, which the limits of an hour bound.
const MAX_BYTES_EACH: u64 = 10 * MAX_FILE_BYTES;

/// A file that somebody wants to upload.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAttachment {
    /// What it is called.
    name: FileName,
    /// What it is; its bytes are held against this.
    content_type: MediaType,
    /// How large it is, in bytes.
    #[schema(example = 48_213, minimum = 1, maximum = 20_971_520)]
    bytes: u64,
    /// SHA-256 of it: nothing else can be uploaded to the link.
    sha256: Sha256,
}

/// A file.
#[derive(Serialize, ToSchema)]
pub struct AttachmentView {
    /// Its id.
    id: AttachmentId,
    /// What its author calls it.
    #[schema(example = "parcel.jpg")]
    name: String,
    /// What it is.
    content_type: MediaType,
    /// How large it is; a picture that was made anew has another size than before.
    #[schema(example = 48_213)]
    bytes: u64,
    /// Whether there is a small picture of it.
    #[schema(example = true)]
    thumbnail: bool,
    /// How far it is.
    state: FileState,
    /// The number of the message that it was sent with; null before.
    #[schema(example = 3)]
    seq: Option<u64>,
    /// When it will be gone: a day after it was asked for, or with its message.
    expires_at: Option<Timestamp>,
}

impl AttachmentView {
    /// The view of a file that waits.
    pub fn waiting(upload: &Upload, policy: &Policy) -> Self {
        let end = match expiry(Class::Upload, policy, upload.created_at) {
            Expiry::At(end) => Some(end),
            Expiry::With(_) => None,
        };
        Self {
            id: upload.id,
            name: upload.name.reveal().to_owned(),
            content_type: upload.media,
            bytes: upload.bytes,
            thumbnail: upload.thumbnail,
            state: upload.file_state,
            seq: None,
            expires_at: end,
        }
    }

    /// The view of a file.
    pub fn of(found: &Found, policy: &Policy) -> Self {
        match found {
            Found::Waiting(upload) => Self::waiting(upload, policy),
            Found::Sent(sent) => Self {
                id: sent.id,
                name: sent.name.reveal().to_owned(),
                content_type: sent.media,
                bytes: sent.bytes,
                thumbnail: sent.thumbnail,
                state: FileState::Clean,
                seq: Some(sent.seq),
                expires_at: content_end(policy, sent.sent_at),
            },
        }
    }
}

words! {
    /// How a file is sent to its link.
    pub enum UploadMethod {
        /// As the body of a `PUT`.
        Put = "PUT",
    }
}

/// Where to send the bytes.
#[derive(Serialize, ToSchema)]
pub struct UploadTarget {
    /// How.
    method: UploadMethod,
    /// Where: a link that takes this file once.
    #[schema(example = "https://bucket.s3.amazonaws.com/intake/…")]
    url: String,
    /// Headers that have to be sent as they are.
    #[schema(example = json!({ "if-none-match": "*" }))]
    headers: BTreeMap<String, String>,
    /// Until when.
    expires_at: Timestamp,
}

impl UploadTarget {
    /// A link that was signed at `now`.
    pub fn new(link: UploadLink, now: Timestamp) -> Self {
        Self {
            method: UploadMethod::Put,
            url: link.url,
            headers: link.headers,
            expires_at: now.plus(LINK),
        }
    }
}

/// Refuses a file of no bytes, and one that is too large.
pub fn check_size(bytes: u64) -> Result<(), Problem> {
    if bytes == 0 || bytes > MAX_FILE_BYTES {
        let detail = format!("1 to {MAX_FILE_BYTES} bytes");
        return Err(Problem::invalid("#/bytes", "out_of_range", &detail));
    }
    Ok(())
}

/// A file that may be uploaded now.
#[derive(Serialize, ToSchema)]
pub struct CreatedAttachment {
    /// The file.
    attachment: AttachmentView,
    /// Where to send its bytes. Then confirm.
    upload: UploadTarget,
}

/// Makes the row of a file, and a link to upload it to.
pub async fn begin<A: Actor>(
    app: &App,
    client: &Client,
    place: &Place<A>,
    new: NewAttachment,
) -> Result<Response, Problem> {
    check_size(new.bytes)?;
    let entry = place.entry();
    let author = place.subject.to_string();
    let allowance = app.admit(client, Act::Upload, &author).await?;
    let workspace = entry.workspace.to_string();
    let _ = app.admit(client, Act::UploadHere, &workspace).await?;
    let Thread { head, key } = &place.thread;
    let lying = app.store.bytes_of(head, place.subject, key, entry.lens());
    if lying.await?.saturating_add(new.bytes) > MAX_BYTES_EACH {
        return Err(Problem::new(Code::FilesFull));
    }
    let at_room = keys::file_room(entry.workspace);
    let room = entry
        .fetched()
        .get::<FileRoom>(&at_room, &Unsealed, entry.lens())?;
    let mut room = room.unwrap_or_else(|| FileRoom::empty(entry.workspace, entry.now));
    let most = app.bytes_for_files(entry);
    most.check(&room, new.bytes)?;
    let upload = Upload {
        id: AttachmentId::new(entry.now),
        workspace: entry.workspace,
        conversation: place.thread.head.id,
        author: place.subject,
        name: new.name,
        media: new.content_type,
        bytes: new.bytes,
        file_state: FileState::Pending,
        thumbnail: false,
        created_at: entry.now,
        rev: 1,
    };
    let name = keys::intake(upload.key_of_file());
    let link = app
        .store
        .objects()
        .upload_link(&name, upload.media.word(), upload.bytes, &new.sha256)
        .await?;
    let policy = place.policy();
    let stored = Stored::new(upload, &policy);
    let file = (place.thread.head.id, stored.record().id);
    let mut made = false;
    for _ in 0..ROOM_RACES {
        most.check(&room, new.bytes)?;
        let mut transaction = Transaction::new(entry.now);
        transaction.create(&stored, &place.thread.key)?;
        let at_head = keys::conversation(entry.workspace, place.thread.head.id);
        let at_head = transaction.check_live(at_head);
        let slot = room.take(file, new.bytes, entry.now, &mut transaction)?;
        match app.store.commit(transaction).await {
            Ok(()) => {
                made = true;
                break;
            }
            // The conversation is being deleted.
            Err(CommitError::Refused(refusal)) if refusal.failed(at_head) => {
                return Err(Problem::not_found());
            }
            // Somebody else took room, or gave it back.
            Err(CommitError::Refused(refusal)) => {
                let now = FileRoom::after(&refusal, slot, entry.workspace, entry.lens())?;
                room = now.ok_or_else(|| Problem::new(Code::Conflict))?;
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
    if !made {
        return Err(StoreError::Conflict.into());
    }
    let view = CreatedAttachment {
        attachment: AttachmentView::waiting(stored.record(), &policy),
        upload: UploadTarget::new(link, entry.now),
    };
    Ok((StatusCode::CREATED, allowance, Json(view)).into_response())
}

/// Notes that a file has arrived, if it has. Doing it again changes nothing.
pub async fn arrived<A: Actor>(
    app: &App,
    place: &Place<A>,
    id: AttachmentId,
) -> Result<Json<AttachmentView>, Problem> {
    let found = place.find(id)?;
    let policy = place.policy();
    let upload = match found {
        Found::Waiting(upload) if upload.file_state == FileState::Pending => upload,
        _ => return Ok(Json(AttachmentView::of(&found, &policy))),
    };
    if !app.store.has_arrived(upload.key_of_file()).await? {
        return Err(Problem::new(Code::UploadMissing));
    }
    let next = Upload {
        file_state: FileState::Scanning,
        ..upload
    };
    let lens = Lens {
        policy: &policy,
        ..place.entry().lens()
    };
    let next = Stored::next(next, &policy);
    let mut transaction = Transaction::new(lens.now);
    let slot = transaction.replace(&next, &place.thread.key)?;
    let now = match app.store.commit(transaction).await {
        Ok(()) => Some(next.into_record()),
        // S3's own word of it, or the scanner's, was faster.
        Err(CommitError::Refused(refusal)) => refusal
            .found(slot)
            .map(|item| read_item::<Upload>(item, &place.thread.key, lens))
            .transpose()?
            .flatten(),
        Err(CommitError::Store(error)) => return Err(error.into()),
    };
    let now = now.ok_or_else(Problem::not_found)?;
    Ok(Json(AttachmentView::waiting(&now, &policy)))
}

/// Leads to a form of a file, for as long as a link is good.
pub async fn hand_out<A: Actor>(
    app: &App,
    place: &Place<A>,
    found: &Found,
    which: Rendition,
) -> Result<Response, Problem> {
    let (file, state) = match found {
        Found::Waiting(upload) => (upload.file(), upload.file_state),
        Found::Sent(sent) => (sent.file(), FileState::Clean),
    };
    match state {
        FileState::Clean => {}
        FileState::Pending | FileState::Scanning => return Err(Problem::new(Code::ScanPending)),
        FileState::Infected => return Err(Problem::new(Code::Infected)),
        FileState::Refused | FileState::Unscannable => {
            return Err(Problem::new(Code::FileRefused));
        }
    }
    let (content_type, name) = match which {
        Rendition::Content => (file.media.word(), file.name.reveal().to_owned()),
        Rendition::Thumbnail if !file.thumbnail => return Err(Problem::not_found()),
        Rendition::Thumbnail => (MediaType::Jpeg.word(), format!("{}.jpg", file.id)),
    };
    let names = FileKey {
        workspace: place.entry().workspace,
        owner: FileOwner::Conversation(place.thread.head.id),
        id: file.id,
    };
    lead_to(app, &place.thread.key, (names, which), content_type, &name).await
}

/// Leads to what lies sealed, under a name for whoever keeps it.
pub async fn lead_to(
    app: &App,
    seal: &DataKey,
    (file, which): (FileKey, Rendition),
    content_type: &'static str,
    name: &str,
) -> Result<Response, Problem> {
    let objects = app.store.objects();
    let sealed = (&keys::rendition(file, which), seal);
    let copy = keys::linked_rendition(file, which);
    let link = objects.lend(sealed, &copy, content_type, name).await?;
    let link = link.ok_or_else(Problem::not_found)?;
    let location = HeaderValue::try_from(link).map_err(|_| Problem::internal("a location"))?;
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}
