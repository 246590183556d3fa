//! The lists that can be read: partitions of the table and of its indexes.

use super::{keys::Key, record::Item};

/// A list to read: one partition of the table or of an index.
#[derive(Clone, Debug)]
pub struct Query {
    pub(super) source: Source,
    pub(super) partition: String,
    pub(super) range: Option<(String, String)>,
    pub(super) newest_first: bool,
    pub(super) limit: u16,
    pub(super) after: Option<Key>,
    pub(super) after_index: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Data,
    Index(&'static str),
}

impl Query {
    fn new(source: Source, partition: String) -> Self {
        Self {
            source,
            partition,
            range: None,
            newest_first: false,
            limit: 100,
            after: None,
            after_index: None,
        }
    }

    /// A partition of the `data` table, read strongly.
    pub fn partition(partition: String) -> Self {
        Self::new(Source::Data, partition)
    }

    /// A partition of the change index: conversations by last change.
    pub fn changes(partition: String) -> Self {
        Self::new(Source::Index("changes"), partition)
    }

    /// A partition of the list index.
    pub fn lists(partition: String) -> Self {
        Self::new(Source::Index("lists"), partition)
    }

    /// A shard of the index of deadlines, of all tenants: [`super::keys::due_shard`].
    pub fn due(partition: String) -> Self {
        Self::new(Source::Index("due"), partition)
    }

    /// Only sort keys from `low` to `high`, both included.
    pub fn between(mut self, low: impl Into<String>, high: impl Into<String>) -> Self {
        self.range = Some((low.into(), high.into()));
        self
    }

    /// From the end of the list.
    pub const fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// At most so many entries.
    pub const fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Only what comes after this entry: its key, and its sort key in the index.
    pub fn after(mut self, key: Key, index_sort_key: String) -> Self {
        self.after = Some(key);
        self.after_index = Some(index_sort_key);
        self
    }
}

/// A page of a list.
#[derive(Debug)]
pub struct Listed {
    /// What is in it.
    pub items: Vec<Item>,
    /// Whether there is more behind its last item.
    pub more: bool,
}
