//! What two devices of a call say to each other through their sockets: looked at, passed on, and kept
//! nowhere (CALL-20). `docs/calls-protocol.md` describes it for those who write a client.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::domain::{
    CallId, Timestamp,
    call::{
        CallState, EndReason, Side,
        signal::{self, MOST_CANDIDATES},
    },
};

use crate::frame::Fault;

/// What a device says in a call.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "t", deny_unknown_fields)]
pub enum CallSaid {
    /// I am here, and begin anew.
    #[serde(rename = "call.hello")]
    Hello {
        /// In which call.
        call: CallId,
    },
    /// I am here again, through another socket; what flows goes on.
    #[serde(rename = "call.resume")]
    Resume {
        /// In which call.
        call: CallId,
        /// What `call.hello` gave.
        resume_key: String,
        /// My epoch.
        epoch: u64,
    },
    /// It really rings here.
    #[serde(rename = "call.ack")]
    Ack {
        /// Which call.
        call: CallId,
    },
    /// A description.
    #[serde(rename = "call.sdp")]
    Sdp {
        /// In which call.
        call: CallId,
        /// My epoch.
        epoch: u64,
        /// Counts my frames.
        n: u64,
        /// What kind.
        kind: SdpKind,
        /// The description; none with a rollback.
        #[serde(default)]
        sdp: Option<Unseen>,
    },
    /// Candidates.
    #[serde(rename = "call.ice")]
    Ice {
        /// In which call.
        call: CallId,
        /// My epoch.
        epoch: u64,
        /// Counts my frames.
        n: u64,
        /// The candidates.
        candidates: Vec<Candidate>,
    },
    /// What I send at present.
    #[serde(rename = "call.media")]
    Media {
        /// In which call.
        call: CallId,
        /// Whether sound.
        audio: bool,
        /// Whether a picture.
        video: bool,
        /// Whether a screen.
        screen: bool,
    },
    /// I want to show a screen, or no longer.
    #[serde(rename = "call.share")]
    Share {
        /// In which call.
        call: CallId,
        /// Whether.
        on: bool,
    },
    /// Please mute yourself.
    #[serde(rename = "call.mute")]
    Mute {
        /// In which call.
        call: CallId,
    },
    /// I am here still.
    #[serde(rename = "call.alive")]
    Alive {
        /// In which call.
        call: CallId,
        /// Whether something flows.
        connected: bool,
    },
    /// I find no way to the other.
    #[serde(rename = "call.failed")]
    Failed {
        /// In which call.
        call: CallId,
    },
    /// I hang up.
    #[serde(rename = "call.end")]
    End {
        /// In which call.
        call: CallId,
    },
}

/// Every `t` of [`CallSaid`].
pub const KNOWN: [&str; 11] = [
    "call.ack",
    "call.alive",
    "call.end",
    "call.failed",
    "call.hello",
    "call.ice",
    "call.media",
    "call.mute",
    "call.resume",
    "call.sdp",
    "call.share",
];

shared::words! {
    /// What kind a description is.
    pub enum SdpKind {
        /// An answer.
        Answer = "answer",
        /// An offer.
        Offer = "offer",
        /// An offer is taken back.
        Rollback = "rollback",
    }
}

/// A text that is passed on and never printed: it may hold addresses.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Unseen(String);

impl fmt::Debug for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unseen(**)")
    }
}

/// A candidate, as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    candidate: Unseen,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u16>,
}

/// The longest name of a part of a description.
const MOST_MID_BYTES: usize = 16;

impl CallSaid {
    /// In which call.
    pub const fn call(&self) -> CallId {
        match self {
            Self::Hello { call }
            | Self::Resume { call, .. }
            | Self::Ack { call }
            | Self::Sdp { call, .. }
            | Self::Ice { call, .. }
            | Self::Media { call, .. }
            | Self::Share { call, .. }
            | Self::Mute { call }
            | Self::Alive { call, .. }
            | Self::Failed { call }
            | Self::End { call } => *call,
        }
    }

