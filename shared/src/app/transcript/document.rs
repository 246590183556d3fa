//! A transcript as people read it, before it is text or a page.

use crate::{
    domain::{ConversationId, Timestamp},
    store::message::{Message, MessageKind},
};

use super::words;

/// What a document says.
pub struct Document {
    /// Which conversation.
    pub conversation: ConversationId,
    /// When it began.
    pub created_at: Timestamp,
    /// What it says, in order.
    pub lines: Vec<Line>,
    /// Whether older messages have ended.
    pub older_ended: bool,
    /// Where the next part begins.
    pub next_after_seq: Option<u64>,
}

/// One entry of a document.
pub struct Line {
    /// When, for people.
    pub at: String,
    /// What it says.
    pub says: Says,
}

/// What an entry says.
pub enum Says {
    /// Somebody said something.
    Somebody {
        /// Who.
        who: String,
        /// What it is besides: a note, an answer, edited, a part blacked out.
        marks: Vec<String>,
        /// The words; none when they were deleted.
        text: Option<String>,
    },
    /// Something happened.
    Happened(String),
}

impl Line {
    /// The entry of a message, with what those in it are called, and what it answers.
    pub fn new(
        message: &Message,
        actor: Option<&str>,
        member: Option<&str>,
        answered: Option<Answered<'_>>,
    ) -> Self {
        let says = match (message.message_kind, message.event) {
            (MessageKind::System, Some(event)) => Says::Happened(words::sentence(
                event,
                actor,
                member,
                &message.labels,
                message.until,
            )),
            _ => Says::Somebody {
                who: actor.unwrap_or(words::SYSTEM).to_owned(),
                marks: marks(message, answered),
                text: words_of(message),
            },
        };
        Self {
            at: moment(message.sent_at),
            says,
        }
    }
}

/// What a message answers, as its reader finds it in the document.
pub enum Answered<'a> {
    /// Somebody's message of this part.
    Here {
        /// Who wrote it.
        who: &'a str,
        /// When.
        at: Timestamp,
    },
    /// One that is not in this part, or has ended.
    Elsewhere,
}

/// What a message says, and a row for each of its files.
fn words_of(message: &Message) -> Option<String> {
    let text = message.text.iter().map(|text| text.reveal().to_owned());
    let files = message
        .files
        .iter()
        .map(|file| words::file(file.name.reveal()));
    let rows: Vec<String> = text.chain(files).collect();
    (!rows.is_empty()).then(|| rows.join("\n"))
}

fn marks(message: &Message, answered: Option<Answered<'_>>) -> Vec<String> {
    let answers = answered.map(words::answers);
    let note = (message.message_kind == MessageKind::Note).then(|| words::NOTE.to_owned());
    let became = [
        (
            message.edited_at.is_some() && message.deleted_at.is_none(),
            words::EDITED,
        ),
        (message.redacted, words::REDACTED),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, word): (bool, &str)| word.to_owned());
    note.into_iter().chain(answers).chain(became).collect()
}

/// An instant for people: to the second, in UTC.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_second_and_says_that_it_is_utc() {
        let at = Timestamp::from_ms(1_768_478_400_999);
        assert_eq!(moment(at), "2026-01-15 12:00:00 UTC");
    }
}
