//! What Chatwoot gives away: the table of contacts that its dashboard exports (CSV), and the pages of
//! contacts, conversations and messages that its API answers with (JSON), each in a file of its own.
//!
//! Which page a file holds shows in its shape, so names do not matter. Ids here follow from the ids there
//! under the key of the workspace, so importing twice changes nothing. A row that cannot be read is told
//! of and left out; what has no place here is counted by what it is. Nothing of a row is repeated.

mod found;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use shared::{
    app::App,
    domain::{
        ContactId, ConversationId, MemberId, MessageId, Timestamp, WorkspaceId,
        label::LabelName,
        policy::Module,
        text::{Email, ExternalId, Name, Text},
    },
    store::{
        SubjectId, TenantKey,
        contact::{Contact, Profile},
        conversation::{AnsweredBy, Conversation, Status},
        keyring::Use,
        message::{Audience, Message, MessageKind},
    },
};
use uuid::Uuid;

use super::{ImportError, Report, Run, Taken};
use found::Found;

/// Takes what lies in `folder` over into a workspace. `account` is the number of the account there: ids
/// are good within one.
///
/// # Errors
/// When the folder cannot be read, holds nothing of Chatwoot, or storage fails.
pub async fn run(
    app: &App,
    folder: &Path,
    (account, workspace): (u64, WorkspaceId),
    mut say: impl FnMut(String),
) -> Result<Report, ImportError> {
    let found = Found::in_folder(folder)?;
    let messages: usize = found.messages.values().map(BTreeMap::len).sum();
    say(format!(
        "There are {} contacts, {} conversations and {messages} messages.",
        found.contacts.len(),
        found.conversations.len()
    ));
    let now = app.clock.now();
    let mut run = Run::begin(app, None, workspace, now).await?;
    if !run.policy.has(Module::Conversations) {
        return Err(ImportError::Workspace(workspace));
    }
    let key = run.tenant_key.clone();
    let ids = Ids {
        key,
        account,
        workspace,
    };
    run.report.unmapped = found.unmapped.clone();
    run.report.broken = found.broken.clone();
    let mut threads = found.threads();
    for (number, person) in &found.contacts {
        let theirs = threads.remove(number).unwrap_or_default();
        for taken in person.taken(*number, &theirs, &ids, now) {
            run.next(taken).await?;
        }
        for (thread, head) in theirs {
            let said = found.messages.get(&thread);
            let Some(said) = said.filter(|said| !said.is_empty()) else {
                run.report.left("conversations without a message");
                continue;
            };
            let whose = (thread, ids.contact(*number, person));
            for taken in head.taken(whose, said, &ids, now) {
                run.next(taken).await?;
            }
        }
    }
    run.flush().await?;
    for thread in found.messages.keys() {
        if !found.conversations.contains_key(thread) {
            run.report
                .left("conversations of which there are messages only");
        }
    }
    Ok(run.report)
}

/// Ids here, for ids there.
struct Ids {
    key: TenantKey,
    account: u64,
    workspace: WorkspaceId,
}

