//! `POST /v1/workspaces/{workspace}/search`: what was written, and who wrote it, found again.
//!
//! Everything that is looked for lies sealed, and there is no index of words: one would say what people
//! talk about to whoever holds the table, and would have to be erased with them. So a search opens what it
//! looks through, from the latest on, until it has looked at so much (100 conversations, 1,000 messages or
//! 2 MiB of text, 200 contacts); the reply says how far that was, and its cursor goes on there.
//!
//! It is a POST because names and addresses that somebody looks for do not belong into an address line,
//! which browsers remember and servers write down.

mod needle;
mod people;
mod threads;

use axum::extract::State;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{
    app::{App, limit::Act},
    domain::{
        AppId, ContactId, ConversationId, Permission, Timestamp, WorkspaceId, label::LabelName,
        policy::Module, text::SearchWords, words::Symbol,
    },
    http::{
        Allowance, Caller, Client, Credential, Json, PageInfo, Paging, Path, Problem, Problems,
        Query, cursor::List, view::Author,
    },
    store::{
        SubjectId,
        contact::{Contact, Profile},
        conversation::Conversation,
        message::Message,
    },
    words,
};
use utoipa::ToSchema;

use needle::{Excerpt, Mark, Needle};
use threads::Filter;

words! {
    /// What is looked through.
    pub enum SearchIn {
        /// What people told of themselves: name, address, the customer's own identifier.
        Contacts = "contacts",
        /// Labels, and with whom the conversation is.
        Conversations = "conversations",
        /// What was written, internal notes and names of files included.
        Messages = "messages",
    }
}

words! {
    /// What was found.
    pub enum HitKind {
        /// Somebody.
        Contact = "contact",
        /// A conversation.
        Conversation = "conversation",
        /// A message.
        Message = "message",
    }
}

words! {
    /// Where the words stand.
    pub enum Field {
        /// The address.
        Email = "email",
        /// The customer's own identifier.
        ExternalId = "external_id",
        /// The name of a file.
        FileName = "file_name",
        /// The labels.
        Labels = "labels",
        /// The name.
        Name = "name",
        /// The text.
        Text = "text",
    }
}

/// What is looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "query": "parcel berlin", "in": "messages", "author": "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m",
}))]
pub struct Search {
    /// Up to ten words; each has to be there, whatever its case and its diacritics, be it as a part of a
    /// longer one.
    query: SearchWords,
    /// Where: `messages` unless asked otherwise.
    #[serde(rename = "in")]
    #[schema(inline)]
    within: Option<SearchIn>,
    /// Only what was written, or conversations that had a message, at this time or later.
    from: Option<Timestamp>,
    /// Only what was written, or conversations that began, before this time.
    to: Option<Timestamp>,
    /// Only what this member, contact, flow or key wrote; of messages alone. Of a contact: whatever the
    /// person wrote, also as another contact of theirs.
    #[schema(max_length = 40, example = "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m")]
    author: Option<String>,
    /// Only in conversations with this label.
    label: Option<LabelName>,
    /// Only in conversations that visitors began through this app: an inbox.
    app_id: Option<AppId>,
}

/// Something that was found. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct Hit {
    /// What it is.
    #[serde(rename = "type")]
    kind: HitKind,
    /// The conversation, unless it is a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<ConversationId>,
    /// With whom.
    contact_id: ContactId,
    /// The name of that contact; null where there is none, or the reader's role hides it.
    #[schema(example = "Ada Lovelace")]
    contact_name: Option<String>,
    /// The number of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 7)]
    seq: Option<u64>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Author>,
    /// When: a message was sent, a conversation had its last one, a contact came first.
    at: Timestamp,
    /// Where the words stand.
    field: Field,
    /// What stands around them.
    #[schema(example = "Where is my parcel?")]
    snippet: String,
    /// Where in the snippet they are.
    highlights: Vec<Mark>,
}

/// How far a search looked, for this page: of what the reader sees, and nothing else.
#[derive(Serialize, ToSchema)]
pub struct Searched {
    /// Conversations.
    #[schema(example = 100)]
    conversations: u64,
    /// Messages.
    #[schema(example = 812)]
    messages: u64,
    /// Contacts.
    #[schema(example = 0)]
    contacts: u64,
    /// Conversations that changed, or contacts who came first, after this have been looked through by
    /// this page and those before it; null when nothing is left.
    back_to: Option<Timestamp>,
    /// Whether names and addresses were looked at: the role of a reader may hide them.
    names: bool,
}

