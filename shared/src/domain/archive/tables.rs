//! Flat files of a workspace for spreadsheets: contacts, conversations and messages, a row each.
//!
//! They are no archive: most of what is kept is not in them, and nothing reads them back in. So their manifest
//! is of another format than [`super::FORMAT`].

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::{Timestamp, WorkspaceId};
use crate::words;

/// The name of the format.
pub const FORMAT: &str = "sotto.tables";
/// Its version; other columns count up.
pub const VERSION: u32 = 1;
/// Most rows of a file, over all tables that are written at once.
pub const PART_ROWS: usize = 10_000;
/// About how many bytes are written at once.
pub const PART_BYTES: usize = 4 * 1024 * 1024;

words! {
    /// The form of the files of an export.
    pub enum ExportFormat {
        /// A table with a line of names; no cell is a formula.
        Csv = "csv",
        /// Everything, and what an import reads.
        Json = "json",
        /// A JSON object in each line.
        Ndjson = "ndjson",
    }
}

words! {
    /// A table.
    pub enum Table {
        /// Whom the team talks with.
        Contacts = "contacts",
        /// What about, as far as its head tells.
        Conversations = "conversations",
        /// What was said, notes and lines of the system among it.
        Messages = "messages",
    }
}

impl Table {
    /// The names of its columns, each with the field of the data map that it tells.
    pub const fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Contacts => &[
                ("id", "id"),
                ("external_id", "external_id"),
                ("name", "name"),
                ("email", "email"),
                ("locale", "locale"),
                ("verified", "verified"),
                ("blocked", "blocked"),
                ("created_at", "created_at"),
                ("last_seen_at", "last_seen_at"),
            ],
            Self::Conversations => &[
                ("id", "id"),
                ("contact_id", "contact"),
                ("app_id", "app"),
                ("team_id", "team"),
                ("assignee_id", "assignee"),
                ("status", "status"),
                ("priority", "priority"),
                ("labels", "labels"),
                ("created_at", "created_at"),
                ("last_activity_at", "last_activity_at"),
                ("closed_at", "closed_at"),
                ("first_reply_ms", "first_reply_ms"),
                ("rating", "rating"),
                ("rated_at", "rated_at"),
            ],
            Self::Messages => &[
                ("conversation_id", "conversation"),
                ("seq", "seq"),
                ("id", "id"),
                ("kind", "message_kind"),
                ("audience", "audience"),
                ("author_id", "author"),
                ("text", "text"),
                ("event", "event"),
                ("reply_to_seq", "reply_to_seq"),
                ("sent_at", "sent_at"),
                ("edited_at", "edited_at"),
                ("deleted_at", "deleted_at"),
                ("redacted", "redacted"),
            ],
        }
    }

    /// The file of some rows, each by the fields of the data map. Equal rows are equal bytes.
    pub fn file(self, format: ExportFormat, rows: &[Map<String, Value>]) -> Vec<u8> {
        let mut text = String::new();
        if format == ExportFormat::Csv {
            let names: Vec<&str> = self.columns().iter().map(|(name, _)| *name).collect();
            text.push_str(&names.join(","));
            text.push_str("\r\n");
        }
        for row in rows {
            let told = |field: &str| row.get(field).cloned().unwrap_or_default();
            let cells = self
                .columns()
                .iter()
                .map(|(name, field)| (*name, told(field)));
            match format {
                ExportFormat::Csv => {
                    let cells: Vec<String> = cells.map(|(_, value)| cell(&value)).collect();
                    text.push_str(&cells.join(","));
                    text.push_str("\r\n");
                }
                ExportFormat::Json | ExportFormat::Ndjson => {
                    let line: Map<String, Value> = cells
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect();
                    text.push_str(&Value::Object(line).to_string());
                    text.push('\n');
                }
            }
        }
        text.into_bytes()
    }
}

