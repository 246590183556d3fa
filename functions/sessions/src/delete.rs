//! `DELETE /v1/workspaces/{workspace}/calls/{call}`: what is known of a call goes (CALL-16). A call that
//! goes on is over with it.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{CallId, Permission, WorkspaceId, call::Side, policy::Module},
    http::{Credential, Path, Problem, Problems},
    store::{CommitError, Transaction, audit::Deed, keys},
};

/// Delete a call.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/calls/{call}",
    operation_id = "delete_call",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("call" = CallId, Path, description = "The call."),
    ),
    responses((status = 204, description = "Deleted."), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id)): Path<(WorkspaceId, CallId)>,
) -> Result<StatusCode, Problem> {
    let caller = app
        .caller(&credential, workspace, Permission::CallsDelete, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Sessions)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume(keys::call(workspace, id));
    for side in Side::ALL {
        transaction.remove(keys::call_quality(workspace, id, *side));
    }
    transaction.audit(entry.line(caller.subject, Deed::CallDeleted).about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
