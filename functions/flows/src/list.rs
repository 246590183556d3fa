//! `GET /v1/workspaces/{workspace}/flows`: the flows of a workspace, newest first, without their
//! documents.

use axum::extract::State;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId, policy::Module},
    http::{Credential, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, RootRef, db::BATCH_KEYS, flow::Flow, keys},
};

use crate::view::FlowView;

/// List flows.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/flows",
    operation_id = "list_flows",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    responses((status = 200, description = "A page.", body = Page<FlowView>), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<FlowView>>, Problem> {
    let caller = app
        .caller(&credential, workspace, Permission::FlowsRead, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let (principal, name) = (caller.subject.to_string(), format!("flows:{workspace}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let before = paging
        .cursor
        .as_ref()
        .map(|cursor| list.read::<FlowId>(cursor, entry.now));
    let limit = paging.limit.get();
    // One more than asked tells whether there is more.
    let mut query = store::Query::lists(keys::flows(workspace))
        .newest_first()
        .limit(limit + 1);
    if let Some(before) = before.transpose()? {
        let place = keys::flow_list(workspace, before);
        query = query.after(keys::flow(workspace, before), place.sk);
    }
    let items = app.store.query(query).await?;
    let ids = items
        .iter()
        .filter_map(|item| item.get("lists_sk")?.as_s().ok()?.parse().ok());
    let mut ids: Vec<FlowId> = ids.collect();
    let more = ids.len() > usize::from(limit);
    ids.truncate(usize::from(limit));
    let next = match ids.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last, entry.now)?),
        None => None,
    };
    let mut views = Vec::with_capacity(ids.len());
    for ids in ids.chunks(BATCH_KEYS / 2) {
        let heads: Vec<_> = ids.iter().map(|id| keys::flow(workspace, *id)).collect();
        let with_key = |head: &store::Key| [head.clone(), keys::data_key(&RootRef::of(head))];
        let wanted = heads.iter().flat_map(with_key).collect();
        let fetched = app.store.batch(wanted).await?;
        for head in &heads {
            // Deleted since the index was read.
            let Some(key) = fetched.data_key(head, &entry.tenant_key)? else {
                continue;
            };
            let flow = fetched.get::<Flow>(head, &key, entry.lens())?;
            views.extend(flow.as_ref().map(FlowView::new));
        }
    }
    Ok(Json(Page::new(views, next)))
}
