//! What services of a customer are told of, and when they are told again.

use std::time::Duration;

use super::time::Timestamp;
use crate::words;

words! {
    /// What happened, as a service of the customer is told.
    pub enum HookEvent {
        /// A file was looked through: it is clean now, or was refused.
        AttachmentScanned = "attachment.scanned",
        /// A call was taken.
        CallAnswered = "call.answered",
        /// A call is over, taken or not.
        CallEnded = "call.ended",
        /// A call rings.
        CallStarted = "call.started",
        /// A visitor came for the first time.
        ContactCreated = "contact.created",
        /// A contact was erased, or has ended: whoever keeps a copy has to delete it (GDPR Art. 19).
        ContactDeleted = "contact.deleted",
        /// The team said that a contact and others are one person; each of them is told of.
        ContactMerged = "contact.merged",
        /// A contact told something of itself, or the customer did.
        ContactUpdated = "contact.updated",
        /// A conversation was given to somebody or to a team, or taken from them.
        ConversationAssigned = "conversation.assigned",
        /// It was closed.
        ConversationClosed = "conversation.closed",
        /// It began.
        ConversationCreated = "conversation.created",
        /// It was deleted, or has ended.
        ConversationDeleted = "conversation.deleted",
        /// It was opened again, put aside, labelled or marked.
        ConversationUpdated = "conversation.updated",
        /// A flow came to its end, and the conversation is closed with it.
        FlowFinished = "flow.finished",
        /// People lead a conversation that a flow led.
        FlowHandedOver = "flow.handed_over",
        /// A flow leads a conversation.
        FlowStarted = "flow.started",
        /// Somebody wrote a message or a note.
        MessageCreated = "message.created",
        /// A message was deleted.
        MessageDeleted = "message.deleted",
        /// A message was changed by its writer.
        MessageEdited = "message.edited",
        /// A part of a message was blacked out.
        MessageRedacted = "message.redacted",
        /// Somebody asked something about their data, and has proved who they are where that is asked.
        PrivacyRequestCreated = "privacy_request.created",
        /// Such a request was answered, refused, taken back or overtaken by time.
        PrivacyRequestUpdated = "privacy_request.updated",
        /// Everything in the workspace has the end that its changed retention says.
        RetentionApplied = "retention.applied",
        /// Somebody of the team tries the endpoint out.
        WebhookTest = "webhook.test",
    }
}

impl HookEvent {
    /// Whether an endpoint can choose it: a test comes to whom it is sent, unasked.
    pub const fn is_choice(self) -> bool {
        !matches!(self, Self::WebhookTest)
    }

    /// Whether every endpoint is told, whatever it chose: it may have been told of the contact before,
    /// and must learn that it has to forget (GDPR Art. 19).
    pub const fn is_always_told(self) -> bool {
        matches!(self, Self::ContactDeleted)
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long is waited after each attempt that failed; after the last one it is given up.
pub const WAITS: [Duration; 9] = [
    MINUTE,
    MINUTE.saturating_mul(5),
    MINUTE.saturating_mul(30),
    HOUR.saturating_mul(2),
    HOUR.saturating_mul(5),
    HOUR.saturating_mul(10),
    HOUR.saturating_mul(14),
    HOUR.saturating_mul(20),
    HOUR.saturating_mul(24),
];

/// How long an endpoint may fail without one success before it is switched off.
pub const FAILING_FOR: Duration = HOUR.saturating_mul(5 * 24);
/// How long an endpoint is left alone that has too much to do, or cannot be reached.
pub const REST: Duration = MINUTE;
/// The longest that it may ask for.
pub const MOST_REST: Duration = HOUR;

/// When the next attempt is due, after `attempts` that failed the last at `now`; none when it is given up.
///
/// Up to a fifth is added, by `chance`, so that what failed together does not come back together.
pub fn next_attempt(attempts: u64, chance: u8, now: Timestamp) -> Option<Timestamp> {
    let made = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let wait = WAITS.get(made)?;
    Some(now.plus(*wait + *wait / 5 * u32::from(chance) / 255))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::retention::DELIVERY_LIFETIME;

    const NOW: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    proptest! {
        #[test]
        fn an_attempt_comes_after_its_wait_and_before_a_fifth_more(made in 1..=WAITS.len(), chance: u8) {
            let wait = WAITS[made - 1];
            let next = next_attempt(made as u64, chance, NOW).expect("another attempt");
            prop_assert!(next >= NOW.plus(wait));
            prop_assert!(next <= NOW.plus(wait + wait / 5));
        }
    }

    #[test]
    fn the_last_attempt_is_made_while_the_delivery_is_there_and_the_endpoint_is_on() {
        let slowest: Duration = WAITS.iter().map(|wait| *wait + *wait / 5).sum();
        assert!(slowest < FAILING_FOR && FAILING_FOR < DELIVERY_LIFETIME);
        assert_eq!(next_attempt(WAITS.len() as u64 + 1, 0, NOW), None);
        assert_eq!(next_attempt(0, 0, NOW), None);
    }
}
