//! `GET /v1/workspaces/{workspace}/privacy/requests`: what people ask the workspace, newest first.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
};

use crate::request::{self, Desk, PrivacyRequestView};

/// List requests of people about their data.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/privacy/requests",
    operation_id = "list_privacy_requests",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<PrivacyRequestView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PrivacyRequestView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::PrivacyManage, Vec::new())
        .await?;
    let entry = &member.entry;
    let (principal, name) = (member.account.to_string(), format!("privacy:{workspace}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let desk = Desk::of(entry);
    let (ids, next) = request::all(&app, desk, list, &paging).await?;
    let found = request::open_all(&app, desk, &ids).await?;
    let views = found
        .iter()
        .map(|found| PrivacyRequestView::of(found, entry.now));
    Ok(Json(Page::new(views.collect(), next)))
}
