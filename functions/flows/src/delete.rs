//! `DELETE /v1/workspaces/{workspace}/flows/{flow}`: the flow goes, with its versions.
//!
//! Its head goes now; `outbox` takes its key and the rest along. Conversations that go through it are
//! handed to people with their next turn.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Code, Credential, IfMatch, Path, Problem, Problems},
    store::{CommitError, Transaction, audit::Deed, keys},
};

use crate::{desk::Desk, rules};

/// Delete a flow.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/flows/{flow}",
    operation_id = "delete_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to delete."),
    ),
    responses((status = 204, description = "Deleted."), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id)): Path<(WorkspaceId, FlowId)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let at = (workspace, id);
    let wanted = [keys::flow_rules(workspace)];
    let desk = Desk::open(&app, &credential, at, Permission::FlowsManage, wanted).await?;
    if_match.check(desk.flow.rev)?;
    let entry = &desk.caller.entry;
    let mut transaction = Transaction::new(entry.now);
    let at_flow = transaction.consume(keys::flow(workspace, id));
    rules::place(&mut transaction, entry, id, Vec::new())?;
    let line = entry.line(desk.caller.subject, Deed::FlowDeleted);
    transaction.audit(line.about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) if refusal.failed(at_flow) => Err(Problem::not_found()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
