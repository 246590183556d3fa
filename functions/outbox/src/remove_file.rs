//! The row of a file went, deleted by us or by TTL: its bytes go too, every version of them, and there is
//! room for others.
//!
//! A row goes too when what waited is sent: then another row has the file, and it stays.

use shared::{
    app::App,
    store::{Item, StoreError, Table, db::key_of, keys},
};

use crate::failure::Failure;

/// Whether files in the bucket belong to an item.
pub fn is_file(item: &Item) -> bool {
    key_of(Table::Data, item).is_some_and(|key| keys::has_files(&key))
}

/// Deletes what a removed row leaves in the bucket.
pub async fn remove(app: &App, row: &Item) -> Result<(), Failure> {
    // A file that stays is a broken promise: whatever the fault, the record comes again.
    let later = |error: StoreError| Failure::Later(error.to_string());
    let file = key_of(Table::Data, row).and_then(|key| keys::file_of_row(&key));
    let Some(file) = file else {
        return Err(Failure::Never("a row of a file that names none".to_owned()));
    };
    let erased = app.store.erase_file_without_row(file).await;
    match erased.map_err(later)? {
        Some(_) => {
            let given = app.store.give_back_room(file, app.clock.now()).await;
            given.map_err(later)
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use shared::store::AttributeValue;

    use super::*;

    fn row(pk: &str, sk: &str) -> Item {
        let pairs = [("pk", pk), ("sk", sk)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.into())));
        pairs.into_iter().collect()
    }

    #[test]
    fn files_are_found_by_the_keys_of_their_rows_and_nothing_else_is_one() {
        let id = |kind: &str| format!("{kind}_01kf0a1b2c3d4e5f6g7h8j9k0m");
        let thread = format!("CONVERSATION#{}#{}", id("ws"), id("cnv"));
        let member = format!("MEMBERSHIP#{}#{}", id("ws"), id("mbr"));
        for (pk, owner) in [(&thread, id("cnv")), (&member, id("mbr"))] {
            for kind in ["A#", "U#"] {
                let row = row(pk, &format!("{kind}{}", id("att")));
                assert!(is_file(&row));
                let key = key_of(Table::Data, &row).expect("a key");
                let file = keys::file_of_row(&key).expect("a file");
                let names = [
                    file.workspace.to_string(),
                    file.owner.to_string(),
                    file.id.to_string(),
                ];
                assert_eq!(names, [id("ws"), owner.clone(), id("att")]);
            }
        }
        for (pk, sk) in [
            (thread.as_str(), "M#0000000001"),
            (&thread, "HEAD"),
            (&member, "HEAD"),
            ("APP#ws", "A#x"),
        ] {
            assert!(!is_file(&row(pk, sk)), "{pk} {sk}");
        }
    }
}
