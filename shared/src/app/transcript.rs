//! A transcript: a thread as a document, made when somebody asks for it and kept nowhere. So it ends
//! with its conversation, and whoever may not read a message does not find it in here.

pub mod document;
mod plain;
pub mod words;

use super::App;
use crate::{
    domain::{MemberId, Policy, WorkspaceId, policy::Lens, text::Name},
    store::{
        DataKey, Fetched, RootRef, StoreError, SubjectId, TenantKey,
        contact::Profile,
        conversation::Conversation,
        keys,
        membership::Membership,
        message::{Audience, Message, Span},
        subject::State,
    },
};
use document::Document;

/// How much text one part holds, in bytes, before it ends with the next message. In the widest form,
/// HTML of nothing but quotation marks, that is half of what a function may answer.
pub const PART_BYTES: usize = 512 * 1024;
/// How much text a mail holds, in bytes. SES takes 40 MB; in the widest form, HTML of nothing but quotation marks
/// and all of it in base64, with the plain text beside it, that is 29.
pub const MAIL_BYTES: usize = 3 * 1024 * 1024;
/// What a message counts besides its text: its number, its time and its author's name.
const LINE_BYTES: usize = 600;
/// How many messages are read at once.
const PAGE: u16 = 100;

/// Who reads a transcript, and so what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The visitor of the conversation: what was said to both sides.
    Visitor,
    /// The team, as it could be handed to the visitor.
    Team(Contact),
    /// The team, with its notes and what it did.
    TeamWithNotes(Contact),
}

/// Whether the name of the contact may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// It may.
    Named,
    /// The reader's role hides it.
    Masked,
}

impl Reader {
    fn reads(self, message: &Message) -> bool {
        // A line that tells clients to read a message again tells people nothing: they see the
        // message as it is now.
        message.subject_seq.is_none()
            && match self {
                Self::TeamWithNotes(_) => true,
                Self::Visitor | Self::Team(_) => message.audience == Audience::Both,
            }
    }

    fn names_contact(self) -> bool {
        matches!(
            self,
            Self::Team(Contact::Named) | Self::TeamWithNotes(Contact::Named)
        )
    }
}

/// In which workspace a thread is read, with what, and when.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Its key.
    pub tenant_key: &'a TenantKey,
    /// The time and the policy.
    pub lens: Lens<'a>,
}

/// Somebody who appears in a transcript.
#[derive(Clone)]
pub struct Person {
    /// Who.
    pub id: SubjectId,
    /// What they are called here: a name, or `Visitor`, `Teammate 1`, `Former teammate 1`.
    pub label: String,
}

/// What of a thread its reader gets.
pub struct Transcript {
    /// The head of the thread.
    pub head: Conversation,
    /// The policy of its content.
    pub policy: Policy,
    /// The messages, in their order.
    pub messages: Vec<Message>,
    /// Who appears in them.
    pub people: Vec<Person>,
    /// Whether older messages have ended.
    pub older_ended: bool,
    /// Where the next part begins; nowhere after the last.
    pub next_after_seq: Option<u64>,
}

impl Transcript {
    /// Reads the part of a thread after the number `after`, of `most` bytes and one message: a query for every
    /// hundred messages, and one batch for the names.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn gather(
        app: &App,
        scope: Scope<'_>,
        (head, key): (Conversation, DataKey),
        reader: Reader,
        (after, most): (u64, usize),
    ) -> Result<Self, StoreError> {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        let (mut last, mut first) = (after, None);
        'parts: while last < head.seq {
            let page = app
                .store
                .messages(&head, Span::After(last), PAGE, &key, scope.lens)
                .await?;
            if page.messages.is_empty() {
                last = head.seq;
            }
            for message in page.messages {
                first.get_or_insert(message.seq);
                last = message.seq;
                // What is left out was read too: a part ends after so much work, shown or not.
                bytes += LINE_BYTES;
                if reader.reads(&message) {
                    // A file's row is as short as its name.
                    bytes += LINE_BYTES * message.files.iter().count();
                    bytes += message.text.as_ref().map_or(0, |text| text.reveal().len());
                    messages.push(message);
                }
                if bytes >= most {
                    break 'parts;
                }
            }
        }
        let people = people(app, scope, &head, &messages, reader).await?;
        Ok(Self {
            policy: head.policy(scope.lens),
            messages,
            people,
            older_ended: after == 0 && first.is_none_or(|seq| seq > 1),
            next_after_seq: (last < head.seq).then_some(last),
            head,
        })
    }

    /// As people read it.
    pub fn document(&self) -> Document {
        let label = |id: SubjectId| {
            let person = self.people.iter().find(|person| person.id == id);
            person.map(|person| person.label.as_str())
        };
        let line = |message: &Message| {
            let actor = message.author.and_then(label);
            let member = message
                .subject_member
                .map(SubjectId::Member)
                .and_then(label);
            let answered = message.reply_to_seq.map(|seq| {
                let found = self.messages.binary_search_by_key(&seq, |one| one.seq).ok();
                match found.and_then(|at| self.messages.get(at)) {
                    Some(one) => document::Answered::Here {
                        who: one.author.and_then(label).unwrap_or(words::SYSTEM),
                        at: one.sent_at,
                    },
                    None => document::Answered::Elsewhere,
                }
            });
            document::Line::new(message, actor, member, answered)
        };
        Document {
            conversation: self.head.id,
            created_at: self.head.created_at,
            lines: self.messages.iter().map(line).collect(),
            older_ended: self.older_ended,
            next_after_seq: self.next_after_seq,
        }
    }

    /// As plain text.
    pub fn plain(&self) -> String {
        plain::write(&self.document())
    }
}

