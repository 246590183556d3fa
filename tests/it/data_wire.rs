//! The suite runs on another DynamoDB as well (`tests/outside/suite.py`, issue 10): how much of it may differ there.

use std::{collections::BTreeSet, fs, path::Path};

/// Tests that need the embedded one, and modules that were not run on another, may only become fewer.
const MOST_DIFFERENCES: usize = 10;

#[test]
fn ever_fewer_tests_need_the_embedded_data_wire_and_each_says_why() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("outside/suite.txt");
    let list = fs::read_to_string(list).expect("the list");
    let lines = list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut named = BTreeSet::new();
    for line in lines {
        let (test, why) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        assert!(why.trim().len() >= 12, "{test}: say why it differs");
        assert!(named.insert(test), "{test} is named twice");
    }
    assert!(
        named.len() <= MOST_DIFFERENCES,
        "{} tests differ",
        named.len()
    );
}
