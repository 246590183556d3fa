//! `GET /v1/workspaces/{workspace}/push`: who brings notifications, and what a client needs to register with them.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::sender::Senders;

/// List who brings notifications.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/push",
    operation_id = "list_push",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "Those that were set up.", body = Senders), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Senders>, Problem> {
    let member = app
        .member(
            &token,
            workspace,
            Permission::ConversationsRead,
            Senders::places(workspace),
        )
        .await?;
    Ok(Json(Senders::found(&member.entry)?))
}
