//! Devices that people are told something on: those of members, and those of visitors in the customer's
//! own apps.
//!
//! A device is what its provider knows it by, sealed under the key of its person, and goes with them. It
//! belongs to one person of a workspace: who registers it takes it from who had it. It ends with the
//! sign-in that brought it, when its provider says that it is gone, and after 270 days without a sign of
//! it (CHAT-06).

use shared_derive::Record;

use super::{
    db::{Store, StoreError, key_of},
    keyring::{TenantKey, Use},
    keys::{self, Key, Table},
    query::Query,
    record::{Item, Record as _, read_item},
    seal::{DataKey, KeyedHash},
    subject::SubjectId,
};
use crate::{
    domain::{
        AccountId, ContactId, DeviceId, MemberId, SessionId, Timestamp, WorkspaceId,
        policy::Lens,
        push::{PushProvider, PushToken},
    },
    words,
};

/// The most devices of a person in a workspace; one more takes the place of the one that was seen longest ago.
pub const MOST_DEVICES: usize = 20;

words! {
    /// Why a device was not told something.
    pub enum DeviceFault {
        /// What the workspace gave us for the provider is not good there.
        Credentials = "credentials",
        /// The provider does not take what it was sent.
        Rejected = "rejected",
        /// The provider did not answer, or had too much to do.
        Unreachable = "unreachable",
    }
}

/// A device of a member.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = push_device(workspace, member, id), lists = token_list(workspace, token_hash, id),
    tenant = workspace, within = Membership, class = Device, anchor = seen_at,
)]
pub struct PushDevice {
    /// Its id, which follows from its person and its token.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: DeviceId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// By which account it was brought.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub account: AccountId,
    /// By which sign-in: with that it ends.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub session: SessionId,
    /// Who brings something to it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub provider: PushProvider,
    /// What the provider knows it by.
    #[personal(
        category = Identifier,
        purpose = RunWorkspace,
        erase = Delete,
        withhold = "whoever has it can tell the device something; the device itself has it"
    )]
    pub token: PushToken,
    /// The same, to recognise it.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Delete, keyed)]
    pub token_hash: KeyedHash,
    /// Why it was not told something the last time, if it was not.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub fault: Option<DeviceFault>,
    /// When it was tried out last.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub tested_at: Option<Timestamp>,
    /// When it registered last.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub seen_at: Timestamp,
    /// When it came.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A device of a visitor, in an app of the customer.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = visitor_device(workspace, contact, id), lists = token_list(workspace, token_hash, id),
    tenant = workspace, within = Contact, class = Device, anchor = seen_at,
)]
pub struct VisitorDevice {
    /// Its id, which follows from its person and its token.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: DeviceId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whose.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub contact: ContactId,
    /// Who brings something to it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub provider: PushProvider,
    /// What the provider knows it by.
    #[personal(
        category = Identifier,
        purpose = AnswerVisitor,
        erase = Delete,
        withhold = "whoever has it can tell the device something; the device itself has it"
    )]
    pub token: PushToken,
    /// The same, to recognise it.
    #[personal(category = Identifier, purpose = AnswerVisitor, erase = Delete, keyed)]
    pub token_hash: KeyedHash,
    /// When it registered last.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seen_at: Timestamp,
    /// When it came.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A token under the key of a workspace.
pub fn hash_of_token(tenant_key: &TenantKey, token: &PushToken) -> KeyedHash {
    let provider = token.provider().word();
    let name = format!("token|{provider}|{}", token.known_by().reveal());
    tenant_key.hash(Use::Push, &name)
}

/// The id of the device of a person that has a token: whoever registers it again has the same.
pub fn device_id(tenant_key: &TenantKey, owner: SubjectId, token: KeyedHash) -> DeviceId {
    let name = format!("device|{owner}|{token}");
    let bits = tenant_key.hash(Use::Push, &name);
    // Born at no time in particular: the id says nothing but which device it is.
    DeviceId::derived(Timestamp::from_ms(0), bits.as_bytes())
}

impl Store {
    /// The devices of a member. One read.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn devices_of_member(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Vec<PushDevice>, StoreError> {
        let items = self
            .devices_in(keys::push_devices(workspace, member))
            .await?;
        let read = |item: &Item| read_item::<PushDevice>(item, key, lens).transpose();
        items.iter().filter_map(read).collect()
    }

    /// The devices of a visitor. One read.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn devices_of_visitor(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Vec<VisitorDevice>, StoreError> {
        let partition = keys::contact(workspace, contact).pk;
        let items = self.devices_in(partition).await?;
        let read = |item: &Item| read_item::<VisitorDevice>(item, key, lens).transpose();
        items.iter().filter_map(read).collect()
    }

    /// What there is of devices in the partition of a person, expired or not.
    ///
    /// # Errors
    /// When storage fails.
    pub(super) async fn devices_in(&self, partition: String) -> Result<Vec<Item>, StoreError> {
        let query = Query::partition(partition).between(keys::DEVICE, format!("{}~", keys::DEVICE));
        self.query(query).await
    }

    /// Whether there is any device in the partition of a person.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn has_device(
        &self,
        owner: SubjectId,
        workspace: WorkspaceId,
    ) -> Result<bool, StoreError> {
        let partition = match owner {
            SubjectId::Member(member) => keys::push_devices(workspace, member),
            SubjectId::Contact(contact) => keys::contact(workspace, contact).pk,
            _ => return Ok(false),
        };
        let query = Query::partition(partition)
            .between(keys::DEVICE, format!("{}~", keys::DEVICE))
            .limit(1);
        Ok(!self.query(query).await?.is_empty())
    }

    /// Where devices lie that others have by the same token: whoever registers it now takes it along.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn devices_of_others(
        &self,
        workspace: WorkspaceId,
        token: KeyedHash,
        own: &Key,
    ) -> Result<Vec<Key>, StoreError> {
        let list = Query::lists(keys::devices_of_token(workspace, token)).limit(10);
        let items = self.query(list).await?;
        let places = items.iter().filter_map(|item| key_of(Table::Data, item));
        Ok(places.filter(|place| place != own).collect())
    }

    /// Deletes the devices that a sign-in brought into a workspace.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn end_devices(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
        session: SessionId,
    ) -> Result<(), StoreError> {
        let items = self
            .devices_in(keys::push_devices(workspace, member))
            .await?;
        let session = session.to_string();
        for item in &items {
            let of = item.get("session").and_then(|value| value.as_s().ok());
            if of == Some(&session)
                && let Some(place) = key_of(PushDevice::DECLARATION.table, item)
            {
                self.delete(place).await?;
            }
        }
        Ok(())
    }
}
