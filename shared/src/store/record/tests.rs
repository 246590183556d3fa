//! Two releases of one record, as they stand side by side while a deployment goes on.

use super::*;
use crate::{
    domain::text::Name,
    store::{
        job::SweepSegment,
        seal::{DataKey, Unsealed},
    },
};

/// The release that runs.
mod now {
    use super::*;
    use shared_derive::Record;

    #[derive(Clone, Debug, Record)]
    #[record(
        table = Data, key = sweep(segment), tenant = Platform, no_subject = "a record of a test",
        class = Operation, anchor = at,
    )]
    pub struct Note {
        #[non_personal(reason = "a part of a table")]
        pub segment: SweepSegment,
        #[non_personal(reason = "when it was written")]
        pub at: Timestamp,
        #[non_personal(reason = "a count of rows")]
        pub rows: u64,
        #[personal(category = Name, purpose = RunWorkspace, erase = Delete)]
        pub name: Name,
    }
}

/// The next one: another field instead of `rows`, which it goes on writing, and one more.
mod next {
    use super::*;
    use shared_derive::Record;

    #[derive(Clone, Debug, Record)]
    #[record(
        table = Data, version = 2, upgrade = thousandfold, key = sweep(segment), tenant = Platform,
        no_subject = "a record of a test", class = Operation, anchor = at,
    )]
    pub struct Note {
        #[non_personal(reason = "a part of a table")]
        pub segment: SweepSegment,
        #[non_personal(reason = "when it was written")]
        pub at: Timestamp,
        #[non_personal(reason = "a count of rows")]
        pub rows: u64,
        #[non_personal(reason = "a count of rows")]
        pub milli_rows: u64,
        #[non_personal(reason = "when it was counted; absent in what was written before")]
        pub counted_at: Option<Timestamp>,
        #[personal(category = Name, purpose = RunWorkspace, erase = Delete)]
        pub name: Name,
    }

    fn thousandfold(item: &mut Item, _: u32) -> Result<(), StoreError> {
        let rows = u64::read(item.get("rows")).ok_or(StoreError::Corrupt("no rows"))?;
        let value = (rows * 1000)
            .write()
            .ok_or(StoreError::Corrupt("no rows"))?;
        item.insert("milli_rows".to_owned(), value);
        Ok(())
    }
}

/// The one after that: it has forgotten `rows`.
mod later {
    use super::*;
    use shared_derive::Record;

    #[derive(Clone, Debug, Record)]
    #[record(
        table = Data, version = 3, upgrade = nothing, key = sweep(segment), tenant = Platform,
        no_subject = "a record of a test", class = Operation, anchor = at,
    )]
    pub struct Note {
        #[non_personal(reason = "a part of a table")]
        pub segment: SweepSegment,
        #[non_personal(reason = "when it was written")]
        pub at: Timestamp,
        #[non_personal(reason = "a count of rows")]
        pub milli_rows: u64,
        #[personal(category = Name, purpose = RunWorkspace, erase = Delete)]
        pub name: Name,
    }

    fn nothing(_: &mut Item, _: u32) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Registered for now::Note {}
impl Registered for next::Note {}
impl Registered for later::Note {}

const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

fn segment() -> SweepSegment {
    SweepSegment {
        table: Table::Data,
        segment: 3,
    }
}

fn name() -> Name {
    Name::parse("Ada").expect("a name")
}

fn read<R: Record<Seal = DataKey>>(item: &Item, key: &DataKey) -> Result<Option<R>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now: AT,
        policy: &policy,
    };
    read_item(item, key, lens)
}

fn write<R: Record<Seal = DataKey>>(record: R, key: &DataKey) -> Item {
    let stored = Stored::new(record, &Policy::platform());
    stored.to_item(key).expect("an item")
}

#[test]
fn an_older_item_is_read_in_the_new_shape_and_written_in_it() {
    let key = DataKey::generate().expect("random");
    let old = now::Note {
        segment: segment(),
        at: AT,
        rows: 7,
        name: name(),
    };
    let item = write(old, &key);
    assert!(is_older(&item, next::Note::DECLARATION));
    let upgraded: next::Note = read(&item, &key).expect("readable").expect("there");
    assert_eq!((upgraded.rows, upgraded.milli_rows), (7, 7000));
    assert_eq!(upgraded.counted_at, None);
    // Its name was sealed under the version before.
    assert_eq!(upgraded.name.reveal(), "Ada");
    let again = write(upgraded, &key);
    assert_eq!(again["v"], AttributeValue::N("2".to_owned()));
    assert!(!is_older(&again, next::Note::DECLARATION));
    assert!(
        read::<next::Note>(&again, &key)
            .expect("readable")
            .is_some()
    );
}

#[test]
fn a_release_reads_what_the_next_one_writes_and_not_what_comes_after_it() {
    let key = DataKey::generate().expect("random");
    let new = next::Note {
        segment: segment(),
        at: AT,
        rows: 7,
        milli_rows: 7001,
        counted_at: Some(AT),
        name: name(),
    };
    let item = write(new, &key);
    let old: now::Note = read(&item, &key).expect("readable").expect("there");
    assert_eq!((old.rows, old.name.reveal()), (7, "Ada"));
    // What it writes is of its own version, and upgraded anew.
    let back = write(old, &key);
    let upgraded: next::Note = read(&back, &key).expect("readable").expect("there");
    assert_eq!(upgraded.milli_rows, 7000);
    let after = write(
        later::Note {
            segment: segment(),
            at: AT,
            milli_rows: 1,
            name: name(),
        },
        &key,
    );
    assert!(matches!(
        read::<now::Note>(&after, &key),
        Err(StoreError::Corrupt("an item of an unknown version"))
    ));
}

#[test]
fn a_record_without_an_upgrade_refuses_a_version_that_there_never_was() {
    let mark = crate::store::job::SweepMark {
        segment: segment(),
        after: None,
        completed_at: None,
        updated_at: AT,
    };
    let policy = Policy::platform();
    let lens = Lens {
        now: AT,
        policy: &policy,
    };
    let stored = Stored::new(mark, &policy);
    let mut item = stored.to_item(&Unsealed).expect("an item");
    let read = |item: &Item| read_item::<crate::store::job::SweepMark>(item, &Unsealed, lens);
    assert!(read(&item).expect("readable").is_some());
    item.insert("v".to_owned(), AttributeValue::N("0".to_owned()));
    assert!(read(&item).is_err());
}
