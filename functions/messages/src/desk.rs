//! A message that a member means to change: one batch read opens it, one transaction changes it.

use shared::{
    app::App,
    domain::{ConversationId, Permission, Timestamp, WorkspaceId, policy::Lens},
    http::{AccessToken, Code, Member, Problem, Versioned, thread::Thread, view::MessageView},
    store::{
        SubjectId, keys,
        message::{Message, MessageKind},
        transcript::Line,
    },
};

use crate::thread;

/// A message in its thread.
pub struct Desk {
    pub member: Member,
    pub thread: Thread,
    pub message: Message,
}

impl Desk {
    /// Opens a message. One round trip.
    pub async fn open(
        app: &App,
        token: &AccessToken,
        (workspace, conversation, seq): (WorkspaceId, ConversationId, u64),
    ) -> Result<Self, Problem> {
        let at_message = keys::message(workspace, conversation, seq);
        let mut wanted = thread::wanted(workspace, conversation);
        wanted.push(at_message.clone());
        let member = app
            .member(token, workspace, Permission::ConversationsWrite, wanted)
            .await?;
        let thread = thread::seen(&member.entry, &member.sight, conversation)?;
        let policy = thread.head.policy(member.entry.lens());
        let lens = Lens {
            policy: &policy,
            ..member.entry.lens()
        };
        let message = member
            .entry
            .fetched()
            .get::<Message>(&at_message, &thread.key, lens)?;
        let message = message.ok_or_else(Problem::not_found)?;
        Ok(Self {
            member,
            thread,
            message,
        })
    }

    /// The member as whoever does it.
    pub const fn actor(&self) -> SubjectId {
        self.member.subject()
    }

    /// The time of the request.
    pub const fn now(&self) -> Timestamp {
        self.member.entry.now
    }

    /// Changes the message; a line of the system tells clients to read it again.
    pub async fn change(
        self,
        app: &App,
        decide: impl FnMut(&Message) -> Result<Option<(Message, Line)>, Problem>,
    ) -> Result<Versioned<MessageView>, Problem> {
        let Self {
            member,
            thread,
            message,
        } = self;
        let entry = &member.entry;
        let policy = thread.head.policy(entry.lens());
        let corrected = app
            .store
            .correct(thread.head, message, &thread.key, entry.lens(), decide)
            .await?;
        let message = corrected.ok_or_else(Problem::not_found)?;
        Ok(Versioned {
            rev: message.rev,
            view: MessageView::new(&message, &policy),
        })
    }
}

/// Refuses what nobody may change: lines of the system, and what was deleted.
pub fn check_changeable(message: &Message) -> Result<(), Problem> {
    match (message.message_kind, message.deleted_at) {
        (MessageKind::System, _) => Err(not_changeable("the system wrote it")),
        (_, Some(_)) => Err(not_changeable("it was deleted")),
        (_, None) => Ok(()),
    }
}

/// Why a message stays as it is.
pub fn not_changeable(why: &'static str) -> Problem {
    Problem::new(Code::NotChangeable).with_detail(why)
}
