//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/flows/{flow}`: somebody of the team, or a program
//! of theirs, lets a flow lead a conversation that is there; gives it back to the flow that had asked for
//! people; or tells the flow of what it waits for outside.
//!
//! One batch read and one transaction, on the condition that head and run are as they were read: of two
//! who do something at once one is told 409. Safe to retry by its `client_id`.

use axum::extract::State;
use flow::{AgentDid, Arrival, WaitKind, What};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    app::{
        App,
        bot::{self, Standing},
    },
    domain::{ConversationId, FlowId, Permission, WorkspaceId, flow::Environment},
    http::{
        Code, Credential, IdempotencyKey, Json, Path, Problem, Problems,
        actor::Entry,
        idempotent::Ask,
        json::{given, object},
        thread,
    },
    store::{
        CommitError, RootRef, Transaction,
        conversation::{Conversation, Status},
        flow::{Flow, FlowVersion},
        flow_run::{FlowRun, led_turn},
        keys,
    },
    words,
};
use utoipa::ToSchema;
use uuid::Uuid;

words! {
    /// What a flow is to do in a conversation.
    pub enum Lead {
        /// Begin.
        Begin = "begin",
        /// Hear of what it waits for outside.
        Event = "event",
        /// Go on after people, to whom it had handed over.
        Resume = "resume",
    }
}

const fn begin() -> Lead {
    Lead::Begin
}

/// How a flow is to lead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadConversation {
    /// The client's own id of the request; the same id does it once.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_id: Uuid,
    /// What it is to do.
    #[serde(rename = "do", default = "begin")]
    #[schema(default = "begin")]
    lead: Lead,
    /// To start with the number of a version; the one that is in use there where it is absent.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = 1)]
    version: Option<u64>,
    /// To start with the version that is in use there.
    #[serde(default = "live")]
    #[schema(default = "live")]
    environment: Environment,
    /// What happened outside, for a flow that waits for it.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = crate::document::Open, required = false)]
    event: Map<String, Value>,
    /// What variables of the flow hold, by their names; what does not fit is left out.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = crate::document::Open, required = false)]
    vars: Map<String, Value>,
}

const fn live() -> Environment {
    Environment::Live
}

/// Where the flow stands. Without `Debug`: it may hold what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct LedConversation {
    /// Which flow.
    flow_id: FlowId,
    /// In which version.
    #[schema(example = 3)]
    version: u64,
    /// Whether it leads; otherwise it went through already, or handed over again.
    #[schema(example = true)]
    leads: bool,
    /// The node at which it waits.
    #[schema(example = "n4")]
    node: Option<String>,
}

/// Let a flow lead a conversation.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/flows/{flow}",
    operation_id = "lead_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("flow" = FlowId, Path, description = "The flow."),
    ),
    request_body = LeadConversation,
    responses((status = 200, description = "Where the flow stands.", body = LedConversation), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation, flow)): Path<(WorkspaceId, ConversationId, FlowId)>,
    Json(body): Json<LeadConversation>,
) -> Result<Json<LedConversation>, Problem> {
    let at_run = keys::flow_run(workspace, conversation);
    let mut wanted = thread::wanted(workspace, conversation);
    wanted.push(at_run.clone());
    let at_flow = keys::flow(workspace, flow);
    wanted.extend([keys::data_key(&RootRef::of(&at_flow)), at_flow]);
    let numbered = |number| keys::flow_version(workspace, flow, number);
    wanted.extend(body.version.map(numbered));
    let caller = app
        .caller(
            &credential,
            workspace,
            Permission::ConversationsWrite,
            wanted,
        )
        .await?;
    let entry = &caller.entry;
    let thread = thread::seen(entry, &caller.sight, conversation)?;
    let before = entry.sealed::<FlowRun>(&at_run, &thread.key)?;
    let content = format!("{conversation}\u{1}{flow}\u{1}{}", body.lead.word());
    let natural = IdempotencyKey::natural(body.client_id);
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: caller.subject,
        operation: "lead_conversation",
        content: &content,
        now: entry.now,
    };
    let status = thread.head.status_at(entry.now);
    if let Some(run) = &before
        && Standing::of(run)?.told == Some(body.client_id)
    {
        return Ok(Json(stands(run, status)?));
    }
    if status == Status::Spam {
        return Err(Problem::new(Code::NotChangeable));
    }
    let (run, what) = match body.lead {
        Lead::Begin => begins(entry, (&thread.head, flow), &body, before.as_ref())?,
        Lead::Event => hears(before.as_ref(), flow, status, body.event)?,
        Lead::Resume => resumes(before.as_ref(), flow, status)?,
    };
    let told = Standing {
        told: Some(body.client_id),
        ..Standing::of(&run)?
    };
    let run = told.put(run)?;
    let mut transaction = Transaction::new(entry.now);
    let slot = natural.remember(&mut transaction, ask, conversation)?;
    let arrival = Arrival {
        id: Some(body.client_id.to_string()),
        what,
    };
    let turn = app
        .take_turn(run, &arrival, &entry.tenant_key, entry.lens())
        .await?;
    let led = (&turn, caller.subject);
    let head = led_turn(
        &mut transaction,
        &thread.head,
        led,
        &thread.key,
        entry.lens(),
    )?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Json(stands(&turn.run, head.status_at(entry.now))?)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let replay = IdempotencyKey::replayed::<ConversationId>(&refusal, slot, ask)?;
            match replay.and(before) {
                Some(run) => Ok(Json(stands(&run, status)?)),
                None => Err(Problem::new(Code::Conflict)),
            }
        }
    }
}

