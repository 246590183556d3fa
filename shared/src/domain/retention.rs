//! When data dies: retention classes and the one function that turns a class into an instant.

use std::time::Duration;

use super::{
    billing::kept,
    policy::{Lens, Policy, Profile},
    time::{DAY, Timestamp},
};

/// How long a mailed code may be answered.
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
/// How long a device that does not show up is told anything: 270 days (CHAT-06).
pub const DEVICE_LIFETIME: Duration = Duration::from_secs(270 * 24 * 60 * 60);
/// How long it is remembered that somebody was told something: longer than the stream may tell it again.
pub const NOTIFICATION_LIFETIME: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// How long a member is shown in the product what happened (CHAT-23); never longer than the content itself.
pub const NEWS_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
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
/// How long an export can be fetched.
pub const EXPORT_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long it can be shown that an erasure was carried out: 36 months.
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
/// How long the id of an event of Stripe's is remembered: longer than it is sent again, and than it can be
/// asked for (30 days).
pub const STRIPE_EVENT_LIFETIME: Duration = Duration::from_secs(40 * 24 * 60 * 60);
/// How long a guest may call without asking again, and how long a link to call somebody is good: a day.
pub const GUEST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a team's word holds that somebody may not call it: a year, then it says so again.
pub const CALL_BLOCK_LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How long a ticket opens a socket.
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
    /// A document of a payment: seven years from the end of its fiscal year (FLOW-35).
    Billing,
    /// What is known of a call: until the workspace asks for its deletion (CALL-16).
    Call,
    /// That somebody may not call a team, as a keyed hash: 365 days.
    CallBlock,
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
    /// A device that somebody is told something on: 270 days after it showed up last.
    Device,
    /// An entry of the register of what was handed over: 36 months.
    Disclosure,
    /// A copy of somebody's data that was made for them: 7 days.
    Export,
    /// How far an erasure is, and what it came to: 36 months after its last step.
    Erasure,
    /// The address of an account that was erased, for its last mail: two days.
    Farewell,
    /// Somebody who may call, or a link that lets them: a day.
    Guest,
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
    /// What a member is told in the product: 30 days, and never longer than the content.
    News,
    /// What an account is told by mail: 24 hours.
    Notice,
    /// That somebody was told something about a conversation: 2 days.
    Notification,
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
    /// That an event of Stripe's was heard: 40 days.
    StripeEvent,
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
                | Self::CallBlock
                | Self::Challenge
                | Self::Export
                | Self::Farewell
                | Self::Guest
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
    /// By the calendar of fiscal years.
    Fiscal,
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
        Class::Call => Life::With("the workspace, or its request to delete it"),
        Class::Analytics => Life::For(profile.analytics_life()),
        Class::Announcement => Life::For(ANNOUNCEMENT_LIFETIME),
        Class::Audit => Life::For(AUDIT_LIFETIME),
        Class::Billing => Life::Fiscal,
        Class::Challenge => Life::For(CHALLENGE_LIFETIME),
        Class::LoginSession => Life::For(SESSION_IDLE),
        Class::Invitation => Life::For(INVITATION_LIFETIME),
        Class::MailWish => Life::For(MAIL_WISH_LIFETIME),
        Class::Erasure => Life::For(ERASURE_LIFETIME),
        Class::Farewell => Life::For(FAREWELL_LIFETIME),
        Class::Notice => Life::For(NOTICE_LIFETIME),
        Class::Delivery => Life::For(DELIVERY_LIFETIME),
        Class::Device => Life::For(DEVICE_LIFETIME),
        Class::Notification => Life::For(NOTIFICATION_LIFETIME),
        Class::Disclosure => Life::For(DISCLOSURE_LIFETIME),
        Class::CallBlock => Life::For(CALL_BLOCK_LIFETIME),
        Class::Guest => Life::For(GUEST_LIFETIME),
        Class::Export => Life::For(EXPORT_LIFETIME),
        Class::PrivacyRequest => Life::For(REQUEST_LIFETIME),
        Class::RequestWords => Life::For(REQUEST_WORDS_LIFETIME),
        Class::Reset => Life::For(RESET_LIFETIME),
        Class::Counter => Life::For(COUNTER_LIFETIME),
        Class::Salt => Life::For(SALT_LIFETIME),
        Class::Socket => Life::For(SOCKET_LIFETIME),
        Class::StripeEvent => Life::For(STRIPE_EVENT_LIFETIME),
        Class::Support => Life::For(SUPPORT_LIFETIME),
        Class::Suppression => Life::For(SUPPRESSION_LIFETIME),
        Class::Ticket => Life::For(TICKET_LIFETIME),
        Class::Idempotency => Life::For(IDEMPOTENCY_LIFETIME),
        Class::Job => Life::For(JOB_LIFETIME),
        Class::Tombstone => Life::For(TOMBSTONE_LIFETIME),
        Class::Conversation => Life::For(content),
        Class::News => Life::For(shorter(NEWS_LIFETIME, content)),
        Class::Visit => Life::For(shorter(VISIT_LIFETIME, content)),
        Class::Dedupe => Life::For(shorter(DEDUPE_LIFETIME, content)),
        Class::Upload => Life::For(shorter(UPLOAD_LIFETIME, content)),
    }
}

