//! `GET /v1/workspaces/{workspace}/flows`: the flows of a workspace, newest first, without their
//! documents.

use axum::extract::State;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId, policy::Module},
    http::{Credential, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{
        self, RootRef,
        db::{BATCH_KEYS, listed_id},
        flow::Flow,
        keys,
    },
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
    let query = store::Query::lists(keys::flows(workspace)).newest_first();
    let place = |id| (keys::flow(workspace, id), keys::flow_list(workspace, id).sk);
    let of = (query, &paging, entry.now);
    let (ids, next) = list.ids::<FlowId>(&app.store, of, place, listed_id).await?;
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
