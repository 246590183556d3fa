//! `POST /v1/workspaces/{workspace}/invitations`: asks somebody to join; `outbox` mails the link.
//!
//! The answer is the same whether or not the address has an account.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        InvitationId, Permission, Role, Timestamp, WorkspaceId,
        retention::{Class, Expiry, expiry},
        text::Email,
    },
    http::{
        AccessToken, Code, IdempotencyKey, Json, Path, Problem, Problems, actor::Entry,
        idempotent::Ask,
    },
    store::{CommitError, RootRef, Stored, Transaction, keys, membership::Invitation},
    words,
};
use utoipa::ToSchema;

/// Somebody to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Where the link goes. Whoever accepts must sign in with this address.
    email: Email,
    /// What they may do once they have joined.
    role: Role,
}

words! {
    /// Where an invitation stands.
    pub enum InvitationState {
        /// Waiting to be accepted.
        Pending = "pending",
    }
}

/// An invitation.
#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    /// Its id.
    id: InvitationId,
    /// Where it stands.
    state: InvitationState,
    /// Until when it may be accepted.
    expires_at: Option<Timestamp>,
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
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    idempotency: IdempotencyKey,
    Json(body): Json<Invite>,
) -> Result<(StatusCode, Json<InvitationView>), Problem> {
    let member = app
        .member(&token, workspace, Permission::MembersManage, Vec::new())
        .await?;
    if !member.role.may_grant(body.role) {
        return Err(Problem::new(Code::Forbidden));
    }
    let entry = &member.entry;
    let content = serde_json::json!([body.email.identity(), body.role]).to_string();
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "invite_member",
        content: &content,
        now: entry.now,
    };
    let id = InvitationId::new(entry.now);
    let invitation = Invitation {
        id,
        workspace,
        email: body.email,
        role: body.role,
        token: Invitation::secret(&entry.tenant_key, id).hash(),
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
    transaction.check_live(keys::policy(workspace));
    let slot = idempotency.remember(&mut transaction, ask, id)?;
    let view = match app.store.commit(transaction).await {
        Ok(()) => view(stored.record(), entry),
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let made = IdempotencyKey::replayed::<InvitationId>(&refusal, slot, ask)?;
            again(&app, entry, made.ok_or_else(Problem::not_found)?).await?
        }
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// The invitation that an earlier request made; 404 when it has been accepted meanwhile.
async fn again(app: &App, entry: &Entry, id: InvitationId) -> Result<InvitationView, Problem> {
    let place = keys::invitation(entry.workspace, id);
    let wanted = vec![place.clone(), keys::data_key(&RootRef::of(&place))];
    let fetched = app.store.batch(wanted).await?;
    let key = fetched
        .data_key(&place, &entry.tenant_key)?
        .ok_or_else(Problem::not_found)?;
    let invitation = fetched.get::<Invitation>(&place, &key, entry.lens())?;
    Ok(view(&invitation.ok_or_else(Problem::not_found)?, entry))
}

fn view(invitation: &Invitation, entry: &Entry) -> InvitationView {
    let expires_at = match expiry(Class::Invitation, &entry.policy, invitation.created_at) {
        Expiry::At(end) => Some(end),
        Expiry::With(_) => None,
    };
    InvitationView {
        id: invitation.id,
        state: InvitationState::Pending,
        expires_at,
    }
}
