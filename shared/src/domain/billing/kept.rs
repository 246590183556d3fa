//! How long documents of payments are kept: seven years from the end of the fiscal year (FLOW-35).
//!
//! The fiscal year is that of the calendar, in UTC. Years are counted by the calendar and not in days, so
//! that leap years neither shorten nor lengthen them.

use jiff::{civil::date, tz::TimeZone};

use crate::domain::Timestamp;

/// The years.
pub const YEARS: i16 = 7;

fn year_of(at: Timestamp) -> i16 {
    let instant = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
    instant.to_zoned(TimeZone::UTC).year()
}

/// The first instant of a year; the last ones there are stand for those beyond.
fn begin(year: i16) -> Timestamp {
    let first = date(year.clamp(-9990, 9990), 1, 1).to_zoned(TimeZone::UTC);
    Timestamp::from_ms(first.map_or(0, |first| first.timestamp().as_millisecond()))
}

/// The end of a document whose last movement was at `anchor`.
pub fn until(anchor: Timestamp) -> Timestamp {
    begin(year_of(anchor).saturating_add(1 + YEARS))
}

/// The newest anchor whose documents have ended at `now`.
pub fn lapsed(now: Timestamp) -> Timestamp {
    Timestamp::from_ms(begin(year_of(now).saturating_sub(YEARS)).ms() - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        let instant: jiff::Timestamp = text.parse().expect("an instant");
        Timestamp::from_ms(instant.as_millisecond())
    }

    /// FLOW-35
    #[test]
    fn a_document_stays_seven_years_from_the_end_of_its_year_leap_days_or_not() {
        for (anchor, end) in [
            ("2024-02-29T12:00:00Z", "2032-01-01T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "2034-01-01T00:00:00Z"),
            ("2026-12-31T23:59:59.999Z", "2034-01-01T00:00:00Z"),
            ("2027-01-01T00:00:00Z", "2035-01-01T00:00:00Z"),
        ] {
            assert_eq!(until(at(anchor)), at(end), "{anchor}");
        }
    }

    proptest! {
        #[test]
        fn what_has_lapsed_is_what_has_ended_and_the_next_has_not(ms in 0i64..4_000_000_000_000) {
            let now = Timestamp::from_ms(ms);
            let newest = lapsed(now);
            prop_assert!(until(newest) <= now);
            prop_assert!(until(Timestamp::from_ms(newest.ms() + 1)) > now);
            prop_assert!(until(now) > now);
        }
    }
}
