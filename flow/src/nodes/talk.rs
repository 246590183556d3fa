//! What is said to the visitor, and what is asked.

use serde::{Deserialize, Serialize};

use crate::conditions::Condition;

/// Where somebody comes into a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// What begins it.
    #[serde(default)]
    pub trigger: Trigger,
}

/// What begins a flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// A visitor opens the widget.
    #[default]
    WidgetOpen,
    /// A program or a member starts it.
    Api,
    /// A rule of the inbox starts it, in a conversation that no flow has led.
    InboxRule(InboxRule),
    /// A visitor opens the widget on a page whose address contains this.
    Url {
        /// Part of the address.
        contains: String,
    },
}

/// What has to hold of a conversation that waits for people. Without any of it, that it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InboxRule {
    /// It has this label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// It was put to this team, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// It is as urgent as this, or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Urgency>,
}

/// How urgent a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Urgency {
    Low,
    Medium,
    High,
    Urgent,
}

/// Says something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What it says, in this order.
    pub parts: Vec<Part>,
    /// How long the writing seems to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing_ms: Option<u32>,
}

/// Part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// A text in Markdown, with variables.
    Text {
        /// The text.
        md: String,
    },
    /// A picture.
    Image {
        /// Where it is.
        url: String,
        /// What it shows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alt: Option<String>,
    },
    /// A film.
    Video {
        /// Where it is.
        url: String,
    },
    /// A sound.
    Audio {
        /// Where it is.
        url: String,
    },
    /// A file.
    File {
        /// Where it is.
        url: String,
        /// What it is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// A page inside the thread.
    Embed {
        /// Where it is.
        url: String,
    },
    /// Cards.
    Cards {
        /// The cards.
        items: Vec<Card>,
    },
}

/// A card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its title.
    pub title: String,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md: Option<String>,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Asks for something and waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The question; none where a message before asks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md: Option<String>,
    /// What is asked for.
    pub input: Input,
    /// The variable that keeps the answer, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save: Option<String>,
    /// What happens to an answer that is none.
    #[serde(default)]
    pub retry: Retry,
    /// Until when the answer has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// An expression that has to be true of the answer, which it calls `answer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What the field says before somebody writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
}

/// What happens to an answer that is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How often it is asked again.
    #[serde(default = "three")]
    pub max: u32,
    /// What is said then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md: Option<String>,
}

fn three() -> u32 {
    3
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max: three(),
            md: None,
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// A text.
    Text {
        /// Whether the field has many lines.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        long: bool,
        /// The fewest characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_len: Option<usize>,
        /// The most characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_len: Option<usize>,
        /// A regular expression that it matches.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        regex: Option<String>,
    },
    /// A number.
    Number {
        /// The least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// The most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
        /// The distance of one that is allowed from the next, counted from `min` or 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<f64>,
    },
    /// An address of mail.
    Email {},
    /// A telephone number.
    Phone {},
    /// An address of the web.
    Url {},
    /// A day.
    Date {
        /// The first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<String>,
        /// The last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<String>,
    },
    /// A time of day.
    Time {},
    /// A number of stars or points, from 1 (or 0) on.
    Rating {
        /// The most.
        max: u32,
        /// The least.
        #[serde(default = "one")]
        min: u32,
    },
    /// A file.
    File {
        /// Media types, such as `image/*`.
        #[serde(default)]
        types: Vec<String>,
        /// How many at most.
        #[serde(default = "one")]
        max_files: u32,
    },
    /// An address of mail that is proven by a code sent to it.
    OtpEmail {},
    /// A yes to something.
    Consent {},
}

fn one() -> u32 {
    1
}

/// Offers a choice and waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The question; none where a message before asks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md: Option<String>,
    /// Whether several can be chosen.
    #[serde(default)]
    pub multi: bool,
    /// What can be chosen.
    #[serde(default)]
    pub options: Vec<ChoiceOption>,
    /// A list variable, by id, whose items can be chosen instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The variable that keeps what was chosen, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub save: Option<String>,
    /// What happens to an answer that is none of them.
    #[serde(default)]
    pub retry: Retry,
    /// Until when the answer has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceOption {
    /// What its port is called after.
    pub id: String,
    /// What it says.
    pub label: String,
    /// What is kept; the label where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whether it is there at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_if: Option<Condition>,
    /// More text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md: Option<String>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}
