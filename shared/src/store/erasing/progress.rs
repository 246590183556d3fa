//! What all erasures have in common: what they count, and how they write down how far they are.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    domain::{Policy, Timestamp, policy::Lens},
    store::{
        db::{Store, StoreError, key_of},
        erasure::{Erasure, Stage},
        keys::{self, Key, Table},
        query::{Listed, Query},
        record::{Item, Stored},
        seal::Unsealed,
        transaction::{CommitError, Transaction},
    },
};

/// How long after its fence an erasure begins: whoever came in before the fence is out by then, as no
/// function runs longer than this for a request.
pub const GRACE: Duration = Duration::from_secs(60);
/// How many items are counted at once.
const PAGE: u16 = 500;

/// Counts of items, by table and kind.
pub(super) type Counts = BTreeMap<(Table, String), u64>;

/// Adds an item to the counts.
pub(super) fn count(counts: &mut Counts, table: Table, item: &Item) {
    let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
    let kind = kind.map_or("unknown", String::as_str).to_owned();
    *counts.entry((table, kind)).or_default() += 1;
}

impl Store {
    /// An erasure, if it has begun.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn erasure(
        &self,
        id: crate::domain::ErasureId,
        now: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        let place = keys::erasure(id);
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let fetched = self.batch(vec![place.clone()]).await?;
        fetched.get(&place, &Unsealed, lens)
    }

    /// Counts what lies in partitions of `data`, and which of these keys are there; read strongly.
    pub(super) async fn inventory(
        &self,
        partitions: &[String],
        keys: Vec<Key>,
    ) -> Result<Counts, StoreError> {
        let mut counts = Counts::new();
        for partition in partitions {
            let mut after: Option<Key> = None;
            loop {
                let mut query = Query::partition(partition.clone()).limit(PAGE);
                if let Some(after) = after.take() {
                    query = query.after(after, String::new());
                }
                let Listed { items, more } = self.page(query).await?;
                for item in &items {
                    count(&mut counts, Table::Data, item);
                }
                after = items.last().and_then(|item| key_of(Table::Data, item));
                if !more {
                    break;
                }
            }
        }
        let fetched = self.batch_all(keys.clone()).await?;
        for key in keys {
            if let Some(item) = fetched.raw(&key) {
                count(&mut counts, key.table, item);
            }
        }
        Ok(counts)
    }

    /// Writes down how far an erasure is, together with what `transaction` does. `None` when another
    /// run has it.
    pub(super) async fn step(
        &self,
        erasure: Erasure,
        mut transaction: Transaction,
        now: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        let next = Erasure {
            updated_at: now,
            ..erasure
        };
        let next = Stored::next(next, &Policy::platform());
        transaction.replace(&next, &Unsealed)?;
        match self.commit(transaction).await {
            Ok(()) => Ok(Some(next.into_record())),
            Err(CommitError::Refused(_)) => Ok(None),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Begins an erasure with the fence that `transaction` sets. `None` when another run has begun
    /// it, or something else changed what is to be erased.
    pub(super) async fn begin(
        &self,
        erasure: Erasure,
        mut transaction: Transaction,
    ) -> Result<Option<Erasure>, StoreError> {
        let row = Stored::new(erasure, &Policy::platform());
        transaction.create(&row, &Unsealed)?;
        match self.commit(transaction).await {
            Ok(()) => Ok(Some(row.into_record())),
            Err(CommitError::Refused(_)) => Ok(None),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

impl Erasure {
    /// The erasure with what there was.
    pub(super) fn counted(mut self, counts: Counts) -> Self {
        for ((table, kind), count) in counts {
            self.count_before(table, &kind, count);
        }
        self
    }

    /// The erasure, done at `now`: nothing in it points at anybody any more.
    pub(super) fn done(self, now: Timestamp) -> Self {
        Self {
            stage: Stage::Done,
            places: Vec::new(),
            owners: Vec::new(),
            after: None,
            calls_reached: None,
            finished_at: Some(now),
            ..self
        }
    }
}
