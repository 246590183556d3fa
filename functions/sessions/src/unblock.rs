//! `DELETE /v1/workspaces/{workspace}/call-blocks/{block}`: whoever was blocked may call again.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{CallBlockId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems},
    store::{CommitError, Transaction, audit::Deed, keys},
};

/// Let somebody call again.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/call-blocks/{block}",
    operation_id = "unblock_caller",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("block" = CallBlockId, Path, description = "The block."),
    ),
    responses((status = 204, description = "Lifted."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, CallBlockId)>,
) -> Result<StatusCode, Problem> {
    let member = app
        .member(&token, workspace, Permission::CallsTake, Vec::new())
        .await?;
    let entry = &member.entry;
    entry.require(Module::Sessions)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume(keys::call_block(workspace, id));
    transaction.audit(entry.line(member.id, Deed::CallerUnblocked))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
