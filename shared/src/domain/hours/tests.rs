//! Hours against the clock itself: minute by minute, over the days on which zones change theirs.

use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000;

fn minute(text: &str) -> Minute {
    Minute::parse(text).expect("a minute")
}

fn span(from: &str, to: &str) -> OpenSpan {
    OpenSpan::new(minute(from), minute(to)).expect("a span")
}

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().expect("an instant");
    Timestamp::from_ms(instant.as_millisecond())
}

fn weekly(days: &[Weekday], spans: &[OpenSpan]) -> Vec<WeeklySpan> {
    let of = |day: &Weekday| {
        let day = *day;
        spans
            .iter()
            .map(move |span| WeeklySpan { day, span: *span })
    };
    days.iter().flat_map(of).collect()
}

fn hours(zone: &str, weekly: &[WeeklySpan], exceptions: &[(&str, &[OpenSpan])]) -> Hours {
    let exceptions: Vec<ExceptionalDay> = exceptions
        .iter()
        .map(|(date, spans)| ExceptionalDay {
            date: date.parse().expect("a day"),
            spans: spans.to_vec(),
        })
        .collect();
    Hours::new(&Zone::parse(zone).expect("a zone"), weekly, &exceptions).expect("hours")
}

const WORKDAYS: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];

#[test]
fn a_day_has_many_spans_and_a_date_its_own() {
    let office = weekly(&WORKDAYS, &[span("09:00", "12:30"), span("13:30", "17:00")]);
    let feast: &[OpenSpan] = &[span("10:00", "11:00")];
    let hours = hours(
        "Europe/Berlin",
        &office,
        &[("2026-12-24", feast), ("2026-12-25", &[])],
    );
    // Wednesday the 23rd: noon is an hour before the break ends.
    let noon = at("2026-12-23T12:00:00Z");
    assert!(!hours.is_open(noon));
    assert_eq!(hours.opens_at(noon), Some(at("2026-12-23T12:30:00Z")));
    assert_eq!(hours.closes_at(noon), None);
    let morning = at("2026-12-23T08:00:00Z");
    assert!(hours.is_open(morning) && !hours.is_open(at("2026-12-23T07:59:59.999Z")));
    assert_eq!(hours.closes_at(morning), Some(at("2026-12-23T11:30:00Z")));
    let evening = at("2026-12-23T16:00:00Z");
    assert_eq!(hours.opens_at(evening), Some(at("2026-12-24T09:00:00Z")));
    // After the feast's hour: Friday is closed, then comes the weekend.
    let feast = at("2026-12-24T10:00:00Z");
    assert_eq!(hours.opens_at(feast), Some(at("2026-12-28T08:00:00Z")));
}

#[test]
fn a_night_that_is_two_spans_is_one_opening() {
    let night = [
        weekly(&[Weekday::Friday], &[span("22:00", "24:00")]),
        weekly(&[Weekday::Saturday], &[span("00:00", "06:00")]),
    ]
    .concat();
    let hours = hours("UTC", &night, &[]);
    let late = at("2026-11-20T23:00:00Z");
    assert_eq!(hours.closes_at(late), Some(at("2026-11-21T06:00:00Z")));
    assert!(hours.is_open(at("2026-11-21T00:00:00Z")));
}

#[test]
fn what_opens_in_the_skipped_hour_opens_when_the_clock_has_jumped_and_the_repeated_one_twice() {
    let sundays = weekly(
        &[Weekday::Sunday],
        &[span("02:30", "02:45"), span("02:50", "04:00")],
    );
    let hours = hours("Europe/Berlin", &sundays, &[]);
    // 29 March 2026: from 01:59:59 UTC+1 to 03:00:00 UTC+2.
    let before = at("2026-03-29T00:30:00Z");
    assert_eq!(hours.opens_at(before), Some(at("2026-03-29T01:00:00Z")));
    // 25 October 2026: 02:00 to 03:00 comes twice.
    let first = at("2026-10-25T00:35:00Z");
    assert_eq!(hours.closes_at(first), Some(at("2026-10-25T00:45:00Z")));
    assert_eq!(
        hours.opens_at(at("2026-10-25T01:10:00Z")),
        Some(at("2026-10-25T01:30:00Z"))
    );
    assert_eq!(
        hours.closes_at(at("2026-10-25T00:55:00Z")),
        Some(at("2026-10-25T01:00:00Z")),
        "set back from 03:00 to 02:00, before the first span"
    );
}

