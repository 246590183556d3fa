//! What comes into a flow, and what comes out of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::{Limit, Limits};
use crate::nodes::{CallKind, Input, Method, Part, Port};
use crate::state::State;

/// What came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The client's id of it: the same id again is ignored.
    pub id: Option<String>,
    /// What it is.
    pub what: What,
}

impl Arrival {
    /// Something without an id of a client.
    pub fn of(what: What) -> Self {
        Self { id: None, what }
    }
}

/// What can come in.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The flow begins.
    Start {
        /// The start, by id; the first one where there is none.
        node: Option<String>,
        /// Values of variables, by name. Those that are not there or do not fit are left out.
        vars: Vec<(String, Value)>,
    },
    /// The visitor wrote something.
    Text(String),
    /// The visitor chose, by the ids of options.
    Choice(Vec<String>),
    /// The visitor sent files, by their ids.
    Files(Vec<FileRef>),
    /// The visitor proved an address of mail.
    Proven(String),
    /// A signed call from outside.
    Event {
        /// The key of the wait.
        key: String,
        /// What it brought.
        body: Value,
    },
    /// What a server said.
    Http {
        /// The key of the request.
        key: String,
        /// The status; 0 when there was no answer.
        status: u16,
        /// The body.
        body: Value,
    },
    /// A deadline passed.
    Timer {
        /// The key of the wait.
        key: String,
    },
    /// What the team does.
    Agent(AgentDid),
    /// What became of a call.
    Call {
        /// The key of the offer.
        key: String,
        /// What.
        did: CallDid,
    },
    /// A word of the program.
    Command(String),
    /// The flow is stopped.
    Cancel,
}

/// A file that somebody sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// Its id.
    pub id: String,
    /// Its media type.
    pub media_type: String,
}

/// What the team does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentDid {
    /// Somebody took over.
    Took,
    /// They give it back.
    Resolved,
    /// Nobody is there.
    Unavailable,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallDid {
    /// It was taken.
    Joined,
    /// They spoke, and it is over.
    Ended,
    /// The visitor called, and they did not speak.
    Missed,
    /// It was not wanted.
    Declined,
    /// Nobody is there.
    Unavailable,
}

/// Time, chance, limits, and whether there are calls: all that a step knows of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cx {
    /// The present, in milliseconds since 1970.
    pub now_ms: i64,
    /// What stands for this visitor: the same seed goes the same way at every split.
    pub seed: u64,
    /// Minutes that the visitor's clock is ahead of UTC.
    pub offset_minutes: i32,
    /// What a turn may take.
    pub limits: Limits,
    /// Whether there are calls. Where there are none, every offer of one is left at once.
    pub calls: bool,
}

/// What one step came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Where the conversation stands now.
    pub state: State,
    /// What is to be done, in this order.
    pub effects: Vec<Effect>,
    /// The nodes that were visited.
    pub trace: Vec<Visit>,
    /// Why the arrival did nothing. The state is then what it was, unless a deadline had passed: that is
    /// settled first. Write the state and carry out the effects in either case.
    pub ignored: Option<Ignored>,
    /// What failed, and was handled as the flow says.
    pub failures: Vec<Failure>,
    /// How far the visitor is, in per cent, where the flow shows it.
    pub progress: Option<u8>,
}

/// A node that was visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The place of the flow among those that were compiled together.
    pub unit: usize,
    /// The place of the node in its document.
    pub node: usize,
    /// Where it was left.
    pub port: Option<Port>,
    /// What is worth knowing.
    pub note: Option<Note>,
}

/// What is worth knowing of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// An expression could not be evaluated.
    ExpressionFailed,
    /// A value did not fit the type of its variable, which is now empty.
    TypeMismatch,
    /// The answer was none.
    InvalidAnswer,
    /// Nobody answered in time.
    TimedOut,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// It did not begin yet.
    NotStarted,
    /// It began already.
    AlreadyStarted,
    /// It is over.
    Ended,
    /// It is for something that is not waited for any more.
    OutOfDate,
    /// The deadline is not there yet.
    TooEarly,
    /// Something else is waited for.
    NotAsked,
    /// The same id was there before.
    Repeated,
    /// There is no such word here.
    UnknownCommand,
    /// There is no such start.
    UnknownStart,
    /// More than the flow takes in a minute.
    TooOften,
    /// People have the conversation.
    WithPeople,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Failure {
    /// What.
    pub reason: Reason,
    /// At which node, by id.
    pub node: String,
    /// The last nodes before, by id, the latest last.
    pub path: Vec<String>,
}

