//! What a flow asks of a server, until there is an answer. It is written with the turn that asks, so nothing is
//! asked that was not written down; and each try is written down before it is made, so none is made twice.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use flow::HttpRequest;
use shared_derive::Record;
use uuid::Uuid;

use super::{db::StoreError, flow_run::FlowRun};
use crate::domain::{ConversationId, Timestamp, WorkspaceId, flow::Piece};

/// How long the first try is left to `outbox`: longer than it takes.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// How long a try may take that `outbox` makes: others wait behind it. What may take longer is left to the
/// schedule.
pub const SHORT: Duration = Duration::from_secs(8);
/// How much longer than it may take a try counts as being made.
const GRACE: Duration = Duration::from_secs(20);

/// What a flow asks of a server.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_request(workspace, conversation, id),
    due = flow_request_due(workspace, conversation, id, next_at), tenant = workspace,
    within = Conversation, class = Conversation, anchor = asked_at,
)]
pub struct FlowRequest {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Its id, which follows from the run and the place in the flow.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: Uuid,
    /// The request, as JSON. Secrets are named in it, and not there.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub request: Piece,
    /// Tries that were begun.
    #[non_personal(reason = "a count of tries")]
    pub attempts: u64,
    /// When it is tried next by the schedule.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub next_at: Timestamp,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub asked_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl FlowRequest {
    /// What a run asks at a key of its flow.
    ///
    /// # Errors
    /// When the request is too large to keep.
    pub fn new(
        run: &FlowRun,
        key: &str,
        request: &HttpRequest,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let text = serde_json::to_string(request).ok().and_then(Piece::of);
        let next_at = match patience(request) > SHORT {
            true => now,
            false => now.plus(FIRST_WAIT),
        };
        Ok(Self {
            workspace: run.workspace,
            conversation: run.conversation,
            id: id_of(run, key),
            request: text.ok_or(StoreError::Corrupt("a request that is too large"))?,
            attempts: 0,
            next_at,
            asked_at: now,
            rev: 1,
        })
    }

    /// The request.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(&self) -> Result<HttpRequest, StoreError> {
        serde_json::from_str(self.request.reveal())
            .map_err(|_| StoreError::Corrupt("a request of a flow that does not read"))
    }

    /// Whether a run waits for it at this key.
    pub fn is_of(&self, run: &FlowRun, key: &str) -> bool {
        self.id == id_of(run, key)
    }

    /// The same with one more try begun, which counts as lost when nothing has come of it by then.
    pub fn tried(self, request: &HttpRequest, now: Timestamp) -> Self {
        Self {
            attempts: self.attempts + 1,
            next_at: now.plus(patience(request) + GRACE),
            ..self
        }
    }

    /// The same to be tried again: soon, and later each time.
    pub fn again(self, now: Timestamp) -> Self {
        let doublings = u32::try_from(self.attempts.saturating_sub(1)).unwrap_or(0);
        let pause = Duration::from_secs(5 << doublings.min(4));
        Self {
            next_at: now.plus(pause),
            ..self
        }
    }
}

/// How long a try may take.
pub fn patience(request: &HttpRequest) -> Duration {
    Duration::from_millis(u64::from(request.timeout_ms))
}

/// The id of what a run asks at a key. Another run in the same conversation has other ids.
pub(super) fn id_of(run: &FlowRun, key: &str) -> Uuid {
    let (conversation, began) = (run.conversation, run.started_at.ms());
    let name = format!("{conversation}|{}|{began}|{key}", run.flow);
    let hash = digest(&SHA256, name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
