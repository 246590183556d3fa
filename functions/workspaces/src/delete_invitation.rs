//! `DELETE /v1/workspaces/{workspace}/invitations/{invitation}`: the link is good no longer.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{InvitationId, Permission, TenantId, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems},
    store::{CommitError, Transaction, audit::Deed, keys, membership::Invited},
};

use crate::invitation;

/// Take an invitation back.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/invitations/{invitation}",
    operation_id = "delete_invitation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("invitation" = InvitationId, Path, description = "The invitation."),
    ),
    responses((status = 204, description = "Taken back."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, InvitationId)>,
) -> Result<StatusCode, Problem> {
    let [place, key] = invitation::wanted(workspace, id);
    let tenant = TenantId::Platform;
    let wanted = vec![place.clone(), key.clone(), keys::tenant_key(tenant)];
    let member = app
        .member(&token, workspace, Permission::MembersManage, wanted)
        .await?;
    let entry = &member.entry;
    let found = invitation::open(entry.fetched(), entry, id)?;
    let (found, _) = found.ok_or_else(Problem::not_found)?;
    invitation::check_grant(&member, found.role)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume(place);
    transaction.remove(key);
    let platform_key = app
        .store
        .unwrap_tenant_key(tenant, entry.fetched(), entry.now)
        .await?;
    transaction.remove(keys::invited(
        Invited::hash(&platform_key, &found.email),
        id,
    ));
    let line = entry.line(member.id, Deed::InvitationDeleted);
    transaction.audit(line.about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Accepted, or taken back by somebody else.
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
