//! Variables: what a flow remembers, each of one type.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use crate::answers;

/// A variable of a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What the document calls it.
    pub id: String,
    /// What templates and expressions call it: a letter, then letters, digits and underscores.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it holds at the start.
    #[serde(default)]
    pub default: Option<Value>,
    /// Whether it is about a person.
    #[serde(default)]
    pub pii: bool,
    /// How long it lives.
    #[serde(default)]
    pub scope: Scope,
    /// The most characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_len: Option<usize>,
}

/// How long a variable lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// As long as the conversation.
    #[default]
    Conversation,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A text.
    Text,
    /// A number: 64 bits of binary floating point, whole ones exact up to 2^53.
    Number,
    /// Yes or no.
    Bool,
    /// A day: `2026-11-22`.
    Date,
    /// A time of day: `09:30`.
    Time,
    /// A moment in UTC: `2026-11-22T09:30:00Z`.
    Datetime,
    /// An address of mail.
    Email,
    /// A telephone number, digits after an optional plus.
    Phone,
    /// An address of the web.
    Url,
    /// The id of a file.
    File,
    /// Any JSON.
    Json,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// One value.
    One(Scalar),
    /// A list of such values: `list<text>`.
    List(Scalar),
}

const SCALARS: [(&str, Scalar); 11] = [
    ("text", Scalar::Text),
    ("number", Scalar::Number),
    ("bool", Scalar::Bool),
    ("date", Scalar::Date),
    ("time", Scalar::Time),
    ("datetime", Scalar::Datetime),
    ("email", Scalar::Email),
    ("phone", Scalar::Phone),
    ("url", Scalar::Url),
    ("file", Scalar::File),
    ("json", Scalar::Json),
];

impl Scalar {
    /// Its name in a document.
    pub fn name(self) -> &'static str {
        SCALARS
            .iter()
            .find(|(_, scalar)| *scalar == self)
            .map_or("json", |(name, _)| name)
    }

    fn named(name: &str) -> Option<Self> {
        let found = SCALARS.iter().find(|(known, _)| *known == name);
        found.map(|(_, scalar)| *scalar)
    }

    /// Whether it is written as a text.
    pub fn is_text(self) -> bool {
        !matches!(self, Self::Number | Self::Bool | Self::Json)
    }

    /// The value as this type holds it; none when it does not fit.
    pub fn fit(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Self::Json, value) => Some(value),
            (_, Value::Null) => Some(Value::Null),
            (Self::Number, Value::Number(number)) => Some(Value::Number(tidy(number))),
            (Self::Number, Value::String(text)) => answers::number(&text).map(Value::Number),
            (Self::Number, Value::Bool(yes)) => Some(Value::from(i64::from(yes))),
            (Self::Bool, Value::Bool(yes)) => Some(Value::Bool(yes)),
            (Self::Bool, Value::String(text)) => match text.trim() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => None,
            },
            (Self::Text, Value::String(text)) => Some(Value::String(text)),
            (Self::Text, value) => Some(Value::String(show(&value))),
            (Self::File, Value::String(text)) => Some(Value::String(text)),
            (Self::Date, Value::String(text)) => answers::date(&text).map(Value::String),
            (Self::Time, Value::String(text)) => answers::time(&text).map(Value::String),
            (Self::Datetime, Value::String(text)) => answers::datetime(&text).map(Value::String),
            (Self::Email, Value::String(text)) => answers::email(&text).map(Value::String),
            (Self::Phone, Value::String(text)) => answers::phone(&text).map(Value::String),
            (Self::Url, Value::String(text)) => answers::url(&text).map(Value::String),
            _ => None,
        }
    }
}

impl Type {
    /// The value as this type holds it; none when it does not fit. Nothing fits every type.
    pub fn fit(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Self::One(scalar), value) => scalar.fit(value),
            (Self::List(_), Value::Null) => Some(Value::Null),
            (Self::List(scalar), Value::Array(items)) => {
                let fitted: Option<Vec<Value>> =
                    items.into_iter().map(|item| scalar.fit(item)).collect();
                fitted.map(Value::Array)
            }
            (Self::List(scalar), value) => scalar.fit(value).map(|value| Value::Array(vec![value])),
        }
    }

    /// Whether it holds a list.
    pub fn is_list(self) -> bool {
        matches!(self, Self::List(_))
    }

    /// Whether it holds one number.
    pub fn is_number(self) -> bool {
        self == Self::One(Scalar::Number)
    }

    /// What one of its values is.
    pub fn scalar(self) -> Scalar {
        match self {
            Self::One(scalar) | Self::List(scalar) => scalar,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(scalar) => f.write_str(scalar.name()),
            Self::List(scalar) => write!(f, "list<{}>", scalar.name()),
        }
    }
}

impl Serialize for Type {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let inner = name
            .strip_prefix("list<")
            .and_then(|rest| rest.strip_suffix('>'));
        let parsed = match inner {
            Some(inner) => Scalar::named(inner).map(Self::List),
            None => Scalar::named(&name).map(Self::One),
        };
        parsed.ok_or_else(|| D::Error::custom("no type of a variable has this name"))
    }
}

/// A whole number without a fraction: `5` and not `5.0`.
pub(crate) fn tidy(number: Number) -> Number {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            Number::from(float as i64)
        }
        _ => number,
    }
}

/// A value as a text that people read.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => tidy(number.clone()).to_string(),
        Value::Array(items) => {
            let shown: Vec<String> = items.iter().map(show).collect();
            shown.join(", ")
        }
        Value::Object(_) => value.to_string(),
    }
}

/// How many bytes of JSON a value takes, at most.
pub(crate) fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 24,
        Value::String(text) => text_weight(text),
        Value::Array(items) => 2 + items.iter().map(|item| weight(item) + 1).sum::<usize>(),
        Value::Object(fields) => {
            let inner = fields
                .iter()
                .map(|(name, value)| text_weight(name) + weight(value) + 2);
            2 + inner.sum::<usize>()
        }
    }
}

pub(crate) fn text_weight(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}
