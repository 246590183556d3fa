//! What is looked for in a text, whatever its case and its diacritics.
//!
//! Both sides are folded: compatibility decomposition (NFKD), without the diacritics of Latin, Greek and
//! Cyrillic, then Unicode's default case folding. So `STRASSE` finds `Straße` and `cafe` finds `Café`;
//! letters that Unicode does not take apart, such as `ø` and `ł`, are letters of their own. Every word has
//! to be there, in any order, and may be a part of a longer one.

use caseless::Caseless;
use serde::Serialize;
use shared::domain::text::SearchWords;
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;

/// The most words of one search; more narrow nothing down.
const MOST_WORDS: usize = 10;
/// How many characters of a text are shown before the first word that was found, and from it on.
const BEFORE: usize = 60;
const AFTER: usize = 140;

/// Folded words, none of them empty.
pub struct Needle(Vec<String>);

/// A part of a text. Without `Debug`: it holds what somebody wrote.
pub struct Excerpt {
    /// The part.
    pub snippet: String,
    /// What was found in it.
    pub highlights: Vec<Mark>,
}

/// A part of a snippet that was looked for, in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Mark {
    /// Its first character.
    #[schema(example = 8)]
    start: usize,
    /// The character after its last.
    #[schema(example = 14)]
    end: usize,
}

impl Needle {
    /// The words, unless nothing is left of them to look for.
    pub fn new(words: &SearchWords) -> Option<Self> {
        let mut folded: Vec<String> = words
            .reveal()
            .split_whitespace()
            .map(|word| Folded::new(word).text.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        folded.sort();
        folded.dedup();
        folded.truncate(MOST_WORDS);
        (!folded.is_empty()).then_some(Self(folded))
    }

    /// The part of `text` around what was found, if every word is in it.
    pub fn find(&self, text: &str) -> Option<Excerpt> {
        let folded = Folded::new(text);
        let mut marks = Vec::new();
        for word in &self.0 {
            let before = marks.len();
            let places = folded.text.match_indices(word.as_str());
            marks.extend(places.map(|(at, word)| folded.mark(at, word.len())));
            if marks.len() == before {
                return None;
            }
        }
        marks.sort_unstable();
        let from = marks.first()?.start.saturating_sub(BEFORE);
        let to = from + BEFORE + AFTER;
        let snippet: String = text.chars().skip(from).take(to - from).collect();
        let highlights = marks
            .into_iter()
            .filter(|mark| mark.end <= to)
            .map(|mark| Mark {
                start: mark.start - from,
                end: mark.end - from,
            });
        Some(Excerpt {
            highlights: highlights.collect(),
            snippet,
        })
    }
}

/// A folded text, and for each of its bytes the character that it comes from.
struct Folded {
    text: String,
    origin: Vec<usize>,
}

impl Folded {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self {
                text: text.to_ascii_lowercase(),
                origin: (0..text.len()).collect(),
            };
        }
        let mut folded = Self {
            text: String::with_capacity(text.len()),
            origin: Vec::with_capacity(text.len()),
        };
        for (place, char) in text.chars().enumerate() {
            let bare = std::iter::once(char)
                .nfkd()
                .filter(|char| !is_diacritic(*char));
            folded.text.extend(bare.default_case_fold());
            folded.origin.resize(folded.text.len(), place);
        }
        folded
    }

    fn mark(&self, at: usize, length: usize) -> Mark {
        let place = |byte: usize| self.origin.get(byte).copied().unwrap_or_default();
        Mark {
            start: place(at),
            end: place(at + length - 1) + 1,
        }
    }
}

/// The blocks of combining marks that come with letters of any kind. Those of single scripts, such as
/// the vowels of Devanagari, make other words.
const fn is_diacritic(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needle(words: &str) -> Needle {
        Needle::new(&SearchWords::parse(words).expect("words")).expect("something to look for")
    }

    #[test]
    fn case_and_diacritics_make_no_difference() {
        for (words, text) in [
            ("cafe", "Das Café"),
            ("CAFÉ", "cafe\u{301}"),
            ("strasse", "Straße 7"),
            ("STRASSE", "straße"),
            ("ιησους", "ΙΗΣΟΥΣ"),
            ("istanbul", "İstanbul"),
            ("zurich paket", "Paket nach Zürich"),
            ("file", "ﬁle"),
            ("елка", "Ёлка"),
            ("東京", "東京駅"),
        ] {
            assert!(needle(words).find(text).is_some(), "{words} in {text}");
        }
        for (words, text) in [
            ("cafe", "caf"),
            ("paket bern", "Paket nach Zürich"),
            ("が", "か"),
            ("की", "क"),
        ] {
            assert!(needle(words).find(text).is_none(), "{words} in {text}");
        }
        assert!(Needle::new(&SearchWords::parse("\u{301}").expect("a mark")).is_none());
    }

    #[test]
    fn a_snippet_is_short_and_says_where_the_words_are() {
        let text = format!("{}Straße und Straße{}", "ü".repeat(500), "x".repeat(500));
        let found = needle("STRASSE").find(&text).expect("found");
        assert_eq!(found.snippet.chars().count(), BEFORE + AFTER);
        let marked = |mark: &Mark| -> String {
            let chars = found.snippet.chars().skip(mark.start);
            chars.take(mark.end - mark.start).collect()
        };
        let marked: Vec<String> = found.highlights.iter().map(marked).collect();
        assert_eq!(marked, ["Straße", "Straße"]);
    }

    proptest! {
        /// Whatever is written, each of its words is found in it, and every mark lies in its snippet.
        #[test]
        fn a_text_is_found_by_its_own_words(text in "\\PC{1,60}( \\PC{1,60}){0,4}", upper in any::<bool>()) {
            let words = if upper { text.to_uppercase() } else { text.clone() };
            let Some(word) = words.split_whitespace().next() else { return Ok(()) };
            let word: String = word.chars().take(200).collect();
            let Ok(words) = SearchWords::parse(&word) else { return Ok(()) };
            let Some(needle) = Needle::new(&words) else { return Ok(()) };
            let found = needle.find(&text);
            prop_assert!(found.is_some() || upper, "{word:?} in {text:?}");
            if let Some(found) = found {
                let length = found.snippet.chars().count();
                for mark in &found.highlights {
                    prop_assert!(mark.start < mark.end && mark.end <= length);
                }
            }
        }
    }
}
