//! Conversations: the head of a thread, and how far members have read.

use shared_derive::Record;

use super::subject::State;
use crate::{
    domain::{ContactId, ConversationId, MemberId, Timestamp, WorkspaceId},
    words,
};

words! {
    /// Where a conversation stands.
    pub enum Status {
        /// Finished; a new message opens it again.
        Closed = "closed",
        /// Somebody should look at it.
        Open = "open",
        /// Put aside until a time.
        Snoozed = "snoozed",
    }
}

/// The head of a thread: counters and states, under one kilobyte, no text.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = conversation(workspace, id), changes = changes(workspace, last_activity_at, id),
    tenant = workspace, subject = contact, class = Conversation, anchor = last_activity_at,
)]
pub struct Conversation {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: ConversationId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// With whom: the data subject.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// Where it stands.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub status: Status,
    /// Who takes care of it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub assignee: Option<MemberId>,
    /// The number of the last message; messages are numbered without a gap from 1.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// How many messages the visitor has written.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub in_seq: u64,
    /// How many messages have been written to the visitor; notes do not count.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub out_seq: u64,
    /// The last message the visitor has read.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub visitor_read_seq: u64,
    /// How many of the messages to the visitor it had read then.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub visitor_read_out: u64,
    /// Whether it may be used.
    #[non_personal(reason = "the state of an erasure")]
    pub state: State,
    /// When it began.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub created_at: Timestamp,
    /// The last message.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub last_activity_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// How far a member has read a conversation: a watermark, never a counter of unread messages.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = read_mark(workspace, member, conversation), tenant = workspace,
    within = Membership, class = Conversation, anchor = read_at,
)]
pub struct ReadMark {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub member: MemberId,
    /// What.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// The last message read.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// How many messages of the visitor had been read then.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub in_seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub read_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}
