//! Writes: everything that must be true together, in one transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};

use super::{
    db::StoreError,
    keyring::NewDataKey,
    keys::{self, Key, Table},
    record::{Item, Owner, Record, Stored},
    seal::Unsealed,
    subject::{Edge, RootRef, State, Subject},
};
use crate::domain::{Timestamp, policy::Policy};

/// The place of one write in its transaction, to ask a [`Refusal`] about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// What a single write is.
pub(super) enum Write {
    Put {
        table: Table,
        item: Item,
        condition: Condition,
    },
    Check {
        key: Key,
        condition: Condition,
    },
    Delete {
        key: Key,
        condition: Condition,
    },
}

/// A condition expression with its values.
pub(super) struct Condition {
    expression: &'static str,
    names: &'static [(&'static str, &'static str)],
    values: HashMap<String, AttributeValue>,
}

/// Writes that happen all or not at all.
pub struct Transaction {
    now: Timestamp,
    writes: Vec<Write>,
}

/// Why a transaction did not happen.
#[derive(Debug)]
pub enum CommitError {
    /// A condition did not hold: somebody else was there before.
    Refused(Refusal),
    /// Storage failed.
    Store(StoreError),
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Which conditions did not hold, and what was there instead.
#[derive(Debug, Default)]
pub struct Refusal(pub(super) Vec<Option<Item>>);

impl Refusal {
    /// Whether the condition of this write failed.
    pub fn failed(&self, slot: Slot) -> bool {
        self.0.get(slot.0).is_some_and(Option::is_some)
    }

    /// What lay there when the condition of this write failed; empty when nothing did.
    pub fn found(&self, slot: Slot) -> Option<&Item> {
        self.0.get(slot.0)?.as_ref().filter(|item| !item.is_empty())
    }
}

impl Transaction {
    /// An empty transaction at `now`: conditions treat what has expired by then as absent.
    pub const fn new(now: Timestamp) -> Self {
        Self {
            now,
            writes: Vec::new(),
        }
    }

    /// The time of the transaction.
    pub(super) const fn time(&self) -> Timestamp {
        self.now
    }

    fn push(&mut self, write: Write) -> Slot {
        self.writes.push(write);
        Slot(self.writes.len() - 1)
    }

    fn at_now(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([(
            ":now".to_owned(),
            AttributeValue::N(self.now.ms().to_string()),
        )])
    }

    /// Puts a record where none lives.
    pub fn create<R: Record>(
        &mut self,
        stored: &Stored<R>,
        seal: &R::Seal,
    ) -> Result<Slot, StoreError> {
        let mut values = self.at_now();
        let condition = match stored.lapsed(self.now) {
            None => Condition {
                expression: "attribute_not_exists(pk) OR #exp <= :now",
                names: &[("#exp", "exp")],
                values,
            },
            // What the read filter calls absent must not stand in the way: after a shortened
            // retention that is more than what bears a stamp of the past.
            Some(cutoff) => {
                values.insert(
                    ":cutoff".to_owned(),
                    AttributeValue::N(cutoff.ms().to_string()),
                );
                Condition {
                    expression: "attribute_not_exists(pk) OR #exp <= :now OR #anchor <= :cutoff",
                    names: &[("#exp", "exp"), ("#anchor", "anchor")],
                    values,
                }
            }
        };
        let item = stored.to_item(seal)?;
        Ok(self.push(Write::Put {
            table: R::DECLARATION.table,
            item,
            condition,
        }))
    }

    /// Puts the next version of a record (made by [`Stored::next`]) over the one that was read.
    /// Never revives one that has expired meanwhile.
    pub fn replace<R: Record>(
        &mut self,
        stored: &Stored<R>,
        seal: &R::Seal,
    ) -> Result<Slot, StoreError> {
        let item = stored.to_item(seal)?;
        let rev: u64 = item
            .get("rev")
            .and_then(|value| value.as_n().ok())
            .and_then(|value| value.parse().ok())
            .ok_or(StoreError::Corrupt(
                "a replacement without a version counter",
            ))?;
        let mut values = self.at_now();
        values.insert(
            ":read".to_owned(),
            AttributeValue::N(rev.saturating_sub(1).to_string()),
        );
        let condition = Condition {
            expression: "#rev = :read AND (attribute_not_exists(#exp) OR #exp > :now)",
            names: &[("#rev", "rev"), ("#exp", "exp")],
            values,
        };
        Ok(self.push(Write::Put {
            table: R::DECLARATION.table,
            item,
            condition,
        }))
    }