/// A value as a cell of a table (RFC 4180). A text that a spreadsheet would take for a formula opens with an
/// apostrophe, so that nobody who writes to a team runs anything on its computers (OWASP, CSV Injection).
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            words.join(", ")
        }
        other => other.to_string(),
    };
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = match is_formula && !value.is_number() {
        true => format!("'{text}"),
        false => text,
    };
    match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// What an export in flat files holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The form of the files.
    pub form: ExportFormat,
    /// Of which workspace.
    pub workspace: Option<WorkspaceId>,
    /// When it was asked for.
    pub generated_at: Timestamp,
    /// The files, in order.
    pub parts: Vec<FlatPart>,
    /// How many rows of each table there are.
    pub counts: BTreeMap<String, u64>,
    /// The names of the columns of each table.
    pub columns: BTreeMap<String, Vec<String>>,
    /// What is not in it.
    pub left_out: String,
}

/// A file, as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlatPart {
    /// Counts from 1.
    pub number: u32,
    /// The table.
    pub table: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many rows it holds.
    pub records: u64,
}

impl Manifest {
    /// The manifest of some files.
    pub fn new(
        form: ExportFormat,
        (workspace, generated_at): (Option<WorkspaceId>, Timestamp),
        parts: Vec<FlatPart>,
        counts: BTreeMap<String, u64>,
    ) -> Self {
        let names = |table: &Table| {
            let names = table.columns().iter().map(|(name, _)| (*name).to_owned());
            (table.word().to_owned(), names.collect())
        };
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            form,
            workspace,
            generated_at,
            parts,
            counts,
            columns: Table::ALL.iter().map(names).collect(),
            left_out: "everything else: the JSON form holds it, and only that is read back in"
                .to_owned(),
        }
    }

    /// The document.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn document(&self) -> Result<Vec<u8>, super::ArchiveFault> {
        serde_json::to_vec_pretty(self).map_err(|_| super::ArchiveFault::Form)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::archive;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_its_line() {
        for (value, written) in [
            (json!("=1+1"), "'=1+1"),
            (json!("+41 44"), "'+41 44"),
            (json!("-2"), "'-2"),
            (json!("@SUM(A1)"), "'@SUM(A1)"),
            (json!("\t=1"), "'\t=1"),
            (json!("\r=1"), "\"'\r=1\""),
            (json!("a=1"), "a=1"),
            (
                json!("He said \"no\", twice"),
                "\"He said \"\"no\"\", twice\"",
            ),
            (json!("two\nlines"), "\"two\nlines\""),
            (json!(["=refund", "late"]), "\"'=refund, late\""),
            (json!(-2), "-2"),
            (json!(true), "true"),
            (Value::Null, ""),
        ] {
            assert_eq!(cell(&value), written);
        }
    }

    #[test]
    fn what_is_flat_is_read_back_by_nothing() {
        let at = Timestamp::from_ms(1_768_478_400_000);
        let manifest = Manifest::new(ExportFormat::Csv, (None, at), Vec::new(), BTreeMap::new());
        let document = manifest.document().expect("a document");
        let fault = archive::Manifest::parse(&document).err();
        assert_eq!(fault, Some(archive::ArchiveFault::Version));
    }

    proptest! {
        /// Read as RFC 4180 says, each cell is what was written, with an apostrophe at the most.
        #[test]
        fn a_row_has_its_cells_whatever_is_in_them(texts in prop::collection::vec("[\"',=+\\-@\\t\\r\\na]{0,6}", 2)) {
            let row = json!({ "text": texts[0], "event": texts[1] });
            let row = row.as_object().cloned().unwrap_or_default();
            let file = Table::Messages.file(ExportFormat::Csv, &[row]);
            let file = String::from_utf8(file).expect("text");
            let (names, row) = file.split_once("\r\n").expect("a line of names");
            let (mut cells, mut quoted) = (vec![String::new()], false);
            for c in row.strip_suffix("\r\n").expect("an end").chars() {
                match c {
                    '"' => quoted = !quoted,
                    ',' if !quoted => cells.push(String::new()),
                    c => cells.last_mut().expect("a cell").push(c),
                }
            }
            prop_assert_eq!(cells.len(), names.split(',').count());
            for (at, text) in [(6, &texts[0]), (7, &texts[1])] {
                let bare = text.replace('"', "");
                let mark = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
                prop_assert_eq!(&cells[at], &format!("{mark}{bare}"));
            }
        }
    }
}
