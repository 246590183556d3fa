//! `GET /v1/workspaces/{workspace}/break-glass`: when an operator was in this workspace, and why;
//! newest first. What they read stands in the audit log.

use axum::extract::State;
use shared::{
    app::App,
    domain::{BreakGlassId, Permission, WorkspaceId},
    http::{AccessToken, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, Unsealed, break_glass::BreakGlass, keys, record::read_item},
};

use crate::break_glass::BreakGlassView;

/// List the operator's entries.
///
/// For owners and admins.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/break-glass",
    operation_id = "list_break_glass",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<BreakGlassView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<BreakGlassView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::AuditRead, Vec::new())
        .await?;
    let entry = &member.entry;
    let (principal, name) = (
        member.account.to_string(),
        format!("break-glass:{workspace}"),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = paging.cursor.as_ref();
    let after = after.map(|cursor| list.read::<BreakGlassId>(cursor, entry.now));
    let limit = paging.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::partition(keys::break_glasses(workspace))
        .newest_first()
        .limit(limit + 1);
    if let Some(after) = after.transpose()? {
        query = query.after(keys::break_glass(workspace, after), String::new());
    }
    let items = app.store.query(query).await?;
    let mut found = Vec::with_capacity(items.len());
    for item in items.iter().take(usize::from(limit)) {
        found.extend(read_item::<BreakGlass>(item, &Unsealed, entry.lens())?);
    }
    let more = items.len() > usize::from(limit);
    let next = match found.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last.id, entry.now)?),
        None => None,
    };
    let views = found
        .iter()
        .map(|found| BreakGlassView::new(found, entry.now));
    Ok(Json(Page::new(views.collect(), next)))
}
