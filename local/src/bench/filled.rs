//! A stack of its own with a contact that has very many messages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::Args;
use serde_json::json;
use shared::app::{App, Clock};
use shared::domain::archive::{Entry, Manifest, PART_RECORDS, Part};
use shared::domain::{ContactId, ConversationId, MessageId, Timestamp, WorkspaceId};
use shared::store::contact::Contact;
use shared::store::conversation::Conversation;
use shared::store::message::Message;
use shared::store::{Key, Record as _};
use tempfile::TempDir;

use super::stage::stage;
use crate::import;
use crate::seed::Demo;
use crate::stack::{Stack, Storage};

/// How much there is, and how it is told.
#[derive(Args)]
pub struct Load {
    /// How many messages there are.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub items: u32,
    /// In how many conversations.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub conversations: u32,
    /// Prints one line of JSON instead of a text.
    #[arg(long)]
    pub json: bool,
}

/// A stack in a folder that goes with it, and the workspace of the demo.
pub struct Bed {
    /// The stack.
    pub stack: Stack,
    /// The workspace.
    pub workspace: WorkspaceId,
    folder: TempDir,
}

impl Bed {
    /// Starts one.
    ///
    /// # Errors
    /// When it does not start, in words.
    pub async fn start(clock: Clock) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let stack = stage(Storage::Folder(folder.path().join("data")), clock).await?;
        let demo = Demo::prepare(&stack).await;
        let demo = demo.map_err(|error| error.to_string())?;
        let workspace = demo.ids.workspace_id.parse().map_err(|_| "no workspace")?;
        Ok(Self {
            stack,
            workspace,
            folder,
        })
    }

    /// What the schedules work with.
    pub fn app(&self) -> Result<&App, String> {
        let app = self.stack.app("retention");
        app.ok_or_else(|| "no function retention".to_owned())
    }

    /// A contact with all of the load.
    pub async fn fill(&self, load: &Load) -> Result<Filled, String> {
        let folder = self.folder.path().join("many");
        let many = (load.items, load.conversations);
        fill(self.app()?, &folder, self.workspace, many).await
    }

    /// A contact with a tenth of it in one conversation, for the floor.
    pub async fn fill_little(&self, load: &Load) -> Result<Filled, String> {
        let folder = self.folder.path().join("little");
        let little = ((load.items / 10).max(10), 1);
        fill(self.app()?, &folder, self.workspace, little).await
    }
}

/// A contact with messages, and where they lie.
pub struct Filled {
    /// The contact.
    pub id: ContactId,
    /// Where its messages lie.
    pub messages: Vec<Key>,
}

/// Makes a contact with so many messages in so many conversations, by way of an archive.
async fn fill(
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
        fields: Contact::begin(contact, workspace, now).tell(),
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