/// Why something failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "limit")]
pub enum Reason {
    /// It took too much.
    Limit(Limit),
    /// An error that no port leads on from.
    Unhandled,
    /// A text that is too large.
    TooLarge,
}

/// What is to be done. Each has a key, `<turn>.<n>`, that is the same however often the turn is run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Say something.
    Send {
        /// Its key.
        key: String,
        /// What.
        part: Part,
        /// How long the writing seems to take.
        #[serde(skip_serializing_if = "Option::is_none")]
        typing_ms: Option<u32>,
    },
    /// Wait for somebody.
    Await {
        /// Its key.
        key: String,
        /// For what.
        spec: AwaitSpec,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        deadline: Option<i64>,
    },
    /// Ask a server.
    Http {
        /// Its key.
        key: String,
        /// What.
        request: HttpRequest,
    },
    /// Come back at a moment.
    Timer {
        /// Its key.
        key: String,
        /// When, in milliseconds since 1970.
        at: i64,
    },
    /// Hand over to people.
    Handoff {
        /// Its key.
        key: String,
        /// To which team, by id.
        #[serde(skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// What the team reads.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Until when somebody has to take it.
        #[serde(skip_serializing_if = "Option::is_none")]
        deadline: Option<i64>,
    },
    /// Offer a call.
    OfferCall {
        /// Its key.
        key: String,
        /// Of which kind.
        kind: CallKind,
        /// What is said with it.
        #[serde(skip_serializing_if = "Option::is_none")]
        md: Option<String>,
        /// With which team, by id.
        #[serde(skip_serializing_if = "Option::is_none")]
        team: Option<String>,
        /// Until when the visitor has to call.
        deadline: i64,
    },
    /// Do something besides.
    Action {
        /// Its key.
        key: String,
        /// What, with its texts filled in.
        action: crate::nodes::Action,
    },
    /// It is over.
    End {
        /// Its key.
        key: String,
        /// What it came to.
        #[serde(skip_serializing_if = "Option::is_none")]
        outcome: Option<String>,
    },
}

impl Effect {
    /// Its key.
    pub fn key(&self) -> &str {
        match self {
            Self::Send { key, .. }
            | Self::Await { key, .. }
            | Self::Http { key, .. }
            | Self::Timer { key, .. }
            | Self::Handoff { key, .. }
            | Self::OfferCall { key, .. }
            | Self::Action { key, .. }
            | Self::End { key, .. } => key,
        }
    }

    /// What it is called in a test of a flow.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Await { .. } => "await",
            Self::Http { .. } => "http",
            Self::Timer { .. } => "timer",
            Self::Handoff { .. } => "handoff",
            Self::OfferCall { .. } => "offer_call",
            Self::Action { .. } => "action",
            Self::End { .. } => "end",
        }
    }
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum AwaitSpec {
    /// An answer.
    Answer {
        /// Of which kind.
        input: Input,
        /// What the field says before somebody writes.
        #[serde(skip_serializing_if = "Option::is_none")]
        placeholder: Option<String>,
    },
    /// A choice.
    Choice {
        /// Whether several can be chosen.
        multi: bool,
        /// What can be chosen.
        options: Vec<Offered>,
    },
    /// A signed call from outside.
    Event {
        /// What it is called.
        name: String,
    },
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offered {
    /// Its id.
    pub id: String,
    /// What it says.
    pub label: String,
    /// What is kept.
    pub value: String,
    /// More text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Its place among the options of the document.
    #[serde(skip)]
    pub place: Option<usize>,
}

/// A request to a server of the customer. Secrets are named, never in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// Headers with their values.
    pub headers: Vec<(String, String)>,
    /// Headers with the ids of the secrets whose values they have.
    pub secrets: Vec<(String, String)>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether the body is JSON.
    pub json: bool,
    /// How long one try may take.
    pub timeout_ms: u32,
    /// How often it is tried again.
    pub retries: u32,
}