/// The end of an item of `class` whose clock started at `anchor`, under `policy`.
///
/// Pure and total: there is no class without an answer. Writes stamp it, reads ask it again with
/// the present policy, so a shortened retention holds at once (FLOW-34).
pub fn expiry(class: Class, policy: &Policy, anchor: Timestamp) -> Expiry {
    let end = match life(class, policy.profile, policy.conversation_lifetime(anchor)) {
        Life::With(what) => return Expiry::With(what),
        Life::For(life) => anchor.plus(life),
        Life::Fiscal => kept::until(anchor),
    };
    match policy.hold {
        // What had expired before the hold stays expired.
        Some(hold) if class == Class::Conversation && anchor > hold.lapsed => {
            Expiry::At(end.max(hold.until))
        }
        _ => Expiry::At(end),
    }
}

/// What an item bears about its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borne {
    /// When it ends by what was decided when it was written; none when it ends with something else.
    pub stamp: Option<Timestamp>,
    /// The instant its retention is counted from.
    pub anchor: Timestamp,
    /// Until when it is on hold, for a head.
    pub held_until: Option<Timestamp>,
}

impl Borne {
    /// The end that an item of `class` is written with: a head on hold lives until the hold ends.
    pub fn end(
        class: Class,
        policy: &Policy,
        anchor: Timestamp,
        held_until: Option<Timestamp>,
    ) -> Expiry {
        match (expiry(class, policy, anchor), held_until) {
            (Expiry::At(end), Some(until)) => Expiry::At(end.max(until)),
            (own, _) => own,
        }
    }

    /// The read filter (FLOW-33): the smaller of the item's own stamp and the policy's present answer.
    ///
    /// A conversation on hold does not expire: its head says so itself, its content is read with
    /// [`Policy::under`] its hold. What had expired before the hold stays expired.
    pub fn is_over(&self, class: Class, lens: Lens<'_>) -> bool {
        if self.held_until.is_some_and(|until| until > lens.now) {
            return false;
        }
        let hold = lens
            .policy
            .hold
            .filter(|hold| class == Class::Conversation && hold.until > lens.now);
        // Until a job has moved the stamps of what is held, they count up to the beginning of the hold.
        let counted = hold.map_or(lens.now, |hold| hold.since.min(lens.now));
        let stamped = self
            .stamp
            .is_some_and(|end| Expiry::At(end).has_passed(counted));
        stamped || expiry(class, lens.policy, self.anchor).has_passed(lens.now)
    }

    /// Since when it is over: none while it is not.
    pub fn over_since(&self, class: Class, lens: Lens<'_>) -> Option<Timestamp> {
        if !self.is_over(class, lens) {
            return None;
        }
        let by_policy = match expiry(class, lens.policy, self.anchor) {
            Expiry::At(end) => Some(end),
            Expiry::With(_) => None,
        };
        [self.stamp, by_policy].into_iter().flatten().min()
    }

    /// The end that it should bear, if it bears another one and has not ended.
    pub fn other_end(&self, class: Class, lens: Lens<'_>) -> Option<Timestamp> {
        let stamp = self.stamp?;
        let counted = lens.policy.hold.map_or(lens.now, |hold| hold.since);
        if stamp <= counted {
            return None;
        }
        match expiry(class, lens.policy, self.anchor) {
            Expiry::At(end) if end != stamp => Some(end),
            _ => None,
        }
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
        Life::Fiscal => Some(kept::lapsed(now)),
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
/// 30 days of backups of the data table, and of the bucket of sealed files, do not count here (FLOW-38).
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
mod tests;
