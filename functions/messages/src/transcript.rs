//! A transcript: a thread as a document, made when somebody asks for it and kept nowhere. So it ends
//! with its conversation, and whoever may not read a message does not find it in here.

mod document;
mod page;
mod plain;
mod words;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    app::App,
    domain::{ConversationId, MemberId, Policy, Timestamp, text::Name},
    http::{
        Json, Problem,
        actor::Entry,
        view::{AuthorKind, MessageView},
    },
    store::{
        RootRef, SubjectId,
        contact::Profile,
        conversation::Conversation,
        keys,
        membership::Membership,
        message::{Audience, Message, Span},
        subject::State,
    },
    words,
};
use utoipa::ToSchema;

use crate::thread::Thread;
use document::Document;

/// How much text one part holds, in bytes, before it ends with the next message. In the widest form,
/// HTML of nothing but quotation marks, that is half of what a function may answer.
const PART_BYTES: usize = 512 * 1024;
/// What a message counts besides its text: its number, its time and its author's name.
const LINE_BYTES: usize = 600;
/// How many messages are read at once.
const PAGE: u16 = 100;

words! {
    /// The form of a transcript.
    pub enum Format {
        /// One page that loads nothing.
        Html = "html",
        /// For programs.
        Json = "json",
        /// Plain text.
        Txt = "txt",
    }
}

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

/// Somebody who appears in a transcript.
#[derive(Serialize, ToSchema)]
pub struct PersonView {
    /// Their id, as in `author` and `subject_member`.
    #[schema(example = "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    id: String,
    /// Which side.
    #[serde(rename = "type")]
    kind: AuthorKind,
    /// What they are called here: a name, or `Visitor`, `Teammate 1`, `Former teammate 1`.
    #[schema(example = "Ada Lovelace")]
    label: String,
}

/// A part of a thread as a document; of most threads, all of it.
#[derive(Serialize, ToSchema)]
pub struct TranscriptView {
    /// Of which conversation.
    conversation_id: ConversationId,
    /// When it began.
    created_at: Timestamp,
    /// Who appears in this part.
    people: Vec<PersonView>,
    /// The messages, in the order of their numbers. Numbers that are missing are of messages that
    /// are not for this reader.
    messages: Vec<MessageView>,
    /// Whether older messages have ended by the retention of the workspace.
    #[schema(example = false)]
    older_ended: bool,
    /// Where the next part begins: ask with this as `after_seq`. Null in the last part.
    #[schema(example = 812)]
    next_after_seq: Option<u64>,
}

/// What of a thread its reader gets.
pub struct Transcript {
    head: Conversation,
    policy: Policy,
    messages: Vec<Message>,
    people: Vec<PersonView>,
    older_ended: bool,
    next_after_seq: Option<u64>,
}

