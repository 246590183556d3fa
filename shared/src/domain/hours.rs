//! When a team works: spans of the week by the clock on its wall, and dates that differ.
//!
//! Everything is decided by the local time of the zone. In the hour that a change of the clock
//! repeats, what is open is open twice; in the one that it skips, nothing opens, and what would have
//! opened there opens when the clock has jumped.

use std::{collections::BTreeMap, fmt};

use jiff::{
    ToSpan as _,
    civil::{Date, DateTime, Time, Weekday as CivilWeekday},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::ToSchema;

use super::{
    day::Day,
    text::Fault,
    time::{DAY, Timestamp},
    words::Symbol,
};

/// Minutes of a day.
const MINUTES: u16 = 24 * 60;
/// How far ahead a turn is looked for.
const HORIZON_DAYS: u32 = 370;
/// The longest name of a zone.
const MAX_ZONE_LENGTH: usize = 64;
/// The most spans of a week.
const MAX_WEEKLY: usize = 70;
/// The most dates that differ.
const MAX_EXCEPTIONS: usize = 200;
/// The most spans of one date.
const MAX_DAILY: usize = 10;

crate::words! {
    /// A day of the week.
    pub enum Weekday {
        /// The fifth.
        Friday = "friday",
        /// The first.
        Monday = "monday",
        /// The sixth.
        Saturday = "saturday",
        /// The last.
        Sunday = "sunday",
        /// The fourth.
        Thursday = "thursday",
        /// The second.
        Tuesday = "tuesday",
        /// The third.
        Wednesday = "wednesday",
    }
}

impl Weekday {
    /// The day after it.
    pub const fn next(self) -> Self {
        match self {
            Self::Monday => Self::Tuesday,
            Self::Tuesday => Self::Wednesday,
            Self::Wednesday => Self::Thursday,
            Self::Thursday => Self::Friday,
            Self::Friday => Self::Saturday,
            Self::Saturday => Self::Sunday,
            Self::Sunday => Self::Monday,
        }
    }

    const fn civil(self) -> CivilWeekday {
        match self {
            Self::Monday => CivilWeekday::Monday,
            Self::Tuesday => CivilWeekday::Tuesday,
            Self::Wednesday => CivilWeekday::Wednesday,
            Self::Thursday => CivilWeekday::Thursday,
            Self::Friday => CivilWeekday::Friday,
            Self::Saturday => CivilWeekday::Saturday,
            Self::Sunday => CivilWeekday::Sunday,
        }
    }
}

/// A time zone of the IANA database that is built in, by its name there. The list is closed, so no
/// name of a person has room in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(String);

impl Zone {
    /// The zone of a name.
    ///
    /// # Errors
    /// `unknown_zone` when the database has none of that name.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new("unknown_zone", "a zone such as Europe/Berlin, or UTC");
        if text.len() > MAX_ZONE_LENGTH {
            return Err(Fault::new("too_long", "at most 64 characters"));
        }
        let zone = TimeZone::get(text).map_err(|_| fault())?;
        zone.iana_name()
            .map(|name| Self(name.to_owned()))
            .ok_or_else(fault)
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn rules(&self) -> TimeZone {
        // Every value was parsed with this database; one that an update took away is UTC.
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl Symbol for Zone {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Zone {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A time zone of the IANA database."))
            .min_length(Some(1))
            .max_length(Some(MAX_ZONE_LENGTH))
            .examples([serde_json::json!("Europe/Berlin")])
            .into()
    }
}

impl ToSchema for Zone {}

/// A minute of the day, from `00:00`; `24:00` ends one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(u16);

impl Minute {
    /// The first of a day.
    pub const START: Self = Self(0);
    /// The end of a day.
    pub const END: Self = Self(MINUTES);

    /// The minute of a text such as `09:30`.
    ///
    /// # Errors
    /// `bad_minute` for another form, and for what is no time of a day.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new("bad_minute", "a time such as 09:30, or 24:00");
        let parts = text.split_once(':').ok_or_else(fault)?;
        let number = |text: &str| -> Result<u16, Fault> {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.then(|| text.parse().ok()).flatten();
            number.ok_or_else(fault)
        };
        let (hour, minute) = (number(parts.0)?, number(parts.1)?);
        match hour * 60 + minute {
            all if minute < 60 && all <= MINUTES => Ok(Self(all)),
            _ => Err(fault()),
        }
    }

    /// The moment on the wall on a date; `24:00` is the next midnight.
    fn on(self, date: Date) -> Option<DateTime> {
        if self.0 == MINUTES {
            return Some(date.tomorrow().ok()?.to_datetime(Time::midnight()));
        }
        let (hour, minute) = (i8::try_from(self.0 / 60), i8::try_from(self.0 % 60));
        let time = Time::new(hour.ok()?, minute.ok()?, 0, 0).ok()?;
        Some(date.to_datetime(time))
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Minute {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "A time of a day, by the clock on the wall; `24:00` ends one.",
            ))
            .min_length(Some(5))
            .max_length(Some(5))
            .examples([serde_json::json!("09:00")])
            .into()
    }
}

impl ToSchema for Minute {}

/// A part of a day: open from the first minute on and before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct OpenSpan {
    /// From when.
    pub from: Minute,
    /// Until when; `24:00` at the latest.
    pub to: Minute,
}

