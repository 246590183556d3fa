//! `DELETE /v1/workspaces/{workspace}/devices/{device}`: a member is told nothing on this device any more.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{DeviceId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems},
    store::{CommitError, Transaction, keys},
};

/// Remove a device of one's own.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/devices/{device}",
    operation_id = "remove_device",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("device" = DeviceId, Path, description = "The device."),
    ),
    responses((status = 204, description = "Removed."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, DeviceId)>,
) -> Result<StatusCode, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.belongs()?;
    let mut transaction = Transaction::new(member.entry.now);
    transaction.consume(keys::push_device(workspace, member.id, id));
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
