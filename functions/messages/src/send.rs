//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages`: a member writes.
//!
//! Safe to retry: the same `client_message_id` with the same content leads to the same message.
//! Two sequential round trips: one batch read, one transaction.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId, Permission, WorkspaceId, text::Text},
    http::{Credential, Json, Path, Problem, Problems, view::MessageView},
    store::message::{Draft, MessageKind},
    words,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::thread::{self, Content};

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
    let wanted = content.wanted(workspace, conversation);
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
    let draft = Draft {
        author: caller.subject,
        client_message_id: body.client_message_id,
        kind: match body.kind {
            WrittenKind::Note => MessageKind::Note,
            WrittenKind::Text => MessageKind::Text,
        },
        text: content.text,
        files,
    };
    let appended = app
        .store
        .append(thread.head, &draft, &thread.key, caller.entry.lens(), None)
        .await?;
    thread::answer(appended, &caller.entry)
}