impl OpenSpan {
    /// From one minute to a later one.
    ///
    /// # Errors
    /// `empty_span` when the second is not later. A span over midnight is two: one to `24:00`, and one
    /// from `00:00` on the next day.
    pub fn new(from: Minute, to: Minute) -> Result<Self, Fault> {
        if from < to {
            Ok(Self { from, to })
        } else {
            let detail = "an end after the beginning; over midnight it is two spans";
            Err(Fault::new("empty_span", detail))
        }
    }

    const fn holds(self, minute: u16) -> bool {
        self.from.0 <= minute && minute < self.to.0
    }
}

impl Symbol for OpenSpan {
    fn symbol(&self) -> String {
        format!("{}-{}", self.from, self.to)
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        Self::new(Minute::parse(from).ok()?, Minute::parse(to).ok()?).ok()
    }
}

/// A span of every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeeklySpan {
    /// On which day.
    pub day: Weekday,
    /// When.
    pub span: OpenSpan,
}

impl Symbol for WeeklySpan {
    fn symbol(&self) -> String {
        format!("{} {}", self.day.word(), self.span.symbol())
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (day, span) = text.split_once(' ')?;
        Some(Self {
            day: Weekday::parse(day)?,
            span: OpenSpan::from_symbol(span)?,
        })
    }
}

/// A date that differs from its weekday: closed when it has no span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionalDay {
    /// Which.
    pub date: Day,
    /// When it is open.
    pub spans: Vec<OpenSpan>,
}

impl Symbol for ExceptionalDay {
    fn symbol(&self) -> String {
        let mut text = self.date.to_string();
        for span in &self.spans {
            text.push(' ');
            text.push_str(&span.symbol());
        }
        text
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        Some(Self {
            date: parts.next()?.parse().ok()?,
            spans: parts.map(OpenSpan::from_symbol).collect::<Option<_>>()?,
        })
    }
}

/// What is wrong with hours, and in which of their two lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadHours {
    /// Among the weekly spans.
    Weekly(Fault),
    /// Among the dates that differ.
    Exceptions(Fault),
}

/// The hours of a team.
#[derive(Clone, Debug)]
pub struct Hours {
    zone: TimeZone,
    weekly: Vec<WeeklySpan>,
    exceptions: BTreeMap<Date, Vec<OpenSpan>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Opens,
    Closes,
}

