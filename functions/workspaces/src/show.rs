//! `GET /v1/workspaces/{workspace}`: one workspace.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
};

use crate::workspace::{self, WorkspaceView};

/// Show a workspace.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}",
    operation_id = "show_workspace",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The workspace.", body = WorkspaceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Versioned<WorkspaceView>, Problem> {
    let view = load(&app, &token, workspace).await?;
    Ok(Versioned {
        rev: view.rev,
        view,
    })
}

/// The workspace as the bearer of `token` sees it.
pub async fn load(
    app: &App,
    token: &AccessToken,
    workspace: WorkspaceId,
) -> Result<WorkspaceView, Problem> {
    let wanted = workspace::wanted(workspace).to_vec();
    let member = app
        .member(token, workspace, Permission::WorkspaceRead, wanted)
        .await?;
    let entry = &member.entry;
    let found = workspace::open(entry.fetched(), &entry.tenant_key, workspace, entry.lens())?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(WorkspaceView::new(
        &found,
        &entry.policy,
        member.id,
        member.role,
    ))
}
