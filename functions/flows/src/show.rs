//! `GET /v1/workspaces/{workspace}/flows/{flow}`: a flow with its draft and its tests. The document is
//! also its export: it can be made a flow of again, here or elsewhere.

use axum::extract::State;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Credential, Path, Problem, Problems, Versioned},
    store::keys,
};

use crate::{
    desk::{Desk, place},
    document,
    view::FlowView,
};

/// Show a flow with its draft.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/flows/{flow}",
    operation_id = "show_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
    ),
    responses((status = 200, description = "The flow.", body = FlowView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow)): Path<(WorkspaceId, FlowId)>,
) -> Result<Versioned<FlowView>, Problem> {
    let draft = place(workspace, flow, None).keys();
    let more = draft.chain([keys::flow_tests(workspace, flow)]);
    let desk = Desk::open(
        &app,
        &credential,
        (workspace, flow),
        Permission::FlowsRead,
        more,
    )
    .await?;
    let view = FlowView {
        document: Some(document::shown(&desk.document(None)?)?),
        tests: Some(document::shown(&desk.tests()?)?),
        ..FlowView::new(&desk.flow)
    };
    Ok(Versioned {
        rev: desk.flow.rev,
        view,
    })
}
