//! Why a conversation is on hold. That it is, and until when, stands on its head.

use shared_derive::Record;

use crate::domain::{ConversationId, MemberId, Timestamp, WorkspaceId, text::Text};

/// The reason of a hold, and who gave it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = hold(workspace, conversation), tenant = workspace,
    within = Conversation, class = Root, anchor = placed_at,
)]
pub struct HoldNote {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What is on hold.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Why: words of the team, who may name somebody in them.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub reason: Text,
    /// Who put it on hold.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub member: MemberId,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub placed_at: Timestamp,
}
