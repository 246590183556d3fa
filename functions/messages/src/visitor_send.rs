//! `POST /v1/widget/conversations/{conversation}/messages`: a visitor writes.
//!
//! As for members: safe to retry, two sequential round trips. A closed conversation opens again. While a
//! flow leads, what it says to this is written in the same transaction.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use flow::{Arrival, What};
use serde::Deserialize;
use shared::{
    app::{
        App,
        bot::{self, Proving},
        limit::Act,
    },
    domain::{AttachmentId, ConversationId, text::Text},
    http::{
        Allowance, Client, Code, Json, Path, Problem, Problems, VisitorToken, actor::Entry,
        json::given, view::MessageView,
    },
    store::{
        Unsealed,
        conversation::{Conversation, Status},
        flow_run::{FlowRun, FlowTurn},
        keys,
        message::{Appended, Draft, MessageKind},
        subject::State as Fence,
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answered::Answered,
    thread::{self, Content, Thread},
};

/// What a visitor writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorMessage {
    /// The client's own id of the message; the same id is the same message.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_message_id: Uuid,
    /// What it says; may be left out where files come with it.
    #[serde(default)]
    text: Option<Text>,
    /// Up to ten files that the visitor uploaded to this conversation and that are `clean`.
    #[serde(default)]
    #[schema(required = false, max_items = 10, example = json!([]))]
    attachments: Vec<AttachmentId>,
    /// What was chosen, by the ids of the options that the flow offers; `text` then says it for those who
    /// read the thread. Of no meaning where no flow waits for a choice.
    #[serde(default)]
    #[schema(required = false, max_items = 100, example = json!([]))]
    choice: Vec<String>,
    /// The number of an earlier message of this conversation that this one answers.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 1, example = 1)]
    reply_to_seq: Option<u64>,
}

/// Send a message as a visitor.
#[utoipa::path(
    post,
    path = "/v1/widget/conversations/{conversation}/messages",
    operation_id = "visitor_send_message",
    params(("conversation" = ConversationId, Path, description = "The conversation.")),
    request_body = VisitorMessage,
    responses(
        (status = 201, description = "Written.", body = MessageView),
        (status = 200, description = "Had been written before.", body = MessageView),
        Problems,
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
    Json(body): Json<VisitorMessage>,
) -> Result<Response, Problem> {
    let content = Content::check(body.text, body.attachments)?;
    let choice = body.choice;
    if choice.len() > MOST_CHOSEN || choice.iter().any(|id| id.len() > MAX_OPTION_BYTES) {
        let detail = format!("at most {MOST_CHOSEN} ids of at most {MAX_OPTION_BYTES} bytes");
        return Err(Problem::invalid("#/choice", "out_of_range", &detail));
    }
    let at_run = keys::flow_run(token.workspace, conversation);
    let mut wanted = content.wanted(token.workspace, conversation);
    wanted.push(at_run.clone());
    let earlier = Answered::check(body.reply_to_seq, token.workspace, conversation)?;
    wanted.extend(earlier.wanted());
    let visitor = app.visitor(&token, wanted).await?;
    let thread = thread::own(&visitor.entry, visitor.id, conversation)?;
    if visitor.contact.blocked {
        return Err(Problem::new(Code::Blocked));
    }
    let files = content.files(&visitor.entry, &thread, visitor.subject())?;
    let reply_to_seq = earlier.among(&visitor.entry, &thread, MessageKind::Text)?;
    let draft = Draft {
        author: visitor.subject(),
        client_message_id: body.client_message_id,
        kind: MessageKind::Text,
        text: content.text,
        files,
        mentions: Vec::new(),
        reply_to_seq,
    };
    let at_head = keys::conversation(token.workspace, conversation);
    let Thread { mut head, key } = thread;
    let entry = &visitor.entry;
    let mut run = entry.sealed::<FlowRun>(&at_run, &key)?;
    let mut counted: Option<Allowance> = None;
    for _ in 0..TURNS {
        let turn = match run
            .take()
            .filter(|_| head.status_at(entry.now) == Status::Bot)
        {
            Some(run) => Some(answered(&app, run, (&draft, &choice), entry).await?),
            None => None,
        };
        // A code that a flow mails is one of those that an address and a network get in an hour.
        let code = turn.as_ref().and_then(|turn| turn.code.as_ref());
        if let Some(code) = code.filter(|_| counted.is_none()) {
            let address = code.address.identity();
            counted = Some(app.admit(&client, Act::AskForCode, &address).await?);
        }
        let appended = app
            .store
            .append(head.clone(), &draft, &key, entry.lens(), turn.as_ref())
            .await?;
        if !matches!(appended, Appended::OtherTurn) {
            let answer = thread::answer(appended, entry)?;
            return Ok(match counted {
                Some(allowance) => (allowance, answer).into_response(),
                None => answer,
            });
        }
        // The flow took another turn, by a deadline or by another message, or began to lead: this one
        // follows it.
        let fetched = app
            .store
            .batch(vec![at_run.clone(), at_head.clone()])
            .await?;
        let now = fetched.get::<Conversation>(&at_head, &Unsealed, entry.lens())?;
        head = now
            .filter(|head| head.state == Fence::Live)
            .ok_or_else(Problem::not_found)?;
        run = fetched.get::<FlowRun>(&at_run, &key, entry.lens())?;
    }
    Err(Problem::new(Code::Unavailable))
}

/// How often a message follows other turns of its flow.
const TURNS: u32 = 8;
/// How many options are chosen at most.
const MOST_CHOSEN: usize = 100;
/// The longest id of an option.
const MAX_OPTION_BYTES: usize = 128;

/// The turn that a message sets off.
async fn answered(
    app: &App,
    run: FlowRun,
    (draft, choice): (&Draft, &[String]),
    entry: &Entry,
) -> Result<FlowTurn, Problem> {
    let (run, arrival) = match bot::proving(&run, draft, &entry.tenant_key, entry.now)? {
        Some(Proving::Asked(turn)) => return Ok(*turn),
        Some(Proving::Proven(address)) => {
            let arrival = Arrival {
                id: Some(draft.client_message_id.to_string()),
                what: What::Proven(address),
            };
            (run, arrival)
        }
        Some(Proving::Wrong(run)) => {
            let arrival = bot::arrived(&run, draft, choice)?;
            (run, arrival)
        }
        None => {
            let arrival = bot::arrived(&run, draft, choice)?;
            (run, arrival)
        }
    };
    let turn = app.take_turn(run, &arrival, &entry.tenant_key, entry.lens());
    Ok(turn.await?)
}
