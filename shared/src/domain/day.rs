//! A day of the calendar, such as the one that a version of the policy is from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{text::Fault, time::Timestamp, words::Symbol};

/// A day: `2026-11-22` on the wire and in storage, so that days sort as texts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(jiff::civil::Date);

impl Day {
    /// The day that an instant lies in, UTC.
    pub fn of(at: Timestamp) -> Self {
        let instant = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
        Self(instant.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// Its first instant, UTC.
    pub fn start(self) -> Timestamp {
        let start = self.0.to_zoned(jiff::tz::TimeZone::UTC);
        Timestamp::from_ms(start.map_or(0, |start| start.timestamp().as_millisecond()))
    }

    /// The day after it; the last one there is has none, and is its own.
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The day so many days before it, or the first one there is.
    pub fn before(self, days: usize) -> Self {
        let mut day = self.0;
        for _ in 0..days {
            day = day.yesterday().unwrap_or(day);
        }
        Self(day)
    }

    /// The date.
    pub(super) const fn civil(self) -> jiff::civil::Date {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Day {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new("bad_day", "a day such as 2026-11-22");
        let day = Self(text.parse().map_err(|_| fault())?);
        // The parser takes more than one form.
        if day.to_string() == text {
            Ok(day)
        } else {
            Err(fault())
        }
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .examples([serde_json::json!("2026-11-22")])
            .into()
    }
}

impl utoipa::ToSchema for Day {}

impl Symbol for Day {
    fn symbol(&self) -> String {
        self.to_string()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_way_only_and_sorts_as_its_text_does() {
        let day: Day = "2026-11-22".parse().expect("a day");
        assert_eq!(day.to_string(), "2026-11-22");
        assert!(day < "2026-12-01".parse().expect("a day"));
        for text in [
            "",
            "2026-02-30",
            "20261122",
            "2026-11-22T00:00:00",
            "22.11.2026",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}
