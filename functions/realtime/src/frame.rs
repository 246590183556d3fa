//! What sockets say: one JSON object a frame, its kind in `t`. `docs/asyncapi.yaml` describes both
//! directions; nothing that somebody wrote ever travels in one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    domain::{ConversationId, MemberId, Timestamp, words::Symbol},
    http::view::AuthorKind,
    store::{SubjectId, socket::Topic},
};

use crate::signal::{self, CallFrame, CallSaid};

/// The most bytes of a frame, in both directions: under the edge's 32 KiB of one that is not cut.
pub const MOST_BYTES: usize = 24 * 1024;

/// What a client says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case", deny_unknown_fields)]
pub enum Said {
    /// Something in a call.
    #[serde(skip)]
    Call(CallSaid),
    /// Who am I, and until when?
    Hello {},
    /// Are you there?
    Ping {},
    /// Tell me of this.
    Sub {
        /// Of what.
        topic: String,
    },
    /// I am writing, or no longer.
    Typing {
        /// Where.
        cnv: ConversationId,
        /// Whether.
        typing: bool,
    },
    /// Tell me of this no longer.
    Unsub {
        /// Of what.
        topic: String,
    },
}

/// Every `t` of [`Said`].
const KNOWN: [&str; 5] = ["hello", "ping", "sub", "typing", "unsub"];

impl Said {
    /// Reads a frame.
    pub fn read(frame: &str) -> Result<Self, Fault> {
        if frame.len() > MOST_BYTES {
            return Err(Fault::TooLarge);
        }
        let value: Value = serde_json::from_str(frame).map_err(|_| Fault::Malformed)?;
        let known = value["t"].as_str().ok_or(Fault::Malformed)?;
        if signal::KNOWN.contains(&known) {
            let said = serde_json::from_value(value);
            return said.map(Self::Call).map_err(|_| Fault::Malformed);
        }
        if !KNOWN.contains(&known) {
            return Err(Fault::Unknown);
        }
        serde_json::from_value(value).map_err(|_| Fault::Malformed)
    }
}

shared::words! {
    /// Why a frame did nothing.
    pub enum Fault {
        /// No description, candidate or count of them that a device may be told.
        BadSignal = "bad_signal",
        /// The team blocked this visitor.
        Blocked = "blocked",
        /// The call is over.
        CallOver = "call_over",
        /// It does not go with how far the call is.
        CallState = "call_state",
        /// The role does not allow it.
        Forbidden = "forbidden",
        /// It is no JSON object with the fields of its kind.
        Malformed = "malformed_frame",
        /// The workspace does not have this capability.
        ModuleOff = "module_off",
        /// Another socket speaks for this side; say `call.hello` or `call.resume` first.
        NotInCall = "not_in_call",
        /// The other device is not there; it says `call.joined` or `call.back` when it is.
        PeerAway = "peer_away",
        /// The other side shows a screen.
        ScreenTaken = "screen_taken",
        /// The epoch is not the present one.
        StaleEpoch = "stale_epoch",
        /// More descriptions or candidates than a device needs; slow down.
        TooManySignals = "too_many_signals",
        /// It is not there, or not yours to see.
        NotFound = "not_found",
        /// The sign-in behind the socket is over. The socket closes.
        SessionOver = "session_over",
        /// It is larger than 24 KiB.
        TooLarge = "frame_too_large",
        /// More than 20 a second. The socket closes.
        TooMany = "too_many_frames",
        /// Something we need does not answer; try again.
        Unavailable = "unavailable",
        /// Its `t` is none that we know.
        Unknown = "unknown_frame",
    }
}

/// Somebody, as an opaque id.
#[derive(Debug, Serialize)]
pub struct Who {
    #[serde(rename = "type")]
    kind: AuthorKind,
    id: String,
}

impl From<SubjectId> for Who {
    fn from(subject: SubjectId) -> Self {
        let kind = match subject {
            SubjectId::Contact(_) | SubjectId::Guest(_) => AuthorKind::Visitor,
            SubjectId::Flow(_) => AuthorKind::Bot,
            SubjectId::Key(_) => AuthorKind::ApiKey,
            SubjectId::Account(_) | SubjectId::Member(_) => AuthorKind::Member,
        };
        Self {
            kind,
            id: subject.to_string(),
        }
    }
}

