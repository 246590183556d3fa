//! Labels: words of the team's own that sort conversations.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{personal::Pseudonymous, text::Fault, words::Symbol};

/// The longest label, in characters.
const MAX_CHARS: usize = 40;

/// The most labels that one conversation bears.
pub const MAX_LABELS: usize = 20;

/// A label: 1 to 40 of `a` to `z`, `0` to `9` and `-`, beginning and ending with a letter or digit.
///
/// It may stand unsealed as closed words may: a slug of a team's sorting list has no room for a
/// sentence, a name as it is written, or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelName(String);

impl LabelName {
    /// Parses; nothing is corrected, so that one label has one spelling.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.len() > MAX_CHARS {
            return Err(Fault::new("too_long", "at most 40 characters"));
        }
        let edges = text.starts_with('-') || text.ends_with('-');
        if text.is_empty() || edges || !text.bytes().all(fits) {
            return Err(Fault::new(
                "bad_label",
                "lower-case letters, digits and hyphens, such as refund-open",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Symbol for LabelName {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Pseudonymous for LabelName {}

impl Serialize for LabelName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LabelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for LabelName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A label: lower-case letters, digits and hyphens."))
            .min_length(Some(1))
            .max_length(Some(MAX_CHARS))
            .pattern(Some("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))
            .examples([serde_json::json!("refund")])
            .into()
    }
}

impl utoipa::ToSchema for LabelName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_slug_and_nothing_else() {
        for good in ["a", "refund", "vip-2026", "0", &"x".repeat(40)] {
            assert!(LabelName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-",
            "-a",
            "a-",
            "Refund",
            "a b",
            "ä",
            "a@b",
            "a_b",
            &"x".repeat(41),
        ] {
            assert!(LabelName::parse(bad).is_err(), "{bad}");
        }
    }
}
