//! Transcripts that somebody asked to be mailed.

use std::time::Duration;

use shared_derive::Record;

use super::{
    contact::Contact,
    conversation::Conversation,
    subject::{State, SubjectId},
};
use crate::domain::{
    ContactId, ConversationId, MemberId, Policy, Timestamp, WorkspaceId, policy::VisitorMail,
};

/// How long one wish stands for those that come after it: whoever repeats it gets one mail.
pub const ONE_IN: Duration = Duration::from_secs(10 * 60);

/// That somebody wants a transcript by mail, one row for each reader. It holds ids: `outbox` makes the mail of the
/// thread as it is when it goes, and asks anew who may have it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = transcript_mail(workspace, conversation, reader), tenant = workspace,
    within = Conversation, class = Notice, anchor = asked_at,
)]
pub struct TranscriptMail {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Of which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Who gets it: the contact, or a member.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub reader: SubjectId,
    /// Who wants that.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub asked_by: SubjectId,
    /// With whom the conversation is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// Whether what the team wrote among itself is in it.
    #[non_personal(reason = "which of two forms a document has")]
    pub notes: bool,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub asked_at: Timestamp,
    /// Which wish was carried out last: when it was asked.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub carried_out_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// Why a visitor is not mailed a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMailed {
    /// Nobody has proved the address.
    Unproved,
    /// The workspace mails no messages, the team blocked the contact, or the visitor wants no mail.
    Refused,
}

impl TranscriptMail {
    /// Whether it may go to a visitor. What they want themselves goes out whatever they said about mail that they
    /// did not ask for.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, policy: &Policy, contact: &Contact) -> Result<(), NotMailed> {
        let wanted = self.asked_by == self.reader || contact.mail_refused_at.is_none();
        let used = contact.state == State::Live && !contact.blocked;
        if policy.visitor_mail != VisitorMail::Messages || !wanted || !used {
            return Err(NotMailed::Refused);
        }
        match contact.email_proof {
            Some(_) => Ok(()),
            None => Err(NotMailed::Unproved),
        }
    }

    /// What a visitor wants of a conversation of theirs.
    pub fn by_visitor(head: &Conversation, now: Timestamp) -> Self {
        let visitor = SubjectId::Contact(head.contact);
        Self::new(head, visitor, visitor, now)
    }

    /// What a member wants the visitor to have.
    pub fn to_visitor(head: &Conversation, member: MemberId, now: Timestamp) -> Self {
        let visitor = SubjectId::Contact(head.contact);
        Self::new(head, visitor, SubjectId::Member(member), now)
    }

    /// What a member wants to have.
    pub fn to_member(head: &Conversation, member: MemberId, now: Timestamp) -> Self {
        let member = SubjectId::Member(member);
        Self::new(head, member, member, now)
    }

    const fn new(
        head: &Conversation,
        reader: SubjectId,
        asked_by: SubjectId,
        now: Timestamp,
    ) -> Self {
        Self {
            workspace: head.workspace,
            conversation: head.id,
            reader,
            asked_by,
            contact: head.contact,
            notes: false,
            asked_at: now,
            carried_out_at: None,
            rev: 1,
        }
    }

    /// With what the team wrote among itself.
    #[must_use]
    pub const fn with_notes(mut self) -> Self {
        self.notes = true;
        self
    }

    /// What is to be written after `before`: nothing, when that stands for this wish as well.
    pub fn after(self, before: Option<&Self>) -> Option<Self> {
        let Some(before) = before else {
            return Some(self);
        };
        let stands = self.asked_at < before.asked_at.plus(ONE_IN) && self.notes == before.notes;
        (!stands).then_some(Self {
            carried_out_at: before.carried_out_at,
            rev: before.rev,
            ..self
        })
    }

    /// Whether it was carried out.
    pub fn is_settled(&self) -> bool {
        self.carried_out_at == Some(self.asked_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY;

    #[test]
    fn one_wish_stands_for_ten_minutes_of_them_and_for_no_other_kind() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let member = SubjectId::Member(MemberId::new(now));
        let at = |later| TranscriptMail {
            workspace: WorkspaceId::new(now),
            conversation: ConversationId::new(now),
            reader: member,
            asked_by: member,
            contact: ContactId::new(now),
            notes: false,
            asked_at: now.plus(later),
            carried_out_at: None,
            rev: 1,
        };
        let first = TranscriptMail {
            carried_out_at: Some(now),
            ..at(Duration::ZERO)
        };
        assert!(first.is_settled());
        let soon = ONE_IN - Duration::from_millis(1);
        assert!(at(soon).after(Some(&first)).is_none());
        let second = at(ONE_IN).after(Some(&first)).expect("another wish");
        assert!(!second.is_settled());
        assert!(at(soon).with_notes().after(Some(&first)).is_some());
        assert!(at(DAY).after(None).is_some());
    }
}
