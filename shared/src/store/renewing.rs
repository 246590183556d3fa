//! Items of an earlier version, written again in the shape of this release: what only `sotto backfill` asks of the
//! tables.
//!
//! A read gives an older item its new shape each time ([`super::record::Record::upgrade`]), and a write keeps it. What
//! is never written again stays as it is until somebody does this.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{error::ProvideErrorMetadata, types::ReturnConsumedCapacity};

use super::{
    db::{Store, StoreError, key_of},
    keys::{self, Key, Table},
    record::{Decision, Declaration, Form, Item, Record, is_older, renew_item, stamp},
    seal::DataKey,
    subject::RootRef,
};
use crate::domain::Timestamp;

/// What storage itself writes on items, beside their fields.
const OWN: [&str; 10] = [
    "anchor",
    "changes_pk",
    "changes_sk",
    "due_pk",
    "due_sk",
    "exp",
    "lists_pk",
    "lists_sk",
    "pol",
    "ttl",
];

/// A kind of item, and what gives an earlier one its present shape.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What was declared.
    pub declaration: &'static Declaration,
    renew: fn(&Item, Option<&DataKey>) -> Result<Item, StoreError>,
}

impl Shape {
    /// The shape of a record.
    pub const fn of<R: Record>() -> Self {
        Self {
            declaration: R::DECLARATION,
            renew: renew_item::<R>,
        }
    }

    fn is_sealed(&self) -> bool {
        let mut fields = self.declaration.fields.iter();
        fields.any(|field| {
            matches!(
                field.decision,
                Decision::Personal {
                    form: Form::Sealed,
                    ..
                }
            )
        })
    }
}

/// What became of the older items of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// How many have the shape of this release now.
    pub renewed: u64,
    /// How many somebody wrote meanwhile; an earlier release may have, so they are to be looked at again.
    pub meanwhile: u64,
    /// How many nobody can open any more, by kind: their key is gone, and the sweep takes them.
    pub keyless: BTreeMap<&'static str, u64>,
}

impl Renewed {
    /// Counts another page.
    pub fn add(&mut self, other: Self) {
        self.renewed += other.renewed;
        self.meanwhile += other.meanwhile;
        for (kind, count) in other.keyless {
            *self.keyless.entry(kind).or_default() += count;
        }
    }
}

/// The items of a page that have an earlier version than is written now and have not ended.
pub fn older<'i>(items: &'i [Item], shapes: &[Shape], now: Timestamp) -> Vec<(&'i Item, Shape)> {
    let shape_of = |item: &Item| {
        let kind = item.get("kind")?.as_s().ok()?;
        let mut shapes = shapes.iter().copied();
        shapes.find(|shape| shape.declaration.name == kind)
    };
    let over = |item: &Item| stamp(item).flatten().is_some_and(|end| end <= now);
    let found = items.iter().filter(|item| !over(item));
    found
        .filter_map(|item| Some((item, shape_of(item)?)))
        .filter(|(item, shape)| is_older(item, shape.declaration))
        .collect()
}

impl Store {
    /// Gives these items of a table the shapes of this release. Each is written only if it is as it was read, so no
    /// writer loses anything, whichever release it is of. Their ends, versions for clients and places stay, so nobody is
    /// told of it.
    ///
    /// # Errors
    /// When storage failed; what is done stays done. [`StoreError::Corrupt`] when one does not open under a key that is
    /// there, or has a version that there never was.
    pub async fn renew(
        &self,
        table: Table,
        found: &[(&Item, Shape)],
        now: Timestamp,
    ) -> Result<Renewed, StoreError> {
        let root = |item: &Item| key_of(table, item).map(|key| RootRef::of(&key));
        let sealed = found.iter().filter(|(_, shape)| shape.is_sealed());
        let roots: Vec<RootRef> = sealed.filter_map(|(item, _)| root(item)).collect();
        let tenants = roots.iter().filter_map(RootRef::tenant);
        let wanted = roots.iter().map(keys::data_key);
        let wanted = wanted.chain(tenants.map(keys::tenant_key));
        let fetched = self.batch_all(wanted.collect()).await?;
        let mut done = Renewed::default();
        for (item, shape) in found {
            let mut key = None;
            if let Some(root) = root(item).filter(|_| shape.is_sealed()) {
                let tenant = root.tenant();
                let known = tenant.filter(|tenant| {
                    fetched.raw(&keys::tenant_key(*tenant)).is_some()
                        && fetched.raw(&keys::data_key(&root)).is_some()
                });
                let Some(tenant) = known else {
                    *done.keyless.entry(shape.declaration.name).or_default() += 1;
                    continue;
                };
                let tenant_key = self.unwrap_tenant_key(tenant, &fetched, now).await?;
                key = fetched.data_key(&root.head(), &tenant_key)?;
            }
            let new = (shape.renew)(item, key.as_ref())?;
            let at = key_of(table, item).ok_or(StoreError::Corrupt("an item without a key"))?;
            match self.exchange(&at, (item, new), shape.declaration).await? {
                true => done.renewed += 1,
                false => done.meanwhile += 1,
            }
        }
        Ok(done)
    }

    /// Puts an item in the place of another, if that one is as it was read: every attribute of it, and none that it did
    /// not have.
    async fn exchange(
        &self,
        at: &Key,
        (old, new): (&Item, Item),
        declaration: &Declaration,
    ) -> Result<bool, StoreError> {
        let request = self.client.put_item().table_name(self.table(at.table));
        let mut request = request
            .set_item(Some(new))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut conditions = Vec::new();
        let same = old.iter().filter(|(name, _)| !is_key(name));
        for (number, (name, value)) in same.enumerate() {
            conditions.push(format!("#a{number} = :a{number}"));
            request = request
                .expression_attribute_names(format!("#a{number}"), name)
                .expression_attribute_values(format!(":a{number}"), value.clone());
        }
        let fields = declaration.fields.iter().map(|field| field.name);
        let absent = fields.chain(OWN).filter(|name| !old.contains_key(*name));
        for (number, name) in absent.enumerate() {
            conditions.push(format!("attribute_not_exists(#n{number})"));
            request = request.expression_attribute_names(format!("#n{number}"), name);
        }
        let begun = self.meter.begin("PutItem");
        let answer = request
            .condition_expression(conditions.join(" AND "))
            .send()
            .await;
        let consumed = answer.as_ref().ok();
        let consumed = consumed.and_then(|answer| answer.consumed_capacity());
        self.meter.end_write(begun, consumed);
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(StoreError::dynamodb(&error)),
        }
    }
}

fn is_key(name: &str) -> bool {
    ["pk", "sk"].contains(&name)
}
