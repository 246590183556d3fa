//! The English of a transcript.

use crate::{
    domain::{Timestamp, label::LabelName, words::Symbol},
    store::message::Event,
};

use super::document::{Answered, moment};

/// Who did what nobody did.
pub const SYSTEM: &str = "The system";
/// A message among members.
pub const NOTE: &str = "internal note";
/// A message that its writer changed.
pub const EDITED: &str = "edited";
/// A message of which a part was blacked out.
pub const REDACTED: &str = "partly blacked out";
/// In the place of the words of a message that was deleted.
pub const DELETED: &str = "This message was deleted.";
/// When the beginning has ended.
pub const OLDER_ENDED: &str = "Older messages have been deleted at the end of their retention.";

/// What a message answers.
pub fn answers(answered: Answered<'_>) -> String {
    match answered {
        Answered::Here { who, at } => format!("in answer to {who}, {}", moment(at)),
        Answered::Elsewhere => "in answer to an earlier message".to_owned(),
    }
}

/// In the place of a file, which a transcript does not hold.
pub fn file(name: &str) -> String {
    format!("[File: {name}]")
}

/// What a document is called.
pub fn title(conversation: impl std::fmt::Display) -> String {
    format!("Conversation {conversation}")
}

/// When the conversation began.
pub fn began(at: Timestamp) -> String {
    format!("It began on {}.", moment(at))
}

/// Where the next part begins.
pub fn goes_on(after: u64) -> String {
    format!("The conversation goes on after message number {after}.")
}

/// What happened, in a sentence.
pub fn sentence(
    event: Event,
    actor: Option<&str>,
    member: Option<&str>,
    labels: &[LabelName],
    until: Option<Timestamp>,
) -> String {
    let who = actor.unwrap_or(SYSTEM);
    let whom = member.unwrap_or("somebody");
    let labels = || {
        let names: Vec<String> = labels.iter().map(LabelName::symbol).collect();
        names.join(", ")
    };
    match event {
        Event::Assigned => format!("{who} gave the conversation to {whom}."),
        Event::AssignedInTurn => format!("The conversation went to {whom}, whose turn it was."),
        Event::AssignedToLeastBusy => {
            format!("The conversation went to {whom}, who had the fewest.")
        }
        Event::CallHeld => format!("{who} called, and the call took place."),
        Event::CallMissed => format!("{who} called, and the call did not take place."),
        Event::Claimed => format!("{who} took the conversation."),
        Event::Closed => format!("{who} closed the conversation."),
        Event::Labelled => format!("{who} added labels: {}.", labels()),
        Event::MarkedSpam => format!("{who} marked the conversation as spam."),
        Event::MessageDeleted => format!("{who} deleted a message."),
        Event::MessageEdited => format!("{who} edited a message."),
        Event::MessageRedacted => format!("{who} blacked out a part of a message."),
        Event::ParticipantAdded => format!("{whom} follows the conversation."),
        Event::ParticipantRemoved => format!("{whom} follows the conversation no longer."),
        Event::PriorityChanged => format!("{who} changed how urgent the conversation is."),
        Event::PutToTeam => format!("{who} put the conversation to a team."),
        Event::Rated => format!("{who} said how content they are."),
        Event::RatingAsked => "The visitor was asked how content they are.".to_owned(),
        Event::Reopened => format!("{who} opened the conversation again."),
        Event::Snoozed => match until {
            Some(until) => format!("{who} put the conversation aside until {}.", moment(until)),
            None => format!("{who} put the conversation aside."),
        },
        Event::TakenFromTeam => format!("{who} took the conversation from its team."),
        Event::Unassigned => match member {
            Some(member) => format!("{who} took the conversation from {member}."),
            None => format!("{who} gave the conversation to nobody."),
        },
        Event::Unlabelled => format!("{who} removed labels: {}.", labels()),
        Event::Woke => "The conversation came back.".to_owned(),
    }
}
