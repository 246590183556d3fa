//! `GET /v1/workspaces/{workspace}/flows/{flow}/versions`: what was published, newest first, without
//! the documents.

use axum::extract::State;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Credential, Json, Page, Paging, Path, Problem, Problems, Query, cursor::List},
    store::{self, Unsealed, flow::FlowVersion, keys, record::read_item},
};

use crate::{desk::Desk, view::VersionView};

/// List the versions of a flow.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/flows/{flow}/versions",
    operation_id = "list_flow_versions",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        Paging,
    ),
    responses((status = 200, description = "A page.", body = Page<VersionView>), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow)): Path<(WorkspaceId, FlowId)>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let at = (workspace, flow);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, []).await?;
    let entry = &desk.caller.entry;
    let (principal, name) = (
        desk.caller.subject.to_string(),
        format!("flow-versions:{workspace}:{flow}"),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let before = paging
        .cursor
        .as_ref()
        .map(|cursor| list.read::<u64>(cursor, entry.now));
    let limit = paging.limit.get();
    let high = match before.transpose()? {
        Some(before) => before.saturating_sub(1),
        None => desk.flow.last_version,
    };
    // One more than asked tells whether there is more.
    let query = store::Query::partition(keys::flow_partition(workspace, flow))
        .between(keys::flow_version_sort(0), keys::flow_version_sort(high))
        .newest_first()
        .limit(limit + 1);
    let items = app.store.query(query).await?;
    let mut versions = Vec::with_capacity(items.len());
    for item in items.iter().take(usize::from(limit)) {
        versions.extend(read_item::<FlowVersion>(item, &Unsealed, entry.lens())?);
    }
    let more = items.len() > usize::from(limit);
    let next = match versions.last().filter(|_| more) {
        Some(last) => Some(list.cursor(last.number, entry.now)?),
        None => None,
    };
    Ok(Json(Page::new(
        versions.iter().map(VersionView::new).collect(),
        next,
    )))
}
