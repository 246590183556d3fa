//! What a transcript looks like to who asks for it: a file, as text, as a page or for programs.

mod page;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    app::{
        App,
        transcript::{PART_BYTES, Reader, Scope, Transcript},
    },
    domain::{ConversationId, Timestamp},
    http::{
        Json, Problem,
        actor::Entry,
        view::{AuthorKind, MessageView},
    },
    store::SubjectId,
    words,
};
use utoipa::ToSchema;

use crate::thread::Thread;

words! {
    /// The form of a transcript.
    pub enum Format {
        /// One page that loads nothing.
        Html = "html",
        /// For programs.
        Json = "json",
        /// Plain text.
        Txt = "txt",
    }
}

/// Somebody who appears in a transcript.
#[derive(Serialize, ToSchema)]
pub struct PersonView {
    /// Their id, as in `author` and `subject_member`.
    #[schema(example = "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    id: String,
    /// Which side.
    #[serde(rename = "type")]
    kind: AuthorKind,
    /// What they are called here: a name, or `Visitor`, `Teammate 1`, `Former teammate 1`.
    #[schema(example = "Ada Lovelace")]
    label: String,
}

/// A part of a thread as a document; of most threads, all of it.
#[derive(Serialize, ToSchema)]
pub struct TranscriptView {
    /// Of which conversation.
    conversation_id: ConversationId,
    /// When it began.
    created_at: Timestamp,
    /// Who appears in this part.
    people: Vec<PersonView>,
    /// The messages, in the order of their numbers. Numbers that are missing are of messages that
    /// are not for this reader.
    messages: Vec<MessageView>,
    /// Whether older messages have ended by the retention of the workspace.
    #[schema(example = false)]
    older_ended: bool,
    /// Where the next part begins: ask with this as `after_seq`. Null in the last part.
    #[schema(example = 812)]
    next_after_seq: Option<u64>,
}

/// The part of a thread after the number `after`, as a file that no cache keeps.
pub async fn answer(
    app: &App,
    entry: &Entry,
    thread: Thread,
    reader: Reader,
    (after, format): (u64, Format),
) -> Result<Response, Problem> {
    let scope = Scope {
        workspace: entry.workspace,
        tenant_key: &entry.tenant_key,
        lens: entry.lens(),
    };
    let Thread { head, key } = thread;
    let transcript =
        Transcript::gather(app, scope, (head, key), reader, (after, PART_BYTES)).await?;
    let (kind, body) = match format {
        Format::Txt => (
            "text/plain; charset=utf-8",
            transcript.plain().into_response(),
        ),
        Format::Html => (
            "text/html; charset=utf-8",
            page::write(&transcript.document()).into_response(),
        ),
        Format::Json => (
            "application/json",
            Json(TranscriptView::new(&transcript)).into_response(),
        ),
    };
    let name = format!(
        "attachment; filename=\"{}.{}\"",
        transcript.head.id,
        format.word()
    );
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, body.into_body()).into_response())
}

impl TranscriptView {
    fn new(transcript: &Transcript) -> Self {
        let people = transcript.people.iter().map(|person| PersonView {
            id: person.id.to_string(),
            kind: match person.id {
                SubjectId::Member(_) | SubjectId::Account(_) => AuthorKind::Member,
                SubjectId::Flow(_) => AuthorKind::Bot,
                SubjectId::Key(_) => AuthorKind::ApiKey,
                SubjectId::Contact(_) | SubjectId::Guest(_) => AuthorKind::Visitor,
            },
            label: person.label.clone(),
        });
        let view = |message| MessageView::new(message, &transcript.policy);
        Self {
            conversation_id: transcript.head.id,
            created_at: transcript.head.created_at,
            people: people.collect(),
            messages: transcript.messages.iter().map(view).collect(),
            older_ended: transcript.older_ended,
            next_after_seq: transcript.next_after_seq,
        }
    }
}
