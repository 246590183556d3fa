//! `POST /v1/workspaces/{workspace}/calls/{call}/quality`: a member's device tells how well the call goes.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, call::Side, device::Device, policy::Module},
    http::{AccessToken, Client, Code, Json, Path, Problem, Problems},
    store::{call::Caller, keys},
};

use crate::{
    quality::{self, Quality},
    step,
};

/// Tell how well a call goes.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/calls/{call}/quality",
    operation_id = "tell_quality",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("call" = CallId, Path, description = "The call."),
    ),
    request_body = Quality,
    responses((status = 204, description = "Kept, over what was told before."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    device: Device,
    Path((workspace, id)): Path<(WorkspaceId, CallId)>,
    Json(told): Json<Quality>,
) -> Result<StatusCode, Problem> {
    let wanted = vec![
        keys::call(workspace, id),
        keys::call_quality(workspace, id, Side::Agent),
    ];
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let call = step::read(entry, id)?;
    if call.side_of(Caller::Member(member.id)).is_none() {
        return Err(Problem::new(Code::Forbidden));
    }
    quality::keep(&app, &client, entry, (&call, Side::Agent), (device, told)).await?;
    Ok(StatusCode::NO_CONTENT)
}