/// A page of what was found. While there is more, not finding something means nothing.
#[derive(Serialize, ToSchema)]
pub struct Found {
    /// What was found: conversations by their last change, the latest first, and within one the latest
    /// message first; contacts by their first visit, the latest first.
    data: Vec<Hit>,
    /// How far this page looked.
    searched: Searched,
    /// Where the search goes on.
    page: PageInfo,
}

/// Search contacts, conversations or messages.
///
/// One request looks at 100 conversations, 1,000 messages or 200 contacts and then pauses, whatever it
/// found: `page.has_more` says that there is more to look at, so that a page may be empty and the next
/// one not. What changes meanwhile comes to the beginning: search anew for that.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/search",
    operation_id = "search",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Paging),
    request_body = Search,
    responses((status = 200, description = "A page.", body = Found), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Query(paging): Query<Paging>,
    Json(search): Json<Search>,
) -> Result<(Allowance, Json<Found>), Problem> {
    let needle = Needle::new(&search.query)
        .ok_or_else(|| Problem::invalid("#/query", "empty", "at least one letter or digit"))?;
    let within = search.within.unwrap_or(SearchIn::Messages);
    let mut filter = search.filter(within)?;
    let caller = app
        .caller(
            &credential,
            workspace,
            Permission::ConversationsRead,
            Vec::new(),
        )
        .await?;
    caller.entry.require(Module::Conversations)?;
    if let Some(SubjectId::Contact(contact)) = filter.authors.first().copied() {
        // Whoever it is wrote as every contact of theirs.
        let same = crate::people::whole(&app, &caller.entry, contact).await?;
        let same = same.unwrap_or_else(|| vec![contact]);
        filter.authors = same.into_iter().map(SubjectId::Contact).collect();
    }
    // Who is here by break-glass reads what they were let in for, and looks for nothing.
    caller.belongs()?;
    let principal = caller.subject.to_string();
    let allowed = app.admit(&client, Act::Search, &principal).await?;
    let asked = Asked {
        app: &app,
        caller: &caller,
        words: search.query.reveal(),
        needle,
        limit: usize::from(paging.limit.get()),
    };
    let name = search.name(workspace, within);
    let list = List {
        key: &caller.entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let (list, cursor) = (&list, paging.cursor.as_deref());
    let found = match within {
        SearchIn::Contacts => {
            let answer = people::contacts(&asked, asked.from(list, cursor)?).await?;
            asked.found(list, answer)?
        }
        SearchIn::Conversations => {
            let from = asked.from(list, cursor)?;
            let answer = threads::conversations(&asked, &filter, from).await?;
            asked.found(list, answer)?
        }
        SearchIn::Messages => {
            let from = asked.from(list, cursor)?;
            let answer = threads::messages(&asked, &filter, from).await?;
            asked.found(list, answer)?
        }
    };
    Ok((allowed, found))
}

impl Search {
    fn filter(&self, within: SearchIn) -> Result<Filter, Problem> {
        let of_messages = within == SearchIn::Messages;
        let of_threads = within != SearchIn::Contacts;
        for (pointer, given, fits) in [
            ("#/from", self.from.is_some(), of_threads),
            ("#/to", self.to.is_some(), of_threads),
            ("#/label", self.label.is_some(), of_threads),
            ("#/app_id", self.app_id.is_some(), of_threads),
            ("#/author", self.author.is_some(), of_messages),
        ] {
            if given && !fits {
                let detail = "nothing that is looked through here has one";
                return Err(Problem::invalid(pointer, "forbidden", detail));
            }
        }
        let author = |text: &String| {
            SubjectId::from_symbol(text).ok_or_else(|| {
                Problem::invalid("#/author", "bad_id", "an id of a member or a contact")
            })
        };
        Ok(Filter {
            from: self.from,
            to: self.to,
            authors: self.author.iter().map(author).collect::<Result<_, _>>()?,
            label: self.label.clone(),
            app: self.app_id,
        })
    }

    /// What a cursor is bound to: it goes on with the same search only. The words are hashed with the
    /// rest, and in no cursor.
    fn name(&self, workspace: WorkspaceId, within: SearchIn) -> String {
        let Self {
            query,
            from,
            to,
            author,
            label,
            app_id,
            ..
        } = self;
        format!(
            "search:{workspace}:{}:{from:?}:{to:?}:{author:?}:{label:?}:{app_id:?}:{}",
            within.word(),
            query.reveal()
        )
    }
}

/// A search, and who asks.
struct Asked<'a> {
    app: &'a App,
    caller: &'a Caller,
    words: &'a str,
    needle: Needle,
    limit: usize,
}

