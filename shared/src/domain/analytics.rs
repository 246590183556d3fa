//! Figures about use: what a beacon says, and how a week of them becomes counts that are about
//! nobody.
//!
//! A week is a fixed window, so no two counts overlap and none can be had by taking one from the
//! other. Within a week people go by a pseudonym that is made of chance and changes with the week.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    PseudonymId,
    device::Browser,
    personal::Pseudonymous,
    time::{DAY, Timestamp},
    token::Secret,
    words::Symbol,
};

/// How many people a count has to be about before it is written down (FLOW-19).
pub const LEAST_PEOPLE: u64 = 10;
/// The most that a page may say it took to load, in milliseconds: ten minutes.
pub const MOST_LOAD_MS: u64 = 10 * 60 * 1000;
/// How many values of one question are told apart; browsers have many versions.
const MOST_VALUES: usize = 2000;
/// What a count is called that is about none of the values.
pub const OTHER: &str = "rest";
/// What a beacon did not say.
pub const UNKNOWN: &str = "unknown";

/// A week, Monday to Sunday, UTC: `2026-01-12` is the one that begins that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week(i64);

const DAYS: i64 = 7;
const DAY_MS: i64 = DAY.as_millis() as i64;
/// The first of January 1970 was a Thursday: three days into its week.
const FIRST_MONDAY_MS: i64 = -3 * DAY_MS;

impl Week {
    /// The week that an instant lies in.
    pub const fn of(at: Timestamp) -> Self {
        Self((at.ms() - FIRST_MONDAY_MS).div_euclid(DAYS * DAY_MS))
    }

    /// The week that a day lies in.
    pub fn of_day(day: super::day::Day) -> Self {
        Self::of(day.start())
    }

    /// The week so many weeks before it.
    pub const fn before(self, weeks: u32) -> Self {
        Self(self.0 - weeks as i64)
    }

    /// Its first instant.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_ms(FIRST_MONDAY_MS + self.0 * DAYS * DAY_MS)
    }

    /// The first instant after it.
    pub const fn end(self) -> Timestamp {
        self.next().start()
    }

    /// The week after it.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl std::fmt::Display for Week {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = self.start().to_string();
        f.write_str(start.get(..10).unwrap_or(&start))
    }
}

impl Pseudonymous for Week {}

impl Symbol for Week {
    fn symbol(&self) -> String {
        self.to_string()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let week = Self::of_day(text.parse().ok()?);
        (week.to_string() == text).then_some(week)
    }
}

impl PseudonymId {
    /// A pseudonym of chance: not even the time of its birth is in it.
    ///
    /// `None` when the system has no random numbers.
    pub fn random() -> Option<Self> {
        let secret = Secret::generate()?;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&secret.as_bytes()[..16]);
        Some(Self::from_uuid(Uuid::from_bytes(bytes)))
    }
}

/// Every country of ISO 3166-1, alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// A country of the closed list, as the edge names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(&'static str);

impl Country {
    /// The country of a code; none for what is no country, such as the edge's `XX`.
    pub fn parse(code: &str) -> Option<Self> {
        let found = COUNTRIES.split(' ').find(|one| *one == code);
        found.map(Self)
    }

    /// Its code.
    pub const fn code(self) -> &'static str {
        self.0
    }
}

impl Pseudonymous for Country {}

