//! `DELETE /v1/workspaces/{workspace}/oidc`: the team signs in by its accounts again.
//!
//! First the provider and its place in the policy go, in one transaction: from then on no session that
//! began through it opens anything. Then those sessions go, and with them their sockets, and whom it
//! vouched for is forgotten. Where there are too many for one request the answer is 503, and the
//! request repeated goes on.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Code, IfMatch, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, audit::Deed, keys, workspace::WorkspacePolicy,
    },
};

use crate::setting;

/// How many people one request forgets.
pub const AT_ONCE: usize = 200;

/// Remove the sign-in of the team.
///
/// Whoever signed in through it is out with their next call. Repeat the request when it answers 503.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/oidc",
    operation_id = "remove_team_provider",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the provider that was read. Without it: 428."),
    ),
    responses((status = 204, description = "There is none any more."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let wanted = vec![keys::team_provider(workspace)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceOwn, wanted)
        .await?;
    member.proved()?;
    let entry = &member.entry;
    if let Some(provider) = setting::of(entry)? {
        if_match.required()?;
        if_match.check(provider.rev)?;
        let row = WorkspacePolicy {
            team_sign_in_since: None,
            ways_in: None,
            ..setting::policy_row(entry)?
        };
        let mut transaction = Transaction::new(entry.now);
        transaction.consume_version(keys::team_provider(workspace), provider.rev);
        transaction.replace(&Stored::next(row, &entry.policy), &Unsealed)?;
        transaction.audit(entry.line(member.id, Deed::TeamProviderRemoved))?;
        match app.store.commit(transaction).await {
            Ok(()) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => return Err(Problem::new(Code::Conflict)),
        }
    }
    forget(&app, workspace, entry.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets whom the provider vouched for, and ends their sessions.
///
/// # Errors
/// 503 while some are left.
pub async fn forget(
    app: &App,
    workspace: WorkspaceId,
    now: shared::domain::Timestamp,
) -> Result<(), Problem> {
    let all = app
        .store
        .forget_team_identities(workspace, now, AT_ONCE)
        .await?;
    if all {
        Ok(())
    } else {
        let detail =
            "the change holds already; repeat the request to end the sessions that are left";
        Err(Problem::new(Code::Unavailable).with_detail(detail))
    }
}
