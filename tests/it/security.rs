//! The weekly look at security: it is scheduled, it writes a dated report, what is known of a part makes it fail, and
//! what could not be checked is never said to be fine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use harness::repository;
use serde_json::{Value, json};

/// What stands on the path of a run: programs that say what a test wants to hear.
struct Tools(tempfile::TempDir);

impl Tools {
    fn new() -> Self {
        let tools = Self(tempfile::tempdir().expect("a folder"));
        // Everything else that cargo is asked for, there is none of.
        let folder = Path::new(env!("CARGO"))
            .parent()
            .expect("a folder")
            .display();
        let cargo = format!(
            "[ \"$1\" = metadata ] && PATH={folder}:$PATH exec {folder}/cargo \"$@\"; exit 1"
        );
        tools.program("cargo", &cargo);
        tools.program("npm", "echo '{\"vulnerabilities\": {}}'");
        tools.program("checkov", "exit 0");
        tools
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.0.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("rights");
    }

    /// cargo-deny, whose database can be reached or not, and which objects to this.
    fn deny(&self, fetch: &str, objection: Option<&Value>) {
        let objects = objection.map_or_else(
            || "exit 0".to_owned(),
            |said| format!("case \"$*\" in *advisories*) echo '{said}' >&2; exit 1;; esac"),
        );
        self.program(
            "cargo-deny",
            &format!("[ \"$1\" = fetch ] && {fetch}\n{objects}"),
        );
    }

    /// cargo with a fuzzer of these targets, of which one ends badly.
    fn fuzzer(&self, targets: &[&str], bad: &str) {
        let folder = Path::new(env!("CARGO"))
            .parent()
            .expect("a folder")
            .display();
        let targets = targets.join(" ");
        let script = format!(
            "[ \"$1\" = metadata ] && PATH={folder}:$PATH exec {folder}/cargo \"$@\"\n\
             [ \"$3\" = list ] && {{ echo {targets}; exit 0; }}\n\
             [ \"$5\" = {bad} ] && {{ echo 'Test unit written to {bad}/crash-1' >&2; exit 77; }}\n\
             exit 0"
        );
        self.program("cargo", &script);
    }

    /// A report of a day, into a folder of its own: how the run ended, and what it wrote.
    fn report(&self, day: &str) -> (Output, String) {
        let into = self.0.path().join("reports");
        let folder = into.to_str().expect("a path");
        let output = self.run(&[
            "report",
            "--day",
            day,
            "--into",
            folder,
            "--fuzz-seconds",
            "0",
        ]);
        let text = fs::read_to_string(into.join(format!("{day}.md"))).unwrap_or_default();
        (output, text)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let path = variable("PATH").unwrap_or_default();
        // Ours first; nothing that a developer installed for themselves.
        let python = std::env::split_paths(&path)
            .map(|folder| folder.join("python3"))
            .find(|file| file.is_file())
            .expect("python3");
        Command::new(python)
            .arg(repository().join("tests/outside/security.py"))
            .args(arguments)
            .env("CARGO_TARGET_DIR", self.0.path())
            .env("PATH", format!("{}:/usr/bin:/bin", self.0.path().display()))
            .env("CARGO_HOME", cargo_home())
            .env("HOME", self.0.path())
            .output()
            .expect("it runs")
    }
}

