//! `POST /v1/widget/conversations/{conversation}/messages`: a visitor writes.
//!
//! As for members: safe to retry, two sequential round trips. A closed conversation opens again. While a
//! flow leads, what it says to this is written in the same transaction.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::{App, bot},
    domain::{AttachmentId, ConversationId, text::Text},
    http::{Code, Json, Path, Problem, Problems, VisitorToken, actor::Entry, view::MessageView},
    store::{
        conversation::Status,
        flow_run::{FlowRun, FlowTurn},
        keys,
        message::{Appended, Draft, MessageKind},
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::thread::{self, Content, Thread};

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
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
    Json(body): Json<VisitorMessage>,
) -> Result<Response, Problem> {
    let content = Content::check(body.text, body.attachments)?;
    let at_run = keys::flow_run(token.workspace, conversation);
    let mut wanted = content.wanted(token.workspace, conversation);
    wanted.push(at_run.clone());
    let visitor = app.visitor(&token, wanted).await?;
    let thread = thread::own(&visitor.entry, visitor.id, conversation)?;
    if visitor.contact.blocked {
        return Err(Problem::new(Code::Blocked));
    }
    let files = content.files(&visitor.entry, &thread, visitor.subject())?;
    let draft = Draft {
        author: visitor.subject(),
        client_message_id: body.client_message_id,
        kind: MessageKind::Text,
        text: content.text,
        files,
    };
    let Thread { head, key } = thread;
    let entry = &visitor.entry;
    let mut run = entry.sealed::<FlowRun>(&at_run, &key)?;
    for _ in 0..TURNS {
        let turn = match run
            .take()
            .filter(|_| head.status_at(entry.now) == Status::Bot)
        {
            Some(run) => Some(answered(&app, run, &draft, entry).await?),
            None => None,
        };
        let appended = app
            .store
            .append(head.clone(), &draft, &key, entry.lens(), turn.as_ref())
            .await?;
        if !matches!(appended, Appended::OtherTurn) {
            return thread::answer(appended, entry);
        }
        // The flow took another turn, by a deadline or by another message: this one follows it.
        let fetched = app.store.batch(vec![at_run.clone()]).await?;
        run = fetched.get::<FlowRun>(&at_run, &key, entry.lens())?;
    }
    Err(Problem::new(Code::Unavailable))
}

/// How often a message follows other turns of its flow.
const TURNS: u32 = 8;

/// The turn that a message sets off.
async fn answered(
    app: &App,
    run: FlowRun,
    draft: &Draft,
    entry: &Entry,
) -> Result<FlowTurn, Problem> {
    let text = draft.text.as_ref();
    let arrival = bot::written(text, draft.client_message_id);
    let turn = app.take_turn(run, &arrival, &entry.tenant_key, entry.lens());
    Ok(turn.await?)
}
