//! The files of Chatwoot, whatever they are called.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use shared::{
    domain::{
        Timestamp,
        label::{LabelName, MAX_LABELS},
        text::{Email, ExternalId, Name, Text},
    },
    store::conversation::Status,
};

use super::{ImportError, Person, Said, Thread, Writer};

/// The columns that are taken over, or say nothing about a person.
const COLUMNS: [&str; 8] = [
    "id",
    "name",
    "email",
    "identifier",
    "blocked",
    "created_at",
    "last_activity_at",
    "account_id",
];

/// Everything that was found in a folder.
#[derive(Default)]
pub(super) struct Found {
    pub(super) contacts: BTreeMap<u64, Person>,
    pub(super) conversations: BTreeMap<u64, Thread>,
    pub(super) messages: BTreeMap<u64, BTreeMap<u64, Said>>,
    pub(super) unmapped: BTreeMap<String, u64>,
    pub(super) broken: Vec<String>,
}

impl Found {
    /// Reads every file.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, ImportError> {
        let unreadable =
            |error: std::io::Error| ImportError::File(format!("{}: {error}", folder.display()));
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.sort();
        let mut found = Self::default();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let ending = path.extension().and_then(|ending| ending.to_str());
            match ending {
                Some("csv") => found.table(&name, &fs::read(&path).map_err(unreadable)?),
                Some("json") => found.page(&name, &fs::read(&path).map_err(unreadable)?),
                _ => found.broken.push(format!("{name}: neither .csv nor .json")),
            }
        }
        let nobodys = found
            .conversations
            .values()
            .filter(|thread| !found.contacts.contains_key(&thread.contact))
            .count();
        if nobodys > 0 {
            found.left_many("conversations without a contact", nobodys);
        }
        match found.contacts.is_empty() {
            true => Err(ImportError::File(format!(
                "{}: no contact in any file",
                folder.display()
            ))),
            false => Ok(found),
        }
    }

    /// The conversations of each contact.
    pub(super) fn threads(&self) -> BTreeMap<u64, Vec<(u64, &Thread)>> {
        let mut threads = BTreeMap::<u64, Vec<(u64, &Thread)>>::new();
        for (number, thread) in &self.conversations {
            let theirs = threads.entry(thread.contact).or_default();
            theirs.push((*number, thread));
        }
        threads
    }

    fn left(&mut self, what: &str) {
        self.left_many(what, 1);
    }

    fn left_many(&mut self, what: &str, count: usize) {
        *self.unmapped.entry(what.to_owned()).or_default() += count as u64;
    }

    /// The table of contacts: which columns it has was chosen when it was exported.
    fn table(&mut self, file: &str, bytes: &[u8]) {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let Ok(columns) = rows.headers().cloned() else {
            self.broken.push(format!("{file}: no line of columns"));
            return;
        };
        for (n, row) in rows.records().enumerate() {
            let at = format!("{file}: row {}", n + 2);
            let Ok(row) = row else {
                self.broken.push(format!("{at}: not in UTF-8"));
                continue;
            };
            let cells = columns.iter().zip(row.iter());
            let cells: serde_json::Map<String, Value> = cells
                .filter(|(_, cell)| !cell.trim().is_empty())
                .map(|(column, cell)| (column.to_owned(), cell.into()))
                .collect();
            self.contact(&at, &cells.into());
        }
    }

    fn page(&mut self, file: &str, bytes: &[u8]) {
        let Ok(page) = serde_json::from_slice::<Value>(bytes) else {
            self.broken.push(format!("{file}: no JSON"));
            return;
        };
        // A list of conversations lies one deeper than the others.
        let inner = if page["data"].is_object() {
            &page["data"]
        } else {
            &page
        };
        let one = std::slice::from_ref(inner);
        let listed = inner["payload"].as_array().or_else(|| inner.as_array());
        for (n, item) in listed.map_or(one, Vec::as_slice).iter().enumerate() {
            let at = format!("{file}: entry {}", n + 1);
            if item.get("message_type").is_some() {
                self.message(&at, item);
            } else if item.get("messages").is_some() || item.get("inbox_id").is_some() {
                self.conversation(&at, item);
            } else if item.get("id").is_some() {
                self.contact(&at, item);
            } else {
                self.broken
                    .push(format!("{at}: no contact, conversation or message"));
            }
        }
    }

    fn contact(&mut self, at: &str, item: &Value) {
        let Some(number) = number(&item["id"]) else {
            self.broken.push(format!("{at}: a contact without an id"));
            return;
        };
        let mut person = self.contacts.remove(&number).unwrap_or_default();
        let text = |field: &str| {
            item[field]
                .as_str()
                .map(str::trim)
                .filter(|text| !text.is_empty())
        };
        let mut bad = |what: &str| self.broken.push(format!("{at}: {what} was left out"));
        match text("name").map(Name::parse) {
            Some(Ok(name)) => person.name = Some(name),
            Some(Err(_)) => bad("a name that is none"),
            None => {}
        }
        match text("email").map(Email::parse) {
            Some(Ok(email)) => person.email = Some(email),
            Some(Err(_)) => bad("an address that is none"),
            None => {}
        }
        match text("identifier").map(ExternalId::parse) {
            Some(Ok(id)) => person.external_id = Some(id),
            Some(Err(_)) => bad("an identifier that is none"),
            None => {}
        }
        person.blocked |= item["blocked"] == true || item["blocked"] == "true";
        person.created_at = person.created_at.or_else(|| time(&item["created_at"]));
        person.last_seen_at = person.last_seen_at.max(time(&item["last_activity_at"]));
        let mut left = std::mem::take(&mut person.left);
        self.contacts.insert(number, person);
        for (field, value) in item.as_object().into_iter().flatten() {
            let what = match field.as_str() {
                "thumbnail" => "pictures of contacts",
                // What is computed from other fields, or is about a channel and no person.
                "availability_status" | "contact_inboxes" | "type" => continue,
                field if COLUMNS.contains(&field) => continue,
                "phone_number" => "phone numbers of contacts",
                _ => "other attributes of contacts",
            };
            if !is_empty(value) && left.insert(what) {
                self.left(what);
            }
        }
        if let Some(person) = self.contacts.get_mut(&number) {
            person.left = left;
        }
    }

    fn conversation(&mut self, at: &str, item: &Value) {
        let sender = &item["meta"]["sender"];
        let contact = number(&sender["id"]).or_else(|| number(&item["contact_id"]));
        let created_at = time(&item["created_at"]).or_else(|| time(&item["timestamp"]));
        let (Some(id), Some(contact), Some(created_at)) =
            (number(&item["id"]), contact, created_at)
        else {
            let what = "a conversation without an id, a contact or a time";
            self.broken.push(format!("{at}: {what}"));
            return;
        };
        if sender.is_object() {
            self.contact(at, sender);
        }
        let mut labels = Vec::new();
        for label in item["labels"].as_array().into_iter().flatten() {
            let slug = label.as_str().unwrap_or_default().to_lowercase();
            match LabelName::parse(&slug.replace([' ', '_'], "-")) {
                Ok(label) if labels.len() < MAX_LABELS => labels.push(label),
                _ => self.left("labels"),
            }
        }
        labels.sort();
        labels.dedup();
        let status = match item["status"].as_str() {
            Some("resolved") => Status::Closed,
            Some("snoozed") => Status::Snoozed,
            _ => Status::Open,
        };
        let last_at = time(&item["last_activity_at"]).unwrap_or(created_at);
        let thread = Thread {
            contact,
            status,
            snoozed_until: time(&item["snoozed_until"]),
            labels,
            created_at,
            last_at: last_at.max(created_at),
        };
        if self.conversations.insert(id, thread).is_none() {
            for (what, value) in [
                ("assignees", &item["meta"]["assignee"]),
                ("teams", &item["meta"]["team"]),
                ("priorities", &item["priority"]),
                ("attributes of conversations", &item["custom_attributes"]),
            ] {
                if !is_empty(value) {
                    self.left(what);
                }
            }
        }
        for message in item["messages"].as_array().into_iter().flatten() {
            self.message(at, message);
        }
    }

    fn message(&mut self, at: &str, item: &Value) {
        let places = (number(&item["id"]), number(&item["conversation_id"]));
        let (Some(id), Some(thread), Some(sent_at)) =
            (places.0, places.1, time(&item["created_at"]))
        else {
            let what = "a message without an id, a conversation or a time";
            self.broken.push(format!("{at}: {what}"));
            return;
        };
        if self
            .messages
            .get(&thread)
            .is_some_and(|all| all.contains_key(&id))
        {
            return;
        }
        if item["message_type"] == 2 || item["message_type"] == "activity" {
            self.left("lines of activity");
            return;
        }
        let files = item["attachments"].as_array().map_or(0, Vec::len);
        if files > 0 {
            self.left_many("files of messages", files);
        }
        let words: String = item["content"]
            .as_str()
            .unwrap_or_default()
            .chars()
            .filter(|char| !char.is_control() || ['\n', '\t', '\r'].contains(char))
            .collect();
        if words.trim().is_empty() {
            self.left("messages without words");
            return;
        }
        let Ok(text) = Text::parse(&words) else {
            self.broken
                .push(format!("{at}: a message of more than 10,000 characters"));
            return;
        };
        let incoming = item["message_type"] == 0 || item["message_type"] == "incoming";
        let agent = (item["sender"]["type"] == "user").then(|| number(&item["sender"]["id"]));
        let by = match (incoming, agent.flatten()) {
            (true, _) => Writer::Contact,
            (false, Some(agent)) => Writer::Agent(agent),
            (false, None) => Writer::Program,
        };
        let said = Said {
            by,
            private: item["private"] == true,
            text,
            at: sent_at,
        };
        self.messages.entry(thread).or_default().insert(id, said);
    }
}

