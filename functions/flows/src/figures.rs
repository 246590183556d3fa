//! `GET /v1/workspaces/{workspace}/flows/{flow}/versions/{version}/figures`: how often the nodes of a
//! version were visited and left by which port.
//!
//! Sums, and nothing about whom: what a turn came to is added up within a minute and forgotten. They
//! stay when conversations end, and go with the flow.

use std::collections::BTreeMap;

use axum::extract::State;
use flow::{Document, figures::figures};
use serde::Serialize;
use shared::{
    app::App,
    domain::{FlowId, Permission, Timestamp, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems},
    store::{flow_figures::FlowSums, keys},
};
use utoipa::ToSchema;

use crate::desk::{Desk, place};

/// Figures about a version.
#[derive(Serialize, ToSchema)]
pub struct FlowFigures {
    /// The day of the first turn that was counted; null before it.
    since: Option<Timestamp>,
    /// Conversations that began with it.
    #[schema(example = 120)]
    started: u64,
    /// Those of them that came to an end.
    #[schema(example = 90)]
    ended: u64,
    /// How often it handed over to people.
    #[schema(example = 12)]
    handed_over: u64,
    /// What failed inside flows that it goes through.
    #[schema(example = 0)]
    failed_inside: u64,
    /// Its nodes, in the order of the document.
    nodes: Vec<NodeFigures>,
}

/// Figures about a node.
#[derive(Serialize, ToSchema)]
pub struct NodeFigures {
    /// Which, by id.
    #[schema(example = "n4")]
    node: String,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "ask")]
    kind: &'static str,
    /// How often it was come to.
    #[schema(example = 118)]
    visits: u64,
    /// How often it was not left: whoever is still there, or went away.
    #[schema(example = 9)]
    stayed: u64,
    /// Answers that were none.
    #[schema(example = 14)]
    retries: u64,
    /// Answers that did not come in time.
    #[schema(example = 3)]
    timeouts: u64,
    /// How often a limit was run into here.
    #[schema(example = 0)]
    limits: u64,
    /// Errors that no port led on from.
    #[schema(example = 0)]
    failures: u64,
    /// How often it was left by each of its ports.
    ports: Vec<PortFigures>,
}

/// Figures about a port: of a split, its arms.
#[derive(Serialize, ToSchema)]
pub struct PortFigures {
    /// Which, by name.
    #[schema(example = "opt:bug")]
    port: String,
    /// How often.
    #[schema(example = 61)]
    count: u64,
}

/// Show the figures of a version.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/flows/{flow}/versions/{version}/figures",
    operation_id = "show_flow_figures",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        ("version" = u64, Path, description = "The number of the version."),
    ),
    responses((status = 200, description = "The figures.", body = FlowFigures), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, flow, number)): Path<(WorkspaceId, FlowId, u64)>,
) -> Result<Json<FlowFigures>, Problem> {
    let at_sums = keys::flow_sums(workspace, flow, number);
    let pieces = place(workspace, flow, Some(number)).keys();
    let more = pieces.chain([at_sums.clone()]);
    let at = (workspace, flow);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsRead, more).await?;
    let text = desk.document(Some(number))?;
    let document = Document::parse(text.as_bytes())
        .map_err(|_| Problem::internal("a published document that does not read"))?;
    let sums = desk.caller.entry.open::<FlowSums>(&at_sums)?;
    let counted = sums.as_ref().map_or_else(BTreeMap::new, FlowSums::read);
    let counted = figures(&document, &counted);
    let nodes = counted.nodes.into_iter().map(|node| NodeFigures {
        node: node.node,
        kind: node.kind,
        visits: node.visits,
        stayed: node.stayed,
        retries: node.retries,
        timeouts: node.timeouts,
        limits: node.limits,
        failures: node.failures,
        ports: node
            .ports
            .into_iter()
            .map(|port| PortFigures {
                port: port.port,
                count: port.count,
            })
            .collect(),
    });
    Ok(Json(FlowFigures {
        since: sums.map(|sums| sums.since),
        started: counted.started,
        ended: counted.ended,
        handed_over: counted.handed_over,
        failed_inside: counted.failed_inside,
        nodes: nodes.collect(),
    }))
}
