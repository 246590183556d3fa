//! When data dies: retention classes and the one function that turns a class into an instant.

use std::time::Duration;

use super::{
    policy::Policy,
    time::Timestamp,
};

/// Minutes that a mailed code may be answered in (README section 4).
pub const CHALLENGE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// How long a login session lives without being used.
pub const SESSION_IDLE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How long a login session lives at all.
pub const SESSION_ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a visitor's widget may resume after its last use.
pub const VISIT_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long the client's id of a message is remembered.
pub const DEDUPE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a tombstone says that something is gone: as long as a cursor of `/sync` is good.
pub const TOMBSTONE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long an invitation may be accepted.
pub const INVITATION_LIFETIME: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How long a record lives, as a property of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// While the account exists: CALL-27, FLOW-32.
    Account,
    /// A mailed code: ten minutes.
    Challenge,
    /// Conversation content: its own creation, or the last activity of a head, plus the days of
    /// the workspace (FLOW-33, CHAT-18).
    Conversation,
    /// The memory of a client's message id: 7 days, and never longer than the content itself.
    Dedupe,
    /// The memory of an idempotency key: 24 hours.
    Idempotency,
    /// An invitation: 14 days.
    Invitation,
    /// A login session: 14 days without use, 30 days at all.
    LoginSession,
    /// Data of the deployment itself, about nobody.
    Operation,
    /// With its root: keys, fences and edges, taken along when the root's head goes.
    Root,
    /// What says that something is gone: 7 days.
    Tombstone,
    /// A visitor's widget session: 30 days after its last use, never longer than content.
    Visit,
    /// While the workspace exists.
    Workspace,
}

impl Class {
    /// Whether the end of a root of this class moves with its use; otherwise it is fixed at birth.
    pub const fn rolls(self) -> bool {
        !matches!(self, Self::Challenge | Self::Invitation)
    }
}

/// When an item ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At this instant: from then on it is absent, whatever TTL has got round to.
    At(Timestamp),
    /// With the thing named here; a reviewer reads the reason in the rendered table.
    With(&'static str),
}

impl Expiry {
    /// Whether the item has ended at `now`. The instant itself belongs to the end.
    pub fn has_passed(self, now: Timestamp) -> bool {
        match self {
            Self::At(end) => end <= now,
            Self::With(_) => false,
        }
    }
}

/// The end of an item of `class` whose clock started at `anchor`, under `policy`.
///
/// Pure and total: there is no class without an answer. Writes stamp it, reads ask it again with
/// the present policy, so a shortened retention holds at once (privacy.md A5).
pub fn expiry(class: Class, policy: &Policy, anchor: Timestamp) -> Expiry {
    let content = policy.conversation_lifetime();
    match class {
        Class::Account => Expiry::With("the account"),
        Class::Workspace => Expiry::With("the workspace"),
        Class::Operation => Expiry::With("the deployment"),
        Class::Root => Expiry::With("its root"),
        Class::Challenge => Expiry::At(anchor.plus(CHALLENGE_LIFETIME)),
        Class::LoginSession => Expiry::At(anchor.plus(SESSION_IDLE)),
        Class::Invitation => Expiry::At(anchor.plus(INVITATION_LIFETIME)),
        Class::Idempotency => Expiry::At(anchor.plus(IDEMPOTENCY_LIFETIME)),
        Class::Tombstone => Expiry::At(anchor.plus(TOMBSTONE_LIFETIME)),
        Class::Conversation => Expiry::At(anchor.plus(content)),
        Class::Visit => Expiry::At(anchor.plus(VISIT_LIFETIME.min(content))),
        Class::Dedupe => Expiry::At(anchor.plus(DEDUPE_LIFETIME.min(content))),
    }
}

