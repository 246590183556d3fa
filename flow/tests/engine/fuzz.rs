//! The bodies of the fuzz targets on stable: chance of proptest in place of a fuzzer's, and samples that it hurts.

use proptest::prelude::*;

#[path = "../../../fuzz/bodies.rs"]
mod bodies;

const SAMPLES: [&str; 3] = [
    include_str!("../../../local/samples/support-intake.json"),
    include_str!("../../../local/samples/lead-qualification.json"),
    include_str!("../../../local/samples/appointment.json"),
];

/// What templates are made of, well and badly.
const WORDS: &[&str] = &[
    "{{",
    "}}",
    " a ",
    " n ",
    " l ",
    " j ",
    "j.a",
    "[0]",
    "[1:]",
    " * ",
    " ~ ",
    " + ",
    " ** ",
    " // ",
    " % ",
    " - ",
    "99999999999",
    "1.5",
    "\"x\"",
    "'",
    " if ",
    " else ",
    " in ",
    " not ",
    " is defined ",
    " and ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "|upper",
    "|join(l)",
    "|split(a)",
    "|date(a)",
    "|default(n)",
    "|number",
    "|round(n)",
    "|length",
    "|first",
    "{%",
    "{#",
    " range(9) ",
    ".x()",
    "\\u{1f600}",
];

/// A text with pieces of it taken out, doubled, or replaced by others of it.
fn hurt(text: &[u8], cuts: &[(usize, usize, usize)]) -> Vec<u8> {
    let mut out = text.to_vec();
    for (at, length, from) in cuts {
        let at = at % (out.len() + 1);
        let end = (at + length % 40).min(out.len());
        let from = from % text.len();
        let piece = text[from..(from + length % 23).min(text.len())].to_vec();
        out.splice(at..end, piece);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        bodies::document(&bytes);
        bodies::typebot(&bytes);
        bodies::step(&bytes);
        bodies::templates(&bytes);
    }

    #[test]
    fn a_template_of_any_words_is_refused_or_bounded(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..24),
        held in "[ -~]{0,12}",
    ) {
        bodies::templates(format!("{}\n{held}", words.concat()).as_bytes());
    }

    #[test]
    fn a_document_that_is_hurt_is_read_or_refused(
        which in 0_usize..3,
        cuts in prop::collection::vec((any::<usize>(), any::<usize>(), any::<usize>()), 1..6),
    ) {
        let sample: serde_json::Value = serde_json::from_str(SAMPLES[which]).expect("a sample");
        let document = serde_json::to_vec(&sample["document"]).expect("a document");
        bodies::document(&document);
        bodies::document(&hurt(&document, &cuts));
    }
}
