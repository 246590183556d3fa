//! Replies that two functions give.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{
        MessageId, Timestamp,
        policy::Policy,
        retention::{Class, Expiry, expiry},
    },
    store::{
        SubjectId,
        message::{Message, MessageKind},
    },
    words,
};

words! {
    /// Which side wrote.
    pub enum AuthorKind {
        /// The team.
        Member = "member",
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
    /// The member's or the contact's id.
    #[schema(example = "ctc_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    pub id: String,
}

/// A message as its readers see it. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// Its number in the conversation, without a gap from 1.
    #[schema(example = 1)]
    pub seq: u64,
    /// The sender's own id of it.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    pub client_message_id: Uuid,
    /// `text` for both sides, `note` among members.
    pub kind: MessageKind,
    /// Who wrote.
    pub author: Author,
    /// What it says.
    #[schema(example = "Where is my parcel?")]
    pub text: String,
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
        let kind = match message.author {
            SubjectId::Contact(_) => AuthorKind::Visitor,
            SubjectId::Account(_) | SubjectId::Member(_) => AuthorKind::Member,
        };
        Self {
            id: message.id,
            seq: message.seq,
            client_message_id: message.client_message_id,
            kind: message.message_kind,
            author: Author {
                kind,
                id: message.author.to_string(),
            },
            text: message.text.reveal().to_owned(),
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
