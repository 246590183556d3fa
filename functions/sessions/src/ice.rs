//! `POST /v1/workspaces/{workspace}/calls/{call}/ice`: fresh credentials for the relay, in the middle of
//! a call.

use axum::extract::State;
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, call::Side, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::keys,
};

use crate::{
    door::{self, IceView},
    step,
};

/// Get servers that help devices find each other.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/calls/{call}/ice",
    operation_id = "create_ice",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("call" = CallId, Path, description = "The call."),
    ),
    responses((status = 200, description = "The servers.", body = IceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, CallId)>,
) -> Result<Json<IceView>, Problem> {
    let wanted = vec![keys::call(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let call = step::taken(entry, id, member.id)?;
    Ok(Json(door::ice(&app, &call, Side::Agent, entry.now)))
}