impl Ids {
    /// An id of the time `at` that the same thing has every time.
    fn id(&self, what: &str, number: u64, at: Timestamp) -> Uuid {
        let name = format!("chatwoot:{}:{what}:{number}", self.account);
        let code = self.key.hash(Use::Import, &name);
        let mut chance = [0; 10];
        chance.copy_from_slice(&code.as_bytes()[..10]);
        let ms = u64::try_from(at.ms()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(ms, &chance).into_uuid()
    }

    fn contact(&self, number: u64, person: &Person) -> ContactId {
        let at = person.created_at.unwrap_or(Timestamp::from_ms(0));
        ContactId::from_uuid(self.id("contact", number, at))
    }
}

/// Somebody, as they are told of there.
#[derive(Default)]
struct Person {
    name: Option<Name>,
    email: Option<Email>,
    external_id: Option<ExternalId>,
    blocked: bool,
    created_at: Option<Timestamp>,
    last_seen_at: Option<Timestamp>,
    /// What of theirs has no place here: told of once, in however many files they are.
    left: BTreeSet<&'static str>,
}

impl Person {
    fn taken(
        &self,
        number: u64,
        threads: &[(u64, &Thread)],
        ids: &Ids,
        now: Timestamp,
    ) -> [Taken; 2] {
        let id = ids.contact(number, self);
        let last = threads.iter().map(|(_, thread)| thread.last_at);
        // Of whom nothing says when they were last there is kept from today on.
        let last_seen_at = last.max().max(self.last_seen_at).or(self.created_at);
        let last_seen_at = last_seen_at.unwrap_or(now).min(now);
        let contact = Contact {
            blocked: self.blocked,
            created_at: self.created_at.unwrap_or(last_seen_at),
            ..Contact::begin(id, ids.workspace, last_seen_at)
        };
        let profile = Profile {
            contact: id,
            workspace: ids.workspace,
            name: self.name.clone(),
            email: self.email.clone(),
            external_id: self.external_id.clone(),
            locale: None,
            kept_from: last_seen_at,
            rev: 1,
        };
        [Taken::Contact(contact), Taken::Profile(profile)]
    }
}

/// A conversation, without what was said.
struct Thread {
    contact: u64,
    status: Status,
    snoozed_until: Option<Timestamp>,
    labels: Vec<LabelName>,
    created_at: Timestamp,
    last_at: Timestamp,
}

impl Thread {
    fn taken(
        &self,
        (number, contact): (u64, ContactId),
        said: &BTreeMap<u64, Said>,
        ids: &Ids,
        now: Timestamp,
    ) -> Vec<Taken> {
        let id = ConversationId::from_uuid(ids.id("conversation", number, self.created_at));
        let mut said: Vec<(&u64, &Said)> = said.iter().collect();
        said.sort_by_key(|(number, said)| (said.at, **number));
        let begun = said.first().map_or(self.created_at, |(_, said)| said.at);
        let begun = begun.min(self.created_at);
        let mut head = Conversation::begin(id, ids.workspace, contact, begun);
        head.labels.clone_from(&self.labels);
        let mut messages = Vec::with_capacity(said.len());
        for (number, said) in said {
            messages.push(said.taken(*number, &mut head, ids));
        }
        let last = head.last_activity_at;
        match self.status {
            Status::Snoozed => match self.snoozed_until.filter(|until| *until > now) {
                Some(until) => head.put_aside(until),
                None => head.stand(Status::Open, last),
            },
            status => head.stand(status, last),
        }
        head.changed_at = last;
        let mut taken = vec![Taken::Conversation(Box::new(head))];
        taken.extend(messages);
        taken
    }
}

/// Who wrote something.
enum Writer {
    Contact,
    Agent(u64),
    Program,
}

/// A message.
struct Said {
    by: Writer,
    private: bool,
    text: Text,
    at: Timestamp,
}

impl Said {
    /// The next message of a thread, which its head counts.
    fn taken(&self, number: u64, head: &mut Conversation, ids: &Ids) -> Taken {
        head.seq += 1;
        head.last_activity_at = self.at.max(head.last_activity_at);
        let author = match self.by {
            Writer::Contact => Some(SubjectId::Contact(head.contact)),
            // Who wrote for the team there is no member here: a pseudonym, as of a member who went.
            Writer::Agent(agent) => {
                let id = ids.id("agent", agent, Timestamp::from_ms(0));
                Some(SubjectId::Member(MemberId::from_uuid(id)))
            }
            Writer::Program => None,
        };
        match (self.private, &self.by) {
            (true, _) => {}
            (false, Writer::Contact) => {
                head.in_seq += 1;
                head.waiting_since.get_or_insert(self.at);
            }
            (false, _) => {
                head.out_seq += 1;
                head.answered_by = Some(AnsweredBy::Team);
                if let Some(since) = head.waiting_since.take() {
                    let waited = u64::try_from(self.at.ms() - since.ms()).unwrap_or_default();
                    head.first_reply_ms.get_or_insert(waited);
                }
            }
        }
        let (message_kind, audience) = match self.private {
            true => (MessageKind::Note, Audience::Team),
            false => (MessageKind::Text, Audience::Both),
        };
        let blank = Message::blank(ids.workspace, head.id, self.at);
        Taken::Message(Box::new(Message {
            id: MessageId::from_uuid(ids.id("message", number, self.at)),
            seq: head.seq,
            author,
            message_kind,
            audience,
            text: Some(self.text.clone()),
            in_seq: head.in_seq,
            out_seq: head.out_seq,
            sent_at: self.at,
            ..blank
        }))
    }
}