    /// Puts a record over the one that was read, known by its anchor: for what has no version counter.
    pub fn replace_of<R: Record>(
        &mut self,
        stored: &Stored<R>,
        seal: &R::Seal,
        anchor: Timestamp,
    ) -> Result<Slot, StoreError> {
        let read = AttributeValue::N(anchor.ms().to_string());
        let condition = Condition {
            expression: "#anchor = :read",
            names: &[("#anchor", "anchor")],
            values: HashMap::from([(":read".to_owned(), read)]),
        };
        let item = stored.to_item(seal)?;
        Ok(self.push(Write::Put {
            table: R::DECLARATION.table,
            item,
            condition,
        }))
    }

    /// Puts a record whatever lies there: only for what has one writer and no memory.
    pub fn overwrite<R: Record>(
        &mut self,
        stored: &Stored<R>,
        seal: &R::Seal,
    ) -> Result<Slot, StoreError> {
        let condition = Condition {
            expression: "",
            names: &[],
            values: HashMap::new(),
        };
        let item = stored.to_item(seal)?;
        Ok(self.push(Write::Put {
            table: R::DECLARATION.table,
            item,
            condition,
        }))
    }

    /// Takes a record away, once: refused when it is gone or has expired.
    pub fn consume(&mut self, key: Key) -> Slot {
        let condition = Condition {
            expression: "attribute_exists(pk) AND (attribute_not_exists(#exp) OR #exp > :now)",
            names: &[("#exp", "exp")],
            values: self.at_now(),
        };
        self.push(Write::Delete { key, condition })
    }

    /// Takes away what lies at `key`, whatever that is: only for what nobody can write any more.
    pub fn remove(&mut self, key: Key) -> Slot {
        let condition = Condition {
            expression: "",
            names: &[],
            values: HashMap::new(),
        };
        self.push(Write::Delete { key, condition })
    }

    /// Takes away the version of a record that was read: refused when it has changed meanwhile, is
    /// gone or has expired.
    pub fn consume_version(&mut self, key: Key, rev: u64) -> Slot {
        let mut values = self.at_now();
        values.insert(":read".to_owned(), AttributeValue::N(rev.to_string()));
        let condition = Condition {
            expression: "#rev = :read AND (attribute_not_exists(#exp) OR #exp > :now)",
            names: &[("#rev", "rev"), ("#exp", "exp")],
            values,
        };
        self.push(Write::Delete { key, condition })
    }

    /// Makes a root: the record, its data key, the edge from its subject, and the check that the
    /// subject is live. A root that *is* its subject brings the subject's fence with it.
    ///
    /// The slot is that of the record.
    pub fn create_root<R: Record>(
        &mut self,
        stored: &Stored<R>,
        seal: &R::Seal,
        data_key: &NewDataKey,
    ) -> Result<Slot, StoreError> {
        let record = stored.record();
        let slot = self.create(stored, seal)?;
        let rolls = R::DECLARATION.class.rolls();
        self.create(&data_key.stored(stored.expiry(), rolls), &Unsealed)?;
        let Some(subject) = record.subject() else {
            return Ok(slot);
        };
        let (tenant, root) = (record.tenant(), RootRef::of(&record.key()));
        // The platform's policy serves for records that go with their root.
        let policy = Policy::platform();
        let created_at = self.now;
        if matches!(R::DECLARATION.owner, Owner::Subject("id")) {
            let fence = Subject {
                tenant,
                subject,
                state: State::Live,
                created_at,
            };
            self.create(&Stored::new(fence, &policy), &Unsealed)?;
        } else {
            self.check_live(keys::subject(tenant, subject));
        }
        let edge = Edge {
            tenant,
            subject,
            root,
            created_at,
        };
        self.create(&Stored::new(edge, &policy), &Unsealed)?;
        Ok(slot)
    }

