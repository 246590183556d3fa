//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/hold`: why a conversation is on
//! hold, and until when.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{RootRef, hold::HoldNote, keys},
};

use crate::{hold::HoldView, view};

/// Show a hold.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/hold",
    operation_id = "show_hold",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "The hold; 404 when there is none.", body = HoldView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
) -> Result<Json<HoldView>, Problem> {
    let at_head = keys::conversation(workspace, conversation);
    let at_note = keys::hold(workspace, conversation);
    let wanted = vec![
        at_head.clone(),
        at_note.clone(),
        keys::data_key(&RootRef::of(&at_head)),
    ];
    let member = app
        .member(&token, workspace, Permission::ConversationsHold, wanted)
        .await?;
    let entry = &member.entry;
    let head = view::seen(entry, &member.sight, conversation)?;
    let key = entry.data_key(&at_head)?.ok_or_else(Problem::not_found)?;
    let note = entry
        .sealed::<HoldNote>(&at_note, &key)?
        .ok_or_else(Problem::not_found)?;
    HoldView::new(&head, &note, entry.now, None)
        .map(Json)
        .ok_or_else(Problem::not_found)
}
