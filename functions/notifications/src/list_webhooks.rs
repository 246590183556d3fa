//! `GET /v1/workspaces/{workspace}/webhooks`: which services are told what happens.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Page, Path, Problem, Problems},
};

use crate::webhook::WebhookView;

/// List webhooks.
///
/// All of them, oldest first: there are twenty at most.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/webhooks",
    operation_id = "list_webhooks",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The webhooks, without their secrets.", body = Page<WebhookView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Page<WebhookView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, Vec::new())
        .await?;
    let entry = &member.entry;
    let found = app.store.webhooks(workspace, entry.lens()).await?;
    let views = found.iter().map(|one| WebhookView::new(one, entry));
    Ok(Json(Page::new(views.collect::<Result<_, _>>()?, None)))
}
