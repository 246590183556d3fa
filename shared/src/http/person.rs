//! A contact with everything that is known of it: read together, changed under the version of its
//! head.

use super::{actor::Entry, problem::Problem};
use crate::{
    domain::{ContactId, WorkspaceId, privacy::MOST_RESTRICTED_DAYS, text::ExternalId, time::DAY},
    store::{
        DataKey, Fetched, Key, KeyedHash, RootRef, Stored, Transaction, Unsealed,
        contact::{Contact, ExternalOwner, Profile, VisitorContext},
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
    let person = open_kept(fetched, entry, id)?;
    Ok(person.filter(|person| person.contact.state == State::Live))
}

/// The person, be it set aside or not: only for what it asks about its own data.
pub fn open_kept(
    fetched: &Fetched,
    entry: &Entry,
    id: ContactId,
) -> Result<Option<Person>, Problem> {
    let (workspace, lens) = (entry.workspace, entry.lens());
    let place = keys::contact(workspace, id);
    let contact = fetched.get::<Contact>(&place, &Unsealed, lens)?;
    let Some(contact) = contact.filter(Contact::is_kept) else {
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

impl Person {
    /// Sets the person aside, with everything that is known of it, unless that was done before: the
    /// contact as it will be then.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn restrict(
        &self,
        transaction: &mut Transaction,
        entry: &Entry,
    ) -> Result<Contact, Problem> {
        let contact = self.contact.clone();
        if contact.state == State::Restricted {
            return Ok(contact);
        }
        let until = entry.now.plus(DAY * MOST_RESTRICTED_DAYS);
        self.stand(contact.restricted(until, entry.now), transaction, entry)
    }

    /// Uses the person again: the contact as it will be then.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn unrestrict(
        &self,
        transaction: &mut Transaction,
        entry: &Entry,
    ) -> Result<Contact, Problem> {
        let contact = self.contact.clone();
        if contact.state != State::Restricted {
            return Ok(contact);
        }
        self.stand(contact.unrestricted(entry.now), transaction, entry)
    }

    /// Everything that ends with the contact is kept from its last visit.
    fn stand(
        &self,
        contact: Contact,
        transaction: &mut Transaction,
        entry: &Entry,
    ) -> Result<Contact, Problem> {
        let kept_from = contact.last_seen_at;
        if let Some(external) = &self.profile.external_id {
            let owner = ExternalOwner {
                workspace: entry.workspace,
                external: recognise(entry, external),
                contact: contact.id,
                kept_from,
            };
            transaction.overwrite(&Stored::new(owner, &entry.policy), &Unsealed)?;
        }
        if self.has_profile {
            let profile = Profile {
                kept_from,
                ..self.profile.clone()
            };
            transaction.replace(&Stored::next(profile, &entry.policy), &self.key)?;
        }
        let contact = Stored::next(contact, &entry.policy);
        transaction.replace(&contact, &Unsealed)?;
        Ok(contact.into_record())
    }
}

/// How the workspace recognises an external id.
pub fn recognise(entry: &Entry, external_id: &ExternalId) -> KeyedHash {
    entry.tenant_key.hash(Use::ExternalId, external_id.reveal())
}
