//! `GET /v1/workspaces/{workspace}/apps`: the ways in, oldest first. One query besides the batch
//! read on entry.

use axum::extract::State;
use shared::{
    app::App,
    domain::{AppId, Permission, WorkspaceId},
    http::{AccessToken, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, Unsealed, app::App as Stock, keys, record::read_item},
};

use crate::app::AppView;

/// List apps.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/apps",
    operation_id = "list_apps",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<AppView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<AppView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::AppsRead, Vec::new())
        .await?;
    let entry = &member.entry;
    let (principal, name) = (member.account.to_string(), format!("apps:{workspace}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = paging
        .cursor
        .as_ref()
        .map(|cursor| list.read::<AppId>(cursor, entry.now));
    let limit = paging.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::partition(keys::apps(workspace)).limit(limit + 1);
    if let Some(after) = after.transpose()? {
        query = query.after(keys::app(workspace, after), String::new());
    }
    let items = app.store.query(query).await?;
    let mut apps = Vec::with_capacity(items.len());
    for item in items.iter().take(usize::from(limit)) {
        apps.extend(read_item::<Stock>(item, &Unsealed, entry.lens())?);
    }
    let more = items.len() > usize::from(limit);
    let next = match apps.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last.id, entry.now)?),
        None => None,
    };
    Ok(Json(Page::new(
        apps.iter().map(AppView::new).collect(),
        next,
    )))
}
