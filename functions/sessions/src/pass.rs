//! `POST /v1/workspaces/{workspace}/calls/{call}/join-token`: a member's device is about to join a call
//! that the member made or took, or to come back.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, call::Side, policy::Module},
    http::{AccessToken, Client, Json, Path, Problem, Problems},
    store::{keys, socket::Holder},
};

use crate::{
    door::{self, JoinView},
    step,
};

/// Get a join token.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/calls/{call}/join-token",
    operation_id = "create_join_token",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("call" = CallId, Path, description = "The call."),
    ),
    responses((status = 201, description = "A token.", body = JoinView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, CallId)>,
) -> Result<(StatusCode, Json<JoinView>), Problem> {
    let wanted = vec![keys::call(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::CallsTake, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    step::taken(entry, id, member.id)?;
    let holder = Holder::Member {
        member: member.id,
        account: token.account(),
        session: token.session(),
    };
    let view = door::issue(&app, &client, entry, (id, Side::Agent), holder).await?;
    Ok((StatusCode::CREATED, Json(view)))
}
