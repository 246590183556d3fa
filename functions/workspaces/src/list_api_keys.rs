//! `GET /v1/workspaces/{workspace}/api-keys`: which programs come in.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Page, Path, Problem, Problems},
};

use crate::api_key::{self, ApiKeyView};

/// List API keys.
///
/// All of them, oldest first: there are fifty at most.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/api-keys",
    operation_id = "list_api_keys",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The keys, without their texts.", body = Page<ApiKeyView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Page<ApiKeyView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ApiKeysManage, Vec::new())
        .await?;
    let found = api_key::all(&app, &member.entry, workspace).await?;
    let views = found.iter().map(ApiKeyView::new).collect();
    Ok(Json(Page::new(views, None)))
}
