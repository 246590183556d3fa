//! Which earlier message one answers: a number of the same thread, read with the request.

use shared::{
    domain::{ConversationId, WorkspaceId, policy::Lens},
    http::{Problem, actor::Entry},
    store::{
        Key, keys,
        message::{Audience, Message, MessageKind},
    },
};

use crate::thread::Thread;

/// The highest number that a message can have: its place holds ten digits.
const LAST: u64 = 9_999_999_999;

/// What a message answers, if it answers one.
pub struct Answered {
    seq: Option<u64>,
    place: Option<Key>,
}

impl Answered {
    /// Refuses what is no number of a message.
    pub fn check(
        seq: Option<u64>,
        workspace: WorkspaceId,
        conversation: ConversationId,
    ) -> Result<Self, Problem> {
        if seq.is_some_and(|seq| seq == 0 || seq > LAST) {
            return Err(unknown());
        }
        let place = seq.map(|seq| keys::message(workspace, conversation, seq));
        Ok(Self { seq, place })
    }

    /// What entering the thread reads for it: nothing where nothing is answered.
    pub fn wanted(&self) -> Option<Key> {
        self.place.clone()
    }

    /// The number, if somebody wrote that message and everybody who reads the new one may read it: so what
    /// the visitor reads never names a note. One that was deleted may be answered; its number is there.
    pub fn among(
        self,
        entry: &Entry,
        thread: &Thread,
        kind: MessageKind,
    ) -> Result<Option<u64>, Problem> {
        let Some(place) = self.place else {
            return Ok(None);
        };
        let policy = thread.head.policy(entry.lens());
        let lens = Lens {
            policy: &policy,
            ..entry.lens()
        };
        let found = entry.fetched().get::<Message>(&place, &thread.key, lens)?;
        let answerable = |message: &Message| {
            message.message_kind != MessageKind::System
                && (kind == MessageKind::Note || message.audience == Audience::Both)
        };
        match found.is_some_and(|message| answerable(&message)) {
            true => Ok(self.seq),
            false => Err(unknown()),
        }
    }
}

fn unknown() -> Problem {
    let detail = "the number of an earlier message of this conversation that its readers may read";
    Problem::invalid("#/reply_to_seq", "unknown_message", detail)
}
