//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/flow`: where the flow of a conversation
//! stands, what its variables hold, and which way it went.
//!
//! All of it lies with the conversation and goes with it. A test that is made of it holds no word that was said: it
//! only goes the same way.

use axum::extract::State;
use flow::{
    Document, compile_draft,
    simulate::{Unrecorded, Walked, record},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::{
    app::{
        App,
        bot::{MOST_VISITED, Standing},
    },
    domain::{ConversationId, FlowId, Permission, Timestamp, WorkspaceId},
    http::{Caller, Code, Credential, Json, Path, Problem, Problems, Query, thread},
    store::{RootRef, conversation::Status, flow_run::FlowRun, keys},
    words,
};
use utoipa::{IntoParams, ToSchema};

use crate::desk::place;

words! {
    /// What is told besides.
    pub enum Besides {
        /// A test of the flow that goes the same way.
        Test = "test",
    }
}

/// What to tell.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `test`: a test for the flow that goes the way of this conversation. Whoever asks sees flows.
    #[param(inline)]
    with: Option<Besides>,
}

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
    /// Where it was asked for, a test for `tests` of the flow: answers that lead the way that this conversation went,
    /// made up, so that nothing of what was said is in it. Null where none are found, or the way was longer than is kept.
    #[schema(value_type = Option<crate::document::Open>)]
    test: Option<Value>,
    /// Where a test was looked for and none was found: the node from which no answer that was tried goes on. A test
    /// for that way is written by hand.
    #[schema(example = json!(null))]
    test_stops_at: Option<String>,
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
        Wanted,
    ),
    responses((status = 200, description = "Where it stands.", body = TeamFlowRun), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<TeamFlowRun>, Problem> {
    let at_run = keys::flow_run(workspace, conversation);
    let tests = wanted.with.is_some();
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
    if tests && !caller.may(Permission::FlowsRead) {
        return Err(Problem::new(Code::Forbidden));
    }
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
        test: None,
        test_stops_at: None,
    };
    if let (true, Some(run), Some(standing)) = (tests, &run, &standing) {
        match test_of(&app, &caller, run, standing).await? {
            Ok(test) => view.test = Some(test),
            Err(stopped) => view.test_stops_at = stopped.at,
        }
    }
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

/// A test that goes the way of a run through the version that it is in, or where looking for one ended.
async fn test_of(
    app: &App,
    caller: &Caller,
    run: &FlowRun,
    standing: &Standing,
) -> Result<Result<Value, Unrecorded>, Problem> {
    let nowhere = || Err(Unrecorded { at: None });
    // A way that is as long as is kept may have lost its beginning.
    if standing.way.len() >= MOST_VISITED {
        return Ok(nowhere());
    }
    let (entry, lens) = (&caller.entry, caller.entry.lens());
    let pieces = place(run.workspace, run.flow, Some(run.version));
    let head = keys::flow(run.workspace, run.flow);
    let mut wanted = vec![keys::data_key(&RootRef::of(&head))];
    wanted.extend(pieces.keys());
    let fetched = app.store.batch(wanted).await?;
    let Some(key) = fetched.data_key(&head, &entry.tenant_key)? else {
        return Ok(nowhere());
    };
    let text = pieces.read(&fetched, &key, lens)?;
    let Some(document) = text.and_then(|text| Document::parse(text.as_bytes()).ok()) else {
        return Ok(nowhere());
    };
    let subflows = app
        .subflows_of(&document, run.workspace, &entry.tenant_key, lens)
        .await?;
    let Ok(program) = compile_draft(&document, &subflows) else {
        return Ok(nowhere());
    };
    let way = standing.way.iter().map(|visit| Walked {
        node: visit.node.clone(),
        port: visit.port.clone(),
    });
    let way: Vec<Walked> = way.collect();
    let script = match record(&document, &subflows, &program, &way) {
        Ok(script) => script,
        Err(stopped) => return Ok(Err(stopped)),
    };
    let name = format!("As in a conversation with version {}", run.version);
    let script = serde_json::to_value(&script).map_err(|_| Problem::internal("a script"))?;
    Ok(Ok(json!({ "name": name, "script": script })))
}
