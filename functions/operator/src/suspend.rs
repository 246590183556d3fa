//! `POST /v1/operator/workspaces/{workspace}/suspend`: members may read and nothing else, visitors
//! stay outside. It holds at the very next call, and takes nothing away.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{WorkspaceId, policy::SuspensionReason},
    http::{AccessToken, Json, Path, Problem, Problems},
};
use utoipa::ToSchema;

use crate::{
    access,
    workspace::{self, OperatedWorkspace},
};

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// The reason; a closed word, so that it says nothing about anybody.
    reason: SuspensionReason,
}

/// Suspend a workspace.
///
/// For the operator of the deployment. Its members may still read, and its data ends when it would.
#[utoipa::path(
    post,
    path = "/v1/operator/workspaces/{workspace}/suspend",
    operation_id = "suspend_workspace",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = Suspend,
    responses((status = 200, description = "It is suspended.", body = OperatedWorkspace), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<Suspend>,
) -> Result<Json<OperatedWorkspace>, Problem> {
    let found = access::workspace(&app, &token, workspace, Vec::new()).await?;
    let view = workspace::suspend(&app, found, Some(body.reason)).await?;
    Ok(Json(view))
}
