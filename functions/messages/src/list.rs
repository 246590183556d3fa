//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/messages`: a member reads a thread.
//!
//! One query besides the batch read on entry.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems, Query, view::MessageView},
};
use utoipa::ToSchema;

use crate::thread::{self, Part};

/// A part of a thread, in the order of its numbers.
#[derive(Serialize, ToSchema)]
pub struct MessageList {
    /// The messages.
    data: Vec<MessageView>,
    /// The number of the last message there is: a smaller last number here means there is more.
    #[schema(example = 18)]
    head_seq: u64,
    /// The oldest number that has not expired, when this part reaches so far back. A number that is
    /// missing after it is a defect: numbers have no gaps.
    #[schema(example = 1)]
    min_seq: Option<u64>,
}

/// List messages.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/messages",
    operation_id = "list_messages",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        Part,
    ),
    responses((status = 200, description = "A part of the thread.", body = MessageList), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Query(part): Query<Part>,
) -> Result<Json<MessageList>, Problem> {
    let span = part.span()?;
    let wanted = thread::wanted(workspace, conversation);
    let caller = app
        .caller(
            &credential,
            workspace,
            Permission::ConversationsRead,
            wanted,
        )
        .await?;
    let entry = &caller.entry;
    let thread = thread::seen(entry, &caller.sight, conversation)?;
    app.note_reading(&caller, conversation).await?;
    let found = app
        .store
        .messages(
            &thread.head,
            span,
            part.limit.get(),
            &thread.key,
            entry.lens(),
        )
        .await?;
    let policy = thread.head.policy(entry.lens());
    Ok(Json(MessageList {
        data: found
            .messages
            .iter()
            .map(|m| MessageView::new(m, &policy))
            .collect(),
        head_seq: thread.head.seq,
        min_seq: found.min_seq,
    }))
}
