//! `DELETE /v1/workspaces/{workspace}`: the owner ends a workspace.
//!
//! From the next call on nobody gets in, visitors included; for seven days the owner can undo it.
//! Then everything in it is erased; with `?when=now`, within minutes.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems, Query},
};

use crate::{
    closing::{self, When},
    workspace::{self, WorkspaceView},
};

/// When it ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    #[serde(default)]
    when: When,
}

/// Delete a workspace.
///
/// Takes a factor that was proved in the last ten minutes. It can be undone for seven days, in which
/// every other route of the workspace answers 423; not if its owner does not want to wait.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}",
    operation_id = "delete_workspace",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("when" = Option<String>, Query, description = "`now`, or `later`, after seven days, which it is when absent."),
    ),
    responses((status = 202, description = "It will be erased.", body = WorkspaceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<WorkspaceId>,
    Query(ending): Query<Ending>,
) -> Result<(StatusCode, Json<WorkspaceView>), Problem> {
    let wanted = workspace::wanted(id).to_vec();
    let member = app
        .member(&token, id, Permission::WorkspaceOwn, wanted)
        .await?;
    member.proved()?;
    let closes_at = ending.when.after(member.entry.now);
    let view = closing::set(&app, &member, id, Some(closes_at)).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}
