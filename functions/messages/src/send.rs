//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages`: a member writes.
//!
//! Safe to retry: the same `client_message_id` with the same content leads to the same message.
//! Two sequential round trips: one batch read, one transaction; two more for a note that names members.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId, MemberId, Permission, WorkspaceId, text::Text},
    http::{Caller, Credential, Json, Path, Problem, Problems, json::given, view::MessageView},
    store::message::{Draft, MessageKind},
    words,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answered::Answered,
    thread::{self, Content},
};

words! {
    /// What a member may write.
    pub enum WrittenKind {
        /// Among members only.
        Note = "note",
        /// To the visitor.
        Text = "text",
    }
}

/// What a member writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// The client's own id of the message; the same id is the same message.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_message_id: Uuid,
    /// `text` for the visitor, `note` for colleagues only.
    #[serde(default = "text_kind")]
    #[schema(default = "text")]
    kind: WrittenKind,
    /// What it says; may be left out where files come with it.
    #[serde(default)]
    text: Option<Text>,
    /// Up to ten files that the sender uploaded to this conversation and that are `clean`.
    #[serde(default)]
    #[schema(required = false, max_items = 10, example = json!([]))]
    attachments: Vec<AttachmentId>,
    /// In a note: up to ten members whom it names. Each sees the conversation, and finds it by
    /// `view=mentions`.
    #[serde(default)]
    #[schema(required = false, max_items = 10, example = json!([]))]
    mentions: Vec<MemberId>,
    /// The number of an earlier message of this conversation that this one answers. A `text` cannot answer
    /// a note.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 1, example = 1)]
    reply_to_seq: Option<u64>,
}

const fn text_kind() -> WrittenKind {
    WrittenKind::Text
}

/// Send a message or a note.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/messages",
    operation_id = "send_message",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = SendMessage,
    responses(
        (status = 201, description = "Written.", body = MessageView),
        (status = 200, description = "Had been written before.", body = MessageView),
        Problems,
    ),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Json(body): Json<SendMessage>,
) -> Result<Response, Problem> {
    let content = Content::check(body.text, body.attachments)?;
    let answered = Answered::check(body.reply_to_seq, workspace, conversation)?;
    let mut wanted = content.wanted(workspace, conversation);
    wanted.extend(answered.wanted());
    let caller = app
        .caller(
            &credential,
            workspace,
            Permission::ConversationsWrite,
            wanted,
        )
        .await?;
    let thread = thread::seen(&caller.entry, &caller.sight, conversation)?;
    let files = content.files(&caller.entry, &thread, caller.subject)?;
    let kind = match body.kind {
        WrittenKind::Note => MessageKind::Note,
        WrittenKind::Text => MessageKind::Text,
    };
    let reply_to_seq = answered.among(&caller.entry, &thread, kind)?;
    let mentions = named(&app, &caller, &thread, body.kind, body.mentions).await?;
    let draft = Draft {
        author: caller.subject,
        client_message_id: body.client_message_id,
        kind,
        text: content.text,
        files,
        mentions,
        reply_to_seq,
    };
    let appended = app
        .store
        .append(thread.head, &draft, &thread.key, caller.entry.lens(), None)
        .await?;
    thread::answer(appended, &caller.entry)
}

/// How many members a note names at most.
const MAX_MENTIONS: usize = 10;

/// The members that a note names: each is there, and sees the conversation. Two round trips where there
/// are any.
async fn named(
    app: &App,
    caller: &Caller,
    thread: &thread::Thread,
    kind: WrittenKind,
    named: Vec<MemberId>,
) -> Result<Vec<MemberId>, Problem> {
    if named.is_empty() {
        return Ok(named);
    }
    if kind != WrittenKind::Note {
        let detail = "only a note names members";
        return Err(Problem::invalid("#/mentions", "forbidden", detail));
    }
    let twice = |(at, id): (usize, &MemberId)| named[..at].contains(id);
    if named.len() > MAX_MENTIONS || named.iter().enumerate().any(twice) {
        let detail = "at most 10 members, each once";
        return Err(Problem::invalid("#/mentions", "out_of_range", detail));
    }
    let entry = &caller.entry;
    let seats = app.store.seats_of(entry.workspace, &named, entry.now);
    let (seats, standing) = (seats.await?, thread.head.standing());
    let sees = |member: &MemberId| {
        seats.get(member).is_some_and(|seat| {
            seat.role.may(Permission::ConversationsRead) && seat.sight().sees(standing)
        })
    };
    match named.iter().position(|member| !sees(member)) {
        Some(at) => {
            let detail = "a member who sees the conversation";
            let pointer = format!("#/mentions/{at}");
            Err(Problem::invalid(&pointer, "cannot_see", detail))
        }
        None => Ok(named),
    }
}
