//! `GET /v1/workspaces/{workspace}/notification-preferences`: what a member wants to be told, and how.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::preferences::{self, WishesView};

/// Show what one is told.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/notification-preferences",
    operation_id = "show_notification_preferences",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "What holds.", body = WishesView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<WishesView>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.belongs()?;
    let (wishes, _) = preferences::found(&app, &member).await?;
    Ok(Json(WishesView::new(&wishes)))
}
