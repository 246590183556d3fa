//! Entry points: the only layer that knows `lambda_runtime`. A function's `main` is one call here.

pub mod feedback;
pub mod files;
pub mod http;
pub mod mail;
pub mod schedule;
pub mod socket;
pub mod stream;

pub use files::files;
pub use http::{http, pages};
pub use mail::mail;
pub use schedule::{schedule, scheduled};
pub use socket::live;
pub use stream::stream;

use crate::app::{App, Clock, Config, Egress, clients, config::log_level};

/// Every field that a line of the log may have, beside those of the metrics ([`schedule::Report`]). None of them is
/// for a text, an address or an id of a person: a line names an invocation, a code and a cause, and where it is known
/// the route, the opaque id of the workspace, and which host was called.
/// `tests/it/observability.rs` reads the sources, and `tests/src/log.rs` every line of every test.
pub const LOG_FIELDS: [&str; 23] = [
    "cause",
    "closed",
    "code",
    "error",
    "event",
    "fault",
    "field",
    "functionName",
    "host",
    "kind",
    "level",
    "message",
    "name",
    "requestId",
    "route",
    "span",
    "task",
    "trouble",
    "unusable",
    "what",
    "why",
    "workspace",
    "xrayTraceId",
];

/// The subscriber of a bootstrap: JSON lines of the level that the template sets. Filters by target
/// would bring a regex engine into every binary.
fn log() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .without_time()
        .with_target(false)
        .with_max_level(log_level())
        .init();
}

/// The app of a bootstrap.
fn app() -> Result<App, lambda_runtime::Error> {
    log();
    Ok(App::new(
        Config::from_env()?,
        Clock::system(),
        clients::https(),
        Egress::public(),
    ))
}

/// Runs a future on a runtime of one thread: a Lambda environment serves one request at a time, and
/// more threads only cost start-up and CPU.
fn run<F>(future: F) -> Result<(), lambda_runtime::Error>
where
    F: Future<Output = Result<(), lambda_runtime::Error>>,
{
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(future)
}
