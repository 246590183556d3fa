//! `GET /v1/workspaces/{workspace}/call-blocks`: who may not call the team any more.

use axum::extract::State;
use shared::{
    app::App,
    domain::{CallBlockId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, Fetched, Unsealed, call::CallBlock, db::listed_id, keys},
};

use crate::blocked::CallBlockView;

/// List who may not call.
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/call-blocks",
    operation_id = "list_blocked_callers",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<CallBlockView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<CallBlockView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::CallsRead, Vec::new())
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let (principal, name) = (member.subject().to_string(), format!("blocked:{workspace}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let query = store::Query::lists(keys::call_blocks(workspace)).newest_first();
    let place = |id| {
        let listed = keys::call_block_list(workspace, id);
        (keys::call_block(workspace, id), listed.sk)
    };
    let of = (query, &paging, entry.now);
    let (ids, next) = list
        .ids::<CallBlockId>(&app.store, of, place, listed_id)
        .await?;
    let places: Vec<_> = ids
        .iter()
        .map(|id| keys::call_block(workspace, *id))
        .collect();
    let fetched = match places.is_empty() {
        true => Fetched::default(),
        false => app.store.batch_all(places.clone()).await?,
    };
    let mut views = Vec::with_capacity(places.len());
    for place in &places {
        // Lifted since the index was read.
        let block = fetched.get::<CallBlock>(place, &Unsealed, entry.lens())?;
        views.extend(block.as_ref().map(CallBlockView::new));
    }
    Ok(Json(Page::new(views, next)))
}
