//! Members and the invitations that bring them.

use std::collections::BTreeMap;

use shared_derive::Record;

use super::{
    account::Seat,
    db::{Store, StoreError, key_of},
    field::Field as _,
    keyring::{self, TenantKey},
    keys::{self, Key, Table},
    query::{Listed, Query},
    record::Stored,
    seal::{KeyedHash, Unsealed},
    subject::State,
    transaction::{Slot, Transaction},
};
use crate::{
    domain::{
        AccountId, AttachmentId, InvitationId, MemberId, Permission, Policy, Role, Timestamp,
        WorkspaceId,
        policy::Lens,
        text::{Email, Name},
        token::{self, Secret, SecretHash},
    },
    words,
};

/// What the token of a mailed link opens with.
const LINK_PREFIX: &str = "iv";

/// A person in a workspace. The name lies here and not on the account, so that one human in two
/// workspaces is two subjects.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = membership(workspace, id), lists = membership_list(workspace, id),
    tenant = workspace, subject = id, class = Workspace, anchor = created_at,
)]
pub struct Membership {
    /// The member's id, which is all that threads know of them.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: MemberId,
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The sign-in behind it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub account: AccountId,
    /// What colleagues and visitors call them; absent in profile `flows` (FLOW-02).
    #[personal(category = Name, purpose = RunWorkspace, erase = Delete)]
    pub name: Option<Name>,
    /// Their photo, if they have one.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub photo: Option<AttachmentId>,
    /// Whether it may be used.
    #[non_personal(reason = "the state of an erasure")]
    pub state: State,
    /// Since when.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// Who joins, and as what.
#[derive(Debug)]
pub struct Joining<'a> {
    /// The sign-in behind the new member.
    pub account: AccountId,
    /// Where.
    pub workspace: WorkspaceId,
    /// The key of that workspace.
    pub tenant_key: &'a TenantKey,
    /// The policy of that workspace.
    pub policy: &'a Policy,
    /// As what.
    pub role: Role,
    /// Under which name.
    pub name: Option<Name>,
    /// When.
    pub now: Timestamp,
}

impl Joining<'_> {
    /// Puts the new member into `transaction`: a subject with a key of its own, and the seat that
    /// joins it to the account. The slot is that of the seat: it fails for who is a member already.
    ///
    /// # Errors
    /// When its key cannot be made.
    pub fn place(self, transaction: &mut Transaction) -> Result<(MemberId, Slot), StoreError> {
        // An account that is being erased takes no new seats.
        transaction.check_live(keys::account(self.account));
        self.place_beside_account(transaction)
    }

    /// The same in a transaction that makes the account, or checks by itself that it is live.
    ///
    /// # Errors
    /// When its key cannot be made.
    pub fn place_beside_account(
        self,
        transaction: &mut Transaction,
    ) -> Result<(MemberId, Slot), StoreError> {
        let Self {
            account,
            workspace,
            tenant_key,
            policy,
            role,
            name,
            now,
        } = self;
        let id = MemberId::new(now);
        let data_key = tenant_key.new_data_key(&keys::membership(workspace, id), now)?;
        let membership = Membership {
            id,
            workspace,
            account,
            name,
            photo: None,
            state: State::Live,
            created_at: now,
            rev: 1,
        };
        transaction.create_root(&Stored::new(membership, policy), &data_key.key, &data_key)?;
        let seat = Seat {
            account,
            workspace,
            member: id,
            role,
            visibility: None,
            teams: None,
            changed_at: None,
            ends_at: None,
            break_glass: None,
            created_at: now,
            rev: 1,
        };
        let slot = transaction.create(&Stored::new(seat, &Policy::platform()), &Unsealed)?;
        Ok((id, slot))
    }
}

impl Store {
    /// The seats of those of `members` who are there: what they may do and see. Two round trips.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn seats_of(
        &self,
        workspace: WorkspaceId,
        members: &[MemberId],
        now: Timestamp,
    ) -> Result<BTreeMap<MemberId, Seat>, StoreError> {
        let at = |member: &MemberId| keys::membership(workspace, *member);
        let fetched = self.batch_all(members.iter().map(&at).collect()).await?;
        // The name is sealed and not needed: the open fields say enough.
        let account = |member: &MemberId| {
            let live = fetched
                .raw(&at(member))
                .filter(|item| State::read(item.get("state")) == Some(State::Live));
            AccountId::read(live?.get("account"))
        };
        let places = members.iter().filter_map(account);
        let places: Vec<Key> = places
            .map(|account| keys::seat(account, workspace))
            .collect();
        let fetched = self.batch_all(places.clone()).await?;
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let mut seats = BTreeMap::new();
        for place in &places {
            let seat = fetched.get::<Seat>(place, &Unsealed, lens)?;
            let good = seat.filter(|seat| seat.is_good(now) && members.contains(&seat.member));
            seats.extend(good.map(|seat| (seat.member, seat)));
        }
        Ok(seats)
    }
}

