//! What only `sotto restore` asks of the tables: to be read through from end to end, strongly, and
//! which of many things are there.

use std::collections::HashSet;

use super::{
    db::{Store, StoreError, key_of},
    keys::{Key, Table},
    record::Item,
    remains::{Scanned, left_behind},
    subject::RootRef,
};

/// How many items are read at once.
const PAGE: i32 = 500;

impl Store {
    /// The same tables with the buckets left alone, for a drill: in the eyes of tables of the past the files of the
    /// living are to be deleted.
    #[must_use]
    pub fn hands_off_files(&self) -> Self {
        self.with_objects(self.objects().clone().hands_off())
    }

    /// A page of a whole table, of every tenant, read strongly.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn read_through(
        &self,
        table: Table,
        after: Option<Key>,
    ) -> Result<Scanned, StoreError> {
        let page = self.segment(table, (0, 1), after);
        let page = page.limit(PAGE).consistent_read(true);
        self.scanned(table, page).await
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
