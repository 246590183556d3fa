//! Which versions of the policy were announced, from when on each holds, and who has gone on using
//! the service since (FLOW-63).

use shared_derive::Record;

use crate::domain::{
    AccountId, AnnouncementId, Timestamp, day::Day, personal::Pseudonymous, words::Symbol,
};

/// A version of the policy that owners were told of, and from when on it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnouncedVersion {
    /// The day that its text bears.
    pub version: Day,
    /// From when on it holds.
    pub effective_at: Timestamp,
}

impl Symbol for AnnouncedVersion {
    fn symbol(&self) -> String {
        format!("{}:{}", self.version, self.effective_at.ms())
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (version, at) = text.split_once(':')?;
        Some(Self {
            version: version.parse().ok()?,
            effective_at: Timestamp::from_ms(at.parse().ok()?),
        })
    }
}

/// How many announced versions are remembered: those that may not hold yet, and the last that does.
pub const MOST_VERSIONS: usize = 8;

/// The versions that were announced, oldest first: read with every renewal of tokens.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = announced_versions(), tenant = Platform,
    no_subject = "days of versions of the policy", class = Operation, anchor = created_at,
)]
pub struct AnnouncedVersions {
    /// By the day that each begins.
    #[non_personal(reason = "days of versions of the policy")]
    pub versions: Vec<AnnouncedVersion>,
    /// Which announcement was the last one.
    #[non_personal(reason = "the id of a text to many")]
    pub announcement: AnnouncementId,
    /// When the first one was announced.
    #[non_personal(reason = "when a version was announced")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl AnnouncedVersions {
    /// The newest version that holds at `now`.
    pub fn in_force(&self, now: Timestamp) -> Option<AnnouncedVersion> {
        let begun = |version: &&AnnouncedVersion| version.effective_at <= now;
        let begun = self.versions.iter().filter(begun);
        begun.max_by_key(|version| version.effective_at).copied()
    }

    /// The newest version of all, whether or not it holds yet.
    pub fn newest(&self) -> Option<AnnouncedVersion> {
        let all = self.versions.iter();
        all.max_by_key(|version| version.effective_at).copied()
    }

    /// The same with one version more, or with another beginning of one that is known.
    pub fn with(mut self, version: AnnouncedVersion, announcement: AnnouncementId) -> Self {
        self.versions
            .retain(|known| known.version != version.version);
        self.versions.push(version);
        self.versions.sort_by_key(|version| version.effective_at);
        let surplus = self.versions.len().saturating_sub(MOST_VERSIONS);
        self.versions.drain(..surplus);
        Self {
            announcement,
            ..self
        }
    }
}

impl Pseudonymous for Day {}

/// That somebody went on using the service under a version of the policy.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = acceptance(account), tenant = Platform,
    within = Account, class = Account, anchor = accepted_at,
)]
pub struct PolicyAcceptance {
    /// Who.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub account: AccountId,
    /// Which version.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub version: Day,
    /// When: at the first renewal of tokens after that version had begun.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub accepted_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str, ms: i64) -> AnnouncedVersion {
        AnnouncedVersion {
            version: day.parse().expect("a day"),
            effective_at: Timestamp::from_ms(ms),
        }
    }

    #[test]
    fn the_newest_version_that_has_begun_is_in_force() {
        let id = AnnouncementId::new(Timestamp::from_ms(0));
        let none = AnnouncedVersions {
            versions: Vec::new(),
            announcement: id,
            created_at: Timestamp::from_ms(0),
            rev: 0,
        };
        assert_eq!(none.in_force(Timestamp::from_ms(9)), None);
        let two = none
            .with(at("2026-11-22", 10), id)
            .with(at("2026-12-22", 20), id);
        let in_force = |ms| {
            two.in_force(Timestamp::from_ms(ms))
                .map(|v| v.version.to_string())
        };
        assert_eq!(in_force(9), None);
        assert_eq!(in_force(10).as_deref(), Some("2026-11-22"));
        assert_eq!(in_force(20).as_deref(), Some("2026-12-22"));
        assert_eq!(two.newest(), Some(at("2026-12-22", 20)));
        // Announced again with another beginning, it is one version still.
        let moved = two.with(at("2026-12-22", 30), id);
        assert_eq!(moved.versions, [at("2026-11-22", 10), at("2026-12-22", 30)]);
        let read = AnnouncedVersion::from_symbol(&at("2026-11-22", 10).symbol());
        assert_eq!(read, Some(at("2026-11-22", 10)));
    }
}