words! {
    /// How far the mail of an invitation has got.
    pub enum Delivery {
        /// It came back from where it went.
        Bounced = "bounced",
        /// It arrived, and whoever got it called it unwanted.
        Complained = "complained",
        /// It will not arrive: the mail service refused it, or nothing is sent there any more.
        Failed = "failed",
        /// It is about to be sent.
        Queued = "queued",
        /// The mail service has taken it.
        Sent = "sent",
    }
}

/// An invitation, waiting to be accepted.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = invitation(workspace, id), lists = invitation_list(workspace, id),
    tenant = workspace,
    no_subject = "whose the address is shows only on acceptance; gone in fourteen days",
    class = Invitation, anchor = created_at,
)]
pub struct Invitation {
    /// Its id.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub id: InvitationId,
    /// Into which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Whom.
    #[personal(category = Contact, purpose = RunWorkspace, erase = Delete)]
    pub email: Email,
    /// As what.
    #[non_personal(reason = "a role of the workspace")]
    pub role: Role,
    /// The secret of the mailed link; the mailer computes it, see [`Invitation::secret`].
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Delete, keyed)]
    pub token: SecretHash,
    /// How far its mail has got; absent in what was written before it was noted.
    #[non_personal(reason = "how far a mail has got")]
    pub delivery: Option<Delivery>,
    /// How many mails were asked for.
    #[non_personal(reason = "a counter of mails")]
    pub mails: Option<u64>,
    /// Who invited.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub invited_by: MemberId,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// That an address was invited, for deployments in which only those may make an account.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = invited(address, invitation), tenant = Platform,
    no_subject = "a keyed hash that recognises an invited address; gone with its invitation, in fourteen days",
    class = Invitation, anchor = created_at,
)]
pub struct Invited {
    /// The address, as a keyed hash.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub address: KeyedHash,
    /// By which invitation.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub invitation: InvitationId,
    /// When.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl Invited {
    /// What an address is recognised by.
    pub fn hash(platform_key: &keyring::TenantKey, email: &Email) -> KeyedHash {
        platform_key.hash(keyring::Use::Address, &email.identity())
    }
}

impl Invitation {
    /// The token of the mailed link: computed from the id, so that it is stored nowhere.
    pub fn link_token(
        tenant_key: &keyring::TenantKey,
        workspace: WorkspaceId,
        id: InvitationId,
    ) -> String {
        let secret = Self::secret(tenant_key, id);
        token::write(LINK_PREFIX, &[workspace.uuid(), id.uuid()], &secret)
    }

    /// Which invitation the token of a link names, and the secret it brings.
    pub fn read_link_token(text: &str) -> Option<(WorkspaceId, InvitationId, Secret)> {
        let ([workspace, id], secret) = token::read::<2>(LINK_PREFIX, text)?;
        Some((
            WorkspaceId::from_uuid(workspace),
            InvitationId::from_uuid(id),
            secret,
        ))
    }

    /// The secret part of the link.
    pub fn secret(tenant_key: &keyring::TenantKey, id: InvitationId) -> Secret {
        let hash = tenant_key.hash(keyring::Use::Code, &id.to_string());
        Secret::from_bytes(*hash.as_bytes())
    }
}

/// How many members of a page.
const PAGE: u16 = 100;

impl Store {
    /// The accounts of the members of a workspace who may do something: who is told of it. Three
    /// round trips for every hundred members.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn accounts_that_may(
        &self,
        workspace: WorkspaceId,
        permission: Permission,
        now: Timestamp,
    ) -> Result<Vec<AccountId>, StoreError> {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let (mut accounts, mut after) = (Vec::new(), None);
        loop {
            let mut query = Query::lists(keys::memberships(workspace)).limit(PAGE);
            if let Some((key, sort_key)) = after.take() {
                query = query.after(key, sort_key);
            }
            let Listed { items, more } = self.page(query).await?;
            let heads: Vec<_> = items
                .iter()
                .filter_map(|item| key_of(Table::Data, item))
                .collect();
            after = items.last().and_then(|item| {
                let sort_key = item.get("lists_sk")?.as_s().ok()?.clone();
                Some((key_of(Table::Data, item)?, sort_key))
            });
            let fetched = self.batch_all(heads.clone()).await?;
            // The name is sealed and not needed: the open fields say enough.
            let living = heads.iter().filter_map(|head| {
                let item = fetched.raw(head)?;
                let state = State::read(item.get("state"))?;
                (state == State::Live).then(|| AccountId::read(item.get("account")))?
            });
            let seats: Vec<_> = living
                .map(|account| keys::seat(account, workspace))
                .collect();
            let fetched = self.batch_all(seats.clone()).await?;
            for place in &seats {
                let seat = fetched.get::<Seat>(place, &Unsealed, lens)?;
                let able = seat.filter(|seat| seat.role.may(permission));
                accounts.extend(able.map(|seat| seat.account));
            }
            if !more {
                return Ok(accounts);
            }
        }
    }
}
