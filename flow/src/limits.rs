//! What a flow may take: of a document, of a turn, of a conversation.

use serde::Serialize;

/// The most bytes of a document.
pub const MAX_DOCUMENT_BYTES: usize = 512 * 1024;
/// The most nodes of a document.
pub const MAX_NODES: usize = 1_000;
/// The most edges of a document.
pub const MAX_EDGES: usize = 3_000;
/// The most variables of a document.
pub const MAX_VARIABLES: usize = 500;
/// The most bytes of JSON that a state takes.
pub const MAX_STATE_BYTES: usize = 32 * 1024;
/// The most bytes of JSON of one variable.
pub const MAX_VARIABLE_BYTES: usize = 8 * 1024;
/// The most items of a list.
pub const MAX_LIST_ITEMS: usize = 200;
/// The most bytes that a template or an expression is written with.
pub const MAX_SOURCE_BYTES: usize = 2 * 1024;
/// The most bytes that a template makes.
pub const MAX_RENDERED_BYTES: usize = 64 * 1024;
/// Steps of the evaluator for one expression.
pub const FUEL: u64 = 10_000;
/// How deep calls inside the evaluator go.
pub const RECURSION: usize = 32;
/// The most bytes that a compiled regular expression takes.
pub const MAX_REGEX_BYTES: usize = 64 * 1024;
/// The most characters of what somebody types.
pub const MAX_INPUT_CHARS: usize = 4_000;
/// The most characters of the outcome of a flow, which its state keeps.
pub const MAX_OUTCOME_CHARS: usize = 64;
/// The most bytes of the body of a request. Whoever makes the request bounds what comes back.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// What one turn and one conversation may take. None can be set above the hard caps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes visited in a turn; 1024 at most.
    pub nodes: u32,
    /// How often a turn may follow one edge.
    pub edge: u32,
    /// Messages sent in a turn.
    pub messages: u32,
    /// HTTP requests made between two words of the visitor.
    pub requests: u32,
    /// Flows inside one another.
    pub frames: usize,
    /// Turns of a conversation.
    pub turns: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes: 256,
            edge: 25,
            messages: 20,
            requests: 5,
            frames: 8,
            turns: 2_000,
        }
    }
}

impl Limits {
    /// The same, but never above what is allowed at all.
    pub fn capped(mut self) -> Self {
        self.nodes = self.nodes.min(1_024);
        self
    }
}

/// The limit that a turn ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Too many nodes without a word of the visitor.
    Nodes,
    /// One edge too often without a word of the visitor.
    Edge,
    /// Too many messages.
    Messages,
    /// Too many HTTP requests.
    Requests,
    /// Too many flows inside one another.
    Frames,
    /// Too many turns.
    Turns,
    /// The variables take too much room.
    State,
}
