//! When data dies: retention classes and the one function that turns a class into an instant.

use std::time::Duration;

use super::{
    policy::{Policy, Profile},
    time::{DAY, Timestamp},
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
/// How long it is kept what a service of a customer was told of, and how it answered.
pub const DELIVERY_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a tombstone says that something is gone: as long as a cursor of `/sync` is good.
pub const TOMBSTONE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a job's progress can be asked for after its last step.
pub const JOB_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long a line of the audit log is kept: twelve months (CHAT-20).
pub const AUDIT_LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How long an invitation may be accepted.
pub const INVITATION_LIFETIME: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How long an announcement and the ledger of its letters are kept: as the audit log is.
pub const ANNOUNCEMENT_LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How long what somebody said about mail is kept: as requests about privacy are.
pub const MAIL_WISH_LIFETIME: Duration = Duration::from_secs(3 * 365 * 24 * 60 * 60);
/// How long an export can be fetched (README section 4).
pub const EXPORT_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long it can be shown that an erasure was carried out: 36 months (privacy.md A4).
pub const ERASURE_LIFETIME: Duration = Duration::from_secs(1096 * 24 * 60 * 60);
/// How long it can be shown what was handed over, to whom and why: as long as an erasure.
pub const DISCLOSURE_LIFETIME: Duration = ERASURE_LIFETIME;
/// How long the address of an erased account waits for its last mail: as long as an erasure may
/// take, so that it counts within [`erasure_days`].
pub const FAREWELL_LIFETIME: Duration =
    Duration::from_secs(erasure_days::EXECUTE as u64 * 24 * 60 * 60);
/// How long a notice waits for its mail.
pub const NOTICE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a mailed link sets a new password.
pub const RESET_LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long a request about one's data is kept after its end: 36 months, to show what was answered.
pub const REQUEST_LIFETIME: Duration = Duration::from_secs(1096 * 24 * 60 * 60);
/// How long the words of a request, and where its answer goes, are kept after its end.
pub const REQUEST_WORDS_LIFETIME: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// How long a count of a limit lives after its window began: as long as the longest window.
pub const COUNTER_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long the salt of a day's counts lives: the day, and the hour of its last counts.
pub const SALT_LIFETIME: Duration = Duration::from_secs(25 * 60 * 60);
/// How long an address is remembered that mail came back from: a mailbox may be somebody else's by
/// then.
pub const SUPPRESSION_LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How long what was said in a thread with the operator is kept, and a thread after its last message:
/// two years, and no longer than the account (CALL-26).
pub const SUPPORT_LIFETIME: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);
/// How long a file waits for the message that it is sent with.
pub const UPLOAD_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a ticket opens a socket (README section 4).
pub const TICKET_LIFETIME: Duration = Duration::from_secs(60);
/// How long what belongs to a socket lives: its two hours, and ten minutes for what is on its way.
pub const SOCKET_LIFETIME: Duration = Duration::from_secs((2 * 60 + 10) * 60);

