//! `DELETE /v1/workspaces/{workspace}/push/{provider}`: this provider brings nothing any more, and what the workspace
//! gave us for it is forgotten.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, push::PushProvider},
    http::{AccessToken, Path, Problem, Problems},
    store::{CommitError, Transaction, audit::Deed, keys},
};

/// End that a provider brings notifications.
///
/// With `webpush` the key is gone: whoever is to be told things again has to subscribe again. Takes a factor
/// that was proved in the last ten minutes.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/push/{provider}",
    operation_id = "remove_push",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("provider" = PushProvider, Path, description = "The provider."),
    ),
    responses((status = 204, description = "Removed."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, provider)): Path<(WorkspaceId, PushProvider)>,
) -> Result<StatusCode, Problem> {
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, Vec::new())
        .await?;
    member.proved()?;
    let entry = &member.entry;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume(keys::push_sender(workspace, provider));
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
