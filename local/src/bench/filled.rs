//! A contact with very many messages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;
use shared::app::App;
use shared::domain::archive::{Entry, Manifest, PART_RECORDS, Part};
use shared::domain::{ContactId, ConversationId, MessageId, Timestamp, WorkspaceId};
use shared::store::contact::Contact;
use shared::store::conversation::Conversation;
use shared::store::message::Message;
use shared::store::subject::State;
use shared::store::{Key, Record as _};

use crate::import;

/// A contact with messages, and where they lie.
pub struct Filled {
    /// The contact.
    pub id: ContactId,
    /// Where its messages lie.
    pub messages: Vec<Key>,
}

/// Makes a contact with so many messages in so many conversations, by way of an archive.
///
/// # Errors
/// When not everything was made.
pub async fn fill(
    app: &App,
    folder: &Path,
    workspace: WorkspaceId,
    (messages, conversations): (u32, u32),
) -> Result<Filled, String> {
    let now = app.clock.now();
    let contact = ContactId::new(now);
    let mut filled = Filled {
        id: contact,
        messages: Vec::new(),
    };
    let mut entries = vec![Entry {
        kind: "Contact".to_owned(),
        fields: Contact {
            id: contact,
            workspace,
            verified: false,
            blocked: false,
            state: State::Live,
            created_at: now,
            last_seen_at: now,
            restricted_at: None,
            seen_before: None,
            follow_at: None,
            figures_refused_at: None,
            same_person: None,
            email_proof: None,
            mail_refused_at: None,
            rev: 1,
        }
        .tell(),
    }];
    for number in 0..conversations {
        let share = messages / conversations + u32::from(number < messages % conversations);
        let id = ConversationId::new(now);
        let mut head = Conversation::begin(id, workspace, contact, now);
        (head.seq, head.in_seq) = (u64::from(share), u64::from(share));
        entries.push(Entry {
            kind: "Conversation".to_owned(),
            fields: head.tell(),
        });
        for seq in 1..=u64::from(share) {
            let message = Message {
                seq,
                author: Some(contact.into()),
                text: shared::domain::text::Text::parse(
                    "What somebody says in a hundred letters or so.",
                )
                .ok(),
                in_seq: seq,
                ..Message::blank(workspace, id, now)
            };
            filled.messages.push(message.key());
            let fields = message.tell();
            entries.push(Entry {
                kind: "Message".to_owned(),
                fields,
            });
        }
    }
    write(folder, entries, now)?;
    let imported = import::run(app, folder, workspace, |_| {}).await;
    let report = imported.map_err(|error| error.to_string())?;
    match report.messages == u64::from(messages) {
        true => Ok(filled),
        false => Err(format!("not everything was made: {report}")),
    }
}

/// Writes an archive.
fn write(folder: &Path, entries: Vec<Entry>, now: Timestamp) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(failed)?;
    let (mut parts, mut counts) = (Vec::new(), BTreeMap::<String, u64>::new());
    for entry in &entries {
        *counts.entry(entry.kind.clone()).or_default() += 1;
    }
    for (number, records) in (1..).zip(entries.chunks(PART_RECORDS)) {
        let part = Part::new(number, records.to_vec());
        let (bytes, entry) = part.document().map_err(|fault| fault.to_string())?;
        fs::write(folder.join(format!("bench-{number:06}.json")), bytes).map_err(failed)?;
        parts.push(entry);
    }
    let manifest = Manifest {
        format: shared::domain::archive::FORMAT.to_owned(),
        version: shared::domain::archive::VERSION,
        about: "workspace".to_owned(),
        subject: MessageId::new(now).to_string(),
        workspace: None,
        generated_at: now,
        parts,
        counts,
        left_out: Vec::new(),
        schema: json!({}),
    };
    let bytes = manifest.document().map_err(|fault| fault.to_string())?;
    fs::write(folder.join("bench-manifest.json"), bytes).map_err(failed)
}
