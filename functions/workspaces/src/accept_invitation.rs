//! `POST /v1/invitations/accept`: whoever was invited joins, once.
//!
//! The token alone is not enough: it must come from somebody signed in with the invited address,
//! so that a forwarded mail lets nobody in. Every other token is answered alike: 404.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AccountId, InvitationId, Policy, TenantId, WorkspaceId,
        policy::Lens,
        text::{Email, Name},
        token::Secret,
    },
    http::{AccessToken, Code, Json, Problem, Problems, SignedIn, actor::Entry},
    store::{
        CommitError, Key, RootRef, Transaction,
        account::{Account, Seat},
        audit::Deed,
        keys,
        membership::{Invitation, Invited, Joining},
        workspace::Workspace,
    },
};
use utoipa::ToSchema;

use crate::{
    member::{self, check_name},
    workspace::{self, WorkspaceView},
};

/// An invitation to accept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The token of the mailed link.
    #[schema(example = "iv_agpajmaebw5hq…")]
    token: String,
    /// What colleagues and visitors will call you: asked for in profiles `inbox` and `calls`,
    /// refused in `flows`.
    #[schema(example = "Ada Lovelace")]
    name: Option<Name>,
}

/// Accept an invitation.
#[utoipa::path(
    post,
    path = "/v1/invitations/accept",
    operation_id = "accept_invitation",
    request_body = AcceptInvitation,
    responses((status = 200, description = "The workspace joined.", body = WorkspaceView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Json(body): Json<AcceptInvitation>,
) -> Result<Json<WorkspaceView>, Problem> {
    let signed_in = app
        .signed_in(&token, account_wanted(token.account()))
        .await?;
    accept(&app, &signed_in, &body.token, body.name)
        .await
        .map(Json)
}

/// An invitation that whoever is signed in may accept, and the workspace that it leads to.
pub struct Opened {
    /// The workspace as it was entered.
    pub entry: Entry,
    /// The workspace itself.
    pub found: Workspace,
    invitation: Invitation,
    inviter: Seat,
}

/// Opens the invitation of a mailed link for whoever is signed in.
///
/// # Errors
/// 404 when there is none for their address, 409 when they are a member already.
pub async fn open(app: &App, signed_in: &SignedIn, token: &str) -> Result<Opened, Problem> {
    let email = own_email(app, signed_in).await?;
    let account = signed_in.account;
    let named = Invitation::read_link_token(token).ok_or_else(Problem::not_found)?;
    let entry = app
        .enter(named.0, wanted(named.0, named.1, account))
        .await?;
    let workspace = entry.workspace;
    let invitation = invitation_of(&entry, named, &email)?;
    if entry
        .open::<Seat>(&keys::seat(account, workspace))?
        .is_some()
    {
        return Err(Problem::new(Code::AlreadyMember));
    }
    let found = workspace::open(entry.fetched(), &entry.tenant_key, workspace, entry.lens())?;
    let inviter = inviter_of(app, &entry, &invitation).await?;
    Ok(Opened {
        found: found.ok_or_else(Problem::not_found)?,
        entry,
        invitation,
        inviter,
    })
}

/// The seat of whoever invited, if they are still there and may still give the role: whoever was
/// removed brings nobody in afterwards.
async fn inviter_of(app: &App, entry: &Entry, invitation: &Invitation) -> Result<Seat, Problem> {
    let mut found = member::colleagues(app, entry, &[invitation.invited_by]).await?;
    let seat = found.pop().map(|inviter| inviter.seat);
    seat.filter(|seat| seat.role.may_grant(invitation.role))
        .ok_or_else(Problem::not_found)
}

/// Makes whoever is signed in a member.
///
/// # Errors
/// As [`open`], and 422 for a name that the profile does not want, or lacks.
pub async fn accept(
    app: &App,
    signed_in: &SignedIn,
    token: &str,
    name: Option<Name>,
) -> Result<WorkspaceView, Problem> {
    let Opened {
        entry,
        found,
        invitation,
        inviter,
    } = open(app, signed_in, token).await?;
    check_name(entry.policy.profile, name.as_ref(), "#/name")?;
    let joining = Joining {
        account: signed_in.account,
        workspace: entry.workspace,
        tenant_key: &entry.tenant_key,
        policy: &entry.policy,
        role: invitation.role,
        name,
        now: entry.now,
    };
    let mut transaction = Transaction::new(entry.now);
    let place = keys::invitation(entry.workspace, invitation.id);
    transaction.consume(keys::data_key(&RootRef::of(&place)));
    transaction.consume(place);
    transaction.check_live(keys::policy(entry.workspace));
    let platform_key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, &signed_in.fetched, entry.now)
        .await?;
    let address = Invited::hash(&platform_key, &invitation.email);
    transaction.remove(keys::invited(address, invitation.id));
    let at_inviter = keys::seat(inviter.account, entry.workspace);
    let by = transaction.check_unchanged(at_inviter, inviter.rev);
    let (member, at_seat) = joining.place(&mut transaction)?;
    let line = entry.line(member, Deed::MemberJoined);
    transaction.audit(line.about(invitation.id))?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = WorkspaceView::new(&found, &entry.policy, member, invitation.role);
            Ok(view.seen_in(&signed_in.session, &entry.policy))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) if refusal.failed(at_seat) => {
            Err(Problem::new(Code::AlreadyMember))
        }
        Err(CommitError::Refused(refusal)) if refusal.failed(by) => {
            Err(Problem::new(Code::Conflict))
        }
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}

/// What telling the address of whoever is signed in takes.
pub fn account_wanted(account: AccountId) -> Vec<Key> {
    let head = keys::account(account);
    let key = keys::data_key(&RootRef::of(&head));
    vec![head, key, keys::tenant_key(TenantId::Platform)]
}

/// The address of whoever is signed in.
async fn own_email(app: &App, signed_in: &SignedIn) -> Result<Email, Problem> {
    let SignedIn {
        account,
        now,
        fetched,
        ..
    } = signed_in;
    let gone = || Problem::new(Code::TokenInvalid);
    let head = keys::account(*account);
    let platform_key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, fetched, *now)
        .await?;
    let key = fetched.data_key(&head, &platform_key)?.ok_or_else(gone)?;
    let lens = Lens {
        now: *now,
        policy: &Policy::platform(),
    };
    let account = fetched
        .get::<Account>(&head, &key, lens)?
        .ok_or_else(gone)?;
    Ok(account.email)
}

/// What accepting reads of the workspace: the invitation, its key, the name, a seat already there.
fn wanted(workspace: WorkspaceId, invitation: InvitationId, account: AccountId) -> Vec<Key> {
    let place = keys::invitation(workspace, invitation);
    let key = keys::data_key(&RootRef::of(&place));
    let seat = keys::seat(account, workspace);
    workspace::wanted(workspace)
        .into_iter()
        .chain([place, key, seat])
        .collect()
}

/// The invitation, if it is there, its secret was brought, and it went to this address.
fn invitation_of(
    entry: &Entry,
    (_, id, secret): (WorkspaceId, InvitationId, Secret),
    email: &Email,
) -> Result<Invitation, Problem> {
    let place = keys::invitation(entry.workspace, id);
    let key = entry.data_key(&place)?.ok_or_else(Problem::not_found)?;
    entry
        .sealed::<Invitation>(&place, &key)?
        .filter(|invitation| invitation.token.matches(&secret))
        .filter(|invitation| invitation.email.identity() == email.identity())
        .ok_or_else(Problem::not_found)
}
