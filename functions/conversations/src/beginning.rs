//! How a conversation begins, whoever begins it: with a first message, once.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AppId, ContactId, ConversationId, Sight, TeamId, attachment::Files, policy::Module,
        text::Text,
    },
    http::{Code, IdempotencyKey, Json, Problem, actor::Entry, idempotent::Ask, view::MessageView},
    store::{
        CommitError, RootRef, SubjectId, Transaction,
        conversation::Conversation,
        keys,
        message::{Draft, Message, MessageKind, first},
    },
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::view::{ConversationView, Started};

/// The message that a conversation begins with: there are no empty ones.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstMessage {
    /// The client's own id of the message; the same id is the same conversation.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_message_id: Uuid,
    /// What it says.
    text: Text,
}

/// Which side begins: decides whose it is, and whose unread count is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins<'a> {
    /// A member, who sees so much: what they would not see as nobody's is theirs.
    Member(&'a Sight),
    /// A visitor, through an app whose conversations go to a team.
    Visitor {
        app: AppId,
        team: Option<TeamId>,
        asks_rating: Option<bool>,
        mails_offline: Option<bool>,
    },
}

/// Begins a conversation with `contact`, written by `author`. A repeated request finds the one
/// that was begun: 200 instead of 201.
pub async fn begin(
    app: &App,
    entry: &Entry,
    contact: ContactId,
    author: SubjectId,
    side: Begins<'_>,
    message: FirstMessage,
) -> Result<Response, Problem> {
    entry.require(Module::Conversations)?;
    let FirstMessage {
        client_message_id,
        text,
    } = message;
    // The client's id is the idempotency key: it needs no header.
    let key = IdempotencyKey::natural(client_message_id);
    let content = format!("{contact}\u{1}{}", text.reveal());
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: author,
        operation: "start_conversation",
        content: &content,
        now: entry.now,
    };
    let id = ConversationId::new(entry.now);
    let mut head = Conversation::begin(id, entry.workspace, contact, entry.now);
    match side {
        Begins::Member(sight) if !sight.sees(head.standing()) => head.assignee = sight.member,
        Begins::Member(_) => {}
        Begins::Visitor {
            app,
            team,
            asks_rating,
            mails_offline,
        } => {
            head.team = team.or(entry.policy.default_team);
            head.app = Some(app);
            head.asks_rating = asks_rating;
            head.mails_offline = mails_offline;
        }
    }
    let place = keys::conversation(entry.workspace, head.id);
    let data_key = entry.tenant_key.new_data_key(&place, entry.now)?;
    let draft = Draft {
        author,
        client_message_id,
        kind: MessageKind::Text,
        text: Some(text),
        files: Files::default(),
        mentions: Vec::new(),
        reply_to_seq: None,
    };
    let mut transaction = Transaction::new(entry.now);
    let (message, head) = first(&mut transaction, &head, &draft, &data_key, entry.lens())?;
    let slot = key.remember(&mut transaction, ask, head.id)?;
    match app.store.commit(transaction).await {
        Ok(()) => reply(StatusCode::CREATED, entry, side, &head, &message),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let began = IdempotencyKey::replayed::<ConversationId>(&refusal, slot, ask);
            let began = began.map_err(|problem| match problem.code() {
                Code::IdempotencyKeyReused => Problem::new(Code::MessageIdReused),
                _ => problem,
            })?;
            // Without a replay, the contact was erased between the read and the write.
            let began = began.ok_or_else(Problem::not_found)?;
            replay(app, entry, side, began).await
        }
    }
}

/// Reads what an earlier try of the same request began.
async fn replay(
    app: &App,
    entry: &Entry,
    side: Begins<'_>,
    began: ConversationId,
) -> Result<Response, Problem> {
    let at_head = keys::conversation(entry.workspace, began);
    let at_first = keys::message(entry.workspace, began, 1);
    let wanted = vec![
        at_head.clone(),
        at_first.clone(),
        keys::data_key(&RootRef::of(&at_head)),
    ];
    let found = app.store.batch(wanted).await?;
    let head = found.get::<Conversation>(&at_head, &shared::store::Unsealed, entry.lens())?;
    let key = found.data_key(&at_head, &entry.tenant_key)?;
    let (Some(head), Some(key)) = (head, key) else {
        return Err(Problem::not_found());
    };
    let message = found
        .get::<Message>(&at_first, &key, entry.lens())?
        .ok_or_else(Problem::not_found)?;
    reply(StatusCode::OK, entry, side, &head, &message)
}

fn reply(
    status: StatusCode,
    entry: &Entry,
    side: Begins<'_>,
    head: &Conversation,
    message: &Message,
) -> Result<Response, Problem> {
    let (conversation, path) = match side {
        Begins::Member(_) => (
            ConversationView::for_member(head, None, entry),
            format!(
                "/v1/workspaces/{}/conversations/{}",
                entry.workspace, head.id
            ),
        ),
        Begins::Visitor { .. } => (
            ConversationView::for_visitor(head, entry),
            format!("/v1/widget/conversations/{}", head.id),
        ),
    };
    let message = MessageView::new(message, &entry.policy);
    let location = HeaderValue::try_from(path).map_err(|_| Problem::internal("a location"))?;
    let body = Json(Started {
        conversation,
        message,
    });
    Ok((status, [(header::LOCATION, location)], body).into_response())
}
