//! The program `sotto` as a process of its own: for what only a process can show, such as being
//! killed, its exit code and its one line.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running `sotto serve --json`. It is killed when this value goes.
pub struct Program {
    /// The line that it printed: addresses, demo ids and tokens.
    pub ready: Value,
    child: Child,
}

impl Program {
    /// Starts it with these arguments besides `--json --port 0`, and waits until it is ready.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        // Unread, a pipe would fill up and stop the program.
        command
            .args(["--json", "--port", "0"])
            .stderr(Stdio::inherit());
        let mut child = command.spawn().expect("sotto");
        let out = child.stdout.take().expect("standard output");
        let mut lines = BufReader::new(out).lines();
        let line = tokio::time::timeout(READY_WITHIN, lines.next_line()).await;
        let line = line
            .expect("ready in time")
            .expect("readable")
            .expect("a line before the end");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        Self { ready, child }
    }

    /// Runs it to its end; for what does not start.
    pub async fn run(arguments: &[&str]) -> Output {
        command(arguments).output().await.expect("sotto")
    }

    /// The base URL of the API.
    pub fn api(&self) -> &str {
        self.ready["api"].as_str().expect("an address")
    }

    /// Kills it as the system would (SIGKILL), and waits until it is gone.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }

    /// Ends it as Ctrl-C does (SIGINT), and waits until it has.
    pub async fn interrupt(mut self) -> ExitStatus {
        let id = self.child.id().expect("running").to_string();
        let sent = Command::new("kill")
            .args(["-INT", &id])
            .status()
            .await
            .expect("kill");
        assert!(sent.success(), "kill -INT {id}");
        self.child.wait().await.expect("ended")
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(repository())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the repository")
}

/// The binary, built once: `cargo test` alone builds the binaries of other packages not.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let built = std::process::Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "sotto", "--bin", "sotto"])
            .current_dir(repository())
            .status();
        assert!(built.expect("cargo").success(), "sotto does not build");
        // This test is target/<profile>/deps/it-<hash>.
        let test = std::env::current_exe().expect("this test's path");
        test.parent()
            .and_then(Path::parent)
            .expect("the target folder")
            .join("sotto")
    })
}
