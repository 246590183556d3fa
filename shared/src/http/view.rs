//! Replies that two functions give.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{
        AttachmentId, MemberId, MessageId, TeamId, Timestamp,
        attachment::{AttachedFile, FileState, MediaType},
        label::LabelName,
        policy::Policy,
        retention::{Class, Expiry, expiry},
    },
    store::{
        SubjectId,
        conversation::Priority,
        message::{Event, Message, MessageKind},
    },
    words,
};

words! {
    /// Which side wrote.
    pub enum AuthorKind {
        /// A program of the customer, through a key of the API.
        ApiKey = "api_key",
        /// A flow.
        Bot = "bot",
        /// The team.
        Member = "member",
        /// Nobody: a line of the system.
        System = "system",
        /// The visitor.
        Visitor = "visitor",
    }
}

/// Who wrote a message: an opaque id, to be joined with the list of members or contacts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Author {
    /// Which side.
    #[serde(rename = "type")]
    pub kind: AuthorKind,
    /// The id of the member, the contact, the flow or the key; the system has none.
    #[schema(example = "ctc_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    pub id: Option<String>,
}

impl Author {
    /// Who wrote a message.
    pub fn of(message: &Message) -> Self {
        let wrote = message
            .author
            .filter(|_| message.message_kind != MessageKind::System);
        let kind = match wrote {
            None => AuthorKind::System,
            Some(SubjectId::Contact(_) | SubjectId::Guest(_)) => AuthorKind::Visitor,
            Some(SubjectId::Flow(_)) => AuthorKind::Bot,
            Some(SubjectId::Key(_)) => AuthorKind::ApiKey,
            Some(SubjectId::Account(_) | SubjectId::Member(_)) => AuthorKind::Member,
        };
        Self {
            kind,
            id: wrote.map(|author| author.to_string()),
        }
    }
}

/// A file of a message. Without `Debug`: it holds what somebody called it.
#[derive(Serialize, ToSchema)]
pub struct FileView {
    /// Its id.
    pub id: AttachmentId,
    /// What its sender calls it.
    #[schema(example = "parcel.jpg")]
    pub name: String,
    /// What it is.
    pub content_type: MediaType,
    /// How large it is.
    #[schema(example = 48_213)]
    pub bytes: u64,
    /// Whether there is a small picture of it.
    #[schema(example = true)]
    pub thumbnail: bool,
    /// How far it is: only what is `clean` is sent.
    pub state: FileState,
}

impl FileView {
    /// The view of a file that was sent.
    pub fn of(file: &AttachedFile) -> Self {
        Self {
            id: file.id,
            name: file.name.reveal().to_owned(),
            content_type: file.media,
            bytes: file.bytes,
            thumbnail: file.thumbnail,
            state: FileState::Clean,
        }
    }
}

/// A message as its readers see it. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// Its number in the conversation, without a gap from 1.
    #[schema(example = 1)]
    pub seq: u64,
    /// The sender's own id of it; absent in lines of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    pub client_message_id: Option<Uuid>,
    /// `text` for both sides, `note` among members, `system` for what happened.
    pub kind: MessageKind,
    /// Who wrote.
    pub author: Author,
    /// What it says; null when it was deleted, where files say it all, and in lines of the system.
    #[schema(example = "Where is my parcel?")]
    pub text: Option<String>,
    /// The files that came with it. Where one lies is told by its own route only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub attachments: Vec<FileView>,
    /// What happened; only in lines of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// The id of who did it; absent when the clock did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    pub actor: Option<String>,
    /// To which member it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_member: Option<MemberId>,
    /// To which team it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_team: Option<TeamId>,
    /// What its priority became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Which members a note names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mentions: Option<Vec<MemberId>>,
    /// Which earlier message of the conversation it answers; that one may have been deleted, or have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub reply_to_seq: Option<u64>,
    /// To which earlier message it happened: read that one again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub subject_seq: Option<u64>,
    /// Which labels came or went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub labels: Vec<LabelName>,
    /// Until when it was put aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When its writer changed it last.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted; its number stays.
    pub deleted_at: Option<Timestamp>,
    /// Whether a part of it was blacked out.
    #[schema(example = false)]
    pub redacted: bool,
    /// When.
    pub sent_at: Timestamp,
    /// When it will be gone, by the workspace's present retention.
    pub expires_at: Option<Timestamp>,
    /// Counts changes of this message.
    #[schema(example = 1)]
    pub rev: u64,
}

impl MessageView {
    /// The view of a message.
    pub fn new(message: &Message, policy: &Policy) -> Self {
        let actor = message.author.map(|author| author.to_string());
        let system = message.message_kind == MessageKind::System;
        let author = Author::of(message);
        Self {
            id: message.id,
            seq: message.seq,
            client_message_id: message.client_message_id,
            kind: message.message_kind,
            author,
            text: message.text.as_ref().map(|text| text.reveal().to_owned()),
            attachments: message.files.iter().map(FileView::of).collect(),
            event: message.event,
            actor: actor.filter(|_| system),
            subject_member: message.subject_member,
            subject_team: message.subject_team,
            priority: message.priority,
            mentions: message.mentions.clone(),
            reply_to_seq: message.reply_to_seq,
            subject_seq: message.subject_seq,
            labels: message.labels.clone(),
            until: message.until,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            redacted: message.redacted,
            sent_at: message.sent_at,
            expires_at: content_end(policy, message.sent_at),
            rev: message.rev,
        }
    }
}

/// When conversation content of `anchor` ends.
pub fn content_end(policy: &Policy, anchor: Timestamp) -> Option<Timestamp> {
    match expiry(Class::Conversation, policy, anchor) {
        Expiry::At(end) => Some(end),
        Expiry::With(_) => None,
    }
}
