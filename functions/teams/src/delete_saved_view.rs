//! `DELETE /v1/workspaces/{workspace}/saved-views/{view}`: a saved view is kept no longer.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, SavedViewId, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems},
    store::{keys, saved_view::SavedView},
};

use crate::shelf;

/// Delete a saved view.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/saved-views/{view}",
    operation_id = "delete_saved_view",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("view" = SavedViewId, Path, description = "The saved view."),
    ),
    responses((status = 204, description = "It is gone."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, SavedViewId)>,
) -> Result<StatusCode, Problem> {
    let permission = Permission::ConversationsRead;
    let member = app
        .member(&token, workspace, permission, Vec::new())
        .await?;
    member.entry.require(Module::Conversations)?;
    member.entry.in_use()?;
    member.belongs()?;
    let place = |owner| keys::saved_view(workspace, owner, id);
    let kept: SavedView = shelf::one(&app, &member, place).await?;
    shelf::may_change(&member, kept.member)?;
    app.store.delete(place(kept.member)).await?;
    Ok(StatusCode::NO_CONTENT)
}