    /// Checks that what lies at `key` is live and has not expired.
    pub fn check_live(&mut self, key: Key) -> Slot {
        let mut values = self.at_now();
        values.insert(
            ":live".to_owned(),
            AttributeValue::S(State::Live.word().to_owned()),
        );
        let condition = Condition {
            expression: "#state = :live AND (attribute_not_exists(#exp) OR #exp > :now)",
            names: &[("#state", "state"), ("#exp", "exp")],
            values,
        };
        self.push(Write::Check { key, condition })
    }

    /// Checks that something lies at `key` and has not expired.
    pub fn check_there(&mut self, key: Key) -> Slot {
        let condition = Condition {
            expression: "attribute_exists(pk) AND (attribute_not_exists(#exp) OR #exp > :now)",
            names: &[("#exp", "exp")],
            values: self.at_now(),
        };
        self.push(Write::Check { key, condition })
    }

    /// Checks that what lies at `key` is still the version that was read as `rev`.
    pub fn check_unchanged(&mut self, key: Key, rev: u64) -> Slot {
        let mut values = self.at_now();
        values.insert(":read".to_owned(), AttributeValue::N(rev.to_string()));
        let condition = Condition {
            expression: "#rev = :read AND (attribute_not_exists(#exp) OR #exp > :now)",
            names: &[("#rev", "rev"), ("#exp", "exp")],
            values,
        };
        self.push(Write::Check { key, condition })
    }

    pub(super) fn into_items(
        self,
        table: impl Fn(Table) -> String,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        self.writes
            .into_iter()
            .map(|write| write.into_item(&table))
            .collect()
    }
}

impl Write {
    fn into_item(self, table: impl Fn(Table) -> String) -> Result<TransactWriteItem, StoreError> {
        let built = |_| StoreError::Corrupt("a write that could not be built");
        let names = |condition: &Condition| {
            let names = condition
                .names
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            Some(names.collect::<HashMap<_, _>>()).filter(|names| !names.is_empty())
        };
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        Ok(match self {
            Self::Put {
                table: of,
                item: attributes,
                condition,
            } => {
                let put = Put::builder()
                    .table_name(table(of))
                    .set_item(Some(attributes));
                let put = if condition.expression.is_empty() {
                    put
                } else {
                    put.condition_expression(condition.expression)
                        .set_expression_attribute_names(names(&condition))
                        .set_expression_attribute_values(Some(condition.values))
                        .return_values_on_condition_check_failure(old)
                };
                item.put(put.build().map_err(built)?).build()
            }
            Self::Check { key, condition } => {
                let check = ConditionCheck::builder()
                    .table_name(table(key.table))
                    .set_key(Some(key.into_attributes()))
                    .condition_expression(condition.expression)
                    .set_expression_attribute_names(names(&condition))
                    .set_expression_attribute_values(Some(condition.values))
                    .return_values_on_condition_check_failure(old);
                item.condition_check(check.build().map_err(built)?).build()
            }
            Self::Delete { key, condition } => {
                let delete = Delete::builder()
                    .table_name(table(key.table))
                    .set_key(Some(key.into_attributes()));
                let delete = if condition.expression.is_empty() {
                    delete
                } else {
                    delete
                        .condition_expression(condition.expression)
                        .set_expression_attribute_names(names(&condition))
                        .set_expression_attribute_values(Some(condition.values))
                        .return_values_on_condition_check_failure(old)
                };
                item.delete(delete.build().map_err(built)?).build()
            }
        })
    }
}

impl Key {
    /// The two attributes of the key.
    pub(super) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk)),
            ("sk".to_owned(), AttributeValue::S(self.sk)),
        ])
    }
}