    /// Looks at what is passed on.
    ///
    /// # Errors
    /// `bad_signal` for what no device should be told.
    pub fn check(&self) -> Result<(), Fault> {
        let good = match self {
            Self::Sdp { kind, sdp, .. } => match (kind, sdp) {
                (SdpKind::Rollback, None) => true,
                (SdpKind::Answer | SdpKind::Offer, Some(sdp)) => {
                    signal::check_description(&sdp.0).is_ok()
                }
                _ => false,
            },
            Self::Ice { candidates, .. } => {
                let count = candidates.len();
                let mid = |mid: &String| {
                    mid.len() <= MOST_MID_BYTES && mid.bytes().all(|b| b.is_ascii_graphic())
                };
                (1..=MOST_CANDIDATES).contains(&count)
                    && candidates.iter().all(|one| {
                        signal::check_candidate(&one.candidate.0).is_ok()
                            && one.mid.as_ref().is_none_or(mid)
                    })
            }
            _ => true,
        };
        if good { Ok(()) } else { Err(Fault::BadSignal) }
    }

    /// The same without anybody's own address: what is passed on where devices speak through a relay only.
    ///
    /// # Errors
    /// `bad_signal` for what leads any other way.
    pub fn through_relay(mut self) -> Result<Self, Fault> {
        let texts: Vec<&mut Unseen> = match &mut self {
            Self::Sdp { sdp, .. } => sdp.iter_mut().collect(),
            Self::Ice { candidates, .. } => candidates
                .iter_mut()
                .map(|one| &mut one.candidate)
                .collect(),
            _ => Vec::new(),
        };
        for text in texts {
            text.0 = signal::through_relay(&text.0).ok_or(Fault::BadSignal)?;
        }
        Ok(self)
    }

    /// How many descriptions and candidates it brings.
    pub fn weight(&self) -> (u32, u32) {
        match self {
            Self::Sdp { .. } => (1, 0),
            Self::Ice { candidates, .. } => {
                (0, u32::try_from(candidates.len()).unwrap_or(u32::MAX))
            }
            _ => (0, 0),
        }
    }
}

/// The other device, as far as a device is told of it.
#[derive(Debug, Serialize)]
pub struct Peer {
    /// Whether it is there.
    pub there: bool,
    /// How often it began anew.
    pub epoch: u64,
}

