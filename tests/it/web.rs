//! The reference client: what is served is what is written.

use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use harness::repository;

#[test]
fn the_compiled_client_is_of_the_present_source() {
    let folder = repository().join("web/client");
    let source = fs::read(folder.join("sotto.ts")).expect("the source");
    let compiled = fs::read_to_string(folder.join("sotto.js")).expect("the compiled client");
    let hash = HEXLOWER.encode(digest(&SHA256, &source).as_ref());
    let first = compiled.lines().next().unwrap_or_default();
    assert!(
        first.contains(&hash),
        "sotto.ts has changed since sotto.js was compiled: cd web/client && npm ci && npm run build"
    );
}