/// What was found, how far was looked, and where to go on.
struct Answer<T> {
    hits: Vec<Hit>,
    conversations: u64,
    messages: u64,
    contacts: u64,
    back_to: Option<Timestamp>,
    onward: Option<T>,
}

impl Asked<'_> {
    fn from<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        cursor: Option<&str>,
    ) -> Result<Option<T>, Problem> {
        let now = self.caller.entry.now;
        cursor.map(|cursor| list.read(cursor, now)).transpose()
    }

    fn found<T: Serialize>(
        &self,
        list: &List<'_>,
        answer: Answer<T>,
    ) -> Result<Json<Found>, Problem> {
        let now = self.caller.entry.now;
        let next = answer.onward.map(|onward| list.cursor(onward, now));
        let next_cursor = next.transpose()?;
        Ok(Json(Found {
            data: answer.hits,
            searched: Searched {
                conversations: answer.conversations,
                messages: answer.messages,
                contacts: answer.contacts,
                back_to: answer.back_to,
                names: self.caller.may(Permission::PersonalDataRead),
            },
            page: PageInfo {
                has_more: next_cursor.is_some(),
                next_cursor,
            },
        }))
    }

    fn find_in(&self, profile: &Profile) -> Option<(Field, Excerpt)> {
        let Profile {
            name,
            email,
            external_id,
            ..
        } = profile;
        [
            (Field::Name, name.as_ref().map(|name| name.reveal())),
            (Field::Email, email.as_ref().map(|email| email.reveal())),
            (
                Field::ExternalId,
                external_id.as_ref().map(|id| id.reveal()),
            ),
        ]
        .into_iter()
        .find_map(|(field, text)| Some((field, self.needle.find(text?)?)))
    }

    fn find_label(&self, labels: &[LabelName]) -> Option<(Field, Excerpt)> {
        let labels: Vec<String> = labels.iter().map(LabelName::to_string).collect();
        Some((Field::Labels, self.needle.find(&labels.join(" "))?))
    }

    fn find_message(&self, message: &Message) -> Option<(Field, Excerpt)> {
        let text = message.text.as_ref();
        let text = text.and_then(|text| Some((Field::Text, self.needle.find(text.reveal())?)));
        let of_file = || {
            let mut names = message.files.iter().map(|file| file.name.reveal());
            names.find_map(|name| Some((Field::FileName, self.needle.find(name)?)))
        };
        text.or_else(of_file)
    }
}

impl Hit {
    fn new(kind: HitKind, contact_id: ContactId, at: Timestamp, found: (Field, Excerpt)) -> Self {
        let (field, found) = found;
        Self {
            kind,
            conversation_id: None,
            contact_id,
            contact_name: None,
            seq: None,
            author: None,
            at,
            field,
            snippet: found.snippet,
            highlights: found.highlights,
        }
    }

    fn contact(head: &Contact, profile: &Profile, found: (Field, Excerpt)) -> Self {
        let mut hit = Self::new(HitKind::Contact, head.id, head.created_at, found);
        hit.name(Some(profile));
        hit
    }

    fn conversation(
        head: &Conversation,
        profile: Option<&Profile>,
        found: (Field, Excerpt),
    ) -> Self {
        let at = head.last_activity_at;
        let mut hit = Self::new(HitKind::Conversation, head.contact, at, found);
        hit.conversation_id = Some(head.id);
        hit.name(profile);
        hit
    }

    fn message(head: &Conversation, message: &Message, found: (Field, Excerpt)) -> Self {
        let hit = Self::new(HitKind::Message, head.contact, message.sent_at, found);
        Self {
            conversation_id: Some(head.id),
            seq: Some(message.seq),
            author: Some(Author::of(message)),
            ..hit
        }
    }

    fn name(&mut self, profile: Option<&Profile>) {
        let name = profile.and_then(|profile| profile.name.as_ref());
        self.contact_name = name.map(|name| name.reveal().to_owned());
    }
}