/// Days from a request to delete until nothing of it can be read anywhere, step by step.
///
/// Sealed content in a backup is unreadable once the key table's own backups have rolled, so the
/// 30 days of the data table's backups do not count here (privacy.md A5).
pub mod erasure_days {
    /// The user may change their mind.
    pub const UNDO: u32 = 7;
    /// The erasure runs.
    pub const EXECUTE: u32 = 2;
    /// Point-in-time recovery of the `keys` table.
    pub const KEYS_PITR: u32 = 7;
    /// Log retention.
    pub const LOGS: u32 = 14;
    /// Dead-letter queues.
    pub const DEAD_LETTERS: u32 = 14;
    /// The table stream.
    pub const STREAM: u32 = 1;
    /// The longest of what runs in parallel, after the undo and the execution.
    pub const WORST: u32 = UNDO + EXECUTE + max(KEYS_PITR, max(LOGS, max(DEAD_LETTERS, STREAM)));

    const fn max(a: u32, b: u32) -> u32 {
        if a > b { a } else { b }
    }

    // FLOW-38: everything is gone within 30 days. A larger number does not build.
    const _: () = assert!(WORST <= 30);
}

/// The fewest and the most days a workspace may choose for its conversations.
pub const CONVERSATION_DAYS: std::ops::RangeInclusive<u32> = 1..=3650;

/// Days of point-in-time recovery of the `data` table, in the template as here (FLOW-28).
pub const DATA_PITR_DAYS: u32 = 30;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::policy::Profile;

    const CLASSES: [Class; 12] = [
        Class::Account,
        Class::Challenge,
        Class::Conversation,
        Class::Dedupe,
        Class::Idempotency,
        Class::Invitation,
        Class::LoginSession,
        Class::Operation,
        Class::Root,
        Class::Tombstone,
        Class::Visit,
        Class::Workspace,
    ];

    proptest! {
        #[test]
        fn every_class_has_an_end_that_is_not_before_its_anchor(
            class in 0..CLASSES.len(), days in CONVERSATION_DAYS, ms in 0i64..4_000_000_000_000,
        ) {
            let policy = Policy { conversation_days: days, ..Policy::of(Profile::Inbox) };
            let anchor = Timestamp::from_ms(ms);
            match expiry(CLASSES[class], &policy, anchor) {
                Expiry::At(end) => {
                    prop_assert!(end > anchor);
                    prop_assert!(!Expiry::At(end).has_passed(Timestamp::from_ms(end.ms() - 1)));
                    prop_assert!(Expiry::At(end).has_passed(end));
                }
                Expiry::With(reason) => prop_assert!(!reason.is_empty()),
            }
        }

        #[test]
        fn fewer_days_never_keep_anything_longer(
            class in 0..CLASSES.len(), a in CONVERSATION_DAYS, b in CONVERSATION_DAYS, ms in 0i64..4_000_000_000_000,
        ) {
            let (short, long) = (a.min(b), a.max(b));
            let at = |days| expiry(
                CLASSES[class],
                &Policy { conversation_days: days, ..Policy::of(Profile::Flows) },
                Timestamp::from_ms(ms),
            );
            if let (Expiry::At(short), Expiry::At(long)) = (at(short), at(long)) {
                prop_assert!(short <= long);
            }
        }

        #[test]
        fn ttl_seconds_are_seconds_and_never_early(days in CONVERSATION_DAYS, ms in 0i64..4_000_000_000_000) {
            let policy = Policy { conversation_days: days, ..Policy::of(Profile::Flows) };
            if let Expiry::At(end) = expiry(Class::Conversation, &policy, Timestamp::from_ms(ms)) {
                prop_assert!(end.ttl_seconds() * 1000 >= end.ms());
                prop_assert!(end.ttl_seconds() * 1000 - end.ms() < 1000);
            }
        }
    }

    #[test]
    fn flows_conversations_live_ninety_days_to_the_millisecond() {
        let anchor = Timestamp::from_ms(1_768_478_400_123);
        let Expiry::At(end) = expiry(Class::Conversation, &Policy::of(Profile::Flows), anchor) else {
            panic!("conversations end");
        };
        assert_eq!(end.ms() - anchor.ms(), 90 * 86_400_000);
    }
}
