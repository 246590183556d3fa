//! `GET /v1/workspaces/{workspace}/flows/{flow}/versions/{version}`: a version with its document.

use axum::extract::State;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems},
    store::keys,
};

use crate::{
    desk::{Desk, place},
    document,
    view::VersionView,
};

/// Show a version of a flow.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/flows/{flow}/versions/{version}",
    operation_id = "show_flow_version",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        ("version" = u64, Path, description = "The number of the version."),
    ),
    responses((status = 200, description = "The version.", body = VersionView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow, version)): Path<(WorkspaceId, FlowId, u64)>,
) -> Result<Json<VersionView>, Problem> {
    let pieces = place(workspace, flow, Some(version)).keys();
    let more = pieces.chain([keys::flow_version(workspace, flow, version)]);
    let at = (workspace, flow);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, more).await?;
    let found = desk.version(version)?;
    let text = desk.document(Some(version))?;
    Ok(Json(VersionView {
        document: Some(document::shown(&text)?),
        ..VersionView::new(&found)
    }))
}