impl Symbol for Country {
    fn symbol(&self) -> String {
        self.0.to_owned()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

crate::words! {
    /// What went wrong in a widget: a closed list, because a message of an error repeats what
    /// somebody typed.
    pub enum WidgetError {
        /// Something of the page did not come.
        Asset = "asset",
        /// The browser lacks what it takes.
        Browser = "browser",
        /// The network did not answer, or failed.
        Network = "network",
        /// Anything else.
        Other = "other",
        /// It could not be drawn.
        Render = "render",
        /// The service refused.
        Refused = "refused",
        /// No session began.
        Session = "session",
        /// The socket broke off.
        Socket = "socket",
        /// It took too long.
        Timeout = "timeout",
    }
}

crate::words! {
    /// What is counted of a week.
    pub enum Dimension {
        /// The family of the browser, and its major version.
        Browser = "browser",
        /// The country.
        Country = "country",
        /// What went wrong.
        Error = "error",
        /// How long it took to load.
        Load = "load",
    }
}

/// How long something took to load, in a few steps: a number of milliseconds would be rare enough
/// to recognise somebody by.
pub const fn load_step(ms: u64) -> &'static str {
    match ms {
        0..500 => "under_500ms",
        500..1000 => "500ms_to_1s",
        1000..2500 => "1s_to_2_5s",
        2500..4000 => "2_5s_to_4s",
        4000..10_000 => "4s_to_10s",
        _ => "10s_and_more",
    }
}

/// What one beacon says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// The family of the browser.
    pub browser: Option<Browser>,
    /// Its major version.
    pub major: Option<u64>,
    /// The country.
    pub country: Option<Country>,
    /// What went wrong.
    pub error: Option<WidgetError>,
    /// How long it took to load.
    pub load_ms: Option<u64>,
}

impl Said {
    /// The value of a question; every beacon has one for each, so that each adds up to all beacons.
    fn value(&self, of: Dimension) -> String {
        match of {
            Dimension::Browser => match (self.browser, self.major) {
                (Some(family), Some(major)) => format!("{}_{major}", family.word()),
                (Some(family), None) => family.word().to_owned(),
                (None, _) => UNKNOWN.to_owned(),
            },
            Dimension::Country => self
                .country
                .map_or(UNKNOWN, |country| country.code())
                .to_owned(),
            Dimension::Error => self.error.map_or("none", WidgetError::word).to_owned(),
            Dimension::Load => self.load_ms.map_or(UNKNOWN, load_step).to_owned(),
        }
    }
}

/// How many people and beacons one value has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    people: u64,
    beacons: u64,
}

/// The counts of a week while it is being read, still with small ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<(Dimension, String), Count>,
    spilled: BTreeMap<Dimension, u64>,
}

/// One line of a tally, or of what became of it: `browser firefox_140 12 31`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The question.
    pub dimension: Dimension,
    /// The value.
    pub value: String,
    /// How many people, while it is being read; nothing afterwards.
    pub people: u64,
    /// How many beacons.
    pub beacons: u64,
}

impl Symbol for Cell {
    fn symbol(&self) -> String {
        let Self {
            dimension,
            value,
            people,
            beacons,
        } = self;
        format!("{} {value} {people} {beacons}", dimension.word())
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let cell = Self {
            dimension: Dimension::parse(parts.next()?)?,
            value: parts.next()?.to_owned(),
            people: parts.next()?.parse().ok()?,
            beacons: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(cell)
    }
}

impl Tally {
    /// Adds all beacons of one person in a week, who is in no tally of it yet.
    pub fn add(&mut self, beacons: &[Said]) {
        for dimension in Dimension::ALL {
            let mut seen = BTreeSet::new();
            for said in beacons {
                let value = said.value(*dimension);
                let full = self.counts.len() >= MOST_VALUES * Dimension::ALL.len();
                let place = (*dimension, value.clone());
                if full && !self.counts.contains_key(&place) {
                    *self.spilled.entry(*dimension).or_default() += 1;
                    continue;
                }
                let count = self.counts.entry(place).or_default();
                count.beacons += 1;
                count.people += u64::from(seen.insert(value));
            }
        }
    }

    /// Adds a tally of other people of the same week.
    pub fn merge(&mut self, other: Self) {
        for (place, count) in other.counts {
            let sum = self.counts.entry(place).or_default();
            sum.people += count.people;
            sum.beacons += count.beacons;
        }
        for (dimension, beacons) in other.spilled {
            *self.spilled.entry(dimension).or_default() += beacons;
        }
    }

