//! Every line that any test lets the code write is looked at as it is written: its fields stand on the list, and
//! nothing that a test typed, no address and no id of a person is in it. The test that runs then fails.
//!
//! Lines of the embedded stack's own are about this machine and have other fields; what they say is looked at as well.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;
use shared::domain::recipient::Recipient;
use shared::lambda::LOG_FIELDS;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Shorter texts are found in lines by chance.
const FEWEST_BYTES: usize = 12;
/// Prefixes of ids of people, and of what people write.
const PERSONAL_IDS: [&str; 9] = [
    "acc_01", "att_01", "call_01", "cnv_01", "ctc_01", "mbr_01", "msg_01", "ses_01", "gst_01",
];

/// What tests typed, and what was wrong with a line.
#[derive(Default)]
struct Seen {
    typed: BTreeSet<String>,
    faults: Vec<String>,
}

fn seen() -> MutexGuard<'static, Seen> {
    static SEEN: Mutex<Seen> = Mutex::new(Seen {
        typed: BTreeSet::new(),
        faults: Vec::new(),
    });
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to look, once for all tests of a process. Whoever listens on a thread of their own is heard there alone.
pub fn watch() -> Watched {
    static BEGUN: OnceLock<()> = OnceLock::new();
    BEGUN.get_or_init(|| {
        // Another one stands already where a test of the harness itself has one.
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Watch));
    });
    Watched
}

/// Fails the test that drops it when a line was wrong.
pub struct Watched;

impl Drop for Watched {
    fn drop(&mut self) {
        let faults = std::mem::take(&mut seen().faults);
        if !std::thread::panicking() {
            assert!(
                faults.is_empty(),
                "the log says too much:\n{}",
                faults.join("\n")
            );
        }
    }
}

/// Remembers what a person might have typed of a body: what has a space or an `@` in it.
pub fn typed(body: &Value) {
    match body {
        Value::String(text) if text.len() >= FEWEST_BYTES && text.contains([' ', '@']) => {
            seen().typed.insert(text.clone());
        }
        Value::Array(list) => list.iter().for_each(typed),
        Value::Object(fields) => fields.values().for_each(typed),
        _ => {}
    }
}

struct Watch;

impl<S: Subscriber> Layer<S> for Watch {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // As a deployment has it: ApplicationLogLevel in the template.
        *metadata.level() <= Level::INFO
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut line = Line::of(attributes.metadata());
        attributes.record(&mut line);
        line.judge();
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::of(event.metadata());
        event.record(&mut line);
        line.judge();
    }
}

/// A line as it would be written.
struct Line {
    target: &'static str,
    ours: bool,
    fields: Vec<&'static str>,
    text: String,
    /// The kind of recipient, and its host, of a call that goes out.
    what: Option<String>,
    host: Option<String>,
}

impl Line {
    fn of(metadata: &Metadata<'static>) -> Self {
        let target = metadata.target();
        let embedded = ["local", "dynoxide", "s3s"];
        let room = target.split("::").next().unwrap_or_default();
        Self {
            target,
            ours: !embedded.contains(&room),
            fields: Vec::new(),
            text: String::new(),
            what: None,
            host: None,
        }
    }

    fn judge(self) {
        let mut seen = seen();
        if let Some(fault) = fault(&self, &seen.typed) {
            seen.faults.push(format!("{}: {fault}", self.target));
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.push(field.name());
        let _ = write!(self.text, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "what" => self.what = Some(value.to_owned()),
            "host" => self.host = Some(value.to_owned()),
            _ => {}
        }
        self.fields.push(field.name());
        let _ = write!(self.text, " {}={value}", field.name());
    }
}

fn fault(line: &Line, typed: &BTreeSet<String>) -> Option<String> {
    let unlisted = line.fields.iter().find(|field| !LOG_FIELDS.contains(field));
    if let Some(field) = unlisted.filter(|_| line.ours) {
        return Some(format!("the field {field} is on no list"));
    }
    if let Some(host) = line.host.as_deref().filter(|_| line.ours)
        && !is_named(line.what.as_deref().unwrap_or_default(), host)
    {
        return Some(format!(
            "a call to {host}, which the list of recipients does not name"
        ));
    }
    if let Some(id) = PERSONAL_IDS.iter().find(|id| line.text.contains(**id)) {
        return Some(format!("an id {id}…"));
    }
    let is_address = |word: &str| {
        let (user, host) = word.split_once('@').unwrap_or_default();
        !user.is_empty() && host.contains('.')
    };
    if line.text.split([' ', '"', '<', '>', '=']).any(is_address) {
        return Some("an address of somebody".to_owned());
    }
    let word = typed.iter().find(|word| line.text.contains(word.as_str()));
    word.map(|word| format!("what somebody typed: {word}"))
}

/// Whether the list of recipients names a host for that kind. Where customers name their own, tests name this machine
/// or what is reserved for examples (RFC 2606), and nobody else's.
fn is_named(what: &str, host: &str) -> bool {
    let is_here = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    let last = host.rsplit('.').next().unwrap_or_default();
    let reserved = ["example.com", "example.net", "example.org"];
    let below = |name: &&str| {
        host.strip_suffix(name)
            .is_some_and(|rest| rest.ends_with('.'))
    };
    let is_reserved = matches!(last, "example" | "invalid" | "test")
        || reserved.contains(&host)
        || reserved.iter().any(below);
    match Recipient::parse(what) {
        Some(one) if one.hosts().is_empty() => is_here || is_reserved,
        Some(one) => is_here || one.is_at(host),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_to_a_host_that_no_list_names_is_found() {
        let called = |what: &str, host: &str| {
            let line = Line {
                what: Some(what.to_owned()),
                host: Some(host.to_owned()),
                ..line(&["what", "host"], "a call out")
            };
            fault(&line, &BTreeSet::new())
        };
        assert_eq!(called("stripe", "api.stripe.com"), None);
        assert_eq!(called("webhook", "127.0.0.1"), None);
        assert_eq!(called("webhook", "hooks.example.com"), None);
        assert!(called("stripe", "metrics.example.com").is_some());
        assert!(called("webhook", "collector.somewhere.io").is_some());
        assert!(called("telemetry", "127.0.0.1").is_some());
    }

    fn line(fields: &[&'static str], text: &str) -> Line {
        Line {
            target: "messages",
            ours: true,
            fields: fields.to_vec(),
            text: text.to_owned(),
            what: None,
            host: None,
        }
    }

    #[test]
    fn what_a_line_may_not_say_is_found_in_it() {
        let typed = BTreeSet::from(["Where is my parcel?".to_owned()]);
        let said = |line: Line| fault(&line, &typed);
        assert_eq!(
            said(line(&["code", "cause"], "code=conflict of ws_01kf0a1b2c3d")),
            None
        );
        assert!(said(line(&["email"], "email=x")).is_some());
        assert!(said(line(&["cause"], "cause=no cnv_01kf0a1b2c3d4e5f6g7h8j9k0m")).is_some());
        assert!(said(line(&["cause"], "cause=\"ada@example.com\" bounced")).is_some());
        assert!(said(line(&["cause"], "cause=not JSON: Where is my parcel? 17")).is_some());
        let local = Line {
            ours: false,
            ..line(&["port"], "port=1")
        };
        assert_eq!(said(local), None);
    }
}
