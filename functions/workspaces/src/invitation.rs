//! An invitation as the team sees it.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        AccountId, InvitationId, MemberId, Permission, Policy, Role, TenantId, Timestamp,
        WorkspaceId,
        policy::Lens,
        retention::{Class, Expiry, expiry},
        text::Email,
    },
    http::{Member, Problem, actor::Entry},
    store::{
        DataKey, Fetched, Key, RootRef, Unsealed,
        account::{AddressOwner, Seat},
        keyring::Use,
        keys,
        membership::{Delivery, Invitation},
    },
    words,
};
use utoipa::ToSchema;

use crate::member::{self, Colleague};

words! {
    /// Where an invitation stands.
    pub enum InvitationState {
        /// Waiting to be accepted.
        Pending = "pending",
        /// Good no longer: who invited has gone, or may not give this role any more. Whoever sends
        /// it again makes it theirs.
        Void = "void",
    }
}

/// An invitation.
#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    /// Its id.
    id: InvitationId,
    /// Where it stands.
    state: InvitationState,
    /// Where the link went; `null` for who may not read personal data.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Whether the reader's role hides what is personal, which is `null` then.
    masked: bool,
    /// What the invited will be.
    role: Role,
    /// How far the mail has got; `sent` means that the mail service has taken it.
    delivery: Delivery,
    /// How many mails were asked for.
    #[schema(example = 1)]
    mails: u64,
    /// Who invited.
    invited_by: MemberId,
    /// When.
    created_at: Timestamp,
    /// Until when it may be accepted.
    expires_at: Option<Timestamp>,
}

impl InvitationView {
    /// The view of an invitation for a member who is `reader`.
    pub fn new(
        invitation: &Invitation,
        state: InvitationState,
        entry: &Entry,
        reader: Role,
    ) -> Self {
        let expires_at = match expiry(Class::Invitation, &entry.policy, invitation.created_at) {
            Expiry::At(end) => Some(end),
            Expiry::With(_) => None,
        };
        let masked = !reader.may(Permission::PersonalDataRead);
        Self {
            id: invitation.id,
            state,
            email: (!masked).then(|| invitation.email.reveal().to_owned()),
            masked,
            role: invitation.role,
            delivery: invitation.delivery.unwrap_or(Delivery::Sent),
            mails: invitation.mails.unwrap_or(1),
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at,
        }
    }
}

/// What reading an invitation takes.
pub fn wanted(workspace: WorkspaceId, id: InvitationId) -> [Key; 2] {
    let place = keys::invitation(workspace, id);
    let key = keys::data_key(&RootRef::of(&place));
    [place, key]
}

/// The invitation and its key, if it waits, out of a batch that asked for [`wanted`].
pub fn open(
    fetched: &Fetched,
    entry: &Entry,
    id: InvitationId,
) -> Result<Option<(Invitation, DataKey)>, Problem> {
    let place = keys::invitation(entry.workspace, id);
    let Some(key) = fetched.data_key(&place, &entry.tenant_key)? else {
        return Ok(None);
    };
    let found = fetched.get::<Invitation>(&place, &key, entry.lens())?;
    Ok(found.map(|found| (found, key)))
}

/// Where invitations stand, each by its inviter: an invitation carries the authority of whoever
/// made it, and no longer than they have it.
pub fn state(invitation: &Invitation, inviters: &[Colleague]) -> InvitationState {
    let by = |one: &&Colleague| one.membership.id == invitation.invited_by;
    match inviters.iter().find(by) {
        Some(inviter) if inviter.seat.role.may_grant(invitation.role) => InvitationState::Pending,
        _ => InvitationState::Void,
    }
}

/// Those who made these invitations, as far as they are members, each once.
pub async fn inviters(
    app: &App,
    entry: &Entry,
    invitations: &[Invitation],
) -> Result<Vec<Colleague>, Problem> {
    let mut ids: Vec<MemberId> = invitations.iter().map(|one| one.invited_by).collect();
    ids.sort_unstable();
    ids.dedup();
    member::colleagues(app, entry, &ids).await
}

/// Refuses whoever may not give the role of an invitation: they neither send it again nor take it
/// back.
///
/// # Errors
/// 403 `forbidden`.
pub fn check_grant(member: &Member, role: Role) -> Result<(), Problem> {
    if member.role.may_grant(role) {
        Ok(())
    } else {
        Err(Problem::new(shared::http::Code::Forbidden))
    }
}

/// Whether an address leads to a member already. Two reads whatever it leads to, so that the time
/// and the cost of an answer tell nothing about the accounts of others. Reads the key of the
/// platform out of the batch on entry.
pub async fn is_member(app: &App, entry: &Entry, email: &Email) -> Result<bool, Problem> {
    let policy = Policy::platform();
    let lens = Lens {
        now: entry.now,
        policy: &policy,
    };
    let platform = TenantId::Platform;
    let key = app
        .store
        .unwrap_tenant_key(platform, entry.fetched(), entry.now)
        .await?;
    let at = keys::address(key.hash(Use::Address, &email.identity()));
    let fetched = app.store.batch(vec![at.clone()]).await?;
    let owner = fetched.get::<AddressOwner>(&at, &Unsealed, lens)?;
    let account = owner.map_or_else(|| AccountId::new(entry.now), |owner| owner.account);
    let at = keys::seat(account, entry.workspace);
    let fetched = app.store.batch(vec![at.clone()]).await?;
    Ok(fetched.get::<Seat>(&at, &Unsealed, lens)?.is_some())
}
