//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}`: how far a file is, for the team.

use axum::extract::State;
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems},
};

use crate::{attachment::AttachmentView, place::Place};

/// Show a file.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}",
    operation_id = "show_attachment",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("attachment" = AttachmentId, Path, description = "The file."),
    ),
    responses((status = 200, description = "The file.", body = AttachmentView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation, id)): Path<(WorkspaceId, ConversationId, AttachmentId)>,
) -> Result<Json<AttachmentView>, Problem> {
    let at = (workspace, conversation);
    let permission = Permission::ConversationsRead;
    let place = Place::of_team(&app, &credential, permission, at, Some(id)).await?;
    let found = place.find(id)?;
    app.note_reading(&place.actor, conversation).await?;
    Ok(Json(AttachmentView::of(&found, &place.policy())))
}
