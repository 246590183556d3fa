//! `DELETE /v1/workspaces/{workspace}`: the owner ends a workspace.
//!
//! From the next call on nobody gets in, visitors included; for seven days the owner can undo it.
//! Then everything in it is due to be erased.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, retention::erasure_days, time::DAY},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::{
    closing,
    workspace::{self, WorkspaceView},
};

/// Delete a workspace.
///
/// Takes a factor that was proved in the last ten minutes. It can be undone for seven days, in which
/// every other route of the workspace answers 423.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}",
    operation_id = "delete_workspace",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 202, description = "It will be erased.", body = WorkspaceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<WorkspaceId>,
) -> Result<(StatusCode, Json<WorkspaceView>), Problem> {
    let wanted = workspace::wanted(id).to_vec();
    let member = app
        .member(&token, id, Permission::WorkspaceOwn, wanted)
        .await?;
    member.proved()?;
    let closes_at = member.entry.now.plus(DAY * erasure_days::UNDO);
    let view = closing::set(&app, &member, id, Some(closes_at)).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}
