//! What a record is: a struct whose every field carries its privacy decision.
//!
//! An item is written only as a [`Stored`] value, whose expiry comes from the one retention
//! function, and read only through a [`Lens`], which takes what has expired for absent.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use super::{
    db::StoreError,
    field::{Field, Irreversible},
    keys::{IndexKey, Key, Table},
    registry::Registered,
    seal::DataKey,
    subject::SubjectId,
};
use crate::domain::{
    TenantId, Timestamp,
    personal::{Category, Erase, Personal, Pseudonymous, Purpose},
    policy::{Lens, Policy},
    retention::{Borne, Class, Expiry, lapsed},
};

/// The attributes of one item.
pub type Item = HashMap<String, AttributeValue>;

/// What a developer declared about a record; the policy, the export and the erasure read it.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// The struct's name, which is the item's `kind`.
    pub name: &'static str,
    /// Where it lies.
    pub table: Table,
    /// The shape of the item that is written; see [`Record::upgrade`].
    pub version: u32,
    /// Whose it is.
    pub owner: Owner,
    /// How long it lives.
    pub class: Class,
    /// Every field and its decision.
    pub fields: &'static [FieldDeclaration],
}

/// Whose a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A root of the subject whose id stands in this field.
    Subject(&'static str),
    /// A part of this root, gone with it.
    Within(&'static str),
    /// Nobody's, for this reason.
    Nobody(&'static str),
}

/// A field and its decision.
#[derive(Clone, Copy, Debug)]
pub struct FieldDeclaration {
    /// The field's name, which is the attribute's.
    pub name: &'static str,
    /// What it says about a person.
    pub decision: Decision,
    /// Whether it is in an archive.
    pub told: Told,
}

/// Whether a field is in an archive that somebody takes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is.
    Exported,
    /// It is not, for this reason, which the archive says.
    LeftOut(&'static str),
}

/// The fields of a record in an archive, by their names.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// A sealed field of an archive: the outer `None` when it is not there or no text.
pub fn text_of<'a>(fields: &'a Fields, name: &str) -> Option<Option<&'a str>> {
    match fields.get(name)? {
        serde_json::Value::Null => Some(None),
        other => other.as_str().map(Some),
    }
}

/// What a field says about a person.
#[derive(Clone, Copy, Debug)]
pub enum Decision {
    /// It says something.
    Personal {
        /// What kind of thing.
        category: Category,
        /// What it is kept for.
        purpose: Purpose,
        /// What erasure does with it.
        erase: Erase,
        /// How it is stored.
        form: Form,
    },
    /// It says nothing, for this reason.
    NonPersonal {
        /// Why a reviewer may believe it.
        reason: &'static str,
    },
}

/// How a personal field is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a keyed hash.
    Keyed,
    /// In clear: a pseudonym.
    Open,
    /// As ciphertext under the key of its root.
    Sealed,
}

/// Where a record stands in the indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexes {
    /// The change index: moves with every change.
    pub changes: Option<IndexKey>,
    /// The list index: does not.
    pub lists: Option<IndexKey>,
    /// The index of deadlines: only while there is one.
    pub due: Option<IndexKey>,
}

/// What is said of an item whose version this release neither knows nor comes next to.
const UNKNOWN_VERSION: StoreError = StoreError::Corrupt("an item of an unknown version");

/// Something that may enter storage. Implemented only by `#[derive(Record)]`.
pub trait Record: Sized + Registered {
    /// What was declared.
    const DECLARATION: &'static Declaration;
    /// What seals its fields: [`DataKey`], or [`super::Unsealed`] when none is sealed.
    type Seal: Opens;

