//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/flow`: where the flow of a conversation
//! stands, what its variables hold, and which way it went.
//!
//! All of it lies with the conversation and goes with it.

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    app::{App, bot::Standing},
    domain::{ConversationId, FlowId, Permission, Timestamp, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems, thread},
    store::{conversation::Status, flow_run::FlowRun, keys},
};
use utoipa::ToSchema;

/// How far a conversation is in its flow. Without `Debug`: it may hold what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct TeamFlowRun {
    /// Which flow; null where none has led this conversation.
    flow_id: Option<FlowId>,
    /// In which version.
    #[schema(example = 3)]
    version: Option<u64>,
    /// Whether the flow leads; otherwise people do, or it is over.
    #[schema(example = true)]
    leads: bool,
    /// The node at which it waits.
    #[schema(example = "n4")]
    node: Option<String>,
    /// When it goes on by itself.
    deadline: Option<Timestamp>,
    /// What the variables of the flow hold, by their ids.
    #[schema(value_type = crate::document::Open)]
    variables: Map<String, Value>,
    /// The nodes that it came to, the oldest first; the last 200.
    way: Vec<VisitView>,
}

/// A node that was come to, or left.
#[derive(Serialize, ToSchema)]
pub struct VisitView {
    /// Which, by id.
    #[schema(example = "n4")]
    node: String,
    /// By which port it was left.
    #[schema(example = "next")]
    port: Option<String>,
    /// When.
    at: Timestamp,
}

/// Show where the flow of a conversation stands.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/flow",
    operation_id = "show_conversation_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "Where it stands.", body = TeamFlowRun), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
) -> Result<Json<TeamFlowRun>, Problem> {
    let at_run = keys::flow_run(workspace, conversation);
    let mut wanted = thread::wanted(workspace, conversation);
    wanted.push(at_run.clone());
    let caller = app
        .caller(
            &credential,
            workspace,
            Permission::ConversationsRead,
            wanted,
        )
        .await?;
    let entry = &caller.entry;
    let thread = thread::seen(entry, &caller.sight, conversation)?;
    app.note_reading(&caller, conversation).await?;
    let run = entry.sealed::<FlowRun>(&at_run, &thread.key)?;
    let standing = run.as_ref().map(Standing::of).transpose()?;
    let leads = run.is_some() && thread.head.status_at(entry.now) == Status::Bot;
    let mut view = TeamFlowRun {
        flow_id: run.as_ref().map(|run| run.flow),
        version: run.as_ref().map(|run| run.version),
        leads,
        node: None,
        deadline: run.as_ref().and_then(|run| run.deadline),
        variables: Map::new(),
        way: Vec::new(),
    };
    if let Some(standing) = standing {
        let frame = standing.state.frames.into_iter().next();
        view.variables = frame
            .map(|frame| frame.vars.into_iter().collect())
            .unwrap_or_default();
        view.node = standing.state.wait.map(|wait| wait.node);
        let way = standing.way.into_iter();
        view.way = way
            .map(|visit| VisitView {
                node: visit.node,
                port: visit.port,
                at: visit.at,
            })
            .collect();
    }
    Ok(Json(view))
}
