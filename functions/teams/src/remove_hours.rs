//! `DELETE /v1/workspaces/{workspace}/business-hours`: the team has no hours any more, and is always
//! open. Without hours it changes nothing.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Code, IfMatch, Path, Problem, Problems},
    store::{CommitError, Transaction, audit::Deed, keys},
};

use crate::hours;

/// Remove the business hours.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/business-hours",
    operation_id = "remove_business_hours",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to remove."),
    ),
    responses((status = 204, description = "There are none."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let wanted = vec![keys::business_hours(workspace)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let Some(old) = hours::of(entry)? else {
        return Ok(StatusCode::NO_CONTENT);
    };
    if_match.check(old.rev)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume_version(keys::business_hours(workspace), old.rev);
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
