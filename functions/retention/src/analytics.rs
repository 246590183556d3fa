//! Weeks of figures about use that are over become counts that are about nobody.
//!
//! A week is read by pseudonym, from the index, in 256 parts. After each page it is asked whether
//! there is time; the position that is written down is a part and the counts up to it, so that no
//! pseudonym outlives its beacon in a checkpoint. A run that is cut off or doubled counts nothing
//! twice: what it writes follows from the beacons and replaces what it has read.
//!
//! Beacons end by themselves, counted or not. What nobody has counted when the last twelfth of their
//! life begins (in `flows`: month 12, after eleven months) is an alarm (`overdue_weeks`); when the
//! first of them have ended, the week is lost, and says so.

use std::time::Duration;

use shared::{
    app::App,
    domain::{
        Profile, PseudonymId, Timestamp, WorkspaceId,
        analytics::{Said, Tally, Week},
        policy::Lens,
        retention::{Class, expiry},
    },
    lambda::schedule::Report,
    store::{
        CommitError, Item, Key, Query, StoreError, Stored, Table, Transaction, Unsealed,
        analytics::{AnalyticsWeek, Beacon, SLICES, WeekState, slice_of, slice_start},
        db::key_of,
        keys,
        query::Listed,
    },
};

/// How long one run goes on: the next one starts after a minute.
const BUDGET: Duration = Duration::from_secs(30);
/// How long after its end a week is counted: whoever was writing then is done, and the index has it.
const SETTLED: Duration = Duration::from_secs(60 * 60);
/// How many weeks are read at once.
const WEEKS: u16 = 100;
/// How many beacons are read at once.
const PAGE: u16 = 100;

/// Goes on with every week that is over and not counted, the oldest first. One that fails holds up
/// neither the others nor the report, which is what an alarm hears.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    for name in [
        "counted_weeks",
        "failed_weeks",
        "lost_weeks",
        "overdue_weeks",
    ] {
        report.add(name, 0);
    }
    let now = app.clock.now();
    let stop_at = now.plus(BUDGET);
    let present = Week::of(now.minus(SETTLED)).to_string();
    let mut after: Option<(Key, String)> = None;
    loop {
        let mut open = Query::lists(keys::open_weeks())
            .between("0", present.clone())
            .limit(WEEKS);
        if let Some((key, place)) = after.take() {
            open = open.after(key, place);
        }
        let Listed { items, more } = app.store.page(open).await?;
        for item in &items {
            if app.clock.now() >= stop_at {
                return Ok(());
            }
            let Some(head) = key_of(Table::Data, item) else {
                continue;
            };
            if let Err(error) = go_on(app, &head, stop_at, report).await {
                tracing::error!(error = %error, "a week that cannot be counted");
                report.add("failed_weeks", 1);
            }
        }
        after = items.last().and_then(place).filter(|_| more);
        if after.is_none() {
            return Ok(());
        }
    }
}

fn place(item: &Item) -> Option<(Key, String)> {
    let sort = item.get("lists_sk")?.as_s().ok()?;
    Some((key_of(Table::Data, item)?, sort.clone()))
}

/// One week, as far as the time goes.
async fn go_on(
    app: &App,
    head: &Key,
    stop_at: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let workspace = head.pk.split('#').nth(1).and_then(|id| id.parse().ok());
    let workspace: WorkspaceId = workspace.ok_or(StoreError::Corrupt("a week of no workspace"))?;
    let wanted = vec![head.clone(), keys::policy(workspace)];
    let fetched = app.store.batch(wanted).await?;
    // A workspace in erasure takes its weeks along.
    let Some(policy) = fetched.live_policy(workspace, now)? else {
        return Ok(());
    };
    let lens = Lens {
        now,
        policy: &policy,
    };
    let week = fetched.get::<AnalyticsWeek>(head, &Unsealed, lens)?;
    let Some(week) = week.filter(|week| week.week_state == WeekState::Open) else {
        return Ok(());
    };
    let late = is_late(policy.profile, week.week, now);
    let counted = Box::pin(count(app, week, stop_at, lens)).await;
    match &counted {
        Ok(WeekState::Counted) => report.add("counted_weeks", 1),
        Ok(WeekState::Lost) => report.add("lost_weeks", 1),
        Ok(WeekState::Open) | Err(_) => report.add("overdue_weeks", u64::from(late)),
    }
    counted.map(|_| ())
}

