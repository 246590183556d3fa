//! The hours of a team as its members set and see them.

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        Timestamp,
        day::Day,
        hours::{ExceptionalDay, Hours, Minute, OpenSpan, Weekday, WeeklySpan, Zone},
    },
    http::{Problem, actor::Entry},
    store::{hours::BusinessHours, keys},
};
use utoipa::ToSchema;

/// A span of every week.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklySpanView {
    /// On which day.
    pub day: Weekday,
    /// From when, by the clock of the zone.
    pub from: Minute,
    /// Until when; `24:00` at the latest. Over midnight it is two spans.
    pub to: Minute,
}

/// A part of a date.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanBody {
    /// From when, by the clock of the zone.
    pub from: Minute,
    /// Until when; `24:00` at the latest.
    pub to: Minute,
}

/// A date that differs from its weekday.
#[derive(Serialize, ToSchema)]
pub struct ExceptionView {
    /// Which.
    date: Day,
    /// When it is open; nothing, where it is closed.
    spans: Vec<OpenSpan>,
}

/// When the team works.
#[derive(Serialize, ToSchema)]
pub struct HoursView {
    /// Whether hours are set; without them the team is always open.
    #[schema(example = true)]
    set: bool,
    /// By the clock of which zone.
    time_zone: Option<Zone>,
    /// Every week.
    weekly: Vec<WeeklySpanView>,
    /// On dates that differ.
    exceptions: Vec<ExceptionView>,
    /// Whether it is open now.
    #[schema(example = true)]
    open: bool,
    /// When it closes, if it is open and closes within a year.
    closes_at: Option<Timestamp>,
    /// When it opens, if it is closed and opens within a year.
    opens_at: Option<Timestamp>,
    /// Counts changes; 0 without hours.
    #[schema(example = 1)]
    rev: u64,
}

impl HoursView {
    /// The view of hours, and how they stand now.
    pub fn new(set: Option<&BusinessHours>, now: Timestamp) -> Result<Self, Problem> {
        let turns = Turns::at(set, now)?;
        let (weekly, exceptions) = match set {
            Some(hours) => (hours.weekly.as_slice(), hours.exceptions.as_slice()),
            None => (&[][..], &[][..]),
        };
        Ok(Self {
            set: set.is_some(),
            time_zone: set.map(|hours| hours.zone.clone()),
            weekly: weekly.iter().map(WeeklySpanView::new).collect(),
            exceptions: exceptions.iter().map(ExceptionView::new).collect(),
            open: turns.open,
            closes_at: turns.closes_at,
            opens_at: turns.opens_at,
            rev: set.map_or(0, |hours| hours.rev),
        })
    }
}

impl WeeklySpanView {
    fn new(span: &WeeklySpan) -> Self {
        let OpenSpan { from, to } = span.span;
        Self {
            day: span.day,
            from,
            to,
        }
    }
}

impl ExceptionView {
    fn new(day: &ExceptionalDay) -> Self {
        Self {
            date: day.date,
            spans: day.spans.clone(),
        }
    }
}

/// How hours stand.
pub struct Turns {
    /// Whether they are open.
    pub open: bool,
    /// When that ends.
    pub closes_at: Option<Timestamp>,
    /// When it begins.
    pub opens_at: Option<Timestamp>,
}

impl Turns {
    /// How they stand at `now`; without hours it is always open.
    pub fn at(set: Option<&BusinessHours>, now: Timestamp) -> Result<Self, Problem> {
        let Some(set) = set else {
            return Ok(Self {
                open: true,
                closes_at: None,
                opens_at: None,
            });
        };
        let hours: Hours = set
            .hours()
            .map_err(|_| Problem::internal("hours that were not checked"))?;
        Ok(Self {
            open: hours.is_open(now),
            closes_at: hours.closes_at(now),
            opens_at: hours.opens_at(now),
        })
    }
}

/// The hours, out of the batch read on entry, which asked for their key.
pub fn of(entry: &Entry) -> Result<Option<BusinessHours>, Problem> {
    entry.open(&keys::business_hours(entry.workspace))
}
