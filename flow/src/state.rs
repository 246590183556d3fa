//! Where a conversation stands in a flow. The document is not in it: the shell keeps which version of
//! which flow it belongs to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::nodes::Port;
use crate::variables::{text_weight, weight};

/// Where a conversation stands. At most 32 KiB of JSON, whatever happens in the flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The shape of this.
    pub v: u8,
    /// Turns so far: the number of the last one. A write of the state names the one it follows.
    pub turn: u32,
    /// Nodes visited so far.
    pub steps: u32,
    /// The flow, and inside it each subflow that was entered and not left.
    pub frames: Vec<Frame>,
    /// Detours that were entered and not left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detours: Vec<Detour>,
    /// What is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Waiting>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// What was tried after something failed: 1 is `on_error`, 2 a hand-off.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub rescues: u8,
    /// HTTP requests since the visitor said something.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub requests: u32,
    /// Hashes of the client's ids of the last inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// The present minute and the turns in it, where the flow has a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minute: Option<(i64, u32)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none_yet(n: &u8) -> bool {
    *n == 0
}

/// A flow that was entered and not left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Which: empty for the flow itself, `id@version` for a subflow.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flow: String,
    /// The node of the frame before that called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// What its variables hold, by id.
    pub vars: BTreeMap<String, Value>,
}

/// A detour that was entered and not left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detour {
    /// How many frames there were.
    pub depth: usize,
    /// What follows it.
    pub then: Then,
}

/// What follows a detour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Then {
    /// What was waited for before is asked for again.
    Ask(Waiting),
    /// The node is left by a port: `next`, or that of an option.
    Follow {
        /// The node, by id.
        node: String,
        /// The place of the option; none is `next`.
        option: Option<usize>,
    },
}

impl Then {
    pub(crate) fn port(option: Option<usize>) -> Port {
        option.map_or(Port::Next, Port::Option)
    }
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Its key: `<turn>.<n>`. What comes in for another key is out of date.
    pub key: String,
    /// The node, by id.
    pub node: String,
    /// Of which kind.
    pub kind: WaitKind,
    /// When it is over, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<i64>,
    /// Whether that is because nobody answered, and not the node's own time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// Answers so far that were none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
}

/// Kinds of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// For an answer.
    Answer,
    /// For what a server says.
    Http,
    /// For a moment.
    Timer,
    /// For a call from outside.
    Event,
    /// For people to take over, and to give back.
    Handoff,
    /// For a call to be taken, and to end.
    Call,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

impl State {
    /// Before the start.
    pub fn new() -> Self {
        Self {
            v: 1,
            turn: 0,
            steps: 0,
            frames: Vec::new(),
            detours: Vec::new(),
            wait: None,
            ended: None,
            rescues: 0,
            requests: 0,
            seen: Vec::new(),
            minute: None,
        }
    }

    /// What a variable of the flow itself holds, by id.
    pub fn variable(&self, id: &str) -> Option<&Value> {
        self.frames.first()?.vars.get(id)
    }

    /// How many bytes of JSON the variables take, at most.
    pub(crate) fn weight(&self) -> usize {
        let of_frame = |frame: &Frame| -> usize {
            let vars = frame.vars.iter();
            80 + vars
                .map(|(id, value)| text_weight(id) + weight(value) + 2)
                .sum::<usize>()
        };
        self.frames.iter().map(of_frame).sum()
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
