//! One instant type for storage, tokens and the wire.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Milliseconds of a day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An instant, in milliseconds since the Unix epoch, UTC.
///
/// On the wire it is RFC 3339 with milliseconds, in storage a number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `ms` milliseconds after the epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded up: what DynamoDB's TTL compares.
    /// Rounding up never lets TTL delete before the exact instant.
    pub const fn ttl_seconds(self) -> i64 {
        self.0.div_euclid(1000) + if self.0.rem_euclid(1000) > 0 { 1 } else { 0 }
    }

    /// Whole seconds since the epoch, rounded down: what a JWT carries (RFC 7519, NumericDate).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant plus `duration`; stops at the last representable instant.
    pub fn plus(self, duration: Duration) -> Self {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(ms))
    }

    /// This instant minus `duration`; stops at the first representable instant.
    pub fn minus(self, duration: Duration) -> Self {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(ms))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant: jiff::Timestamp = text
            .parse()
            .map_err(|_| D::Error::custom(super::text::Fault::new("bad_time", "RFC 3339, UTC")))?;
        Ok(Self(instant.as_millisecond()))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, milliseconds."))
            .examples([serde_json::json!("2026-01-15T12:00:00.000Z")])
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_rfc_3339_with_milliseconds() {
        assert_eq!(
            Timestamp::from_ms(1_768_478_400_000).to_string(),
            "2026-01-15T12:00:00.000Z"
        );
        assert_eq!(
            Timestamp::from_ms(1).to_string(),
            "1970-01-01T00:00:00.001Z"
        );
    }

    #[test]
    fn ttl_seconds_never_fall_before_the_instant() {
        assert_eq!(Timestamp::from_ms(1_000).ttl_seconds(), 1);
        assert_eq!(Timestamp::from_ms(1_001).ttl_seconds(), 2);
        assert_eq!(Timestamp::from_ms(1_999).seconds(), 1);
    }
}
