//! `POST /v1/workspaces/{workspace}/flows/{flow}/simulate`: plays a script through the draft or through
//! a version. Nothing is stored, sent or asked: servers answer what the script says, time moves when
//! it says so. Playing what was said in one version through another is how one is tried out before it
//! is taken into use.

use axum::extract::State;
use flow::simulate::{Script, simulate};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{
        Credential, Json, Path, Problem, Problems,
        json::{given, object},
    },
};
use utoipa::ToSchema;

use crate::{
    desk::{Desk, place},
    document::open_object,
    tests,
};

/// A script as the contract describes it: docs/flows.md tells its fields.
struct FlowScript;

impl utoipa::PartialSchema for FlowScript {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let steps = json!([{ "say": "Hello" }, { "expect": [{ "effect": "end" }] }]);
        open_object(json!({ "steps": steps }))
    }
}

impl ToSchema for FlowScript {}

/// What to play.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateFlow {
    /// The number of a version; the draft where it is absent.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = 1)]
    version: Option<u64>,
    /// The script: `seed`, `now`, `start`, `vars`, `http` (what servers answer) and `steps`.
    #[serde(deserialize_with = "object")]
    #[schema(value_type = FlowScript)]
    script: Map<String, Value>,
}

/// What came of a script. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct SimulationView {
    /// Whether everything that was expected is so.
    #[schema(example = true)]
    passed: bool,
    /// What came in and what came out, in order.
    #[schema(value_type = Vec<crate::document::Open>)]
    transcript: Value,
    /// The nodes that were visited, and where they were left.
    #[schema(value_type = Vec<crate::document::Open>)]
    trace: Value,
    /// Where the flow stands.
    #[schema(value_type = crate::document::Open)]
    state: Value,
    /// Nodes and edges that were reached, and those that were not.
    #[schema(value_type = crate::document::Open)]
    coverage: Value,
    /// What was expected and is not so.
    #[schema(value_type = Vec<crate::document::Open>)]
    missed: Value,
    /// What failed, and was handled as the flow says.
    #[schema(value_type = Vec<crate::document::Open>)]
    failures: Value,
    /// Whether more came out than is played, so that the last steps were left out.
    #[schema(example = false)]
    cut: bool,
}

/// Play a script through a flow.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/flows/{flow}/simulate",
    operation_id = "simulate_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
    ),
    request_body = SimulateFlow,
    responses((status = 200, description = "What came of it.", body = SimulationView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow)): Path<(WorkspaceId, FlowId)>,
    Json(body): Json<SimulateFlow>,
) -> Result<Json<SimulationView>, Problem> {
    let script: Script = serde_json::from_value(Value::Object(body.script))
        .map_err(|_| Problem::invalid("#/script", "bad_script", tests::SCRIPT))?;
    let pieces = place(workspace, flow, body.version).keys();
    let at = (workspace, flow);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, pieces).await?;
    let (document, program) =
        tests::playable(&app, &desk.caller.entry, &desk.document(body.version)?).await?;
    let played = simulate(&document, &program, &script)
        .map_err(|_| Problem::internal("a script that left its flow"))?;
    let value = |part: Result<Value, serde_json::Error>| {
        part.map_err(|_| Problem::internal("a simulation"))
    };
    Ok(Json(SimulationView {
        passed: played.missed.is_empty() && !played.cut,
        transcript: value(serde_json::to_value(&played.transcript))?,
        trace: value(serde_json::to_value(&played.trace))?,
        state: value(serde_json::to_value(&played.state))?,
        coverage: value(serde_json::to_value(&played.coverage))?,
        missed: value(serde_json::to_value(&played.missed))?,
        failures: value(serde_json::to_value(&played.failures))?,
        cut: played.cut,
    }))
}
