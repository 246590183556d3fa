//! The view of a disclosure, and how one is read for a decision.

use serde::Serialize;
use shared::{
    domain::{ContactId, DisclosureId, ExportId, MemberId, Timestamp, WorkspaceId},
    http::{Code, Problem, actor::Entry},
    store::{
        DataKey, Key, RootRef,
        disclosure::{DisclosedPart, Disclosure, DisclosureState, Ground},
        keys,
    },
};
use utoipa::ToSchema;

/// An entry of the register. It names nobody: ask for the entries about one contact by its id.
#[derive(Serialize, ToSchema)]
pub struct DisclosureView {
    /// Its id.
    id: DisclosureId,
    /// Why.
    ground: Ground,
    /// Who gets it.
    #[schema(example = "District court of Springfield")]
    recipient: String,
    /// What the demand is known by, and what it says.
    #[schema(example = "Order 12 C 34/26: what was written on 3 March")]
    reference: String,
    /// How many conversations.
    #[schema(example = 1)]
    conversations: u64,
    /// How far it is.
    state: DisclosureState,
    /// Who proposed it.
    proposed_by: MemberId,
    /// When.
    proposed_at: Timestamp,
    /// Who approved or declined it.
    decided_by: Option<MemberId>,
    /// When.
    decided_at: Option<Timestamp>,
    /// The copy, once it is approved: fetched as other exports are, for seven days.
    export_id: Option<ExportId>,
    /// Until when the person may not be told.
    silent_until: Option<Timestamp>,
    /// When they were told by mail; absent as long as they may not be, and where no address was proved.
    told_at: Option<Timestamp>,
}

impl DisclosureView {
    pub fn of(disclosure: &Disclosure) -> Self {
        Self {
            id: disclosure.id,
            ground: disclosure.ground,
            recipient: disclosure.recipient.reveal().to_owned(),
            reference: disclosure.reference.reveal().to_owned(),
            conversations: disclosure.conversations,
            state: disclosure.disclosure_state,
            proposed_by: disclosure.proposed_by,
            proposed_at: disclosure.proposed_at,
            decided_by: disclosure.decided_by,
            decided_at: disclosure.decided_at,
            export_id: disclosure.export,
            silent_until: disclosure.silent_until,
            told_at: disclosure.told_at,
        }
    }
}

/// What is read to decide about a disclosure.
pub struct Places {
    pub disclosure: Key,
    pub part: Key,
    pub contact: Key,
    workspace: Key,
}

impl Places {
    pub fn of(workspace: WorkspaceId, contact: ContactId, id: DisclosureId) -> Self {
        Self {
            disclosure: keys::disclosure(workspace, id),
            part: keys::disclosed_part(workspace, contact, id),
            contact: keys::contact(workspace, contact),
            workspace: keys::workspace(workspace),
        }
    }

    pub fn wanted(&self) -> Vec<Key> {
        vec![
            self.disclosure.clone(),
            self.part.clone(),
            self.contact.clone(),
            keys::data_key(&RootRef::of(&self.contact)),
            keys::data_key(&RootRef::of(&self.workspace)),
        ]
    }
}

/// A disclosure that waits for its decision, with what it is written under.
pub struct Waiting {
    pub disclosure: Disclosure,
    pub key: DataKey,
    /// The note with the contact, and its key; gone with the contact.
    pub part: Option<(DisclosedPart, DataKey)>,
}

impl Waiting {
    pub fn read(entry: &Entry, contact: ContactId, at: &Places) -> Result<Self, Problem> {
        let key = entry.data_key(&at.workspace)?;
        let key = key.ok_or_else(|| Problem::internal("a workspace without a key"))?;
        let found = entry.sealed::<Disclosure>(&at.disclosure, &key)?;
        let about = Disclosure::pseudonym(&entry.tenant_key, contact);
        let disclosure = found.filter(|found| found.about == about);
        let disclosure = disclosure.ok_or_else(Problem::not_found)?;
        if disclosure.disclosure_state != DisclosureState::Proposed {
            return Err(Problem::new(Code::Conflict).with_detail("it was decided already"));
        }
        let part = match entry.data_key(&at.contact)? {
            Some(key) => {
                let part = entry.sealed::<DisclosedPart>(&at.part, &key)?;
                part.map(|part| (part, key))
            }
            None => None,
        };
        Ok(Self {
            disclosure,
            key,
            part,
        })
    }
}
