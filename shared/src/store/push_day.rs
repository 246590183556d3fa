//! How many notifications devices took on a day: counted once, when the day is over, and about nobody.
//!
//! That somebody was told something is kept for two days, with how many devices took it. Between the end
//! of a day and that of the next one all of it is still there, and the hourly sweep, which meets it,
//! writes the sum. The sum follows from what is there and is written once, so whoever is cut off or comes
//! twice counts nothing twice. A day that nobody counted in that time has no number, and gets none.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use shared_derive::Record;

use super::{
    db::{Store, StoreError},
    field::Field as _,
    keys,
    notification::Notification,
    query::{Listed, Query},
    record::{Item, Record as _, Stored, read_item},
    seal::Unsealed,
    transaction::{CommitError, Transaction},
};
use crate::domain::{
    NotificationId, Timestamp, WorkspaceId, day::Day, policy::Lens, push::NotifyEvent, time::DAY,
};

/// About how many people a number has to be.
pub const LEAST_PEOPLE: usize = 5;
/// How long after its end a day is counted: the last attempts are over.
const SETTLED: Duration = Duration::from_secs(60 * 60);
/// How many notifications are read at once.
const PAGE: u16 = 1000;

/// How many notifications devices took on a day.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = push_day_at(workspace, since), tenant = workspace,
    within = Workspace, class = Conversation, anchor = since,
)]
pub struct PushDay {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The first moment of the day.
    #[non_personal(reason = "the beginning of a day")]
    pub since: Timestamp,
    /// How many; none where fewer than five people were told.
    #[non_personal(reason = "a sum over five people at least")]
    pub sent: Option<u64>,
}

/// Who was told something on a day, and how many devices took it.
#[derive(Debug, Default)]
pub struct Told {
    people: BTreeSet<String>,
    sent: u64,
}

impl Told {
    /// How many devices took it, if it is about enough people.
    pub fn sent(&self) -> Option<u64> {
        (self.people.len() >= LEAST_PEOPLE).then_some(self.sent)
    }

    fn add(&mut self, notification: &Notification) {
        let taken = notification.taken.unwrap_or_default();
        // Who tries their device out is told nothing.
        if taken > 0 && notification.event != NotifyEvent::Test {
            self.people.insert(notification.recipient.to_string());
            self.sent += taken;
        }
    }
}

/// Of which day of which workspace something was taken, if this is that, and the day can be counted now.
pub fn countable(
    item: &Item,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Option<(WorkspaceId, Day)> {
    let kind = item.get("kind")?.as_s().ok()?;
    u64::read(item.get("taken")).filter(|_| kind == Notification::DECLARATION.name)?;
    let day = Day::of(Timestamp::read(item.get("happened_at"))?);
    let over = day.next().start();
    (over.plus(SETTLED) <= now && now < over.plus(DAY)).then_some((workspace, day))
}

impl Store {
    /// Who was told what since a day began, by day, as far as the last `most` notifications go: of the
    /// days of which they are all.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn pushes_since(
        &self,
        workspace: WorkspaceId,
        day: Day,
        most: u16,
        lens: Lens<'_>,
    ) -> Result<BTreeMap<Day, Told>, StoreError> {
        let low = first_of(workspace, day);
        let list = Query::partition(keys::notifications(workspace)).between(low, "~");
        let Listed { items, more } = self.page(list.newest_first().limit(most)).await?;
        let mut days: BTreeMap<Day, Told> = BTreeMap::new();
        for item in &items {
            if let Some(one) = read_item::<Notification>(item, &Unsealed, lens)? {
                days.entry(Day::of(one.happened_at)).or_default().add(&one);
            }
        }
        // The last that was read is perhaps not the last of its day.
        if more {
            days.pop_first();
        }
        Ok(days)
    }

    /// Counts a day of a workspace, unless that was done. Whether it was counted now.
    ///
    /// # Errors
    /// When storage fails; doing it again is safe.
    pub async fn count_pushes(
        &self,
        (workspace, day): (WorkspaceId, Day),
        lens: Lens<'_>,
    ) -> Result<bool, StoreError> {
        let mut low = first_of(workspace, day);
        // What rings is told before the moment that its id says.
        let high = first_of(workspace, day.next().next());
        let mut told = Told::default();
        loop {
            let list = Query::partition(keys::notifications(workspace));
            let list = list.between(low.clone(), high.clone()).limit(PAGE);
            let Listed { items, more } = self.page(list).await?;
            for item in &items {
                let one = read_item::<Notification>(item, &Unsealed, lens)?;
                if let Some(one) = one.filter(|one| Day::of(one.happened_at) == day) {
                    told.add(&one);
                }
            }
            let last = items.last().and_then(|item| item.get("sk")?.as_s().ok());
            match last.filter(|_| more) {
                Some(last) => low = format!("{last}~"),
                None => break,
            }
        }
        let counted = PushDay {
            workspace,
            since: day.start(),
            sent: told.sent(),
        };
        let mut transaction = Transaction::new(lens.now);
        transaction.create(&Stored::new(counted, lens.policy), &Unsealed)?;
        match self.commit(transaction).await {
            Ok(()) => Ok(true),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// What the ids of a day open with: they begin with the time at which it happened.
fn first_of(workspace: WorkspaceId, day: Day) -> String {
    keys::notification(workspace, NotificationId::derived(day.start(), &[0; 32])).sk
}
