//! Flows: conversations that a program leads. Pure: no clock, no chance, no I/O, neither AWS nor store.
//!
//! A [`Document`] is what people build. [`check`] says what is wrong with it, [`compile`] makes a
//! [`Compiled`] of it, and [`step`] takes a [`State`] and an [`Arrival`] and gives a [`Turn`]: the next
//! state, and the [`Effect`]s that a shell carries out.
//!
//! | file | what it holds |
//! |---|---|
//! | `document` | the document, `flow/1` |
//! | `nodes` | what a flow can do, and the ports that lead on |
//! | `variables`, `answers` | typed values, and how they are read |
//! | `conditions` | comparisons |
//! | `templates` | texts with variables, expressions; what they may not say |
//! | `translations` | what it says in other languages |
//! | `diagnostics` | what is wrong with a document, and where |
//! | `compile`, `program` | from names to places |
//! | `step`, `state`, `effects` | one step |
//! | `simulate` | many steps with nothing behind them |
//! | `figures` | how often nodes were visited and left, and nothing about whom |
//! | `typebot` | exports of Typebot, brought over |
//! | `limits` | what a flow may take |

mod answers;
mod compile;
mod conditions;
mod diagnostics;
mod document;
mod effects;
pub mod figures;
mod limits;
mod nodes;
mod program;
pub mod simulate;
mod state;
mod step;
mod templates;
mod translations;
pub mod typebot;
mod variables;

pub use compile::{Subflows, compile, compile_draft, reference};
pub use conditions::{Comparison, Compat, Condition, Op, Operand};
pub use diagnostics::{
    Code, Diagnostic, Feature, Pointer, Secret, Severity, Surroundings, check, host_of,
    publishable, server_of,
};
pub use document::{
    Afterwards, Command, Document, Edge, From, Handlers, Idle, Needs, Node, Progress, Rate,
    Remember, SCHEMA, Settings, To,
};
pub use effects::{
    AgentDid, Arrival, AwaitSpec, CallDid, Cx, Effect, Failure, FileRef, HttpRequest, Ignored,
    Note, Offered, Reason, Turn, Visit, What,
};
pub use limits::{
    Limit, Limits, MAX_DOCUMENT_BYTES, MAX_EDGES, MAX_INPUT_CHARS, MAX_NODES, MAX_STATE_BYTES,
    MAX_VARIABLE_BYTES,
};
pub use program::Compiled;
pub use state::{Detour, Ended, Frame, State, Then, WaitKind, Waiting};
pub use step::{StepError, step};
pub use translations::Translations;
pub use variables::{Scalar, Scope, Type, Variable};

/// Everything that a node can be.
pub mod node {
    pub use crate::nodes::{
        Action, Arm, Ask, Body, Branch, Call, CallKind, Card, Case, Choice, ChoiceOption,
        ContactField, End, Event, Given, Handoff, Header, Http, InboxRule, Input, Jump, Kind,
        Mapping, Message, Method, NamedPort, Part, Port, Retry, Return, Set, Share, Source, Split,
        Start, Subflow, Taken, Trigger, Urgency, Wait,
    };
}