/// Everybody who appears in these messages, in the order in which they do.
async fn people(
    app: &App,
    scope: Scope<'_>,
    head: &Conversation,
    messages: &[Message],
    reader: Reader,
) -> Result<Vec<Person>, StoreError> {
    let mut ids: Vec<SubjectId> = Vec::new();
    for message in messages {
        let member = message.subject_member.map(SubjectId::Member);
        for id in message.author.into_iter().chain(member) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    let Scope {
        workspace,
        tenant_key,
        lens,
    } = scope;
    let at_contact = keys::contact(workspace, head.contact);
    let mut wanted = Vec::new();
    for id in &ids {
        match id {
            SubjectId::Member(member) => {
                let at = keys::membership(workspace, *member);
                wanted.extend([keys::data_key(&RootRef::of(&at)), at]);
            }
            SubjectId::Contact(_) if reader.names_contact() => wanted.extend([
                keys::data_key(&RootRef::of(&at_contact)),
                keys::profile(workspace, head.contact),
            ]),
            SubjectId::Account(_)
            | SubjectId::Contact(_)
            | SubjectId::Flow(_)
            | SubjectId::Guest(_)
            | SubjectId::Key(_) => {}
        }
    }
    let fetched = match wanted.is_empty() {
        true => Fetched::default(),
        false => app.store.batch_all(wanted).await?,
    };
    let (mut nameless, mut former) = (0, 0);
    let mut member_label = |member: MemberId| -> Result<String, StoreError> {
        let at = keys::membership(workspace, member);
        let key = fetched.data_key(&at, tenant_key)?;
        let found = match key {
            Some(key) => fetched.get::<Membership>(&at, &key, lens)?,
            None => None,
        };
        let found = found.filter(|membership| membership.state == State::Live);
        Ok(match found.map(|membership| membership.name) {
            Some(Some(name)) => name.reveal().to_owned(),
            Some(None) => {
                nameless += 1;
                format!("Teammate {nameless}")
            }
            None => {
                former += 1;
                format!("Former teammate {former}")
            }
        })
    };
    let contact_name = || -> Result<Option<Name>, StoreError> {
        let Some(key) = fetched.data_key(&at_contact, tenant_key)? else {
            return Ok(None);
        };
        let place = keys::profile(workspace, head.contact);
        let profile = fetched.get::<Profile>(&place, &key, lens)?;
        Ok(profile.and_then(|profile| profile.name))
    };
    let mut people = Vec::with_capacity(ids.len());
    for id in ids {
        let label = match id {
            SubjectId::Member(member) => member_label(member)?,
            SubjectId::Account(_) => "Teammate".to_owned(),
            SubjectId::Flow(_) | SubjectId::Key(_) => "Automatic message".to_owned(),
            SubjectId::Guest(_) => "Guest".to_owned(),
            SubjectId::Contact(_) => {
                let name = contact_name()?.map(|name| name.reveal().to_owned());
                let own = match reader {
                    Reader::Visitor => "You",
                    Reader::Team(_) | Reader::TeamWithNotes(_) => "Visitor",
                };
                name.unwrap_or_else(|| own.to_owned())
            }
        };
        people.push(Person { id, label });
    }
    Ok(people)
}
