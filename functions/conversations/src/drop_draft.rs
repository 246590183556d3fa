//! `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/draft`: it was sent, or thrown
//! away.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems},
    store::keys,
};

use crate::desk::Desk;

/// Delete a draft.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/draft",
    operation_id = "delete_draft",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 204, description = "There is none."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
) -> Result<StatusCode, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    app.store
        .delete(keys::draft(place.0, desk.member.id, place.1))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