/// A run that begins, in place of the one that there was.
fn begins(
    entry: &Entry,
    (head, flow): (&Conversation, FlowId),
    body: &LeadConversation,
    before: Option<&FlowRun>,
) -> Result<(FlowRun, What), Problem> {
    let at = keys::flow(entry.workspace, flow);
    let key = entry.data_key(&at)?.ok_or_else(Problem::not_found)?;
    let found = entry.sealed::<Flow>(&at, &key)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let version = match body.version {
        Some(number) => {
            let at = keys::flow_version(entry.workspace, flow, number);
            let there = entry.open::<FlowVersion>(&at)?;
            there.map(|version| version.number).ok_or_else(|| {
                let detail = "the number of a version of this flow";
                Problem::invalid("#/version", "unknown_version", detail)
            })?
        }
        None => found.in_use(body.environment).0.ok_or_else(|| {
            let detail = "the flow is not in use there";
            Problem::new(Code::NotChangeable).with_detail(detail)
        })?,
    };
    let place = (entry.workspace, head.id);
    let run = bot::new_run(place, head.contact, (flow, version), entry.now)
        .ok_or_else(|| Problem::internal("a run that has not begun"))?;
    let run = FlowRun {
        rev: before.map_or(0, |before| before.rev),
        ..run
    };
    let vars = body.vars.iter();
    let start = What::Start {
        node: None,
        vars: vars
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    };
    Ok((run, start))
}

/// The run that handed over and is given back what people have.
fn resumes(
    before: Option<&FlowRun>,
    flow: FlowId,
    status: Status,
) -> Result<(FlowRun, What), Problem> {
    let refused = || {
        let detail = "the flow does not wait for people here";
        Problem::new(Code::NotChangeable).with_detail(detail)
    };
    let run = before.filter(|run| run.flow == flow).ok_or_else(refused)?;
    let wait = Standing::of(run)?.state.wait;
    let waits = wait.is_some_and(|wait| wait.kind == WaitKind::Handoff);
    if waits && status != Status::Bot {
        Ok((run.clone(), What::Agent(AgentDid::Resolved)))
    } else {
        Err(refused())
    }
}

/// The run that waits for something outside, which has happened.
fn hears(
    before: Option<&FlowRun>,
    flow: FlowId,
    status: Status,
    event: Map<String, Value>,
) -> Result<(FlowRun, What), Problem> {
    let refused = || {
        let detail = "the flow does not wait for anything outside here";
        Problem::new(Code::NotChangeable).with_detail(detail)
    };
    let run = before
        .filter(|run| run.flow == flow && status == Status::Bot)
        .ok_or_else(refused)?;
    let wait = Standing::of(run)?.state.wait;
    let wait = wait
        .filter(|wait| wait.kind == WaitKind::Event)
        .ok_or_else(refused)?;
    let event = What::Event {
        key: wait.key,
        body: Value::Object(event),
    };
    Ok((run.clone(), event))
}

fn stands(run: &FlowRun, status: Status) -> Result<LedConversation, Problem> {
    Ok(LedConversation {
        flow_id: run.flow,
        version: run.version,
        leads: status == Status::Bot,
        node: Standing::of(run)?.state.wait.map(|wait| wait.node),
    })
}