/// What the server says in a call.
#[derive(Debug, Serialize)]
#[serde(tag = "t")]
pub enum CallFrame {
    /// You are in.
    #[serde(rename = "call.hello")]
    Hello {
        /// In which call.
        call: CallId,
        /// On which side.
        side: Side,
        /// Whether you give way when both offer at once.
        polite: bool,
        /// Your epoch: every description and candidate of yours names it.
        epoch: u64,
        /// How far the call is.
        state: CallState,
        /// The other device.
        peer: Peer,
        /// What lets you back in through another socket.
        resume_key: String,
        /// How often to say `call.alive`, in seconds.
        alive_seconds: u64,
        /// When the call is over by itself.
        deadline: Option<Timestamp>,
    },
    /// The other device began, or began anew.
    #[serde(rename = "call.joined")]
    Joined {
        /// In which call.
        call: CallId,
        /// Who.
        from: Side,
        /// Their epoch.
        epoch: u64,
    },
    /// The other device came back through another socket.
    #[serde(rename = "call.back")]
    Back {
        /// In which call.
        call: CallId,
        /// Who.
        from: Side,
        /// Their epoch.
        epoch: u64,
    },
    /// It really rings somewhere.
    #[serde(rename = "call.acked")]
    Acked {
        /// Which call.
        call: CallId,
    },
    /// A description of the other device.
    #[serde(rename = "call.sdp")]
    Sdp {
        /// In which call.
        call: CallId,
        /// Who.
        from: Side,
        /// Their epoch.
        epoch: u64,
        /// Counts their frames.
        n: u64,
        /// What kind.
        kind: SdpKind,
        /// The description.
        #[serde(skip_serializing_if = "Option::is_none")]
        sdp: Option<Unseen>,
    },
    /// Candidates of the other device.
    #[serde(rename = "call.ice")]
    Ice {
        /// In which call.
        call: CallId,
        /// Who.
        from: Side,
        /// Their epoch.
        epoch: u64,
        /// Counts their frames.
        n: u64,
        /// The candidates.
        candidates: Vec<Candidate>,
    },
    /// What the other device sends at present.
    #[serde(rename = "call.media")]
    Media {
        /// In which call.
        call: CallId,
        /// Who.
        from: Side,
        /// Whether sound.
        audio: bool,
        /// Whether a picture.
        video: bool,
        /// Whether a screen.
        screen: bool,
    },
    /// Who shows a screen.
    #[serde(rename = "call.share")]
    Share {
        /// In which call.
        call: CallId,
        /// Who began or stopped.
        from: Side,
        /// Whether they show one.
        on: bool,
    },
    /// The team asks you to mute yourself; nobody can do it for you.
    #[serde(rename = "call.mute")]
    Mute {
        /// In which call.
        call: CallId,
    },
    /// How far the call is.
    #[serde(rename = "call.state")]
    State {
        /// Which call.
        call: CallId,
        /// How far.
        state: CallState,
        /// Why it is over.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<EndReason>,
        /// Whether the other side has been silent for too long.
        peer_away: bool,
        /// When it is over by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CALL: &str = "call_01kf0a1b2c3d4e5f6g7h8j9k0m";

    fn read(frame: serde_json::Value) -> Option<CallSaid> {
        serde_json::from_value(frame).ok()
    }

    #[test]
    fn what_is_passed_on_is_looked_at_and_never_printed() {
        let candidate =
            json!({ "candidate": "candidate:1 1 udp 1 10.0.0.1 9 typ host", "mid": "0" });
        let ice = |candidates: serde_json::Value| {
            read(
                json!({ "t": "call.ice", "call": CALL, "epoch": 1, "n": 2, "candidates": candidates }),
            )
        };
        let good = ice(json!([candidate])).expect("a frame");
        assert_eq!(good.check(), Ok(()));
        assert_eq!(good.weight(), (0, 1));
        assert!(!format!("{good:?}").contains("10.0.0.1"));
        for bad in [
            json!([]),
            json!([{ "candidate": "hello" }]),
            json!([{ "candidate": "", "mid": "a b" }]),
            serde_json::Value::Array(vec![candidate; 21]),
        ] {
            assert_eq!(ice(bad).expect("a frame").check(), Err(Fault::BadSignal));
        }
        let sdp = |kind: &str, sdp: serde_json::Value| {
            let frame = json!({ "t": "call.sdp", "call": CALL, "epoch": 1, "n": 1, "kind": kind, "sdp": sdp });
            read(frame).expect("a frame").check()
        };
        assert_eq!(sdp("rollback", json!(null)), Ok(()));
        assert_eq!(sdp("rollback", json!("v=0")), Err(Fault::BadSignal));
        assert_eq!(sdp("offer", json!(null)), Err(Fault::BadSignal));
        assert_eq!(sdp("offer", json!("v=0\r\n")), Err(Fault::BadSignal));
    }

    #[test]
    fn every_known_kind_is_read() {
        for t in KNOWN {
            let frame = json!({
                "t": t, "call": CALL, "epoch": 1, "n": 1, "kind": "rollback", "candidates": [], "audio": true,
                "video": true, "screen": false, "on": true, "connected": true, "resume_key": "x",
            });
            // Too many fields for any: it is the kind that is known, not the frame.
            assert_eq!(read(frame), None);
            assert!(t.starts_with("call."), "{t}");
        }
    }
}
