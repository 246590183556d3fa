//! Notes about a person, as the team reads them: with a contact, and in its timeline.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{actor::Entry, problem::Problem, whole::Whole};
use crate::{
    app::App,
    domain::{ContactId, MemberId, NoteId, Timestamp},
    store::{
        Query, contact_note::ContactNote, keys, record::read_item, subject::State,
        together::together,
    },
};

/// A note about a contact. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct NoteView {
    /// Its id.
    pub id: NoteId,
    /// About which contact it was written; another one of the same person, perhaps.
    contact_id: ContactId,
    /// What it says.
    #[schema(example = "Prefers to be called in the afternoon")]
    text: String,
    /// Who wrote it.
    member_id: MemberId,
    /// When.
    created_at: Timestamp,
}

impl NoteView {
    /// The view of a note.
    pub fn new(note: &ContactNote) -> Self {
        Self {
            id: note.id,
            contact_id: note.contact,
            text: note.text.reveal().to_owned(),
            member_id: note.member,
            created_at: note.written_at,
        }
    }
}

impl App {
    /// The latest notes about a person, before the id `before` in time, newest first, `limit` of each
    /// contact at most. One query for each contact, at once.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn notes(
        &self,
        entry: &Entry,
        whole: &Whole,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<ContactNote>, Problem> {
        let lives = |state| state == State::Live;
        let persons = whole.persons();
        let persons: Vec<_> = persons.filter(|it| lives(it.contact.state)).collect();
        let opens = keys::CONTACT_NOTE;
        let until = match before {
            Some(before) => format!("{opens}{}", NoteId::from_uuid(before)),
            None => format!("{opens}~"),
        };
        let pages = persons.iter().map(|person| {
            let partition = keys::contact(entry.workspace, person.contact.id).pk;
            // One more may be the one that the last page ended with.
            let query = Query::partition(partition)
                .between(opens, until.clone())
                .newest_first()
                .limit(limit.saturating_add(1));
            let store = self.store.clone();
            async move { store.query(query).await }
        });
        let pages = together(pages.collect::<Vec<_>>()).await?;
        let mut notes = Vec::new();
        for (person, items) in persons.iter().zip(pages) {
            for item in &items {
                notes.extend(read_item::<ContactNote>(item, &person.key, entry.lens())?);
            }
        }
        notes.retain(|note| Some(note.id.uuid()) != before);
        notes.sort_by_key(|note| std::cmp::Reverse(note.id));
        Ok(notes)
    }
}