/// How long a record lives, as a property of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// While the account exists: CALL-27, FLOW-32.
    Account,
    /// A beacon about use, and what leads to it: twelve months, less where the profile says so
    /// (FLOW-36).
    Analytics,
    /// An announcement and the ledger of its letters: a year.
    Announcement,
    /// A line of the audit log: twelve months.
    Audit,
    /// A mailed code: ten minutes.
    Challenge,
    /// Conversation content: its own creation, or the last activity of a head, plus the days of
    /// the workspace (FLOW-33, CHAT-18).
    Conversation,
    /// A count of a limit: an hour.
    Counter,
    /// The memory of a client's message id: 7 days, and never longer than the content itself.
    Dedupe,
    /// That a service of the customer was told of something: 7 days.
    Delivery,
    /// An entry of the register of what was handed over: 36 months.
    Disclosure,
    /// A copy of somebody's data that was made for them: 7 days.
    Export,
    /// How far an erasure is, and what it came to: 36 months after its last step.
    Erasure,
    /// The address of an account that was erased, for its last mail: two days.
    Farewell,
    /// The memory of an idempotency key: 24 hours.
    Idempotency,
    /// An invitation: 14 days.
    Invitation,
    /// How far a piece of long work has got: 30 days after its last step.
    Job,
    /// A login session: 14 days without use, 30 days at all.
    LoginSession,
    /// What somebody said about mail that can be refused: three years.
    MailWish,
    /// What an account is told by mail: 24 hours.
    Notice,
    /// Data of the deployment itself, about nobody.
    Operation,
    /// A request about one's data: 36 months after its end.
    PrivacyRequest,
    /// What was said in a request, and where its answer goes: 60 days after its end.
    RequestWords,
    /// A mailed link that sets a new password: 30 minutes.
    Reset,
    /// With its root: keys, fences and edges, taken along when the root's head goes.
    Root,
    /// The random numbers that counts of a day are hashed with: 25 hours.
    Salt,
    /// A socket and what it listens to: 2 hours and 10 minutes.
    Socket,
    /// What was said in a thread with the operator: two years.
    Support,
    /// An address that mail came back from, as a keyed hash: 365 days.
    Suppression,
    /// What opens one socket: 60 seconds.
    Ticket,
    /// What says that something is gone: 7 days.
    Tombstone,
    /// A file that nobody has sent yet: 24 hours, and never longer than content.
    Upload,
    /// A visitor's widget session: 30 days after its last use, never longer than content.
    Visit,
    /// While the workspace exists.
    Workspace,
}