    /// How many beacons it has counted.
    pub fn beacons(&self) -> u64 {
        let of = |dimension: &Dimension| *dimension == Dimension::Load;
        let counts = self
            .counts
            .iter()
            .filter(|((dimension, _), _)| of(dimension));
        let counted: u64 = counts.map(|(_, count)| count.beacons).sum();
        let spilled = self.spilled.iter().filter(|(dimension, _)| of(dimension));
        counted + spilled.map(|(_, beacons)| beacons).sum::<u64>()
    }

    /// The tally as it is written down between two readings.
    pub fn cells(&self) -> Vec<Cell> {
        let counts = self.counts.iter().map(|((dimension, value), count)| Cell {
            dimension: *dimension,
            value: value.clone(),
            people: count.people,
            beacons: count.beacons,
        });
        let spilled = self.spilled.iter().map(|(dimension, beacons)| Cell {
            dimension: *dimension,
            value: OTHER.to_owned(),
            people: 0,
            beacons: *beacons,
        });
        counts.chain(spilled).collect()
    }

    /// The tally that [`Tally::cells`] wrote.
    pub fn from_cells(cells: &[Cell]) -> Self {
        let mut tally = Self::default();
        for cell in cells {
            if cell.value == OTHER && cell.people == 0 {
                *tally.spilled.entry(cell.dimension).or_default() += cell.beacons;
            } else {
                let count = tally
                    .counts
                    .entry((cell.dimension, cell.value.clone()))
                    .or_default();
                count.people += cell.people;
                count.beacons += cell.beacons;
            }
        }
        tally
    }

