//! Plans and payments: what is heard of them from Stripe, and what follows from it.
//!
//! Everything here is pure. What Stripe tells comes at least once and in any order, so nothing is counted
//! or appended: facts are joined, and a join gives the same whatever came first, and however often.

pub mod card;
pub mod event;
pub mod kept;
pub mod paper;
pub mod plan;
pub mod signature;
pub mod standing;

use super::{personal::Pseudonymous, text::Fault, words::Symbol};

/// An id that Stripe made: of a customer, a subscription, an invoice, an event.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StripeId(String);

impl StripeId {
    /// Letters, digits and underscores, 3 to 255 of them.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits && (3..=255).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::new("bad_id", "an id that Stripe made"))
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for StripeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for StripeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Symbol for StripeId {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Pseudonymous for StripeId {}

impl serde::Serialize for StripeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for StripeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for StripeId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Za-z0-9_]{3,255}$"))
            .examples([serde_json::json!("in_1QxYzA2eZvKYlo2C")])
            .into()
    }
}

impl utoipa::ToSchema for StripeId {}

/// Which of two facts about one thing is the later one: by the second that Stripe says, then by the id of
/// the event, so that two of one second are in one order everywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Seconds since the epoch.
    pub at: i64,
    /// The event that told it.
    pub event: StripeId,
}

/// How the ids of what was seen begin: later in the order of ids than those of events, `evt_`.
const SEEN: &str = "look_";

impl Stamp {
    /// The stamp of what Stripe showed when it was asked about a thing of which a second told two things.
    ///
    /// # Errors
    /// When the id of the thing leaves no room for it.
    pub fn seen(about: &StripeId, at: i64) -> Result<Self, Fault> {
        let event = StripeId::parse(&format!("{SEEN}{about}_{at}"))?;
        Ok(Self { at, event })
    }

    /// Whether two events told this and that, and nothing says which of them is the later one.
    pub fn is_in_doubt_with(&self, other: &Self) -> bool {
        let seen = |stamp: &Self| stamp.event.as_str().starts_with(SEEN);
        self.at == other.at && self.event != other.event && !seen(self) && !seen(other)
    }
}
