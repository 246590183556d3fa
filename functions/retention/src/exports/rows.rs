//! The rows of an export in flat files, until they are written.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::{
    domain::{
        Timestamp, WorkspaceId,
        archive::{
            PartEntry, checksum,
            tables::{ExportFormat, FlatPart, Manifest, PART_BYTES, PART_ROWS, Table},
        },
    },
    store::{StoreError, record::Fields},
};

/// What waits for the next files.
#[derive(Default)]
pub struct Rows {
    /// A contact whose profile comes next: they lie in one partition, and make one row.
    contact: Option<Fields>,
    rows: BTreeMap<Table, Vec<Fields>>,
    count: usize,
    bytes: usize,
}

impl Rows {
    /// Takes what a record tells, if it belongs into a table.
    pub fn take(&mut self, kind: &str, fields: Fields) {
        match kind {
            "Contact" => {
                self.release();
                self.contact = Some(fields);
            }
            "Profile" => {
                let contact = self.contact.as_mut();
                let theirs = contact.filter(|one| one.get("id") == fields.get("contact"));
                if let Some(contact) = theirs {
                    for name in ["external_id", "name", "email", "locale"] {
                        let told = fields.get(name).cloned().unwrap_or(Value::Null);
                        contact.insert(name.to_owned(), told);
                    }
                }
            }
            "Conversation" => self.push(Table::Conversations, fields),
            "Message" => self.push(Table::Messages, fields),
            _ => {}
        }
    }

    fn release(&mut self) {
        if let Some(contact) = self.contact.take() {
            self.push(Table::Contacts, contact);
        }
    }

    fn push(&mut self, table: Table, fields: Fields) {
        // About: the exact size follows when the file is written.
        let sizes = fields.values().map(|value| value.to_string().len() + 16);
        self.bytes += sizes.sum::<usize>();
        self.count += 1;
        self.rows.entry(table).or_default().push(fields);
    }

    /// Whether they are to be written now: not between a contact and its profile.
    pub const fn is_full(&self) -> bool {
        self.contact.is_none() && (self.count >= PART_ROWS || self.bytes >= PART_BYTES)
    }

    /// The files of what waits, one of each table, with their numbers after `last`.
    pub fn files(&mut self, format: ExportFormat, last: u32) -> Vec<(Table, PartEntry, Vec<u8>)> {
        self.release();
        let Self { rows, .. } = std::mem::take(self);
        let files = (last + 1..).zip(rows).map(|(number, (table, rows))| {
            let bytes = table.file(format, &rows);
            let entry = PartEntry {
                number,
                sha256: checksum(&bytes),
                bytes: bytes.len() as u64,
                records: rows.len() as u64,
                file: None,
            };
            (table, entry, bytes)
        });
        files.collect()
    }
}

/// The manifest of flat files: each is of the table that its row counts.
pub fn manifest(
    format: ExportFormat,
    of: (Option<WorkspaceId>, Timestamp),
    parts: Vec<(String, PartEntry)>,
    counts: BTreeMap<String, u64>,
) -> Result<Vec<u8>, StoreError> {
    let parts = parts.into_iter().map(|(table, part)| FlatPart {
        number: part.number,
        table,
        sha256: part.sha256,
        bytes: part.bytes,
        records: part.records,
    });
    let manifest = Manifest::new(format, of, parts.collect(), counts);
    manifest
        .document()
        .map_err(|_| StoreError::Corrupt("a manifest"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::store::{record::Told, registry};

    use super::*;

    #[test]
    fn every_column_is_a_field_that_an_archive_tells() {
        for (table, kinds) in [
            (Table::Contacts, &["Contact", "Profile"][..]),
            (Table::Conversations, &["Conversation"]),
            (Table::Messages, &["Message"]),
        ] {
            for (_, name) in table.columns() {
                let mut fields = kinds
                    .iter()
                    .flat_map(|kind| registry::declaration(kind).expect("a record").fields);
                let told = fields.any(|field| field.name == *name && field.told == Told::Exported);
                assert!(told, "{}: {name}", table.word());
            }
        }
    }

    #[test]
    fn a_contact_and_its_profile_are_one_row_and_nothing_is_written_between_them() {
        let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
        let mut rows = Rows::default();
        for n in 0..PART_ROWS {
            rows.take("Message", fields(json!({ "seq": n })));
        }
        assert!(rows.is_full());
        rows.take("Contact", fields(json!({ "id": "ctc_1" })));
        assert!(!rows.is_full());
        let profile = json!({ "contact": "ctc_1", "name": "Grace" });
        rows.take("Profile", fields(profile));
        // Somebody else's.
        rows.take(
            "Profile",
            fields(json!({ "contact": "ctc_2", "name": "Eve" })),
        );
        rows.take("Contact", fields(json!({ "id": "ctc_2" })));
        let files = rows.files(ExportFormat::Csv, 6);
        let told: Vec<_> = files
            .iter()
            .map(|(table, entry, _)| (*table, entry.number, entry.records))
            .collect();
        let messages = PART_ROWS as u64;
        assert_eq!(
            told,
            [(Table::Contacts, 7, 2), (Table::Messages, 8, messages)]
        );
        let contacts = String::from_utf8_lossy(&files[0].2);
        assert!(contacts.contains("\r\nctc_1,,Grace,"), "{contacts}");
        assert!(contacts.contains("\r\nctc_2,,,"), "{contacts}");
        assert!(rows.files(ExportFormat::Csv, 8).is_empty());
    }
}