/// Whether somebody has to hear that a week is not counted: the last twelfth of its life has begun.
fn is_late(profile: Profile, week: Week, now: Timestamp) -> bool {
    let life = profile.analytics_life();
    now >= week.start().plus(life - life / 12)
}

/// The state of a week after as much counting as there was time for.
async fn count(
    app: &App,
    week: AnalyticsWeek,
    stop_at: Timestamp,
    lens: Lens<'_>,
) -> Result<WeekState, StoreError> {
    let is_over = |at| expiry(Class::Analytics, lens.policy, at).has_passed(lens.now);
    if is_over(week.week.start()) {
        let lost = AnalyticsWeek {
            week_state: WeekState::Lost,
            cells: Vec::new(),
            counted_at: Some(lens.now),
            ..week
        };
        return write(app, lost, lens).await;
    }
    let list = keys::beacons_of(week.workspace, week.week);
    let mut reading = Reading::from(&week);
    let mut after: Option<(Key, String)> = None;
    loop {
        let (from, to) = (slice_start(week.slices), slice_start(SLICES));
        let mut beacons = Query::lists(list.clone()).between(from, to).limit(PAGE);
        if let Some((key, place)) = after.take() {
            beacons = beacons.after(key, place);
        }
        let Listed { items, more } = app.store.page(beacons).await?;
        // The index says who is next; what they said is read strongly.
        let places: Vec<Key> = items
            .iter()
            .filter_map(|item| key_of(Table::Data, item))
            .collect();
        let fetched = app.store.batch_all(places.clone()).await?;
        for place in &places {
            if let Some(beacon) = fetched.get::<Beacon>(place, &Unsealed, lens)? {
                reading.take(&beacon);
            }
        }
        after = items.last().and_then(place).filter(|_| more);
        if after.is_none() {
            let tally = reading.whole();
            let counted = AnalyticsWeek {
                week_state: WeekState::Counted,
                slices: SLICES,
                beacons: tally.beacons(),
                cells: tally.rolled_up(),
                counted_at: Some(lens.now),
                ..week
            };
            return write(app, counted, lens).await;
        }
        if app.clock.now() >= stop_at {
            let later = AnalyticsWeek {
                slices: reading.slice,
                cells: reading.done.cells(),
                ..week
            };
            return write(app, later, lens).await;
        }
    }
}

async fn write(app: &App, week: AnalyticsWeek, lens: Lens<'_>) -> Result<WeekState, StoreError> {
    let state = week.week_state;
    let mut transaction = Transaction::new(lens.now);
    transaction.replace(&Stored::next(week, lens.policy), &Unsealed)?;
    match app.store.commit(transaction).await {
        // Another run was there before, and is as far.
        Ok(()) | Err(CommitError::Refused(_)) => Ok(state),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// A week while it is being read.
struct Reading {
    /// The counts of the parts that are done.
    done: Tally,
    /// The part that is being read.
    slice: u64,
    /// The counts of those of this part who are done.
    part: Tally,
    /// Who is being read, and what they said so far.
    person: Option<(PseudonymId, Vec<Said>)>,
}

impl Reading {
    fn from(week: &AnalyticsWeek) -> Self {
        Self {
            done: Tally::from_cells(&week.cells),
            slice: week.slices,
            part: Tally::default(),
            person: None,
        }
    }

    fn take(&mut self, beacon: &Beacon) {
        match &mut self.person {
            Some((person, said)) if *person == beacon.pseudonym => said.push(beacon.said()),
            _ => {
                self.next_person();
                let slice = slice_of(beacon.pseudonym);
                if slice != self.slice {
                    self.done.merge(std::mem::take(&mut self.part));
                    self.slice = slice;
                }
                self.person = Some((beacon.pseudonym, vec![beacon.said()]));
            }
        }
    }

    fn next_person(&mut self) {
        if let Some((_, said)) = self.person.take() {
            self.part.add(&said);
        }
    }

    fn whole(mut self) -> Tally {
        self.next_person();
        self.done.merge(self.part);
        self.done
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::time::DAY;

    use super::*;

    #[test]
    fn a_week_is_late_when_the_last_twelfth_of_its_life_begins() {
        let week = Week::of(Timestamp::from_ms(1_768_478_400_000));
        for (profile, days) in [
            (Profile::Flows, 334),
            (Profile::Inbox, 82),
            (Profile::Calls, 27),
        ] {
            let at = |day: u32| week.start().plus(DAY * day);
            assert!(!is_late(profile, week, at(days)), "{profile:?}");
            assert!(is_late(profile, week, at(days + 1)), "{profile:?}");
        }
    }
}
