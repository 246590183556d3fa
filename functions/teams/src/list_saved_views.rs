//! `GET /v1/workspaces/{workspace}/saved-views`: the saved views of the workspace and the member's own: all
//! of them.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Page, Path, Problem, Problems},
    store::{keys, saved_view::SavedView},
};

use crate::{saved_view::SavedViewView, shelf};

/// List saved views.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/saved-views",
    operation_id = "list_saved_views",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The views.", body = Page<SavedViewView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Page<SavedViewView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.entry.require(Module::Conversations)?;
    let kept: Vec<SavedView> = shelf::all(&app, &member, keys::SAVED_VIEW).await?;
    let views = SavedViewView::all(&app, workspace, &kept).await?;
    Ok(Json(Page::new(views, None)))
}