#[test]
fn hours_that_never_open_have_no_opening_and_those_that_never_close_no_end() {
    let never = hours("UTC", &[], &[]);
    let now = at("2026-11-20T12:00:00Z");
    assert!(!never.is_open(now) && never.opens_at(now).is_none());
    let always = hours("UTC", &weekly(Weekday::ALL, &[span("00:00", "24:00")]), &[]);
    assert!(always.is_open(now) && always.closes_at(now).is_none());
}

#[test]
fn what_is_no_time_no_zone_and_no_order_is_refused() {
    for bad in ["", "9:00", "24:01", "12:60", "-1:00", "12.30", "٠٩:٠٠"] {
        assert!(Minute::parse(bad).is_err(), "{bad}");
    }
    for bad in ["", "Mars/Olympus", "../../etc/passwd", "+01:00"] {
        assert!(Zone::parse(bad).is_err(), "{bad}");
    }
    assert!(OpenSpan::new(minute("10:00"), minute("10:00")).is_err());
    let zone = Zone::parse("europe/berlin").expect("a zone");
    assert_eq!(zone.as_str(), "Europe/Berlin");
    let doubled = weekly(
        &[Weekday::Monday],
        &[span("09:00", "12:00"), span("11:59", "13:00")],
    );
    assert!(matches!(
        Hours::new(&zone, &doubled, &[]),
        Err(BadHours::Weekly(_))
    ));
    let date = ExceptionalDay {
        date: "2026-12-24".parse().expect("a day"),
        spans: Vec::new(),
    };
    let twice = Hours::new(&zone, &[], &[date.clone(), date]);
    assert!(matches!(twice, Err(BadHours::Exceptions(_))));
}

#[test]
fn hours_read_back_as_they_were_written() {
    let one = WeeklySpan {
        day: Weekday::Monday,
        span: span("00:00", "24:00"),
    };
    assert_eq!(WeeklySpan::from_symbol(&one.symbol()), Some(one));
    for spans in [vec![], vec![span("09:00", "10:00"), span("11:00", "12:00")]] {
        let date = ExceptionalDay {
            date: "2026-12-24".parse().expect("a day"),
            spans,
        };
        assert_eq!(ExceptionalDay::from_symbol(&date.symbol()), Some(date));
    }
}

/// Days around which clocks are changed: by an hour, by half of one, by a whole day, and never.
const CHANGES: [(&str, &str); 7] = [
    ("Europe/Berlin", "2026-03-28T12:00:00Z"),
    ("Europe/Berlin", "2026-10-24T12:00:00Z"),
    ("America/New_York", "2026-03-08T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T06:00:00Z"),
    ("Pacific/Apia", "2011-12-29T20:00:00Z"),
    ("UTC", "2026-02-27T12:00:00Z"),
];

fn any_spans() -> impl Strategy<Value = Vec<OpenSpan>> {
    prop::collection::btree_set(0u16..=MINUTES, 0..7).prop_map(|edges| {
        let edges: Vec<u16> = edges.into_iter().collect();
        let pairs = edges.chunks_exact(2);
        pairs
            .map(|pair| OpenSpan {
                from: Minute(pair[0]),
                to: Minute(pair[1]),
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The next turn is the first minute at which a walk minute by minute sees it.
    #[test]
    fn the_next_turn_is_where_a_walk_minute_by_minute_finds_it(
        days in prop::collection::vec(any_spans(), 7),
        other in any_spans(),
        change in 0..CHANGES.len(),
        offset in 0i64..2880,
    ) {
        let (zone, start) = CHANGES[change];
        let week = Weekday::ALL.iter().zip(&days);
        let weekly: Vec<WeeklySpan> = week
            .flat_map(|(day, spans)| spans.iter().map(|span| WeeklySpan { day: *day, span: *span }))
            .collect();
        let exception = ExceptionalDay { date: "2026-03-30".parse().expect("a day"), spans: other };
        let hours = Hours::new(&Zone::parse(zone).expect("a zone"), &weekly, &[exception]).expect("hours");
        let start = Timestamp::from_ms(at(start).ms() + offset * MINUTE);
        let open = hours.is_open(start);
        let turn = if open { hours.closes_at(start) } else { hours.opens_at(start) };
        let walked = (1..3 * 1440)
            .map(|n| Timestamp::from_ms(start.ms() + n * MINUTE))
            .find(|at| hours.is_open(*at) != open);
        match walked {
            Some(walked) => prop_assert_eq!(turn, Some(walked)),
            None => prop_assert!(turn.is_none_or(|turn| turn.ms() >= start.ms() + 3 * 1440 * MINUTE)),
        }
        if let Some(turn) = turn {
            prop_assert_ne!(hours.is_open(turn), open);
            prop_assert_eq!(hours.is_open(Timestamp::from_ms(turn.ms() - 1)), open);
        }
    }
}