/// Where cargo keeps what it has fetched, whoever's home a run believes to be in.
fn cargo_home() -> std::path::PathBuf {
    let home = variable("CARGO_HOME").map(Into::into);
    home.unwrap_or_else(|| Path::new(&variable("HOME").unwrap_or_default()).join(".cargo"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "where this machine has its programs, which no deployment knows"
)]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// FLOW-29. A planted weakness is found, named and makes the run fail; where the database cannot be reached the
/// report says that nobody looked.
#[test]
fn every_week_a_dated_report_says_what_is_known_of_the_parts_and_a_weakness_fails_the_run() {
    let tools = Tools::new();
    tools.deny("exit 0", None);
    let (output, text) = tools.report("2026-11-23");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.starts_with("# Security report of 2026-11-23\n"),
        "{text}"
    );
    assert!(
        text.contains("| known weaknesses of Rust parts | nothing found | advisories |"),
        "{text}"
    );
    // Without a fuzzer and without schemathesis on the path nobody looked.
    for unseen in [
        "parsers of bytes from outside",
        "the API, with the tokens of two tenants",
    ] {
        assert!(
            text.contains(&format!("| {unseen} | not checked |")),
            "{text}"
        );
    }

    let planted = json!({ "type": "diagnostic", "fields": {
        "severity": "error", "code": "vulnerability", "message": "it can be read past its end",
        "advisory": { "id": "RUSTSEC-2099-0001" }, "graphs": [{ "Krate": { "name": "planted" } }],
    } });
    tools.deny("exit 0", Some(&planted));
    let (output, text) = tools.report("2026-11-30");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("| known weaknesses of Rust parts | FOUND | 1, below |"),
        "{text}"
    );
    assert!(
        text.contains("- RUSTSEC-2099-0001 planted it can be read past its end\n"),
        "{text}"
    );

    tools.deny("exit 1", Some(&planted));
    let (output, text) = tools.report("2026-12-07");
    assert!(output.status.success());
    let unreachable = "| known weaknesses of Rust parts | not checked | the database of RustSec cannot be reached |";
    assert!(text.contains(unreachable), "{text}");

    // And somebody runs it: every week, and what may be built on with every change.
    let read = |file: &str| fs::read_to_string(repository().join(file)).expect("a file");
    let workflow: Value =
        serde_saphyr::from_str(&read(".github/workflows/weekly.yml")).expect("YAML");
    let cron = workflow["on"]["schedule"][0]["cron"]
        .as_str()
        .expect("a schedule");
    let fields: Vec<&str> = cron.split(' ').collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        panic!("{cron}");
    };
    assert!(
        [minute, hour, weekday]
            .iter()
            .all(|field| field.parse::<u32>().is_ok()),
        "{cron}"
    );
    assert_eq!((day, month), ("*", "*"));
    let steps = workflow["jobs"]["look"]["steps"].as_array().expect("steps");
    assert!(steps.iter().any(|step| step["run"] == "bash .ci/weekly"));
    assert!(read(".ci/weekly").contains("\npython3 tests/outside/security.py report"));
    assert!(
        read(".ci/run")
            .contains("step 'the parts we build on' python3 tests/outside/security.py gate")
    );
}

/// Fuzzing may go on apart, for hours: a report says what it found, and nothing of a target that nobody ran.
#[test]
fn a_report_says_what_fuzzers_found_that_ran_apart_and_which_did_not_run() {
    const ROW: &str = "| parsers of bytes from outside";
    let today = "2099-01-01";
    let tools = Tools::new();
    tools.deny("exit 0", None);
    tools.fuzzer(&["mail", "step"], "none");
    let (_, text) = tools.report(today);
    assert!(
        text.contains(&format!("{ROW} | not checked | not run: mail, step |")),
        "{text}"
    );
    let fuzz = |target: &str| {
        let output = tools.run(&["fuzz", target, "--fuzz-seconds", "7"]);
        // What was found is of a day that has been, to a report of a day to come.
        let file = tools.0.path().join("fuzz.json");
        let found = fs::read_to_string(&file).expect("what was found");
        let mut found: Value = serde_json::from_str(&found).expect("JSON");
        found[target]["day"] = "2098-12-28".into();
        fs::write(file, found.to_string()).expect("written");
        output.status.code()
    };
    assert_eq!(fuzz("mail"), Some(0));
    let (_, text) = tools.report(today);
    let some = format!("{ROW} | not checked | not run: step; nothing found in mail 7 s |");
    assert!(text.contains(&some), "{text}");
    assert_eq!(fuzz("step"), Some(0));
    let (output, text) = tools.report(today);
    assert!(
        text.contains(&format!("{ROW} | nothing found | mail 7 s, step 7 s |")),
        "{text}"
    );
    assert!(output.status.success());
    // Eight days later that is too long ago.
    let (_, text) = tools.report("2099-01-05");
    assert!(
        text.contains(&format!("{ROW} | not checked | not run: mail, step |")),
        "{text}"
    );
    tools.fuzzer(&["mail", "step"], "step");
    assert_eq!(fuzz("step"), Some(1));
    let (output, text) = tools.report(today);
    assert!(
        text.contains("- step: Test unit written to step/crash-1\n"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1));
}

/// Each part stands in the list of what is built from which parts, with its licence and the hash of its source.
#[test]
fn the_list_of_parts_is_that_of_the_lock_file() {
    let output = Command::new("python3")
        .arg(repository().join("tests/outside/security.py"))
        .arg("sbom")
        .output()
        .expect("it runs");
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&list["bomFormat"], &list["specVersion"]),
        (&json!("CycloneDX"), &json!("1.6"))
    );
    let lock = fs::read_to_string(repository().join("Cargo.lock")).expect("a lock file");
    let parts = list["components"].as_array().expect("parts");
    assert_eq!(parts.len(), lock.matches("[[package]]").count());
    for part in parts {
        let licence = part["licenses"][0]["expression"]
            .as_str()
            .unwrap_or_default();
        assert!(!licence.is_empty() && !licence.contains('/'), "{part}");
        if let Some(hash) = part["hashes"][0]["content"].as_str() {
            assert!(lock.contains(hash), "{part}");
        }
    }
}
