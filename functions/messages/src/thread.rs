//! A thread that somebody may use: its living head and its key, out of the batch read on entry.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    domain::{ConversationId, WorkspaceId, page::Limit, policy::Module},
    http::{
        Code, Json, Problem,
        actor::{Entry, Sight},
        view::MessageView,
    },
    store::{
        DataKey, Key, RootRef,
        conversation::Conversation,
        keys,
        message::{Appended, Span},
        subject::State,
    },
};

/// The head of a thread and the key of its texts.
pub struct Thread {
    pub head: Conversation,
    pub key: DataKey,
}

/// What entering a thread reads.
pub fn wanted(workspace: WorkspaceId, conversation: ConversationId) -> Vec<Key> {
    let head = keys::conversation(workspace, conversation);
    let key = keys::data_key(&RootRef::of(&head));
    vec![head, key]
}

/// The thread, if it lives. Expired, erased and foreign threads look alike: 404.
pub fn open(entry: &Entry, conversation: ConversationId) -> Result<Thread, Problem> {
    entry.require(Module::Conversations)?;
    let place = keys::conversation(entry.workspace, conversation);
    let head = entry
        .open::<Conversation>(&place)?
        .filter(|head| head.state == State::Live)
        .ok_or_else(Problem::not_found)?;
    let key = entry.data_key(&place)?.ok_or_else(Problem::not_found)?;
    Ok(Thread { head, key })
}

/// The thread, if it lives and the reader sees it.
pub fn seen(entry: &Entry, sight: Sight, conversation: ConversationId) -> Result<Thread, Problem> {
    let thread = open(entry, conversation)?;
    if sight.sees(thread.head.assignee) {
        Ok(thread)
    } else {
        Err(Problem::not_found())
    }
}

/// The reply to a send: 201, or 200 when the same message had arrived before.
pub fn answer(appended: Appended, entry: &Entry) -> Result<Response, Problem> {
    let own = || entry.policy.clone();
    let (status, message, policy) = match appended {
        Appended::New(message, head) => (StatusCode::CREATED, message, head.policy(entry.lens())),
        Appended::Replayed(message) => (StatusCode::OK, message, own()),
        Appended::OtherContent => return Err(Problem::new(Code::MessageIdReused)),
        Appended::Gone => return Err(Problem::not_found()),
    };
    Ok((status, Json(MessageView::new(&message, &policy))).into_response())
}

/// Which part of a thread to list: at most one of the three; without any, the newest.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Messages after this number, oldest first: how a client catches up.
    after_seq: Option<u64>,
    /// The nearest messages before this number: how a client scrolls back.
    before_seq: Option<u64>,
    /// Messages on both sides of this number: how a client opens a link to a message.
    around_seq: Option<u64>,
    /// How many: 1 to 100, 25 unless asked otherwise.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 100)]
    pub limit: Limit,
}

impl Part {
    /// The part as storage takes it.
    pub fn span(&self) -> Result<Span, Problem> {
        match (self.after_seq, self.before_seq, self.around_seq) {
            (None, None, None) => Ok(Span::Newest),
            (Some(seq), None, None) => Ok(Span::After(seq)),
            (None, Some(seq), None) => Ok(Span::Before(seq)),
            (None, None, Some(seq)) => Ok(Span::Around(seq)),
            _ => Err(Problem::invalid(
                "?after_seq",
                "ambiguous",
                "only one of after_seq, before_seq and around_seq",
            )),
        }
    }
}
