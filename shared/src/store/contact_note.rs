//! Notes about a contact: what the team writes down for itself. The contact never sees them.

use shared_derive::Record;

use crate::domain::{ContactId, MemberId, NoteId, Timestamp, WorkspaceId, text::Text};

/// A note about a contact. It has no end of its own: it is there as long as its contact, and goes with it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = contact_note(workspace, contact, id), tenant = workspace,
    within = Contact, class = Root, anchor = written_at,
)]
pub struct ContactNote {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: NoteId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// About whom.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// What it says.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub text: Text,
    /// Who wrote it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub member: MemberId,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub written_at: Timestamp,
}