impl Transcript {
    /// Reads the part of a thread after the number `after`: a query for every hundred messages, and
    /// one batch for the names.
    pub async fn gather(
        app: &App,
        entry: &Entry,
        thread: Thread,
        reader: Reader,
        after: u64,
    ) -> Result<Self, Problem> {
        let Thread { head, key } = thread;
        let (mut messages, mut bytes) = (Vec::new(), 0);
        let (mut last, mut first) = (after, None);
        'parts: while last < head.seq {
            let page = app
                .store
                .messages(&head, Span::After(last), PAGE, &key, entry.lens())
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
                if bytes >= PART_BYTES {
                    break 'parts;
                }
            }
        }
        let people = people(app, entry, &head, &messages, reader).await?;
        Ok(Self {
            policy: head.policy(entry.lens()),
            messages,
            people,
            older_ended: after == 0 && first.is_none_or(|seq| seq > 1),
            next_after_seq: (last < head.seq).then_some(last),
            head,
        })
    }

    /// The answer: a file, kept by no cache.
    pub fn answer(&self, format: Format) -> Response {
        let (kind, body) = match format {
            Format::Txt => (
                "text/plain; charset=utf-8",
                plain::write(&self.document()).into_response(),
            ),
            Format::Html => (
                "text/html; charset=utf-8",
                page::write(&self.document()).into_response(),
            ),
            Format::Json => ("application/json", Json(self.view()).into_response()),
        };
        let name = format!(
            "attachment; filename=\"{}.{}\"",
            self.head.id,
            format.word()
        );
        let headers = [
            (header::CONTENT_TYPE, kind.to_owned()),
            (header::CONTENT_DISPOSITION, name),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        (headers, body.into_body()).into_response()
    }

    fn view(&self) -> TranscriptView {
        let people = self.people.iter().map(PersonView::again).collect();
        let view = |message| MessageView::new(message, &self.policy);
        TranscriptView {
            conversation_id: self.head.id,
            created_at: self.head.created_at,
            people,
            messages: self.messages.iter().map(view).collect(),
            older_ended: self.older_ended,
            next_after_seq: self.next_after_seq,
        }
    }

    fn document(&self) -> Document {
        let label = |id: String| {
            let person = self.people.iter().find(|person| person.id == id);
            person.map(|person| person.label.as_str())
        };
        let line = |message: &Message| {
            let actor = message.author.and_then(|author| label(author.to_string()));
            let member = message.subject_member.and_then(|id| label(id.to_string()));
            document::Line::new(message, actor, member)
        };
        Document {
            conversation: self.head.id,
            created_at: self.head.created_at,
            lines: self.messages.iter().map(line).collect(),
            older_ended: self.older_ended,
            next_after_seq: self.next_after_seq,
        }
    }
}

impl PersonView {
    fn again(&self) -> Self {
        Self {
            id: self.id.clone(),
            kind: self.kind,
            label: self.label.clone(),
        }
    }
}

/// Everybody who appears in these messages, in the order in which they do.
async fn people(
    app: &App,
    entry: &Entry,
    head: &Conversation,
    messages: &[Message],
    reader: Reader,
) -> Result<Vec<PersonView>, Problem> {
    let mut ids: Vec<SubjectId> = Vec::new();
    for message in messages {
        let member = message.subject_member.map(SubjectId::Member);
        for id in message.author.into_iter().chain(member) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    let workspace = entry.workspace;
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
        true => shared::store::Fetched::default(),
        false => app.store.batch_all(wanted).await?,
    };
    let (mut nameless, mut former) = (0, 0);
    let mut member_label = |member: MemberId| -> Result<String, Problem> {
        let at = keys::membership(workspace, member);
        let key = fetched.data_key(&at, &entry.tenant_key)?;
        let found = match key {
            Some(key) => fetched.get::<Membership>(&at, &key, entry.lens())?,
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
    let contact_name = || -> Result<Option<Name>, Problem> {
        let Some(key) = fetched.data_key(&at_contact, &entry.tenant_key)? else {
            return Ok(None);
        };
        let place = keys::profile(workspace, head.contact);
        let profile = fetched.get::<Profile>(&place, &key, entry.lens())?;
        Ok(profile.and_then(|profile| profile.name))
    };
    let mut people = Vec::with_capacity(ids.len());
    for id in ids {
        let (kind, label) = match id {
            SubjectId::Member(member) => (AuthorKind::Member, member_label(member)?),
            SubjectId::Account(_) => (AuthorKind::Member, "Teammate".to_owned()),
            SubjectId::Flow(_) => (AuthorKind::Bot, "Automatic message".to_owned()),
            SubjectId::Guest(_) => (AuthorKind::Visitor, "Guest".to_owned()),
            SubjectId::Key(_) => (AuthorKind::ApiKey, "Automatic message".to_owned()),
            SubjectId::Contact(_) => {
                let name = contact_name()?.map(|name| name.reveal().to_owned());
                let own = match reader {
                    Reader::Visitor => "You",
                    Reader::Team(_) | Reader::TeamWithNotes(_) => "Visitor",
                };
                (AuthorKind::Visitor, name.unwrap_or_else(|| own.to_owned()))
            }
        };
        people.push(PersonView {
            id: id.to_string(),
            kind,
            label,
        });
    }
    Ok(people)
}