/// What the server says. `cnv.changed` and `presence` come from where they happen.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Frame {
    /// Open another socket soon: this one nears its end.
    Drain {},
    /// That frame did nothing.
    Error {
        /// Why.
        code: Fault,
        /// The topic it named.
        #[serde(skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
    },
    /// You are this one.
    Hello {
        /// Who.
        who: Who,
        /// The server's time.
        at: Timestamp,
        /// From when on a ping is answered with `drain`.
        drain_at: Timestamp,
    },
    /// I am here.
    Pong {},
    /// You will be told of this.
    Subbed {
        /// Of what.
        topic: String,
        /// Who of the team is there; with `inbox` only.
        #[serde(skip_serializing_if = "Option::is_none")]
        online: Option<Vec<MemberId>>,
    },
    /// Somebody is writing, until then at most.
    Typing {
        /// Where.
        cnv: ConversationId,
        /// Who.
        who: Who,
        /// Until when, if nothing more is heard; in the past when they stopped.
        until: Timestamp,
    },
    /// You will be told of this no longer.
    Unsubbed {
        /// Of what.
        topic: String,
    },
    /// Something in a call.
    #[serde(untagged)]
    Call(CallFrame),
}

impl Frame {
    /// That frame did nothing.
    pub const fn error(code: Fault) -> Self {
        Self::Error { code, topic: None }
    }

    /// That topic is not yours.
    pub fn refused(code: Fault, topic: &str) -> Self {
        // A topic is repeated only when it may be one.
        let topic = Topic::from_symbol(topic).map(|topic| topic.symbol());
        Self::Error { code, topic }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_known_kind_is_read_and_nothing_else() {
        let cnv = "cnv_01kf0a1b2c3d4e5f6g7h8j9k0m";
        let typing = format!(r#"{{"t":"typing","cnv":"{cnv}","typing":true}}"#);
        for good in [
            r#"{"t":"hello"}"#,
            r#"{"t":"ping"}"#,
            r#"{"t":"sub","topic":"inbox"}"#,
            r#"{"t":"unsub","topic":"inbox"}"#,
            &typing,
        ] {
            assert!(Said::read(good).is_ok(), "{good}");
        }
        for malformed in [
            "",
            "[]",
            "null",
            "{",
            r#"{"t":1}"#,
            r#"{"t":"sub"}"#,
            r#"{"t":"sub","topic":1}"#,
            r#"{"t":"typing","cnv":"x","typing":true}"#,
            r#"{"t":"ping","text":"hello"}"#,
        ] {
            assert_eq!(Said::read(malformed), Err(Fault::Malformed), "{malformed}");
        }
        assert_eq!(Said::read(r#"{"t":"shout"}"#), Err(Fault::Unknown));
        let large = format!(r#"{{"t":"ping","x":"{}"}}"#, "x".repeat(MOST_BYTES));
        assert_eq!(Said::read(&large), Err(Fault::TooLarge));
    }

    #[test]
    fn frames_are_small_objects_with_their_kind_in_t() {
        let text = |frame: &Frame| serde_json::to_string(frame).expect("json");
        assert_eq!(text(&Frame::Pong {}), r#"{"t":"pong"}"#);
        assert_eq!(
            text(&Frame::error(Fault::Unknown)),
            r#"{"t":"error","code":"unknown_frame"}"#
        );
        let refused = Frame::refused(Fault::NotFound, "<script>");
        assert_eq!(text(&refused), r#"{"t":"error","code":"not_found"}"#);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,300}") {
            let _ = Said::read(&text);
        }

        #[test]
        fn whatever_fields_a_frame_has_it_is_read_or_named_malformed(
            kind in prop::sample::select([&KNOWN[..], &signal::KNOWN[..]].concat()),
            fields in prop::collection::btree_map(
                prop::sample::select(vec!["topic", "cnv", "typing", "call", "epoch", "sdp", "candidates", "n", "x"]),
                prop::sample::select(vec!["1", "-1", "1e400", "true", "null", "\"\"", "\"inbox\"", "[]", "[[]]", "{}",
                    "\"cnv_01kf0a1b2c3d4e5f6g7h8j9k0m\"", "\"v=0\\r\\n\"", "18446744073709551616"]),
                0..6,
            ),
        ) {
            let mut text = format!("{{\"t\":\"{kind}\"");
            for (name, value) in &fields {
                text.push_str(&format!(",\"{name}\":{value}"));
            }
            text.push('}');
            if let Err(fault) = Said::read(&text) {
                prop_assert_eq!(fault, Fault::Malformed, "{}", text);
            }
        }
    }
}
