//! `DELETE /v1/workspaces/{workspace}/webhooks/{webhook}`: a service is told nothing any more. What waits
//! for it goes with its next attempt; the log of what it was told ends within seven days.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WebhookId, WorkspaceId},
    http::{AccessToken, Code, IfMatch, Path, Problem, Problems},
    store::{CommitError, Transaction, audit::Deed, keys},
};

use crate::webhook;

/// Remove a webhook.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/webhooks/{webhook}",
    operation_id = "remove_webhook",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("webhook" = WebhookId, Path, description = "The webhook."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to remove."),
    ),
    responses((status = 204, description = "It is gone."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, WebhookId)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let wanted = vec![keys::webhook(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    let found = webhook::found(entry, workspace, id)?;
    if_match.check(found.rev)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume_version(keys::webhook(workspace, id), found.rev);
    transaction.remove(keys::webhook_health(workspace, id));
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
