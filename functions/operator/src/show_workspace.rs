//! `GET /v1/operator/workspaces/{workspace}`: how a workspace stands.

use axum::extract::State;
use shared::{
    app::App,
    domain::WorkspaceId,
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::{access, workspace::OperatedWorkspace};

/// Show how a workspace stands.
///
/// For the operator of the deployment. Neither its name nor anybody in it is told.
#[utoipa::path(
    get,
    path = "/v1/operator/workspaces/{workspace}",
    operation_id = "operate_show_workspace",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "How it stands.", body = OperatedWorkspace), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<OperatedWorkspace>, Problem> {
    let found = access::workspace(&app, &token, workspace, Vec::new()).await?;
    Ok(Json(OperatedWorkspace::new(&found.1)))
}
