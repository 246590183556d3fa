//! `POST /v1/workspaces/{workspace}/flows/{flow}/test-runs`: plays the tests that live with the flow
//! through its draft. Nothing is stored, sent or asked.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems},
    store::keys,
};
use utoipa::ToSchema;

use crate::{
    desk::{Desk, place},
    tests,
};

/// How one test went. Without `Debug`: it may hold what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct TestView {
    /// What it is called.
    #[schema(example = "A bug is reported")]
    name: String,
    /// Whether everything that it expects is so.
    #[schema(example = true)]
    passed: bool,
    /// What it expects and is not so.
    #[schema(value_type = Vec<crate::document::Open>)]
    missed: Value,
}

/// How the tests went. Without `Debug`: it may hold what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct TestRun {
    /// Whether all of them hold.
    #[schema(example = true)]
    passed: bool,
    /// Each of them, in their order.
    tests: Vec<TestView>,
}

/// Run the tests of a flow.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/flows/{flow}/test-runs",
    operation_id = "run_flow_tests",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
    ),
    responses((status = 200, description = "How they went.", body = TestRun), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow)): Path<(WorkspaceId, FlowId)>,
) -> Result<Json<TestRun>, Problem> {
    let draft = place(workspace, flow, None).keys();
    let more = draft.chain([keys::flow_tests(workspace, flow)]);
    let at = (workspace, flow);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, more).await?;
    let (document, program) =
        tests::playable(&app, &desk.caller.entry, &desk.document(None)?).await?;
    let results = tests::run((&document, &program), &desk.tests()?)?;
    let views = results.into_iter().map(|result| TestView {
        name: result.name,
        passed: result.passed,
        missed: result.missed,
    });
    let tests: Vec<TestView> = views.collect();
    Ok(Json(TestRun {
        passed: tests.iter().all(|test| test.passed),
        tests,
    }))
}
