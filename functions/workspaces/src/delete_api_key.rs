//! `DELETE /v1/workspaces/{workspace}/api-keys/{api_key}`: a program comes in no longer.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{ApiKeyId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems},
    store::{CommitError, Record as _, Transaction},
};

use crate::api_key;

/// Delete an API key.
///
/// It is refused with its next call.
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
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