/// An id there: a number, or one in letters as tables have it.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// A time there: seconds since 1970 in answers of the API, in tables `2024-05-01 10:00:00 UTC`; 0 is none.
fn time(value: &Value) -> Option<Timestamp> {
    let ms = match value {
        Value::Number(seconds) => (seconds.as_f64()? * 1000.0) as i64,
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(seconds) => seconds.checked_mul(1000)?,
            Err(_) => {
                let text = text.trim().replacen(" UTC", "Z", 1).replacen(' ', "T", 1);
                let at: Timestamp = serde_json::from_value(text.into()).ok()?;
                at.ms()
            }
        },
        _ => return None,
    };
    // Ids hold 48 bits of milliseconds.
    (1..1_i64 << 47)
        .contains(&ms)
        .then(|| Timestamp::from_ms(ms))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn no_file_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut found = Found::default();
            found.table("a.csv", &bytes);
            found.page("a.json", &bytes);
        }

        /// What lies in a page is taken, counted as left, or told as broken: nothing is lost unsaid.
        #[test]
        fn nothing_of_a_page_is_lost_unsaid(
            fields in prop::collection::btree_map(
                prop::sample::select(vec!["id", "message_type", "messages", "inbox_id", "meta", "content", "created_at",
                    "status", "labels", "email", "conversation_id", "sender", "name"]),
                prop::sample::select(vec![json!(1), json!(-1), json!(1e300), json!("x"), json!(""), json!(null),
                    json!([]), json!({}), json!([{ "id": 2 }]), json!({ "sender": { "id": 3 } })]),
                0..8,
            ),
        ) {
            let mut found = Found::default();
            let page = json!({ "payload": [fields] });
            found.page("a.json", page.to_string().as_bytes());
            let said = found.contacts.len()
                + found.conversations.len()
                + found.messages.len()
                + found.broken.len()
                + found.unmapped.len();
            prop_assert!(said > 0, "{}", page);
        }
    }

    #[test]
    fn times_are_read_in_every_form_and_nonsense_is_none() {
        let at = Some(Timestamp::from_ms(1_714_557_600_000));
        for value in [
            json!(1_714_557_600),
            json!("1714557600"),
            json!("2024-05-01 10:00:00 UTC"),
            json!("2024-05-01T10:00:00.000Z"),
        ] {
            assert_eq!(time(&value), at, "{value}");
        }
        for value in [
            json!(0),
            json!(-5),
            json!("soon"),
            json!(null),
            json!(1e300),
        ] {
            assert_eq!(time(&value), None, "{value}");
        }
    }

    #[test]
    fn whatever_a_file_holds_it_is_told_of_and_nothing_stops() {
        let mut found = Found::default();
        found.table("a.csv", b"id,name\n1,Ada,more\n,Bob\n2,\xff\n\"3");
        found.page("b.json", b"{");
        found.page(
            "c.json",
            br#"[1, {}, {"message_type": 0}, {"inbox_id": 1}, null]"#,
        );
        assert_eq!(found.contacts.keys().collect::<Vec<_>>(), [&1, &3]);
        assert_eq!(found.broken.len(), 8, "{:?}", found.broken);
        assert!(!found.broken.iter().any(|line| line.contains("Bob")));
    }
}
