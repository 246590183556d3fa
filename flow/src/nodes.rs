//! Nodes: what a flow can do, and the ports that lead on from there.

mod logic;
mod outside;
mod talk;
mod uses;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

pub use logic::{
    Arm, Branch, Case, End, Given, Jump, Return, Set, Share, Source, Split, Subflow, Taken,
};
pub use outside::{
    Action, Body, Call, CallKind, ContactField, Event, Handoff, Header, Http, Mapping, Method, Wait,
};
pub use talk::{
    Ask, Card, Choice, ChoiceOption, InboxRule, Input, Message, Part, Retry, Start, Trigger,
    Urgency,
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($data:ident) = $word:literal,)*) => {
        /// What a node does.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(tag = "type", content = "data", rename_all = "snake_case")]
        pub enum Kind { $($(#[$doc])* $name($data),)* }

        impl Kind {
            /// Every name there is.
            pub const NAMES: &'static [&'static str] = &[$($word),*];

            /// What it is called in a document.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $word,)* }
            }

            /// Reads the data of a node; none when no node has this name.
            pub(crate) fn read(
                name: &str,
                data: &Value,
            ) -> Option<Result<Self, serde_path_to_error::Error<serde_json::Error>>> {
                Some(match name {
                    $($word => serde_path_to_error::deserialize(data).map(Self::$name),)*
                    _ => return None,
                })
            }
        }
    };
}

kinds! {
    /// Where somebody comes in.
    Start(Start) = "start",
    /// Says something.
    Message(Message) = "message",
    /// Asks for something.
    Ask(Ask) = "ask",
    /// Offers a choice.
    Choice(Choice) = "choice",
    /// Goes on by what is true.
    Condition(Branch) = "condition",
    /// Gives a variable a value.
    Set(Set) = "set",
    /// Sends people different ways.
    Split(Split) = "split",
    /// Asks a server.
    Http(Http) = "http",
    /// Waits for a time.
    Wait(Wait) = "wait",
    /// Waits for a call from outside.
    Event(Event) = "event",
    /// Goes through another flow.
    Subflow(Subflow) = "subflow",
    /// Goes back.
    Return(Return) = "return",
    /// Goes on elsewhere.
    Jump(Jump) = "jump",
    /// Hands over to people.
    Handoff(Handoff) = "handoff",
    /// Offers a call.
    Call(Call) = "call",
    /// Does something besides.
    Action(Action) = "action",
    /// Ends the flow.
    End(End) = "end",
}

/// Where a node leads on. The number is the place among options, cases or arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Port {
    Next,
    Failed,
    Timeout,
    Ok,
    Error,
    Else,
    Resolved,
    Unavailable,
    Ended,
    Missed,
    Declined,
    Option(usize),
    Case(usize),
    Arm(usize),
}

/// A port with its name, and whether something has to hang on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPort {
    /// The port.
    pub port: Port,
    /// Its name in a document.
    pub name: String,
    /// Whether the flow would stop there by mistake.
    pub required: bool,
}

impl Kind {
    /// The ports it has.
    pub fn ports(&self) -> Vec<NamedPort> {
        use Port::{
            Declined, Else, Ended, Error, Failed, Missed, Next, Ok, Resolved, Timeout, Unavailable,
        };
        let named = |ports: &[Port]| ports.iter().map(|port| NamedPort::plain(*port)).collect();
        match self {
            Self::Start(_) | Self::Message(_) | Self::Set(_) | Self::Wait(_) | Self::Action(_) => {
                named(&[Next])
            }
            Self::Ask(_) => named(&[Next, Failed, Timeout]),
            Self::Choice(choice) => {
                let mut ports: Vec<NamedPort> = named(&[Next, Failed, Timeout]);
                let ids = choice.options.iter().map(|option| &option.id).enumerate();
                ports.extend(ids.map(|(n, id)| NamedPort::of(Port::Option(n), "opt", id)));
                ports
            }
            Self::Condition(branch) => {
                let ids = branch.cases.iter().map(|case| &case.id).enumerate();
                let cases = ids.map(|(n, id)| NamedPort::of(Port::Case(n), "case", id));
                let mut ports: Vec<NamedPort> = cases.collect();
                ports.push(NamedPort {
                    required: true,
                    ..NamedPort::plain(Else)
                });
                ports
            }
            Self::Split(split) => {
                let ids = split.arms.iter().map(|arm| &arm.id).enumerate();
                ids.map(|(n, id)| NamedPort::of(Port::Arm(n), "arm", id))
                    .collect()
            }
            Self::Http(_) => named(&[Ok, Error]),
            Self::Event(_) => named(&[Next, Timeout]),
            Self::Subflow(_) => named(&[Next, Error]),
            Self::Handoff(_) => named(&[Resolved, Unavailable, Timeout]),
            Self::Call(_) => named(&[Ended, Missed, Declined, Unavailable]),
            Self::Return(_) | Self::Jump(_) | Self::End(_) => Vec::new(),
        }
    }

    /// Whether the flow stands still here until something comes from outside.
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Self::Ask(_)
                | Self::Choice(_)
                | Self::Wait(_)
                | Self::Event(_)
                | Self::Handoff(_)
                | Self::Call(_)
        )
    }
}

impl NamedPort {
    fn plain(port: Port) -> Self {
        Self {
            port,
            name: port.to_string(),
            required: false,
        }
    }

    fn of(port: Port, kind: &str, id: &str) -> Self {
        Self {
            port,
            name: format!("{kind}:{id}"),
            required: false,
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Next => "next",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Else => "else",
            Self::Resolved => "resolved",
            Self::Unavailable => "unavailable",
            Self::Ended => "ended",
            Self::Missed => "missed",
            Self::Declined => "declined",
            Self::Option(n) => return write!(f, "opt:{n}"),
            Self::Case(n) => return write!(f, "case:{n}"),
            Self::Arm(n) => return write!(f, "arm:{n}"),
        };
        f.write_str(name)
    }
}
