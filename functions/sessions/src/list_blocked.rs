//! `GET /v1/workspaces/{workspace}/call-blocks`: who may not call the team any more.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{CallBlockId, Permission, WorkspaceId, page::Limit, policy::Module},
    http::{AccessToken, Json, Page, Path, Problem, Problems, Query, cursor::List},
    store::{self, Fetched, Unsealed, call::CallBlock, keys},
};

use crate::blocked::CallBlockView;

/// Which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// How many: 1 to 100, 25 unless asked otherwise.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where an earlier page said it goes on.
    cursor: Option<String>,
}

/// List who may not call.
///
/// By id, which says nothing of when.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/call-blocks",
    operation_id = "list_blocked_callers",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Part),
    responses((status = 200, description = "A page.", body = Page<CallBlockView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(part): Query<Part>,
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
    let after = part.cursor.as_ref();
    let after = after.map(|cursor| list.read::<CallBlockId>(cursor, entry.now));
    let limit = part.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::lists(keys::call_blocks(workspace)).limit(limit + 1);
    if let Some(after) = after.transpose()? {
        let place = keys::call_block_list(workspace, after);
        query = query.after(keys::call_block(workspace, after), place.sk);
    }
    let items = app.store.query(query).await?;
    let ids = items
        .iter()
        .filter_map(|item| item.get("lists_sk")?.as_s().ok()?.parse().ok());
    let mut ids: Vec<CallBlockId> = ids.collect();
    let more = ids.len() > usize::from(limit);
    ids.truncate(usize::from(limit));
    let next = match ids.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last, entry.now)?),
        None => None,
    };
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
