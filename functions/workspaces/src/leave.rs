//! `POST /v1/workspaces/{workspace}/leave`: whoever works here goes by themselves.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{MemberId, Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems, Query},
};

use crate::departure::{DepartureView, Heir, depart};

/// Leave a workspace.
///
/// The last owner hands the ownership over first.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/leave",
    operation_id = "leave_workspace",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("reassign_to" = Option<MemberId>, Query, description = "Who gets your conversations; nobody, when absent."),
    ),
    responses((status = 202, description = "Left.", body = DepartureView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(heir): Query<Heir>,
) -> Result<(StatusCode, Json<DepartureView>), Problem> {
    let actor = app
        .member(&token, workspace, Permission::WorkspaceRead, Vec::new())
        .await?;
    let view = depart(&app, &actor, actor.id, heir).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}
