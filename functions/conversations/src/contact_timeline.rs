//! `GET /v1/workspaces/{workspace}/contacts/{contact}/timeline`: what there has been with a person.
//!
//! Made of what is there already: the edges from a contact to its conversations, which an erasure follows as
//! well, and the notes about it. Their ids tell when each began, so that both are one list. Besides the batch
//! on entry two queries at once, and one batch of heads; of who has several contacts one batch more, and two
//! queries for each.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{
        ContactId, ConversationId, Permission, TenantId, Timestamp, WorkspaceId, policy::Module,
    },
    http::{
        Credential, Json, Page, Paging, Path, Problem, Problems, Query, actor::Entry, cursor::List,
        notes::NoteView, person,
    },
    store::{
        self, Key, SubjectId, Unsealed,
        contact_note::ContactNote,
        conversation::Conversation,
        keys,
        subject::{Edge, State as Liveness},
        together::together,
    },
    words,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::view::ConversationView;

words! {
    /// What there was.
    pub enum EntryKind {
        /// A conversation, from its beginning on.
        Conversation = "conversation",
        /// A note of the team.
        Note = "note",
    }
}

/// Something that there was with a person.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntry {
    /// What it was.
    #[serde(rename = "type")]
    kind: EntryKind,
    /// When it began, or was written: by this the list goes.
    at: Timestamp,
    /// When the conversation was closed, while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationView>,
    /// The note.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<NoteView>,
}

/// A place in the list.
enum Place {
    Conversation(Key),
    Note(Box<ContactNote>),
}

/// Show what there has been with a contact.
///
/// Conversations by when they began, and notes, the latest first, of every contact of the same person. Only
/// conversations that the reader sees are shown, and notes to who sees personal data: a page may hold fewer
/// than `limit`, or none, and the next one not. Calls that were offered in a conversation stand in its thread.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/timeline",
    operation_id = "show_contact_timeline",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
        Paging,
    ),
    responses((status = 200, description = "A page.", body = Page<TimelineEntry>), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<TimelineEntry>>, Problem> {
    let wanted = person::wanted(workspace, contact).to_vec();
    let permission = Permission::ContactsRead;
    let caller = app.caller(&credential, workspace, permission, wanted);
    let caller = caller.await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let person = person::open(entry.fetched(), entry, contact)?.ok_or_else(Problem::not_found)?;
    let (principal, name) = (caller.subject.to_string(), format!("timeline:{contact}"));
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let before = paging.cursor.as_ref();
    let before = before.map(|cursor| list.read::<Uuid>(cursor, entry.now));
    let before = before.transpose()?;
    let contacts = person.contact.whole();
    let whole = app.whole(entry, person).await?;
    // One more than asked tells whether there is more.
    let few = paging.limit.get() + 1;
    let threads = async {
        match caller.may(Permission::ConversationsRead) {
            true => threads(&app, entry, contacts, before, few).await,
            false => Ok(Vec::new()),
        }
    };
    let notes = async {
        match caller.may(Permission::PersonalDataRead) {
            true => app.notes(entry, &whole, before, few).await,
            false => Ok(Vec::new()),
        }
    };
    let (mut places, notes) = tokio::try_join!(threads, notes)?;
    let notes = notes.into_iter();
    places.extend(notes.map(|note| (note.id.uuid(), Place::Note(Box::new(note)))));
    places.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    let more = places.len() > usize::from(paging.limit.get());
    places.truncate(paging.limit.get().into());
    let next = match places.last().filter(|_| more) {
        Some((last, _)) => Some(list.cursor(last, entry.now)?),
        None => None,
    };
    let heads = places.iter().filter_map(|(_, place)| match place {
        Place::Conversation(head) => Some(head.clone()),
        Place::Note(_) => None,
    });
    let fetched = app.store.batch_together(heads.collect()).await?;
    let mut data = Vec::with_capacity(places.len());
    for (_, place) in places {
        match place {
            Place::Note(note) => data.push(TimelineEntry::note(&note)),
            Place::Conversation(place) => {
                let head = fetched.get::<Conversation>(&place, &Unsealed, entry.lens())?;
                let head = head.filter(|head| {
                    head.state == Liveness::Live && caller.sight.sees(head.standing())
                });
                data.extend(head.map(|head| TimelineEntry::conversation(&head, entry)));
            }
        }
    }
    app.note_reading(&caller, contact).await?;
    Ok(Json(Page::new(data, next)))
}

/// The latest conversations of a person that began before `before`, `limit` of each contact at most: the edges
/// of all of their contacts at once.
async fn threads(
    app: &App,
    entry: &Entry,
    contacts: Vec<ContactId>,
    before: Option<Uuid>,
    limit: u16,
) -> Result<Vec<(Uuid, Place)>, Problem> {
    let tenant = TenantId::Workspace(entry.workspace);
    let opens = format!("{}CONVERSATION#{}#", keys::EDGE, entry.workspace);
    let until = match before {
        Some(before) => format!("{opens}{}", ConversationId::from_uuid(before)),
        None => format!("{opens}~"),
    };
    let pages = contacts.into_iter().map(|contact| {
        let partition = keys::subject_partition(tenant, SubjectId::Contact(contact));
        // One more may be the one that the last page ended with.
        let query = store::Query::partition(partition)
            .between(opens.clone(), until.clone())
            .newest_first()
            .limit(limit.saturating_add(1));
        let store = app.store.clone();
        async move { store.query(query).await }
    });
    let items = together(pages.collect::<Vec<_>>()).await?.concat();
    let place = |item: &store::Item| {
        let root = Edge::root_of(item.get("sk")?.as_s().ok()?)?;
        let id: ConversationId = root.id().parse().ok()?;
        Some((id.uuid(), Place::Conversation(root.head())))
    };
    let places = items.iter().filter_map(place);
    Ok(places.filter(|(id, _)| Some(*id) != before).collect())
}

impl TimelineEntry {
    fn note(note: &ContactNote) -> Self {
        Self {
            kind: EntryKind::Note,
            at: note.written_at,
            closed_at: None,
            conversation: None,
            note: Some(NoteView::new(note)),
        }
    }

    fn conversation(head: &Conversation, entry: &Entry) -> Self {
        Self {
            kind: EntryKind::Conversation,
            at: head.created_at,
            closed_at: head.closed_at,
            conversation: Some(ConversationView::changed(head, entry)),
            note: None,
        }
    }
}