impl Hours {
    /// Hours of a zone.
    ///
    /// # Errors
    /// `too_many`; `overlap` for spans of one day that share a minute; `repeated` for a date that
    /// stands there twice.
    pub fn new(
        zone: &Zone,
        weekly: &[WeeklySpan],
        exceptions: &[ExceptionalDay],
    ) -> Result<Self, BadHours> {
        let too_many = |most: usize| Fault::new("too_many", &format!("at most {most}"));
        if weekly.len() > MAX_WEEKLY {
            return Err(BadHours::Weekly(too_many(MAX_WEEKLY)));
        }
        if exceptions.len() > MAX_EXCEPTIONS {
            return Err(BadHours::Exceptions(too_many(MAX_EXCEPTIONS)));
        }
        for day in Weekday::ALL {
            let spans = weekly.iter().filter(|span| span.day == *day);
            apart(spans.map(|span| span.span)).map_err(BadHours::Weekly)?;
        }
        let mut dates = BTreeMap::new();
        for exception in exceptions {
            if exception.spans.len() > MAX_DAILY {
                return Err(BadHours::Exceptions(too_many(MAX_DAILY)));
            }
            apart(exception.spans.iter().copied()).map_err(BadHours::Exceptions)?;
            let date = exception.date.civil();
            if dates.insert(date, exception.spans.clone()).is_some() {
                let fault = Fault::new("repeated", "each date once");
                return Err(BadHours::Exceptions(fault));
            }
        }
        Ok(Self {
            zone: zone.rules(),
            weekly: weekly.to_vec(),
            exceptions: dates,
        })
    }

    fn spans(&self, date: Date) -> Vec<OpenSpan> {
        match self.exceptions.get(&date) {
            Some(spans) => spans.clone(),
            None => {
                let day = date.weekday();
                let spans = self.weekly.iter();
                spans
                    .filter(|span| span.day.civil() == day)
                    .map(|span| span.span)
                    .collect()
            }
        }
    }

    /// Whether the team works at `at`.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.ms()) else {
            return false;
        };
        let local = self.zone.to_datetime(at);
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute()));
        let spans = self.spans(local.date());
        minute.is_ok_and(|minute| spans.iter().any(|span| span.holds(minute)))
    }

    /// When the team works again, to the millisecond; none while it does, and where it does not
    /// within a year.
    pub fn opens_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self.is_open(at) {
            true => None,
            false => self.turn(at, Turn::Opens),
        }
    }

    /// When the team stops; none while it does not work, and where it works all year.
    pub fn closes_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self.is_open(at) {
            true => self.turn(at, Turn::Closes),
            false => None,
        }
    }

    /// The first instant after `at` at which it stands as `turn` makes it. Only at the edges of spans,
    /// and where the clock is changed, it can.
    fn turn(&self, at: Timestamp, turn: Turn) -> Option<Timestamp> {
        let from = jiff::Timestamp::from_millisecond(at.ms()).ok()?;
        let end = at.plus(DAY * HORIZON_DAYS);
        let last = jiff::Timestamp::from_millisecond(end.ms()).ok()?;
        let changes = self.zone.following(from);
        let mut edges: Vec<Timestamp> = changes
            .map(|change| change.timestamp())
            .take_while(|change| *change <= last)
            .map(|change| Timestamp::from_ms(change.as_millisecond()))
            .collect();
        let mut date = self.zone.to_datetime(from).date().yesterday().ok()?;
        for _ in 0..HORIZON_DAYS {
            for span in self.spans(date) {
                edges.extend(self.instants(span.from.on(date)));
                edges.extend(self.instants(span.to.on(date)));
            }
            date = date.checked_add(1.day()).ok()?;
        }
        edges.sort();
        edges
            .into_iter()
            .filter(|edge| *edge > at)
            .find(|edge| self.is_open(*edge) == (turn == Turn::Opens))
    }

    /// The instants at which the clock shows a moment: two where it is set back, and where it skips the
    /// moment some beside it.
    fn instants(&self, shown: Option<DateTime>) -> Vec<Timestamp> {
        let Some(shown) = shown else {
            return Vec::new();
        };
        let offsets = match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => vec![offset],
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                vec![before, after]
            }
        };
        let instant = |offset: jiff::tz::Offset| {
            let at = offset.to_timestamp(shown).ok()?;
            Some(Timestamp::from_ms(at.as_millisecond()))
        };
        offsets.into_iter().filter_map(instant).collect()
    }
}

/// Refuses spans of one day that share a minute.
fn apart(spans: impl Iterator<Item = OpenSpan>) -> Result<(), Fault> {
    let mut spans: Vec<OpenSpan> = spans.collect();
    spans.sort();
    let overlap = spans
        .iter()
        .zip(spans.iter().skip(1))
        .any(|(one, next)| next.from < one.to);
    match overlap {
        true => Err(Fault::new("overlap", "spans that share no minute")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
