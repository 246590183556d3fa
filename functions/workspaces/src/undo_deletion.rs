//! `POST /v1/workspaces/{workspace}/undo-deletion`: the owner keeps a workspace after all.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
};

use crate::{
    closing,
    workspace::{self, WorkspaceView},
};

/// Undo the deletion of a workspace.
///
/// For seven days. A workspace that nobody ended stays as it is.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/undo-deletion",
    operation_id = "undo_workspace_deletion",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The workspace.", body = WorkspaceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<WorkspaceId>,
) -> Result<Json<WorkspaceView>, Problem> {
    let wanted = workspace::wanted(id).to_vec();
    let member = app
        .member_of_closing(&token, id, Permission::WorkspaceOwn, wanted)
        .await?;
    let entry = &member.entry;
    match entry.policy.closes_at {
        None => {
            let found = workspace::open(entry.fetched(), &entry.tenant_key, id, entry.lens())?;
            let found = found.ok_or_else(Problem::not_found)?;
            let view = WorkspaceView::new(&found, &entry.policy, member.id, member.role);
            Ok(Json(view))
        }
        // Its erasure may have begun.
        Some(end) if end <= entry.now => Err(Problem::new(Code::WorkspaceClosing)),
        Some(_) => closing::set(&app, &member, id, None).await.map(Json),
    }
}