    /// Its place.
    fn key(&self) -> Key;
    /// Whose keys it is under.
    fn tenant(&self) -> TenantId;
    /// The subject, when the record is a root of one.
    fn subject(&self) -> Option<SubjectId>;
    /// The instant its retention is counted from.
    fn anchor(&self) -> Timestamp;
    /// Its place in the indexes.
    fn indexes(&self) -> Indexes;
    /// Until when the record, a head, is on hold; derived from a field `held_until`.
    fn held_until(&self) -> Option<Timestamp> {
        None
    }
    /// The version counter, when the record is changed under one.
    fn rev_mut(&mut self) -> Option<&mut u64> {
        None
    }
    /// Gives an item of an earlier version the shape of this one, before its fields are read; derived from
    /// `upgrade = function`. A sealed field keeps its name: its ciphertext is bound to that and to the
    /// version it was written under.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a version that there never was.
    fn upgrade(_: &mut Item, _: u32) -> Result<(), StoreError> {
        Err(UNKNOWN_VERSION)
    }
    /// Writes the fields.
    fn write(&self, door: &Door<'_, Self::Seal>, item: &mut Item) -> Result<(), StoreError>;
    /// Reads the fields.
    fn read(door: &Door<'_, Self::Seal>, item: &Item) -> Result<Self, StoreError>;
    /// What an archive says of it.
    fn tell(&self) -> Fields;
    /// Takes over what an archive says.
    ///
    /// # Errors
    /// The first field that is missing or has another form.
    fn retell(&mut self, fields: &Fields) -> Result<(), &'static str>;
}

/// What a record is opened with, for readers that know its kind only when they see it.
pub trait Opens: Sized {
    /// The seal, out of what there is.
    fn from_key(key: Option<&DataKey>) -> Option<&Self>;
}

impl Opens for DataKey {
    fn from_key(key: Option<&DataKey>) -> Option<&Self> {
        key
    }
}

impl Opens for super::Unsealed {
    fn from_key(_: Option<&DataKey>) -> Option<&Self> {
        Some(&super::Unsealed)
    }
}

/// What an archive says of an item; none when it has expired.
///
/// # Errors
/// As [`read_item`], and when the key of its root is gone.
pub fn tell_item<R: Record>(
    item: &Item,
    key: Option<&DataKey>,
    lens: Lens<'_>,
) -> Result<Option<Fields>, StoreError> {
    let seal = R::Seal::from_key(key);
    let seal = seal.ok_or(StoreError::Corrupt("a sealed item without its key"))?;
    Ok(read_item::<R>(item, seal, lens)?.map(|record| record.tell()))
}

/// A record with its end: the only thing that storage takes.
#[derive(Debug)]
pub struct Stored<R> {
    record: R,
    expiry: Expiry,
    policy: Policy,
}

impl<R: Record> Stored<R> {
    /// Decides the end of a record by its class, the tenant's policy and its anchor.
    pub fn new(record: R, policy: &Policy) -> Self {
        let class = R::DECLARATION.class;
        let expiry = Borne::end(class, policy, record.anchor(), record.held_until());
        Self {
            record,
            expiry,
            policy: policy.clone(),
        }
    }

    /// The next version of a record that was read: counts `rev` up.
    pub fn next(mut record: R, policy: &Policy) -> Self {
        if let Some(rev) = record.rev_mut() {
            *rev += 1;
        }
        Self::new(record, policy)
    }

    /// The same record with the end of its root: only keys of roots take another's end.
    pub(super) fn ending(self, expiry: Expiry) -> Self {
        Self { expiry, ..self }
    }

    /// The record.
    pub const fn record(&self) -> &R {
        &self.record
    }

    /// The record, when it has been written.
    pub fn into_record(self) -> R {
        self.record
    }

    /// When it ends.
    pub const fn expiry(&self) -> Expiry {
        self.expiry
    }

    /// The newest anchor of its class that has ended at `now`, by the policy it is written under.
    pub(super) fn lapsed(&self, now: Timestamp) -> Option<Timestamp> {
        lapsed(R::DECLARATION.class, &self.policy, now)
    }

    /// The item as DynamoDB takes it.
    pub(super) fn to_item(&self, seal: &R::Seal) -> Result<Item, StoreError> {
        let mut item = written(&self.record, seal)?;
        item.insert("anchor".to_owned(), number(self.record.anchor().ms()));
        if let Expiry::At(end) = self.expiry {
            item.insert("exp".to_owned(), number(end.ms()));
            item.insert("ttl".to_owned(), number(end.ttl_seconds()));
            item.insert(
                "pol".to_owned(),
                AttributeValue::N(self.policy.version.to_string()),
            );
        }
        Ok(item)
    }
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Reads a record from an item, through the filter: what has expired, by its own stamp or by the
/// tenant's present policy, is absent.
///
/// # Errors
/// [`StoreError::Corrupt`] when the item is not such a record or does not open.
pub fn read_item<R: Record>(
    item: &Item,
    seal: &R::Seal,
    lens: Lens<'_>,
) -> Result<Option<R>, StoreError> {
    let kind = item.get("kind").and_then(|value| value.as_s().ok());
    if kind.map(String::as_str) != Some(R::DECLARATION.name) {
        return Err(StoreError::Corrupt("an item of another kind"));
    }
    if is_expired(item, R::DECLARATION.class, lens)? {
        return Ok(None);
    }
    shaped(item, seal).map(Some)
}

/// A record from an item of its kind, of this version, an earlier one or the next.
fn shaped<R: Record>(item: &Item, seal: &R::Seal) -> Result<R, StoreError> {
    let declaration = R::DECLARATION;
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let (Some(pk), Some(sk)) = (text("pk"), text("sk")) else {
        return Err(StoreError::Corrupt("an item without a key"));
    };
    let key = Key {
        table: declaration.table,
        pk: pk.clone(),
        sk: sk.clone(),
    };
    let version =
        u32::read(item.get("v")).ok_or(StoreError::Corrupt("an item without a version"))?;
    let door = Door::new(&key, version, seal);
    if version < declaration.version {
        let mut upgraded = item.clone();
        R::upgrade(&mut upgraded, version)?;
        return R::read(&door, &upgraded);
    }
    // A release reads what the next one writes, as long as both run: what it still needs, that one writes.
    if version > declaration.version + 1 {
        return Err(UNKNOWN_VERSION);
    }
    R::read(&door, item)
}

/// An item of an earlier version as this release would have written it at the time: the same record under the same end,
/// at the same place.
///
/// # Errors
/// [`StoreError::Corrupt`] when it does not open, has a version that there never was, or would lie elsewhere.
pub(super) fn renew_item<R: Record>(
    item: &Item,
    key: Option<&DataKey>,
) -> Result<Item, StoreError> {
    let seal = R::Seal::from_key(key);
    let seal = seal.ok_or(StoreError::Corrupt("a sealed item without its key"))?;
    let record = shaped::<R>(item, seal)?;
    let mut renewed = written(&record, seal)?;
    for own in ["pk", "sk"] {
        if renewed.get(own) != item.get(own) {
            return Err(StoreError::Corrupt("an item that would lie elsewhere"));
        }
    }
    for own in ["anchor", "exp", "ttl", "pol"] {
        if let Some(value) = item.get(own) {
            renewed.insert(own.to_owned(), value.clone());
        }
    }
    Ok(renewed)
}

/// A record as an item, but for its end.
fn written<R: Record>(record: &R, seal: &R::Seal) -> Result<Item, StoreError> {
    let declaration = R::DECLARATION;
    let key = record.key();
    let mut item = Item::new();
    record.write(&Door::new(&key, declaration.version, seal), &mut item)?;
    item.insert(
        "kind".to_owned(),
        AttributeValue::S(declaration.name.to_owned()),
    );
    item.insert(
        "v".to_owned(),
        AttributeValue::N(declaration.version.to_string()),
    );
    let Indexes {
        changes,
        lists,
        due,
    } = record.indexes();
    for (name, index) in [("changes", changes), ("lists", lists), ("due", due)] {
        if let Some(IndexKey { pk, sk }) = index {
            item.insert(format!("{name}_pk"), AttributeValue::S(pk));
            item.insert(format!("{name}_sk"), AttributeValue::S(sk));
        }
    }
    item.insert("pk".to_owned(), AttributeValue::S(key.pk));
    item.insert("sk".to_owned(), AttributeValue::S(key.sk));
    Ok(item)
}

/// Whether an item has an earlier version than is written now. It changes when it is written again.
pub fn is_older(item: &Item, declaration: &Declaration) -> bool {
    u32::read(item.get("v")).is_some_and(|version| version < declaration.version)
}

/// Whether an item has ended, see [`Borne::is_over`].
pub(super) fn is_expired(item: &Item, class: Class, lens: Lens<'_>) -> Result<bool, StoreError> {
    Ok(borne(item)?.is_over(class, lens))
}

/// What an item says about its end.
///
/// # Errors
/// When it does not.
pub(super) fn borne(item: &Item) -> Result<Borne, StoreError> {
    let (Some(stamp), Some(anchor)) = (stamp(item), Timestamp::read(item.get("anchor"))) else {
        return Err(StoreError::Corrupt("an item without a retention stamp"));
    };
    Ok(Borne {
        stamp,
        anchor,
        held_until: Option::<Timestamp>::read(item.get("held_until")).flatten(),
    })
}

/// The end that an item bears; the outer `None` when it cannot be read.
pub(super) fn stamp(item: &Item) -> Option<Option<Timestamp>> {
    Option::<Timestamp>::read(item.get("exp"))
}

/// Where fields pass into an item and out of it; the bounds of its methods refuse a wrong type.
pub struct Door<'a, S> {
    key: &'a Key,
    version: u32,
    seal: &'a S,
}

impl<'a, S> Door<'a, S> {
    /// The door of the item at `key`.
    pub const fn new(key: &'a Key, version: u32, seal: &'a S) -> Self {
        Self { key, version, seal }
    }

    /// Writes a field that says nothing about a person.
    pub fn write_plain<T: Field>(
        &self,
        item: &mut Item,
        name: &str,
        value: &T,
    ) -> Result<(), StoreError> {
        if let Some(value) = value.write() {
            item.insert(name.to_owned(), value);
        }
        Ok(())
    }

    /// Reads a field that says nothing about a person.
    pub fn read_plain<T: Field>(&self, item: &Item, name: &str) -> Result<T, StoreError> {
        T::read(item.get(name)).ok_or(StoreError::Corrupt("a field that does not read"))
    }

    /// Writes a pseudonym.
    pub fn write_open<T: Field + Pseudonymous>(
        &self,
        item: &mut Item,
        name: &str,
        value: &T,
    ) -> Result<(), StoreError> {
        self.write_plain(item, name, value)
    }

    /// Reads a pseudonym.
    pub fn read_open<T: Field + Pseudonymous>(
        &self,
        item: &Item,
        name: &str,
    ) -> Result<T, StoreError> {
        self.read_plain(item, name)
    }

    /// Writes a keyed hash.
    pub fn write_keyed<T: Field + Irreversible>(
        &self,
        item: &mut Item,
        name: &str,
        value: &T,
    ) -> Result<(), StoreError> {
        self.write_plain(item, name, value)
    }

    /// Reads a keyed hash.
    pub fn read_keyed<T: Field + Irreversible>(
        &self,
        item: &Item,
        name: &str,
    ) -> Result<T, StoreError> {
        self.read_plain(item, name)
    }

    /// What a sealed value is bound to: it opens at no other place.
    fn place(&self, name: &str) -> String {
        let table = match self.key.table {
            Table::Data => "data",
            Table::Keys => "keys",
        };
        format!(
            "{table}|{}|{}|{name}|{}",
            self.key.pk, self.key.sk, self.version
        )
    }
}

impl Door<'_, DataKey> {
    /// Seals a field.
    pub fn write_sealed<T: Personal>(
        &self,
        item: &mut Item,
        name: &str,
        value: &T,
    ) -> Result<(), StoreError> {
        let sealed = self.seal.seal(&self.place(name), &value.to_bytes())?;
        item.insert(name.to_owned(), AttributeValue::B(Blob::new(sealed)));
        Ok(())
    }

    /// Opens a field.
    pub fn read_sealed<T: Personal>(&self, item: &Item, name: &str) -> Result<T, StoreError> {
        let missing = StoreError::Corrupt("a sealed field that is missing");
        let Some(sealed) = item.get(name).and_then(|value| value.as_b().ok()) else {
            return T::unwritten().ok_or(missing);
        };
        let bytes = self.seal.open(&self.place(name), sealed.as_ref())?;
        T::from_bytes(bytes).ok_or(StoreError::Corrupt("a sealed field of another type"))
    }
}

#[cfg(test)]
mod tests;