impl Class {
    /// Whether the end of a root of this class moves with its use; otherwise it is fixed at birth.
    pub const fn rolls(self) -> bool {
        !matches!(
            self,
            Self::Announcement
                | Self::Challenge
                | Self::Export
                | Self::Farewell
                | Self::Invitation
                | Self::Reset
        )
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

/// How long an item of a class lives.
enum Life {
    With(&'static str),
    For(Duration),
}

const fn shorter(a: Duration, b: Duration) -> Duration {
    if a.as_millis() < b.as_millis() { a } else { b }
}

/// The life of an item of `class` in a profile, where conversation content is kept for `content`.
const fn life(class: Class, profile: Profile, content: Duration) -> Life {
    match class {
        Class::Account => Life::With("the account"),
        Class::Workspace => Life::With("the workspace"),
        Class::Operation => Life::With("the deployment"),
        Class::Root => Life::With("its root"),
        Class::Analytics => Life::For(profile.analytics_life()),
        Class::Announcement => Life::For(ANNOUNCEMENT_LIFETIME),
        Class::Audit => Life::For(AUDIT_LIFETIME),
        Class::Challenge => Life::For(CHALLENGE_LIFETIME),
        Class::LoginSession => Life::For(SESSION_IDLE),
        Class::Invitation => Life::For(INVITATION_LIFETIME),
        Class::MailWish => Life::For(MAIL_WISH_LIFETIME),
        Class::Erasure => Life::For(ERASURE_LIFETIME),
        Class::Farewell => Life::For(FAREWELL_LIFETIME),
        Class::Notice => Life::For(NOTICE_LIFETIME),
        Class::Delivery => Life::For(DELIVERY_LIFETIME),
        Class::Disclosure => Life::For(DISCLOSURE_LIFETIME),
        Class::Export => Life::For(EXPORT_LIFETIME),
        Class::PrivacyRequest => Life::For(REQUEST_LIFETIME),
        Class::RequestWords => Life::For(REQUEST_WORDS_LIFETIME),
        Class::Reset => Life::For(RESET_LIFETIME),
        Class::Counter => Life::For(COUNTER_LIFETIME),
        Class::Salt => Life::For(SALT_LIFETIME),
        Class::Socket => Life::For(SOCKET_LIFETIME),
        Class::Support => Life::For(SUPPORT_LIFETIME),
        Class::Suppression => Life::For(SUPPRESSION_LIFETIME),
        Class::Ticket => Life::For(TICKET_LIFETIME),
        Class::Idempotency => Life::For(IDEMPOTENCY_LIFETIME),
        Class::Job => Life::For(JOB_LIFETIME),
        Class::Tombstone => Life::For(TOMBSTONE_LIFETIME),
        Class::Conversation => Life::For(content),
        Class::Visit => Life::For(shorter(VISIT_LIFETIME, content)),
        Class::Dedupe => Life::For(shorter(DEDUPE_LIFETIME, content)),
        Class::Upload => Life::For(shorter(UPLOAD_LIFETIME, content)),
    }
}

/// The end of an item of `class` whose clock started at `anchor`, under `policy`.
///
/// Pure and total: there is no class without an answer. Writes stamp it, reads ask it again with
/// the present policy, so a shortened retention holds at once (privacy.md A5).
pub fn expiry(class: Class, policy: &Policy, anchor: Timestamp) -> Expiry {
    let end = match life(class, policy.profile, policy.conversation_lifetime(anchor)) {
        Life::With(what) => return Expiry::With(what),
        Life::For(life) => anchor.plus(life),
    };
    match policy.hold {
        // What had expired before the hold stays expired.
        Some(hold) if class == Class::Conversation && anchor > hold.lapsed => {
            Expiry::At(end.max(hold.until))
        }
        _ => Expiry::At(end),
    }
}

/// The newest anchor whose items of `class` have ended at `now`, holds left aside; none for a
/// class that ends with something else.
///
/// What is anchored later lives, what is not has ended: [`expiry`] grows with its anchor.
pub fn lapsed(class: Class, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let ended = |days: u32| match life(class, policy.profile, DAY * days) {
        Life::With(_) => None,
        Life::For(life) => Some(now.minus(life)),
    };
    let before = |until: Timestamp| Timestamp::from_ms(until.ms().saturating_sub(1));
    let steps = policy
        .steps
        .iter()
        .filter_map(|step| Some(ended(step.days)?.min(before(step.until))));
    steps.chain(ended(policy.conversation_days)).max()
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
    /// Versions of files that are not the current one.
    pub const OLD_VERSIONS: u32 = 7;
    /// The longest of what runs in parallel, after the undo and the execution.
    pub const WORST: u32 = UNDO
        + EXECUTE
        + max(
            KEYS_PITR,
            max(LOGS, max(DEAD_LETTERS, max(STREAM, OLD_VERSIONS))),
        );

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

    const CLASSES: [Class; 33] = [
        Class::Account,
        Class::Analytics,
        Class::Announcement,
        Class::Audit,
        Class::Challenge,
        Class::Conversation,
        Class::Counter,
        Class::Dedupe,
        Class::Delivery,
        Class::Disclosure,
        Class::Export,
        Class::Erasure,
        Class::Farewell,
        Class::Idempotency,
        Class::Invitation,
        Class::Job,
        Class::LoginSession,
        Class::MailWish,
        Class::Notice,
        Class::Operation,
        Class::PrivacyRequest,
        Class::RequestWords,
        Class::Reset,
        Class::Root,
        Class::Salt,
        Class::Socket,
        Class::Support,
        Class::Suppression,
        Class::Ticket,
        Class::Tombstone,
        Class::Upload,
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

    fn at(day: i64) -> Timestamp {
        Timestamp::from_ms(1_768_478_400_000 + day * 86_400_000)
    }

    fn end(policy: &Policy, anchor: Timestamp) -> Timestamp {
        match expiry(Class::Conversation, policy, anchor) {
            Expiry::At(end) => end,
            Expiry::With(_) => panic!("conversations end"),
        }
    }

    proptest! {
        #[test]
        fn whatever_the_changes_an_anchor_ends_by_the_shortest_retention_it_has_seen(
            changes in proptest::collection::vec((0i64..60, 1u32..40), 0..12), anchor in 0i64..400,
        ) {
            let (mut policy, mut day) = (Policy::of(Profile::Flows), 0);
            let mut eras = vec![(i64::MIN, policy.conversation_days)];
            for (pause, days) in changes {
                day += pause;
                policy = policy.with_days(days, at(day)).expect("few steps");
                eras.push((day, days));
            }
            // The retention of an era holds for an anchor unless the next one began before it.
            let seen = eras.iter().enumerate().filter(|(era, _)| eras.get(era + 1).is_none_or(|next| anchor < next.0));
            let days = seen.map(|(_, era)| era.1).min().expect("the last era");
            let model = at(anchor + i64::from(days));
            // A step is forgotten when what it ended is gone for a week.
            if model > at(day - 7) {
                prop_assert_eq!(end(&policy, at(anchor)), model);
            }
        }

        #[test]
        fn what_has_lapsed_and_what_has_not_are_told_apart_by_one_anchor(
            changes in proptest::collection::vec((0i64..60, 1u32..90), 0..8), now in 0i64..500, class in 0..CLASSES.len(),
            offset in -3i64..3,
        ) {
            let (mut policy, mut day) = (Policy::of(Profile::Flows), 0);
            for (pause, days) in changes {
                day += pause;
                policy = policy.with_days(days, at(day)).expect("few steps");
            }
            let now = at(day.max(now));
            if let Some(edge) = lapsed(CLASSES[class], &policy, now) {
                let anchor = Timestamp::from_ms(edge.ms() + offset);
                prop_assert_eq!(expiry(CLASSES[class], &policy, anchor).has_passed(now), offset <= 0);
            }
        }
    }

    #[test]
    fn shorter_holds_at_once_and_longer_only_for_what_comes_after() {
        let policy = Policy::of(Profile::Flows);
        let short = policy.with_days(30, at(100)).expect("a change");
        assert_eq!(
            (end(&short, at(60)), end(&short, at(100))),
            (at(90), at(130))
        );
        assert!(short.steps.is_empty());
        let long = short.with_days(90, at(110)).expect("a change");
        assert_eq!(
            (end(&long, at(90)), end(&long, at(110))),
            (at(120), at(200))
        );
        assert_eq!(long.version, 3);
        // Shortened below the step, the step has nothing more to say.
        assert!(
            long.with_days(10, at(111))
                .expect("a change")
                .steps
                .is_empty()
        );
    }

    #[test]
    fn a_hold_keeps_what_lived_and_brings_nothing_back() {
        let hold = crate::domain::policy::Hold {
            since: at(95),
            until: at(365),
            lapsed: at(5),
        };
        let held = Policy::of(Profile::Flows).under(Some(hold));
        assert_eq!((end(&held, at(5)), end(&held, at(6))), (at(95), at(365)));
        assert_eq!(end(&held, at(300)), at(390));
        let shorter = held.with_days(1, at(96)).expect("a change");
        assert_eq!(end(&shorter, at(6)), at(365));
        let Expiry::At(visit) = expiry(Class::Visit, &held, at(6)) else {
            panic!("visits end")
        };
        assert_eq!(visit, at(36));
    }

    #[test]
    fn every_profile_keeps_every_class_as_long_as_the_table_says() {
        // Days of conversation content, of a visit, of a client's message id, and of a beacon
        // (privacy.md A3, A4).
        let table = [
            (Profile::Calls, 90, 30, 7, 30),
            (Profile::Flows, 90, 30, 7, 365),
            (Profile::Inbox, 760, 30, 7, 90),
        ];
        for (profile, content, visit, dedupe, beacon) in table {
            let policy = Policy::of(profile);
            let days = |class| match expiry(class, &policy, at(0)) {
                Expiry::At(end) => Some((end.ms() - at(0).ms()) / 60_000),
                Expiry::With(_) => None,
            };
            let day = 24 * 60;
            let expected = [
                (Class::Account, None),
                (Class::Analytics, Some(beacon * day)),
                (Class::Announcement, Some(365 * day)),
                (Class::Audit, Some(365 * day)),
                (Class::Challenge, Some(10)),
                (Class::Conversation, Some(content * day)),
                (Class::Counter, Some(60)),
                (Class::Dedupe, Some(dedupe * day)),
                (Class::Delivery, Some(7 * day)),
                (Class::Disclosure, Some(1096 * day)),
                (Class::Erasure, Some(1096 * day)),
                (Class::Export, Some(7 * day)),
                (Class::Farewell, Some(2 * day)),
                (Class::Idempotency, Some(day)),
                (Class::Invitation, Some(14 * day)),
                (Class::Job, Some(30 * day)),
                (Class::LoginSession, Some(14 * day)),
                (Class::MailWish, Some(3 * 365 * day)),
                (Class::Notice, Some(day)),
                (Class::Operation, None),
                (Class::PrivacyRequest, Some(1096 * day)),
                (Class::RequestWords, Some(60 * day)),
                (Class::Reset, Some(30)),
                (Class::Root, None),
                (Class::Salt, Some(25 * 60)),
                (Class::Socket, Some(130)),
                (Class::Support, Some(2 * 365 * day)),
                (Class::Suppression, Some(365 * day)),
                (Class::Ticket, Some(1)),
                (Class::Tombstone, Some(7 * day)),
                (Class::Upload, Some(day)),
                (Class::Visit, Some(visit * day)),
                (Class::Workspace, None),
            ];
            assert_eq!(expected.len(), CLASSES.len());
            for (class, minutes) in expected {
                assert_eq!(days(class), minutes, "{profile:?} {class:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_has_lapsed_has_ended_and_what_is_a_moment_younger_lives(
            class in 0..CLASSES.len(),
            days in CONVERSATION_DAYS, next in CONVERSATION_DAYS, then in 0i64..4_000_000_000_000,
        ) {
            let policy = Policy { conversation_days: days, ..Policy::of(Profile::Inbox) };
            let changed = Timestamp::from_ms(then);
            let policy = policy.with_days(next, changed).expect("a first step");
            let class = CLASSES[class];
            let now = changed.plus(DAY * days.max(next) / 2);
            let Some(newest) = lapsed(class, &policy, now) else {
                prop_assert!(matches!(expiry(class, &policy, now), Expiry::With(_)));
                return Ok(());
            };
            let younger = Timestamp::from_ms(newest.ms() + 1);
            prop_assert!(expiry(class, &policy, newest).has_passed(now));
            prop_assert!(!expiry(class, &policy, younger).has_passed(now));
        }
    }

    #[test]
    fn the_ends_of_what_was_asked_for_once_are_fixed_and_others_move_with_use() {
        let fixed = CLASSES.iter().filter(|class| !class.rolls());
        let fixed: Vec<String> = fixed.map(|class| format!("{class:?}")).collect();
        let expected = [
            "Announcement",
            "Challenge",
            "Export",
            "Farewell",
            "Invitation",
            "Reset",
        ];
        assert_eq!(fixed, expected);
    }

    #[test]
    fn the_days_until_nothing_can_be_read_are_those_that_were_promised() {
        assert_eq!(erasure_days::WORST, 23);
    }

    #[test]
    fn a_login_session_ends_after_thirty_days_however_much_it_is_used() {
        assert_eq!(SESSION_ABSOLUTE, 30 * DAY);
        assert!(SESSION_IDLE < SESSION_ABSOLUTE);
    }

    #[test]
    fn flows_conversations_live_ninety_days_to_the_millisecond() {
        let anchor = Timestamp::from_ms(1_768_478_400_123);
        let Expiry::At(end) = expiry(Class::Conversation, &Policy::of(Profile::Flows), anchor)
        else {
            panic!("conversations end");
        };
        assert_eq!(end.ms() - anchor.ms(), 90 * 86_400_000);
    }
}
