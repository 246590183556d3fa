//! Texts that a pattern takes, made up out of the pattern and of nothing that anybody said.

use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};

use crate::conditions::{MAX_NESTING, pattern};

/// How often more than it must be something is repeated, try after try: so long texts are found too.
const MORE: [u32; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 128];
/// The longest text that is made, in bytes.
const MOST_BYTES: usize = 4_096;
/// The most parts of a pattern that are looked at for a text: what repeats nothing may do so a million times.
const MOST_PARTS: u32 = 20_000;
/// What is taken of a class of characters, where it is in it.
const PLAIN: &str = "aA1_- ";

/// A text that a pattern takes and that `fits` besides; none where none is found.
pub(super) fn taken(source: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
    let takes = pattern(source).ok()?;
    let mut parser = ParserBuilder::new().nest_limit(MAX_NESTING).build();
    let tree = parser.parse(source).ok()?;
    MORE.iter().enumerate().find_map(|(try_number, more)| {
        let mut made = Made {
            text: String::new(),
            try_number,
            more: *more,
            left: MOST_PARTS,
        };
        made.write(&tree)?;
        let text = made.text;
        // What may stand anywhere may stand in something longer.
        let longer = format!("{text}{}", "a".repeat(*more as usize));
        let mut texts = [text, longer].into_iter();
        texts.find(|text| takes.is_match(text.trim()) && fits(text.trim()))
    })
}

/// A text that is made.
struct Made {
    text: String,
    /// Which alternatives are taken.
    try_number: usize,
    /// How often more than it must be something is repeated.
    more: u32,
    /// How many parts may still be looked at.
    left: u32,
}

impl Made {
    /// Writes what a part of a pattern takes; none where it takes nothing, or too much.
    fn write(&mut self, part: &Hir) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        if self.text.len() > MOST_BYTES {
            return None;
        }
        match part.kind() {
            // Where something stands is found out by the pattern itself.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                self.text.push_str(std::str::from_utf8(&literal.0).ok()?);
            }
            HirKind::Class(class) => self.text.push(one_of(class)?),
            HirKind::Capture(capture) => self.write(&capture.sub)?,
            HirKind::Repetition(repeated) => {
                let most = repeated.max.unwrap_or(u32::MAX);
                for _ in 0..repeated.min.saturating_add(self.more).min(most) {
                    self.write(&repeated.sub)?;
                }
            }
            HirKind::Concat(parts) => {
                for part in parts {
                    self.write(part)?;
                }
            }
            HirKind::Alternation(ways) => {
                let way = ways.get(self.try_number % ways.len().max(1))?;
                self.write(way)?;
            }
        }
        Some(())
    }
}

/// A character of a class: a plain one where there is one.
fn one_of(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => {
            let ranges = class.ranges().iter();
            ranges.map(|range| (range.start(), range.end())).collect()
        }
        Class::Bytes(class) => {
            let ascii = class.ranges().iter().filter(|range| range.end().is_ascii());
            ascii
                .map(|range| (char::from(range.start()), char::from(range.end())))
                .collect()
        }
    };
    let holds = |one: &char| {
        let mut ranges = ranges.iter();
        ranges.any(|(start, end)| (start..=end).contains(&one))
    };
    let plain = PLAIN.chars().chain('!'..='~').find(holds);
    plain.or_else(|| ranges.first().map(|(start, _)| *start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_found_that_the_pattern_takes() {
        for source in [
            "^[A-Z]{3}-[0-9]{4}$",
            r"^\d{5}(-\d{4})?$",
            "^(?i)order #?[0-9]+$",
            r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
            r"^(0[1-9]|1[0-2])/\d{2}$",
            "^DE[0-9]{20}$",
            "x|y|^$",
            "",
            "[\u{e4}\u{f6}]{2}",
            r"\bword\b",
            ".{3,}",
        ] {
            let text = taken(source, |_| true).unwrap_or_else(|| panic!("none for {source}"));
            assert!(
                pattern(source).expect("a pattern").is_match(&text),
                "{source}: {text}"
            );
        }
        let long = taken("^[a-z ]+$", |text| text.len() >= 50);
        assert!(long.is_some_and(|text| text.len() >= 50));
        let long = taken("[0-9]{3}", |text| text.len() >= 20);
        assert!(long.is_some_and(|text| text.len() >= 20));
        assert_eq!(taken("^[a-z]{2}$", |text| text.len() > 2), None);
        assert_eq!(taken("a^", |_| true), None);
        assert_eq!(taken("(", |_| true), None);
        assert_eq!(taken("^[0-9]{9000}$", |_| true), None);
    }

    proptest! {
        /// Whatever is written, the search ends, and what it finds is taken.
        #[test]
        fn what_is_found_is_taken(source in "[a-c\\[\\](){}|^$.*+?0-9-]{0,24}") {
            if let Some(text) = taken(&source, |_| true) {
                prop_assert!(pattern(&source).expect("a pattern").is_match(&text));
            }
        }
    }
}
