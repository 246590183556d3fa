//! `GET /v1/workspaces/{workspace}/privacy/requests/{request}`: one request.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, RequestId, TenantId, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::request::{self, Desk, PrivacyRequestView};

/// Show a request of somebody about their data.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/privacy/requests/{request}",
    operation_id = "show_privacy_request",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("request" = RequestId, Path, description = "The request."),
    ),
    responses((status = 200, description = "The request.", body = PrivacyRequestView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, RequestId)>,
) -> Result<Json<PrivacyRequestView>, Problem> {
    let wanted = request::wanted(TenantId::Workspace(workspace), id).to_vec();
    let member = app
        .member(&token, workspace, Permission::PrivacyManage, wanted)
        .await?;
    let entry = &member.entry;
    let found =
        request::open(entry.fetched(), Desk::of(entry), id)?.ok_or_else(Problem::not_found)?;
    Ok(Json(PrivacyRequestView::of(&found, entry.now)))
}
