//! When the policy said what: one line per version that was ever rendered, with its hash.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// The file of a profile's history, beside its policy.
pub const FILE: &str = "history.json";

/// Whether owners have to hear of a version before it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The words changed, and nothing of what they are about.
    Minor,
    /// What is kept, what for, how long, or who else handles it changed.
    #[default]
    Material,
}

impl Change {
    /// The word that readers see.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minor => "of wording",
            Self::Material => "of substance",
        }
    }
}

/// What is said now, to be held against a history.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The hash of every text.
    pub hash: &'a str,
    /// The hash of what the texts are about: see [`super::substance`].
    pub substance: &'a str,
}

/// One version of a profile's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The day it is from, `2026-11-22`.
    pub date: String,
    /// SHA-256 over every file of the version, dates and hashes left out.
    pub hash: String,
    /// SHA-256 over what the version is about: fields, purposes, ends, recipients.
    #[serde(default)]
    pub substance: String,
    /// What kind of change it was. It follows from the substance; people may only raise it.
    #[serde(default)]
    pub change: Change,
}

/// What kind of change leads from the last of `before` to a version of this substance.
fn change_to(before: &[Version], substance: &str) -> Change {
    match before.last() {
        Some(last) if last.substance == substance => Change::Minor,
        _ => Change::Material,
    }
}

/// The hash of what a version says, and of nothing about when.
pub fn hash_of(texts: &[String]) -> String {
    let mut whole = Vec::new();
    for text in texts {
        whole.extend_from_slice(text.as_bytes());
        whole.push(0);
    }
    data_encoding::HEXLOWER.encode(digest(&SHA256, &whole).as_ref())
}

/// The history with what is said now at its end.
///
/// What says the same is the same version. A version that is changed on its own day is replaced; an
/// older one stays, and the new one is of `today`. Whoever called the version of a day a change of
/// substance, is not overruled by a later text of that day.
pub fn with(mut history: Vec<Version>, said: Said<'_>, today: &str) -> Vec<Version> {
    if history
        .last()
        .is_some_and(|last| last.hash == said.hash && last.substance == said.substance)
    {
        return history;
    }
    let mut raised = Change::Minor;
    if history.last().is_some_and(|last| last.date == today) {
        let replaced = history.pop();
        let owed = |version: &Version| change_to(&history, &version.substance);
        // Only what somebody raised by hand stays: what followed from the substance follows anew.
        raised = replaced
            .filter(|version| owed(version) < version.change)
            .map_or(Change::Minor, |version| version.change);
    }
    let change = change_to(&history, said.substance).max(raised);
    history.push(Version {
        date: today.to_owned(),
        hash: said.hash.to_owned(),
        substance: said.substance.to_owned(),
        change,
    });
    history
}

/// Why a history cannot be that of what is said now.
pub fn fault(history: &[Version], said: Said<'_>) -> Option<String> {
    let Some(last) = history.last() else {
        return Some("there is no version".to_owned());
    };
    if last.hash != said.hash || last.substance != said.substance {
        return Some(format!(
            "the text has changed and its date has not: it is still of {}",
            last.date
        ));
    }
    for (at, version) in history.iter().enumerate() {
        if version.change < change_to(&history[..at], &version.substance) {
            return Some(format!(
                "the version of {} changes what is kept, what for, how long or for whom: that is \
                 never a change of wording",
                version.date
            ));
        }
    }
    let ordered = history.windows(2).all(|pair| pair[0].date < pair[1].date);
    (!ordered).then(|| "dates go up, one version a day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn said<'a>(hash: &'a str, substance: &'a str) -> Said<'a> {
        Said { hash, substance }
    }

    fn version(date: &str, hash: &str, substance: &str, change: Change) -> Version {
        Version {
            date: date.to_owned(),
            hash: hash.to_owned(),
            substance: substance.to_owned(),
            change,
        }
    }

    #[test]
    fn another_text_needs_another_date_and_the_same_text_none() {
        let first = version("2026-01-01", "a", "s", Change::Material);
        let history = with(Vec::new(), said("a", "s"), "2026-01-01");
        assert_eq!(history, std::slice::from_ref(&first));
        assert_eq!(with(history.clone(), said("a", "s"), "2026-01-02"), history);
        assert_eq!(fault(&history, said("a", "s")), None);
        assert!(fault(&history, said("b", "s")).is_some_and(|why| why.contains("2026-01-01")));
        let same_day = with(history.clone(), said("b", "s"), "2026-01-01");
        assert_eq!(
            same_day,
            [version("2026-01-01", "b", "s", Change::Material)]
        );
        let next_day = with(history, said("b", "s"), "2026-01-02");
        assert_eq!(
            next_day,
            [first, version("2026-01-02", "b", "s", Change::Minor)]
        );
        assert_eq!(fault(&next_day, said("b", "s")), None);
        // Written by hand: an earlier day after a later one.
        let twice = [
            version("2026-01-02", "a", "s", Change::Material),
            version("2026-01-02", "b", "s", Change::Minor),
        ];
        assert!(fault(&twice, said("b", "s")).is_some());
    }

    #[test]
    fn a_change_of_substance_is_never_minor_and_people_may_only_raise() {
        let history = with(Vec::new(), said("a", "s"), "2026-01-01");
        let changed = with(history.clone(), said("b", "t"), "2026-01-02");
        assert_eq!(changed[1].change, Change::Material);
        // Lowered by hand, it does not pass.
        let mut lowered = changed;
        lowered[1].change = Change::Minor;
        assert!(fault(&lowered, said("b", "t")).is_some_and(|why| why.contains("2026-01-02")));
        // Raised by hand, it passes, and another text of that day leaves it raised.
        let mut raised = with(history.clone(), said("b", "s"), "2026-01-02");
        raised[1].change = Change::Material;
        assert_eq!(fault(&raised, said("b", "s")), None);
        let later = with(raised, said("c", "s"), "2026-01-02");
        assert_eq!(later[1].change, Change::Material);
        // What was of substance in the morning and is taken back by noon, is not.
        let morning = with(history, said("b", "t"), "2026-01-02");
        let noon = with(morning, said("c", "s"), "2026-01-02");
        assert_eq!(noon[1].change, Change::Minor);
    }

    #[test]
    fn the_hash_tells_texts_apart_wherever_they_are_cut() {
        let of = |texts: &[&str]| {
            hash_of(
                &texts
                    .iter()
                    .map(|&text| text.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["ab"]).len(), 64);
    }
}
