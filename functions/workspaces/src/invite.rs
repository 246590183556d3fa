//! `POST /v1/workspaces/{workspace}/invitations`: asks somebody to join; `outbox` mails the link.
//!
//! The answer is the same whether or not the address has an account, unless it is that of a member:
//! colleagues may know that of each other.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        InvitationId, Permission, Role, TenantId, WorkspaceId, billing::plan::Limited, text::Email,
    },
    http::{
        AccessToken, Allowance, Client, Code, IdempotencyKey, Json, Member, Path, Problem,
        Problems, idempotent::Ask,
    },
    store::{
        CommitError, Stored, Transaction, Unsealed,
        audit::Deed,
        keys,
        membership::{Delivery, Invitation, Invited},
    },
};
use utoipa::ToSchema;

use crate::invitation::{self, InvitationState, InvitationView};

/// Somebody to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Where the link goes. Whoever accepts must sign in with this address.
    email: Email,
    /// What they may do once they have joined.
    role: Role,
}

/// Invite somebody.
///
/// Nobody invites into a role above their own.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/invitations",
    operation_id = "invite_member",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key sends one mail."),
    ),
    request_body = Invite,
    responses((status = 202, description = "A mail is on its way.", body = InvitationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    idempotency: IdempotencyKey,
    Json(body): Json<Invite>,
) -> Result<(StatusCode, Allowance, Json<InvitationView>), Problem> {
    let wanted = vec![keys::tenant_key(TenantId::Platform)];
    let member = app
        .member(&token, workspace, Permission::MembersManage, wanted)
        .await?;
    invitation::check_grant(&member, body.role)?;
    let place = workspace.to_string();
    let allowed = app.admit(&client, Act::Invite, &place).await?;
    let entry = &member.entry;
    if invitation::is_member(&app, entry, &body.email).await? {
        return Err(Problem::new(Code::AlreadyMember));
    }
    let room = app.room_for(entry, Limited::Seats).await?;
    let content = serde_json::json!([body.email.identity(), body.role]).to_string();
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "invite_member",
        content: &content,
        now: entry.now,
    };
    let id = InvitationId::new(entry.now);
    let platform_key = app
        .store
        .unwrap_tenant_key(TenantId::Platform, entry.fetched(), entry.now)
        .await?;
    let invited = Invited {
        address: Invited::hash(&platform_key, &body.email),
        invitation: id,
        created_at: entry.now,
    };
    let invitation = Invitation {
        id,
        workspace,
        email: body.email,
        role: body.role,
        token: Invitation::secret(&entry.tenant_key, id).hash(),
        delivery: Some(Delivery::Queued),
        mails: Some(1),
        invited_by: member.id,
        created_at: entry.now,
        rev: 1,
    };
    let data_key = entry
        .tenant_key
        .new_data_key(&keys::invitation(workspace, id), entry.now)?;
    let stored = Stored::new(invitation, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create_root(&stored, &data_key.key, &data_key)?;
    transaction.create(&Stored::new(invited, &entry.policy), &Unsealed)?;
    transaction.check_live(keys::policy(workspace));
    transaction.audit(entry.line(member.id, Deed::InvitationMade).about(id))?;
    room.bind(&mut transaction, workspace);
    let slot = idempotency.remember(&mut transaction, ask, id)?;
    let view = match app.store.commit(transaction).await {
        Ok(()) => InvitationView::new(
            stored.record(),
            InvitationState::Pending,
            entry,
            member.role,
        ),
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let made = IdempotencyKey::replayed::<InvitationId>(&refusal, slot, ask)?;
            if made.is_none() {
                room.left()?;
            }
            again(&app, &member, made.ok_or_else(Problem::not_found)?).await?
        }
    };
    Ok((StatusCode::ACCEPTED, allowed, Json(view)))
}

/// The invitation that an earlier request made; 404 when it has been accepted meanwhile.
async fn again(app: &App, member: &Member, id: InvitationId) -> Result<InvitationView, Problem> {
    let entry = &member.entry;
    let wanted = invitation::wanted(entry.workspace, id).to_vec();
    let fetched = app.store.batch(wanted).await?;
    let found = invitation::open(&fetched, entry, id)?.ok_or_else(Problem::not_found)?;
    Ok(InvitationView::new(
        &found.0,
        InvitationState::Pending,
        entry,
        member.role,
    ))
}
