//! The reference client: what is served is what is written.

use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use harness::repository;

#[test]
fn the_compiled_clients_are_of_the_present_sources() {
    for (folder, names) in [
        ("web/client", &["sotto"][..]),
        ("web/call", &["call", "desk", "guest", "room"]),
    ] {
        for name in names {
            let file = |end: &str| repository().join(folder).join(format!("{name}.{end}"));
            let source = fs::read(file("ts")).expect("the source");
            let compiled = fs::read_to_string(file("js")).expect("the compiled client");
            let hash = HEXLOWER.encode(digest(&SHA256, &source).as_ref());
            let first = compiled.lines().next().unwrap_or_default();
            assert!(
                first.contains(&hash),
                "{name}.ts has changed since {name}.js was compiled: cd {folder}, and see its README.md"
            );
        }
    }
}

/// CALL-17: there is nothing in the pages of a call that could record one.
#[test]
fn no_page_of_a_call_can_record_it() {
    let folder = repository().join("web/call");
    let files = fs::read_dir(folder).expect("the folder").flatten();
    let mut looked_at = 0;
    for file in files.filter(|file| file.path().is_file()) {
        let text = fs::read_to_string(file.path()).expect("a text");
        for word in [
            "MediaRecorder",
            "captureStream",
            "ImageCapture",
            "toDataURL",
            "toBlob",
            "drawImage",
        ] {
            assert!(!text.contains(word), "{word} in {:?}", file.path());
        }
        looked_at += 1;
    }
    assert!(looked_at > 8, "{looked_at}");
}
