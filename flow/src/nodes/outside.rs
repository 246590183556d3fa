//! What is done outside the thread: servers, people, calls.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Urgency;

/// Asks a server of the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The method.
    pub method: Method,
    /// The address, with variables.
    pub url: String,
    /// Headers.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// How long one try may take.
    #[serde(default = "eight_seconds")]
    pub timeout_ms: u32,
    /// How often it is tried again.
    #[serde(default)]
    pub retries: u32,
    /// What of the answer is kept.
    #[serde(default)]
    pub map: Vec<Mapping>,
}

fn eight_seconds() -> u32 {
    8_000
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its name.
    pub k: String,
    /// Its value, with variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v: Option<String>,
    /// The secret whose value it has, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A body of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// JSON whose texts have variables. A text that is one variable alone becomes its value.
    Json(Value),
    /// A text with variables.
    Text(String),
}

/// A part of an answer and the variable that keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// A JSON Pointer (RFC 6901) into the body; empty is all of it, `#status` the status.
    pub path: String,
    /// The variable, by id.
    pub to: String,
}

/// Waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// How long.
    pub for_s: u64,
}

/// Waits for a signed call from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// How long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// What of the body is kept.
    #[serde(default)]
    pub map: Vec<Mapping>,
}

/// Hands over to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handoff {
    /// The team, by id; nobody in particular where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// What the team reads, with variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How long somebody has to take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_s: Option<u64>,
}

/// Offers a live call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Of which kind.
    pub kind: CallKind,
    /// What is said with the offer, with variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md: Option<String>,
    /// With which team, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// How long the visitor has to call. Who calls in time may speak on.
    #[serde(default = "five_minutes")]
    pub wait_s: u64,
}

fn five_minutes() -> u64 {
    300
}

/// Kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum CallKind {
    Audio,
    Video,
}

/// What a flow may note about a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ContactField {
    Name,
    Email,
    Locale,
}

/// Does something besides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Puts a tag on the conversation.
    AddTag {
        /// The tag.
        tag: String,
    },
    /// Says how urgent the conversation is.
    SetPriority {
        /// How urgent.
        priority: Urgency,
    },
    /// Puts the conversation to a team, in whose queue it stands as soon as the flow does not lead it.
    PutToTeam {
        /// The team, by id.
        team: String,
    },
    /// Notes something about the contact.
    SetContact {
        /// What it is.
        name: ContactField,
        /// The text, with variables.
        value: String,
    },
    /// Sends a mail to the visitor, and to nobody else.
    Email {
        /// To which address of theirs: one variable, which a code has proved. The proved address that is
        /// known of them where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// About what, with variables.
        subject: String,
        /// The text, with variables.
        text: String,
    },
    /// Counts something.
    Track {
        /// What it is called.
        metric: String,
    },
    /// Opens a page at the visitor's.
    OpenUrl {
        /// The address, with variables.
        url: String,
        /// Whether in another window.
        #[serde(default)]
        new_window: bool,
    },
}
