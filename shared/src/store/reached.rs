//! Where an address of mail leads to the contacts that a customer signed for: so that somebody who writes to the
//! contact for privacy reaches whoever answers for their data, without a token (CHAT-21).
//!
//! The index knows an address by a hash under the platform's key, because a mail does not say which workspace
//! it is about. Whoever reads the table learns that two workspaces talk with the same somebody, and not with
//! whom; it is another hash than the one that leads to an account. `outbox` writes it, which hears of every
//! profile, so nobody who lets a visitor in has the platform's key. What leads to the row lies with the contact
//! and takes it along.

use shared_derive::Record;

use super::{
    db::{Store, StoreError, key_of},
    field::Field as _,
    keyring::{TenantKey, Use},
    keys::{self, Key},
    query::{Listed, Query},
    record::{Item, Record as _},
    seal::KeyedHash,
};
use crate::domain::{ContactId, Timestamp, WorkspaceId, text::Email};

/// How many contacts of an address are read at once.
const PAGE: u16 = 100;

/// That an address leads to a contact.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = reached(address, workspace, contact), tenant = Platform,
    within = Contact, class = Root, anchor = since,
)]
pub struct Reached {
    /// The address, as a keyed hash.
    #[personal(category = Identifier, purpose = AnswerRequests, erase = Delete, keyed)]
    pub address: KeyedHash,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The contact.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub contact: ContactId,
    /// Since when.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub since: Timestamp,
}

/// What leads from a contact to its row of the index.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = reached_link(workspace, contact), tenant = workspace,
    within = Contact, class = Root, anchor = since,
)]
pub struct ReachedLink {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub contact: ContactId,
    /// The address, as the index knows it.
    #[personal(category = Identifier, purpose = AnswerRequests, erase = Delete, keyed)]
    pub address: KeyedHash,
    /// Since when.
    #[personal(category = Pseudonym, purpose = AnswerRequests, erase = Delete, open)]
    pub since: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// The hash by which the index knows an address.
pub fn hash_of(platform_key: &TenantKey, address: &Email) -> KeyedHash {
    platform_key.hash(Use::Reached, &address.identity())
}

/// The row of the index that goes with `item`, if that leads to one.
pub(super) fn row_behind(item: &Item) -> Option<Key> {
    let kind = item.get("kind")?.as_s().ok()?;
    if *kind != ReachedLink::DECLARATION.name {
        return None;
    }
    let address = KeyedHash::read(item.get("address"))?;
    let workspace = WorkspaceId::read(item.get("workspace"))?;
    let contact = ContactId::read(item.get("contact"))?;
    Some(keys::reached(address, workspace, contact))
}

impl Store {
    /// The contacts that an address leads to, read strongly; whether they are there still, and have the
    /// address still, is for who reads them to see.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn reached_by(
        &self,
        address: KeyedHash,
    ) -> Result<Vec<(WorkspaceId, ContactId)>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None::<Key>);
        loop {
            let mut query = Query::partition(keys::reached_partition(address)).limit(PAGE);
            if let Some(after) = after.take() {
                query = query.after(after, String::new());
            }
            let Listed { items, more } = self.page(query).await?;
            for key in items
                .iter()
                .filter_map(|item| key_of(keys::Table::Data, item))
            {
                found.extend(keys::whom_reached(&key));
                after = Some(key);
            }
            if !more {
                return Ok(found);
            }
        }
    }
}
