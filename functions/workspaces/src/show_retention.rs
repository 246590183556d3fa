//! `GET /v1/workspaces/{workspace}/retention`: how long the workspace keeps conversations.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::keys,
};

use crate::retention::{self, RetentionView};

/// Show the retention.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/retention",
    operation_id = "show_retention",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The retention; its `ETag` is what a change takes.", body = RetentionView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Versioned<RetentionView>, Problem> {
    let wanted = vec![keys::policy(workspace)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceRead, wanted)
        .await?;
    let row = retention::row(&member.entry)?;
    Ok(Versioned {
        rev: row.rev,
        view: RetentionView::new(&row, None, None),
    })
}
