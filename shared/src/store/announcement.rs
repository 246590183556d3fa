//! Announcements: one text to many accounts, and the ledger of whom it went to.
//!
//! An announcement is written once. `retention` walks the accounts, a page at a time, and writes a
//! letter for each that it reaches, in the transaction that moves the position on: a run that is cut
//! off or doubled writes no letter twice. `outbox` sends a letter when it is written, and notes that.
//! A letter has a natural key, so nobody gets two of the same occasion, whatever is repeated.

use shared_derive::Record;

use super::job::Mark;
use crate::{
    domain::{
        AccountId, AnnouncementId, Profile, Timestamp, WorkspaceId,
        announcement::AnnouncementClass,
        day::Day,
        personal::Pseudonymous,
        text::{Headline, Text},
        words::Symbol,
    },
    words,
};

words! {
    /// Whether letters are written, or only counted.
    pub enum AnnouncementMode {
        /// Nobody gets anything: it is counted whom it would reach.
        Rehearse = "rehearse",
        /// Letters are written.
        Send = "send",
    }
}

words! {
    /// How far an announcement is.
    pub enum AnnouncementState {
        /// Everybody was looked at.
        Done = "done",
        /// It waits for its first page.
        Queued = "queued",
        /// It has begun.
        Running = "running",
    }
}

/// An announcement, and how far it has got.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = announcement(id), lists = announcement_list(id, announcement_state), tenant = Platform,
    no_subject = "a text of the operator to many; it is about none of them",
    class = Announcement, anchor = created_at,
)]
pub struct Announcement {
    /// Its id.
    #[non_personal(reason = "the id of a text to many")]
    pub id: AnnouncementId,
    /// What it is about.
    #[non_personal(reason = "a kind of text")]
    pub announcement_class: AnnouncementClass,
    /// Whether letters are written.
    #[non_personal(reason = "an instruction to the mailer")]
    pub mode: AnnouncementMode,
    /// The subject of the mail; sealed, because somebody could be named in it.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub subject_line: Headline,
    /// The text of the mail.
    #[personal(category = Content, purpose = RunWorkspace, erase = Delete)]
    pub text: Text,
    /// Only to members of these; to everybody where none is named.
    #[non_personal(reason = "ids of workspaces")]
    pub workspaces: Vec<WorkspaceId>,
    /// The version of the policy that it is about.
    #[non_personal(reason = "the day of a version of the policy")]
    pub policy_version: Option<Day>,
    /// The profiles whose policy changes.
    #[non_personal(reason = "profiles of the policy")]
    pub profiles: Vec<Profile>,
    /// From when on that version holds.
    #[non_personal(reason = "when a version of the policy begins")]
    pub effective_at: Option<Timestamp>,
    /// How far it is.
    #[non_personal(reason = "the state of a piece of work")]
    pub announcement_state: AnnouncementState,
    /// The part of the list of accounts that is walked now.
    #[non_personal(reason = "the number of a list")]
    pub list: u32,
    /// The last account of it that is done.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub after: Option<Mark>,
    /// When the accounts are walked again, for those who came meanwhile.
    #[non_personal(reason = "when a piece of work goes on")]
    pub again_at: Option<Timestamp>,
    /// How many accounts were looked at, on the present walk.
    #[non_personal(reason = "a count of rows")]
    pub looked_at: u64,
    /// How many letters were written, or would have been.
    #[non_personal(reason = "a count of rows")]
    pub letters: u64,
    /// When it was asked for.
    #[non_personal(reason = "when a piece of work was asked for")]
    pub created_at: Timestamp,
    /// Its last step.
    #[non_personal(reason = "when a piece of work went on")]
    pub updated_at: Timestamp,
    /// When everybody had been looked at.
    #[non_personal(reason = "when a piece of work was done")]
    pub finished_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Announcement {
    /// What its letters are about: a version of the policy is told once, however often and in how
    /// many announcements somebody tries.
    pub fn occasion(&self) -> Occasion {
        match self.policy_version {
            Some(version) => Occasion::Version(version),
            None => Occasion::Announcement(self.id),
        }
    }
}

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// An announcement.
    Announcement(AnnouncementId),
    /// A version of the policy.
    Version(Day),
}

impl Symbol for Occasion {
    fn symbol(&self) -> String {
        match self {
            Self::Announcement(id) => id.to_string(),
            Self::Version(day) => day.to_string(),
        }
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let version = || text.parse().ok().map(Self::Version);
        let announcement = text.parse().ok().map(Self::Announcement);
        announcement.or_else(version)
    }
}

impl Pseudonymous for Occasion {}

words! {
    /// What became of a letter.
    pub enum LetterState {
        /// It was not wanted any more, or its account was gone.
        Dropped = "dropped",
        /// It waits for `outbox`.
        Queued = "queued",
        /// The mail service refused the address.
        Refused = "refused",
        /// The mail service took it.
        Sent = "sent",
    }
}

/// One mail of an announcement to one account: the order to send it, and the ledger that it went.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = letter(account, occasion), tenant = Platform,
    within = Account, class = Announcement, anchor = created_at,
)]
pub struct Letter {
    /// To whom.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub account: AccountId,
    /// About what.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub occasion: Occasion,
    /// With which text.
    #[non_personal(reason = "the id of a text to many")]
    pub announcement: AnnouncementId,
    /// What became of it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub letter_state: LetterState,
    /// When it was written.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// When it was sent, refused or dropped.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub settled_at: Option<Timestamp>,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occasion_reads_back_as_it_was_written() {
        let id = AnnouncementId::new(Timestamp::from_ms(1_768_478_400_000));
        let day = "2026-11-22".parse().expect("a day");
        for occasion in [Occasion::Announcement(id), Occasion::Version(day)] {
            assert_eq!(Occasion::from_symbol(&occasion.symbol()), Some(occasion));
        }
        assert_eq!(Occasion::from_symbol("tomorrow"), None);
    }
}
