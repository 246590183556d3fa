//! `POST /v1/operator/workspaces/{workspace}/resume`: a suspended workspace may be used again.

use axum::extract::State;
use shared::{
    app::App,
    domain::WorkspaceId,
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::{
    access,
    workspace::{self, OperatedWorkspace},
};

/// Let a suspended workspace be used again.
///
/// For the operator of the deployment.
#[utoipa::path(
    post,
    path = "/v1/operator/workspaces/{workspace}/resume",
    operation_id = "resume_workspace",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "It may be used.", body = OperatedWorkspace), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<OperatedWorkspace>, Problem> {
    let found = access::workspace(&app, &token, workspace, Vec::new()).await?;
    let view = workspace::suspend(&app, found, None).await?;
    Ok(Json(view))
}
