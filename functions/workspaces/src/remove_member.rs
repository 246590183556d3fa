//! `DELETE /v1/workspaces/{workspace}/members/{member}`: somebody does not work here any more.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{MemberId, Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems, Query},
};

use crate::departure::{DepartureView, Heir, depart};

/// Remove a member.
///
/// They are out with their next call; a job hands over their conversations, to `reassign_to` or to
/// nobody. The last owner stays.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/members/{member}",
    operation_id = "remove_member",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("member" = MemberId, Path, description = "The member."),
        ("reassign_to" = Option<MemberId>, Query, description = "Who gets their conversations; nobody, when absent."),
    ),
    responses((status = 202, description = "Removed.", body = DepartureView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, target)): Path<(WorkspaceId, MemberId)>,
    Query(heir): Query<Heir>,
) -> Result<(StatusCode, Json<DepartureView>), Problem> {
    let actor = app
        .member(&token, workspace, Permission::MembersManage, Vec::new())
        .await?;
    let view = depart(&app, &actor, target, heir).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}
