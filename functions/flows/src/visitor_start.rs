//! `POST /v1/widget/flows/{flow}/conversations`: a visitor begins a conversation that a flow leads, in
//! the version that is `live`.
//!
//! What the flow says first is written with the conversation. The visitor answers by sending messages
//! to it. Safe to retry: the same `client_id` is the same conversation.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use flow::{Arrival, What};
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, bot},
    domain::{
        ConversationId, FlowId,
        policy::Module,
        text::{Locale, Setting},
    },
    http::{Code, IdempotencyKey, Json, Path, Problem, Problems, VisitorToken, idempotent::Ask},
    store::{
        CommitError, RootRef, Transaction, conversation::Conversation, flow::Flow,
        flow_run::first_turn, keys,
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

/// Which conversation to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorStartFlow {
    /// The client's own id of the conversation; the same id is the same conversation.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_id: Uuid,
    /// The page that the visitor is on, for flows that begin otherwise on some pages. Not kept.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500, example = "https://www.example.com/pricing")]
    page_url: Option<Setting>,
    /// The visitor's language, for flows that speak several. Not kept, but for the one that is spoken.
    #[serde(default)]
    #[schema(value_type = Option<Locale>, example = "de-AT")]
    locale: Option<Locale>,
}

/// What began.
#[derive(Debug, Serialize, ToSchema)]
pub struct StartedFlow {
    /// The conversation: its messages are read and sent as of any other.
    conversation_id: ConversationId,
}

/// Start a conversation with a flow.
#[utoipa::path(
    post,
    path = "/v1/widget/flows/{flow}/conversations",
    operation_id = "visitor_start_flow",
    params(("flow" = FlowId, Path, description = "The flow.")),
    request_body = VisitorStartFlow,
    responses(
        (status = 201, description = "Begun.", body = StartedFlow),
        (status = 200, description = "Had been begun before.", body = StartedFlow),
        Problems,
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(flow): Path<FlowId>,
    Json(body): Json<VisitorStartFlow>,
) -> Result<Response, Problem> {
    let at = keys::flow(token.workspace, flow);
    let wanted = vec![at.clone(), keys::data_key(&RootRef::of(&at))];
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    entry.require(Module::Conversations)?;
    if visitor.contact.blocked {
        return Err(Problem::new(Code::Blocked));
    }
    let key = entry.data_key(&at)?.ok_or_else(Problem::not_found)?;
    let found = entry.sealed::<Flow>(&at, &key)?;
    let version = found.and_then(|found| found.live_version);
    let version = version.ok_or_else(Problem::not_found)?;
    let natural = IdempotencyKey::natural(body.client_id);
    let content = flow.to_string();
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: visitor.subject(),
        operation: "start_flow",
        content: &content,
        now: entry.now,
    };
    let id = ConversationId::new(entry.now);
    let mut head = Conversation::begin(id, entry.workspace, visitor.id, entry.now);
    head.team = visitor.team.or(entry.policy.default_team);
    head.app = Some(visitor.app);
    head.asks_rating = visitor.asks_rating;
    head.mails_offline = visitor.mails_offline;
    let data_key = keys::conversation(entry.workspace, id);
    let data_key = entry.tenant_key.new_data_key(&data_key, entry.now)?;
    let run = bot::new_run(
        (entry.workspace, id),
        visitor.id,
        (flow, version),
        entry.now,
    )
    .ok_or_else(|| Problem::internal("a run that has not begun"))?;
    let arrival = Arrival {
        id: Some(body.client_id.to_string()),
        what: What::Start {
            node: None,
            vars: Vec::new(),
        },
    };
    let page = body.page_url.as_ref().map(Setting::as_str);
    let turn = app
        .begin_turn(
            run,
            &arrival,
            (page, body.locale.as_ref()),
            &entry.tenant_key,
            entry.lens(),
        )
        .await?;
    let mut transaction = Transaction::new(entry.now);
    first_turn(&mut transaction, &head, &turn, &data_key, entry.lens())?;
    let slot = natural.remember(&mut transaction, ask, id)?;
    let reply = |status: StatusCode, conversation_id| {
        (status, Json(StartedFlow { conversation_id })).into_response()
    };
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply(StatusCode::CREATED, id)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let began = IdempotencyKey::replayed::<ConversationId>(&refusal, slot, ask)?;
            // Without a replay, the contact was erased between the read and the write.
            Ok(reply(StatusCode::OK, began.ok_or_else(Problem::not_found)?))
        }
    }
}
