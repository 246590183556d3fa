//! What the record declaration refuses, and the words it says: they are meant to teach.
//!
//! Each file under `tests/refused` names on its first lines what the compiler must say. The
//! compiler is called on the crates that this test was linked with, so that nothing is built twice.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

const MARK: &str = "//! refused: ";

#[test]
fn an_undecided_record_does_not_build_and_the_message_says_what_to_write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("refused");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 15, "only {} cases", cases.len());
    for case in cases {
        let source = fs::read_to_string(&case).expect("a case");
        let phrases: Vec<&str> = source
            .lines()
            .filter_map(|line| line.strip_prefix(MARK))
            .collect();
        assert!(
            !phrases.is_empty(),
            "{} says nothing of what is refused",
            case.display()
        );
        let (built, said) = compile(&case);
        assert!(!built, "{} builds", case.display());
        for phrase in phrases {
            assert!(
                said.contains(phrase),
                "{}: the compiler did not say `{phrase}` but:\n{said}",
                case.display()
            );
        }
    }
}

#[test]
fn a_program_that_asks_for_nothing_forbidden_builds() {
    // Without this, a missing crate would look like a refusal.
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("accepted.rs");
    let source = "use shared::domain::text::Text;\nuse serde::Serialize as _;\n\
                  fn main() { let text = Text::parse(\"a\").unwrap(); let _ = format!(\"{text:?}\"); }\n";
    fs::write(&case, source).expect("written");
    let (built, said) = compile(&case);
    assert!(built, "{said}");
}

/// Whether a program compiles, and what the compiler says.
fn compile(source: &Path) -> (bool, String) {
    let crates = std::env::current_exe()
        .expect("this test")
        .parent()
        .expect("its folder")
        .to_owned();
    let out = tempfile::tempdir().expect("a folder");
    let output = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--emit",
            "metadata",
            "--crate-name",
            "refused",
            "-A",
            "warnings",
        ])
        .arg("--out-dir")
        .arg(out.path())
        .arg("-L")
        .arg(format!("dependency={}", crates.display()))
        .args(["--extern", &newest(&crates, "shared", "rlib")])
        .args(["--extern", &newest(&crates, "shared_derive", "so")])
        .args(["--extern", &newest(&crates, "serde", "rlib")])
        .arg(source)
        .output()
        .expect("the compiler");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// `name=path` of the newest build of a crate.
fn newest(folder: &Path, name: &str, extension: &str) -> String {
    let stem = format!("lib{name}-");
    let age = |path: &PathBuf| {
        fs::metadata(path)
            .and_then(|meta| meta.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let path = fs::read_dir(folder)
        .expect("the crates")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter(|path| {
            path.file_name()
                .is_some_and(|file| file.to_string_lossy().starts_with(&stem))
        })
        .max_by_key(age)
        .unwrap_or_else(|| panic!("no build of {name}"));
    format!("{name}={}", path.display())
}
