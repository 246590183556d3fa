//! `POST /v1/workspaces/{workspace}/flows/{flow}/explore`: walks through the draft by chance, many
//! times, and says what was reached and what failed. Nothing is stored, sent or asked.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems},
};
use utoipa::ToSchema;

use crate::{
    desk::{Desk, place},
    tests,
};

/// The most walks of one request.
const MOST_WALKS: u32 = 200;

/// How to walk.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExploreFlow {
    /// How often: 1 to 200.
    #[schema(minimum = 1, maximum = 200, example = 50)]
    walks: u32,
    /// What chance begins with: the same seed walks the same ways.
    #[serde(default)]
    #[schema(example = 7)]
    seed: u64,
}

/// What came of the walks. Without `Debug`: it may hold what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct ExplorationView {
    /// Walks that were made.
    #[schema(example = 50)]
    walks: u32,
    /// Walks that came to an end.
    #[schema(example = 48)]
    ended: u32,
    /// Walks that stood still or went on for too long.
    #[schema(example = 2)]
    stopped: u32,
    /// Nodes and edges that were reached, and those that were not.
    #[schema(value_type = crate::document::Open)]
    coverage: Value,
    /// What failed.
    #[schema(value_type = Vec<crate::document::Open>)]
    failures: Value,
}

/// Walk through a flow by chance.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/flows/{flow}/explore",
    operation_id = "explore_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
    ),
    request_body = ExploreFlow,
    responses((status = 200, description = "What came of it.", body = ExplorationView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow)): Path<(WorkspaceId, FlowId)>,
    Json(body): Json<ExploreFlow>,
) -> Result<Json<ExplorationView>, Problem> {
    if !(1..=MOST_WALKS).contains(&body.walks) {
        let detail = format!("1 to {MOST_WALKS}");
        return Err(Problem::invalid("#/walks", "out_of_range", &detail));
    }
    let pieces = place(workspace, flow, None).keys();
    let at = (workspace, flow);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, pieces).await?;
    let (document, program) =
        tests::playable(&app, &desk.caller.entry, &desk.document(None)?).await?;
    let found = flow::simulate::explore(&document, &program, body.walks, body.seed)
        .map_err(|_| Problem::internal("a walk that left its flow"))?;
    let value = |part: Result<Value, serde_json::Error>| {
        part.map_err(|_| Problem::internal("an exploration"))
    };
    Ok(Json(ExplorationView {
        walks: found.walks,
        ended: found.ended,
        stopped: found.stopped,
        coverage: value(serde_json::to_value(&found.coverage))?,
        failures: value(serde_json::to_value(&found.failures))?,
    }))
}
