//! `POST /v1/workspaces/{workspace}/flows/{flow}/validate`: everything that is wrong with the draft.
//! Nothing is stored.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems},
};
use utoipa::ToSchema;

use crate::{
    desk::{Desk, place},
    document,
    view::DiagnosticView,
};

/// What is wrong with a draft. Without `Debug`: it may quote what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct Examination {
    /// The version of the flow that was looked at.
    #[schema(example = 4)]
    rev: u64,
    /// Whether it can be published: it has no errors.
    #[schema(example = true)]
    publishable: bool,
    /// What was found, errors first.
    diagnostics: Vec<DiagnosticView>,
}

/// Validate a draft.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/flows/{flow}/validate",
    operation_id = "validate_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
    ),
    responses((status = 200, description = "What was found.", body = Examination), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow)): Path<(WorkspaceId, FlowId)>,
) -> Result<Json<Examination>, Problem> {
    let draft = place(workspace, flow, None).keys();
    let at = (workspace, flow);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, draft).await?;
    let examined = document::examine(&app, &desk.caller.entry, &desk.document(None)?).await?;
    let found = examined.found;
    let publishable = examined.document.is_some() && flow::publishable(&found);
    Ok(Json(Examination {
        rev: desk.flow.rev,
        publishable,
        diagnostics: found.into_iter().map(DiagnosticView::new).collect(),
    }))
}
