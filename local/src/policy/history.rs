//! When the policy said what: one line per version that was ever rendered, with its hash.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// The file of a profile's history, beside its policy.
pub const FILE: &str = "history.json";

/// One version of a profile's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The day it is from, `2026-11-22`.
    pub date: String,
    /// SHA-256 over every file of the version, dates and hashes left out.
    pub hash: String,
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
/// older one stays, and the new one is of `today`.
pub fn with(mut history: Vec<Version>, hash: &str, today: &str) -> Vec<Version> {
    if history.last().is_some_and(|last| last.hash == hash) {
        return history;
    }
    if history.last().is_some_and(|last| last.date == today) {
        history.pop();
    }
    history.push(Version {
        date: today.to_owned(),
        hash: hash.to_owned(),
    });
    history
}

/// Why a history cannot be that of what is said now.
pub fn fault(history: &[Version], hash: &str) -> Option<String> {
    let Some(last) = history.last() else {
        return Some("there is no version".to_owned());
    };
    if last.hash != hash {
        return Some(format!(
            "the text has changed and its date has not: it is still of {}",
            last.date
        ));
    }
    let ordered = history.windows(2).all(|pair| pair[0].date < pair[1].date);
    (!ordered).then(|| "dates go up, one version a day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(date: &str, hash: &str) -> Version {
        Version {
            date: date.to_owned(),
            hash: hash.to_owned(),
        }
    }

    #[test]
    fn another_text_needs_another_date_and_the_same_text_none() {
        let history = with(Vec::new(), "a", "2026-01-01");
        assert_eq!(with(history.clone(), "a", "2026-01-02"), history);
        assert_eq!(fault(&history, "a"), None);
        assert!(fault(&history, "b").is_some_and(|why| why.contains("2026-01-01")));
        let same_day = with(history.clone(), "b", "2026-01-01");
        assert_eq!(same_day, [version("2026-01-01", "b")]);
        let next_day = with(history, "b", "2026-01-02");
        assert_eq!(
            next_day,
            [version("2026-01-01", "a"), version("2026-01-02", "b")]
        );
        assert_eq!(fault(&next_day, "b"), None);
        // Written by hand: an earlier day after a later one.
        assert!(
            fault(
                &[version("2026-01-02", "a"), version("2026-01-02", "b")],
                "b"
            )
            .is_some()
        );
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
