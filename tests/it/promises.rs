//! Which promises are proven, and by what. `docs/promises.md` is this table.
//!
//! A promise is proven when a test goes red as soon as its behaviour is switched off. Whatever is
//! only partly there is pending, and the reason says what is missing. After a change of the table
//! the test fails once, writes the right page and says where it lies.

mod stands;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use harness::repository;
use local::policy::promises::PROMISES;

use stands::STANDS;

/// Tests that prove more prove nothing in particular (design, 8.3).
const MOST_PROMISES_OF_A_TEST: usize = 3;
/// Pending ones may only become fewer.
const MOST_PENDING: usize = 1;

/// How a promise stands.
enum Stand {
    /// By this test of this file: what it asserts.
    Proven {
        file: &'static str,
        test: &'static str,
        assertion: &'static str,
    },
    /// Not, for this reason.
    Pending(&'static str),
}

/// One line for every promise: `ID | file::test | assertion`, or `ID | pending | reason`.
fn stands() -> Vec<(&'static str, Stand)> {
    let lines = STANDS.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut parts = line.splitn(3, " | ");
            let mut part = || {
                parts
                    .next()
                    .unwrap_or_else(|| panic!("`{line}` has three parts"))
            };
            let (id, by, what) = (part(), part(), part());
            let stand = match by.split_once("::") {
                Some((file, test)) => Stand::Proven {
                    file,
                    test,
                    assertion: what,
                },
                None => {
                    assert_eq!(by, "pending", "{id}");
                    Stand::Pending(what)
                }
            };
            (id, stand)
        })
        .collect()
}

fn table() -> String {
    let mut rows = String::new();
    let mut proven = 0;
    for ((id, promise), (_, stand)) in PROMISES.iter().zip(stands()) {
        let row = match stand {
            Stand::Proven {
                file,
                test,
                assertion,
            } => {
                proven += 1;
                format!("| {id} | {promise} | proven | {assertion}: `{test}` in `{file}` |\n")
            }
            Stand::Pending(reason) => format!("| {id} | {promise} | pending | {reason} |\n"),
        };
        rows.push_str(&row);
    }
    format!(
        "# Promises\n\n\
         {proven} of {} promises are proven: the test that is named goes red when the behaviour is\n\
         switched off. The others are pending, whole or in part. Written from\n\
         `tests/it/promises/stands.rs`; a test holds it to be true.\n\n\
         | ID | promise | proven or pending | assertion or reason |\n|---|---|---|---|\n{rows}",
        PROMISES.len()
    )
}

fn file() -> PathBuf {
    repository().join("docs/promises.md")
}

#[test]
fn the_committed_table_is_what_the_tests_say_and_has_a_row_for_every_promise() {
    let ids: Vec<&str> = stands().into_iter().map(|(id, _)| id).collect();
    let promised: Vec<&str> = PROMISES.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, promised);
    let committed = fs::read_to_string(file()).unwrap_or_default();
    if committed != table() {
        let right = Path::new(env!("CARGO_TARGET_TMPDIR")).join("promises.md");
        fs::write(&right, table()).expect("written");
        panic!(
            "docs/promises.md says something else; take {}",
            right.display()
        );
    }
    let rows = committed.lines().filter(|line| {
        promised
            .iter()
            .any(|id| line.starts_with(&format!("| {id} |")))
    });
    assert_eq!(rows.count(), 126);
}

#[test]
fn every_proof_is_a_test_that_runs_and_carries_three_promises_at_most() {
    let mut carried: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (id, stand) in stands() {
        if let Stand::Proven { file, test, .. } = stand {
            carried.entry((file, test)).or_default().push(id);
        }
    }
    for ((file, test), ids) in carried {
        assert!(
            ids.len() <= MOST_PROMISES_OF_A_TEST,
            "{test} carries {ids:?}"
        );
        let source = fs::read_to_string(repository().join(file));
        let source = source.unwrap_or_else(|error| panic!("{ids:?}: {file}: {error}"));
        assert!(runs(&source, test), "{ids:?}: {file} has no test {test}");
    }
    let planted = "#[ignore]\n#[test]\nfn a() {}\nfn b() {}\n#[test]\nfn c() {}\n";
    assert!(runs(planted, "c") && !runs(planted, "a") && !runs(planted, "b"));
}

/// Whether a source has this function as a test that is not ignored.
fn runs(source: &str, test: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let starts = [format!("fn {test}("), format!("async fn {test}(")];
    let Some(at) = lines
        .iter()
        .position(|line| starts.iter().any(|start| line.starts_with(start)))
    else {
        return false;
    };
    let attributes = lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with('#'));
    let attributes: Vec<&&str> = attributes.collect();
    let is_test = attributes
        .iter()
        .any(|line| ["#[test]", "#[tokio::test]"].contains(*line));
    is_test && !attributes.iter().any(|line| line.starts_with("#[ignore"))
}

#[test]
fn pending_promises_say_what_is_missing_and_become_no_more() {
    let mut pending = 0;
    for (id, stand) in stands() {
        match stand {
            Stand::Pending(reason) => {
                pending += 1;
                assert!(reason.len() >= 12, "{id}: say what is missing");
            }
            Stand::Proven { assertion, .. } => {
                assert!(assertion.len() >= 12, "{id}: say what is asserted");
            }
        }
    }
    assert!(pending <= MOST_PENDING, "{pending} are pending");
}
