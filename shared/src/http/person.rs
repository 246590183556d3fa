//! A contact with everything that is known of it: read together, changed under the version of its
//! head.

use super::{actor::Entry, problem::Problem};
use crate::{
    domain::{ContactId, WorkspaceId, text::ExternalId},
    store::{
        DataKey, Fetched, Key, KeyedHash, RootRef, Stored, Transaction, Unsealed,
        contact::{Contact, Profile, VisitorContext},
        keyring::Use,
        keys,
        subject::State,
    },
};

/// How often a change that lost a race is tried again.
pub const RACES: u32 = 3;

/// A contact with everything that is known of it.
pub struct Person {
    /// The head: every change of the person counts its version up.
    pub contact: Contact,
    /// What it told of itself.
    pub profile: Profile,
    /// Whether the profile has a row of its own.
    pub has_profile: bool,
    /// Where it is on the customer's pages.
    pub context: Option<VisitorContext>,
    /// The key of everything sealed about it.
    pub key: DataKey,
}

/// What reading a person takes.
pub fn wanted(workspace: WorkspaceId, contact: ContactId) -> [Key; 4] {
    let head = keys::contact(workspace, contact);
    let key = keys::data_key(&RootRef::of(&head));
    [
        head,
        key,
        keys::profile(workspace, contact),
        keys::context(workspace, contact),
    ]
}

/// The head of a contact, if it lives.
pub fn head(fetched: &Fetched, entry: &Entry, id: ContactId) -> Result<Option<Contact>, Problem> {
    let place = keys::contact(entry.workspace, id);
    let head = fetched.get::<Contact>(&place, &Unsealed, entry.lens())?;
    Ok(head.filter(|head| head.state == State::Live))
}

/// The person, if it lives, out of a batch that asked for [`wanted`].
pub fn open(fetched: &Fetched, entry: &Entry, id: ContactId) -> Result<Option<Person>, Problem> {
    let (workspace, lens) = (entry.workspace, entry.lens());
    let Some(contact) = head(fetched, entry, id)? else {
        return Ok(None);
    };
    let place = keys::contact(workspace, id);
    let Some(key) = fetched.data_key(&place, &entry.tenant_key)? else {
        return Ok(None);
    };
    let profile = fetched.get::<Profile>(&keys::profile(workspace, id), &key, lens)?;
    let context = fetched.get::<VisitorContext>(&keys::context(workspace, id), &key, lens)?;
    let has_profile = profile.is_some();
    let profile = profile.unwrap_or_else(|| silent(&contact));
    Ok(Some(Person {
        contact,
        profile,
        has_profile,
        context,
        key,
    }))
}

/// The profile of a contact that told nothing.
pub const fn silent(contact: &Contact) -> Profile {
    Profile {
        contact: contact.id,
        workspace: contact.workspace,
        name: None,
        email: None,
        external_id: None,
        locale: None,
        kept_from: contact.last_seen_at,
        rev: 0,
    }
}

impl Person {
    /// Puts the next version of head and profile into `transaction`, on the condition that nobody
    /// changed the person since it was read; returns the person as it will be then.
    pub fn place(self, transaction: &mut Transaction, entry: &Entry) -> Result<Self, Problem> {
        let Self {
            contact,
            profile,
            has_profile,
            context,
            key,
        } = self;
        let contact = Stored::next(contact, &entry.policy);
        transaction.replace(&contact, &Unsealed)?;
        let profile = Stored::next(profile, &entry.policy);
        if has_profile {
            transaction.replace(&profile, &key)?;
        } else {
            transaction.create(&profile, &key)?;
        }
        let (contact, profile) = (contact.into_record(), profile.into_record());
        Ok(Self {
            contact,
            profile,
            has_profile: true,
            context,
            key,
        })
    }
}

/// How the workspace recognises an external id.
pub fn recognise(entry: &Entry, external_id: &ExternalId) -> KeyedHash {
    entry.tenant_key.hash(Use::ExternalId, external_id.reveal())
}