    /// What may be kept: counts about at least [`LEAST_PEOPLE`] people, the others together.
    ///
    /// If anything is left out, the smallest of the rest goes with it: then what stands under
    /// `rest` is about as many people too, and is never the one count that is missing from a sum.
    /// Where nothing else is there, `rest` is all beacons, which says nothing about any of them.
    pub fn rolled_up(self) -> Vec<Cell> {
        let mut kept = Vec::new();
        for dimension in Dimension::ALL {
            let of = self.counts.iter().filter(|((of, _), _)| of == dimension);
            let (mut large, small): (Vec<_>, Vec<_>) =
                of.partition(|(_, count)| count.people >= LEAST_PEOPLE);
            let mut other: u64 = small.iter().map(|(_, count)| count.beacons).sum();
            other += self.spilled.get(dimension).copied().unwrap_or_default();
            if other > 0 {
                large.sort_by_key(|(_, count)| std::cmp::Reverse((count.people, count.beacons)));
                other += large.pop().map_or(0, |(_, count)| count.beacons);
                large.sort_by_key(|(place, _)| *place);
            }
            let cell = |value: &str, beacons| Cell {
                dimension: *dimension,
                value: value.to_owned(),
                people: 0,
                beacons,
            };
            kept.extend(
                large
                    .iter()
                    .map(|((_, value), count)| cell(value, count.beacons)),
            );
            if other > 0 {
                kept.push(cell(OTHER, other));
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said() -> impl Strategy<Value = Said> {
        let browser = prop::option::of(prop::sample::select(Browser::ALL.to_vec()));
        let country = prop::sample::select(vec![None, Country::parse("DE"), Country::parse("FR")]);
        let error = prop::option::weighted(0.2, prop::sample::select(WidgetError::ALL.to_vec()));
        let load = prop::option::of(0u64..20_000);
        let major = prop::option::of(130u64..133);
        (browser, major, country, error, load).prop_map(
            |(browser, major, country, error, load_ms)| Said {
                browser,
                major,
                country,
                error,
                load_ms,
            },
        )
    }

    fn week() -> impl Strategy<Value = Vec<Vec<Said>>> {
        prop::collection::vec(prop::collection::vec(said(), 1..6), 0..60)
    }

    proptest! {
        /// FLOW-36: what is kept and what is not adds up to all there was, and nothing that is kept
        /// is about fewer than ten people; `rest` is not either, unless it is everything.
        #[test]
        fn cells_and_other_are_all_beacons_and_none_is_about_fewer_than_ten_people(people in week()) {
            let mut tally = Tally::default();
            people.iter().for_each(|beacons| tally.add(beacons));
            let all: u64 = people.iter().map(|beacons| beacons.len() as u64).sum();
            let kept = tally.rolled_up();
            for dimension in Dimension::ALL {
                let of: Vec<&Cell> = kept.iter().filter(|cell| cell.dimension == *dimension).collect();
                prop_assert_eq!(of.iter().map(|cell| cell.beacons).sum::<u64>(), all);
                let named: BTreeSet<&str> = of.iter().map(|cell| cell.value.as_str()).filter(|value| *value != OTHER).collect();
                let behind = |value: &str| {
                    let has = |beacons: &&Vec<Said>| beacons.iter().any(|said| said.value(*dimension) == value);
                    people.iter().filter(has).count() as u64
                };
                for value in &named {
                    prop_assert!(behind(value) >= LEAST_PEOPLE, "{value}");
                }
                if of.iter().any(|cell| cell.value == OTHER) && !named.is_empty() {
                    let is_other = |beacons: &&Vec<Said>| {
                        beacons.iter().any(|said| !named.contains(said.value(*dimension).as_str()))
                    };
                    prop_assert!(people.iter().filter(is_other).count() as u64 >= LEAST_PEOPLE);
                }
                prop_assert!(of.iter().all(|cell| cell.people == 0));
            }
        }

        #[test]
        fn a_tally_that_was_written_down_on_the_way_comes_to_the_same(people in week(), cut in 0usize..60) {
            let mut whole = Tally::default();
            people.iter().for_each(|beacons| whole.add(beacons));
            let (first, second) = people.split_at(cut.min(people.len()));
            let mut tally = Tally::default();
            first.iter().for_each(|beacons| tally.add(beacons));
            let texts: Vec<String> = tally.cells().iter().map(Symbol::symbol).collect();
            let cells: Vec<Cell> = texts.iter().map(|text| Cell::from_symbol(text).expect("a cell")).collect();
            let mut tally = Tally::from_cells(&cells);
            let mut rest = Tally::default();
            second.iter().for_each(|beacons| rest.add(beacons));
            tally.merge(rest);
            prop_assert_eq!(tally, whole);
        }

        #[test]
        fn every_instant_lies_in_one_week(ms in 0i64..4_000_000_000_000) {
            let at = Timestamp::from_ms(ms);
            let week = Week::of(at);
            prop_assert!(week.start() <= at && at < week.end());
            prop_assert_eq!(Week::from_symbol(&week.to_string()), Some(week));
        }
    }

    #[test]
    fn weeks_begin_on_monday_and_are_written_in_one_way() {
        let week = Week::of(Timestamp::from_ms(1_768_478_400_000));
        assert_eq!(week.to_string(), "2026-01-12");
        assert_eq!(Week::from_symbol("2026-01-13"), None);
        assert_eq!(Week::from_symbol("2026-01-1"), None);
    }

    #[test]
    fn a_country_is_one_of_the_list_or_none() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert_eq!(Country::parse("DE").map(Country::code), Some("DE"));
        for none in ["", "XX", "T1", "de", "DEU", "D", " ", "DE FR"] {
            assert_eq!(Country::parse(none), None, "{none}");
        }
    }

    #[test]
    fn pseudonyms_are_of_chance() {
        let made: BTreeSet<PseudonymId> = (0..32).filter_map(|_| PseudonymId::random()).collect();
        assert_eq!(made.len(), 32);
        let first: BTreeSet<String> = made
            .iter()
            .map(|id| id.to_string()[4..7].to_owned())
            .collect();
        assert!(first.len() > 8, "no time in front: {first:?}");
    }
}
