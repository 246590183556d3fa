//! `POST /v1/workspaces/{workspace}/privacy/requests/{request}/decision`: the workspace answers.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, RequestId, TenantId, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::{
    deciding::{self, Decide, Side},
    request::{self, Desk, PrivacyRequestView},
};

/// Decide about a request of somebody about their data.
///
/// `fulfil` carries it out: `erase` takes the contact away at once and for good, `rectify` writes the
/// name and the address that were asked for. Refusing it and taking longer need an explanation, which
/// the person is sent.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/privacy/requests/{request}/decision",
    operation_id = "decide_privacy_request",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("request" = RequestId, Path, description = "The request."),
    ),
    request_body = Decide,
    responses((status = 200, description = "The request.", body = PrivacyRequestView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, RequestId)>,
    Json(body): Json<Decide>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let wanted = request::wanted(TenantId::Workspace(workspace), id).to_vec();
    let member = app
        .member(&token, workspace, Permission::PrivacyManage, wanted)
        .await?;
    let decision = body.parse()?;
    let entry = &member.entry;
    let (desk, side) = (Desk::of(entry), Side::Workspace(&member));
    let view = deciding::decide(&app, desk, side, entry.fetched(), (id, decision)).await?;
    Ok(Json(view))
}
