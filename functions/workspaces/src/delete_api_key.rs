//! `DELETE /v1/workspaces/{workspace}/api-keys/{api_key}`: a program comes in no longer.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{AccountId, ApiKeyId, MemberId, Permission, WorkspaceId},
    http::{AccessToken, Member, Path, Problem, Problems},
    store::{
        CommitError, Record as _, Transaction,
        audit::Deed,
        notice::{Notice, NoticeKind},
    },
};

use crate::{api_key, member};

/// Delete an API key.
///
/// It is refused with its next call. Whoever deletes it and whoever made it are told by mail.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/api-keys/{api_key}",
    operation_id = "delete_api_key",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("api_key" = ApiKeyId, Path, description = "The key."),
    ),
    responses((status = 204, description = "Deleted."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, ApiKeyId)>,
) -> Result<StatusCode, Problem> {
    let member = app
        .member(&token, workspace, Permission::ApiKeysManage, Vec::new())
        .await?;
    let entry = &member.entry;
    let found = api_key::all(&app, entry, workspace).await?;
    let key = found.iter().find(|key| key.id == id);
    let key = key.ok_or_else(Problem::not_found)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume(key.key());
    for account in told(&app, &member, key.made_by).await? {
        let notice = Notice::new(account, NoticeKind::ApiKeyDeleted, entry.now);
        transaction.notify(notice.in_workspace(workspace))?;
    }
    transaction.audit(entry.line(member.id, Deed::ApiKeyDeleted).about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}

/// Who is told: whoever deletes the key, and whoever made it, if they still work here.
async fn told(app: &App, actor: &Member, maker: MemberId) -> Result<Vec<AccountId>, Problem> {
    let mut told = vec![actor.account];
    if maker != actor.id {
        let found = member::colleagues(app, &actor.entry, &[maker]).await?;
        told.extend(found.iter().map(|colleague| colleague.seat.account));
    }
    Ok(told)
}
