//! What only `sotto restore` asks of the tables: to be read through from end to end, strongly, and
//! which of many things are there.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::{
    db::{Store, StoreError, key_of, units},
    keys::{Key, Table},
    record::Item,
    remains::{Scanned, left_behind},
    subject::RootRef,
};

/// How many items are read at once.
const PAGE: i32 = 500;

impl Store {
    /// A page of a whole table, of every tenant, read strongly.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn read_through(
        &self,
        table: Table,
        after: Option<Key>,
    ) -> Result<Scanned, StoreError> {
        let begun = self.meter.begin("Scan");
        let answer = self
            .client
            .scan()
            .table_name(self.table(table))
            .limit(PAGE)
            .consistent_read(true)
            .set_exclusive_start_key(after.map(Key::into_attributes))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let consumed = answer
            .as_ref()
            .ok()
            .and_then(|read| read.consumed_capacity());
        let read = consumed.map_or(0.0, |consumed| units(std::slice::from_ref(consumed)));
        self.meter.end(begun, true, read, 0.0);
        let answer = answer.map_err(|error| StoreError::dynamodb(&error))?;
        let next = answer
            .last_evaluated_key
            .and_then(|key| key_of(table, &key));
        Ok(Scanned {
            items: answer.items.unwrap_or_default(),
            next,
        })
    }

    /// Which of these there are, whether or not their time is over.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn there(&self, wanted: Vec<Key>) -> Result<HashSet<Key>, StoreError> {
        let fetched = self.batch_all(wanted.clone()).await?;
        let there = wanted.into_iter().filter(|key| fetched.raw(key).is_some());
        Ok(there.collect())
    }

    /// Deletes a root before its time, whatever it is, with its files, its key and its edge.
    ///
    /// # Errors
    /// When storage failed; doing it again is safe.
    pub async fn end_at_once(&self, head: &Item) -> Result<(), StoreError> {
        let key = key_of(Table::Data, head).ok_or(StoreError::Corrupt("an item without a key"))?;
        let root = RootRef::of(&key);
        self.remove_files(&root).await?;
        self.remove_children(&root, u32::MAX).await?;
        for left in left_behind(head) {
            self.delete(left).await?;
        }
        self.delete(key).await?;
        Ok(())
    }
}
