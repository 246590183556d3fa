//! What is kept is used: a personal field that nothing reads would be kept for nothing.

use std::collections::BTreeSet;
use std::fs;

use harness::repository;
use shared::store::record::Decision;
use shared::store::registry;

use super::files;
use super::source::{Token, code_only, tokens};

/// Fields that no handler reads, and what they are kept for.
const PROOFS: [(&str, &str, &str); 2] = [
    (
        "Letter",
        "settled_at",
        "when a mail went out: the person finds it in their copy",
    ),
    (
        "MailWishRow",
        "said_by",
        "how a consent was given: whoever is asked to prove it looks there",
    ),
];

/// Every word that is read as a field: behind a dot and not assigned to, or taken out by a pattern.
fn read_in(code: &str) -> BTreeSet<String> {
    let code = code_only(code);
    let tokens = tokens(&code);
    let mut read = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let next = tokens.get(at + 1);
        let assigned =
            next == Some(&Token::Other('=')) && tokens.get(at + 2) != Some(&Token::Other('='));
        let called = next == Some(&Token::Other('('));
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        if before == Some(&Token::Other('.')) && !assigned && !called {
            read.insert((*word).to_owned());
        }
        // Keys are made of it, and its end counts from it.
        if *word == "record" && before == Some(&Token::Other('[')) {
            let inside = tokens.get(at..).unwrap_or_default().iter();
            let inside = inside.take_while(|token| **token != Token::Other(']'));
            read.extend(inside.filter_map(|token| match token {
                Token::Word(word) => Some((*word).to_owned()),
                _ => None,
            }));
        }
        // `let Name { a, b, .. } = …`: the braces of a pattern stand before `=`.
        if *word == "let" {
            let rest = tokens.get(at + 1..).unwrap_or_default();
            let end = rest
                .iter()
                .position(|token| matches!(token, Token::Other('=' | ';')));
            let pattern = rest.get(..end.unwrap_or_default()).unwrap_or_default();
            let inside = pattern
                .iter()
                .skip_while(|token| **token != Token::Other('{'));
            read.extend(inside.filter_map(|token| match token {
                Token::Word(word) => Some((*word).to_owned()),
                _ => None,
            }));
        }
    }
    read
}

fn read_by_the_program() -> BTreeSet<String> {
    let folders = ["functions", "shared/src", "local/src"];
    let all = folders.map(|folder| files(&repository().join(folder), "rs"));
    let mut read = BTreeSet::new();
    for file in all.into_iter().flatten() {
        let source = fs::read_to_string(&file).expect("a file");
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        read.extend(read_in(code));
    }
    read
}

/// The personal fields of all records that nothing reads.
fn unread(read: &BTreeSet<String>) -> Vec<(&'static str, &'static str)> {
    let mut unread = Vec::new();
    for record in registry::ALL {
        for field in record.fields {
            let personal = matches!(field.decision, Decision::Personal { .. });
            if personal && !read.contains(field.name) {
                unread.push((record.name, field.name));
            }
        }
    }
    unread
}

/// CALL-21: nothing is kept that nothing needs. A field that only a copy of one's data would show has to say
/// here what it is kept for.
#[test]
fn every_personal_field_is_read_by_something_or_says_what_it_proves() {
    let read = read_by_the_program();
    let proofs: Vec<(&str, &str)> = PROOFS
        .iter()
        .map(|(record, field, _)| (*record, *field))
        .collect();
    assert_eq!(unread(&read), proofs);
    // A field that loses its only reader is noticed.
    let mut without = read;
    assert!(without.remove("figures_refused_at"));
    assert!(unread(&without).contains(&("Contact", "figures_refused_at")));
}

#[test]
fn what_is_only_written_or_only_spoken_of_is_not_read() {
    let code = "/// a.shoe_size\nfn f() { x.shoe_size = 42; let s = \"y.shoe_size\"; Foo { shoe_size: 1 }; x.shoe_size(); }";
    assert!(!read_in(code).contains("shoe_size"));
    for code in [
        "f(x.shoe_size)",
        "if x.shoe_size == 42 {}",
        "let Foo { shoe_size, .. } = x;",
    ] {
        assert!(read_in(code).contains("shoe_size"), "{code}");
    }
}
