//! What a flow does besides leading a thread: a mail to the visitor, something that it notes about them. It is
//! written with the turn that says so; `outbox` does it and takes it away.

use serde::{Deserialize, Serialize};
use shared_derive::Record;
use uuid::Uuid;

use super::{
    db::StoreError,
    flow_request::id_of,
    flow_run::FlowRun,
    keys::{self, Key},
};
use crate::domain::{ConversationId, Timestamp, WorkspaceId, flow::Piece};

/// Something that a flow does besides.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_deed(workspace, conversation, id), tenant = workspace,
    within = Conversation, class = Notice, anchor = asked_at,
)]
pub struct FlowDeed {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Its id, which follows from the run and the place in the flow.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: Uuid,
    /// What it does, as JSON.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub deed: Piece,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub asked_at: Timestamp,
}

/// What can be done. Without `Debug`: it holds what somebody wrote.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Deed {
    /// Mails the visitor.
    Mail {
        /// At this address of theirs; at the proved one that is known of them where it is absent.
        #[serde(default)]
        to: Option<String>,
        /// The addresses that they have proved to the flow.
        proved: Vec<String>,
        /// The subject.
        subject: String,
        /// The text.
        text: String,
    },
    /// Notes something about the contact.
    Note {
        /// What it is.
        field: flow::node::ContactField,
        /// What it becomes.
        value: String,
        /// The addresses that they have proved to the flow.
        proved: Vec<String>,
    },
}

impl FlowDeed {
    /// What a run does at a key of its flow.
    ///
    /// # Errors
    /// When it is too large to keep.
    pub fn new(run: &FlowRun, key: &str, deed: &Deed, now: Timestamp) -> Result<Self, StoreError> {
        let text = serde_json::to_string(deed).ok().and_then(Piece::of);
        Ok(Self {
            workspace: run.workspace,
            conversation: run.conversation,
            id: id_of(run, key),
            deed: text.ok_or(StoreError::Corrupt("a deed of a flow that is too large"))?,
            asked_at: now,
        })
    }

    /// What it does.
    ///
    /// # Errors
    /// When it does not read.
    pub fn read(&self) -> Result<Deed, StoreError> {
        serde_json::from_str(self.deed.reveal())
            .map_err(|_| StoreError::Corrupt("a deed of a flow that does not read"))
    }

    /// Where it lies.
    pub fn place(&self) -> Key {
        keys::flow_deed(self.workspace, self.conversation, self.id)
    }
}
