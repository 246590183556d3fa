//! `DELETE /v1/workspaces/{workspace}/teams/{team}`: a team ends.
//!
//! What waits in it goes back to the workspace: `outbox` and the schedule find it by the next look at
//! the team, which this leaves behind. What its members have, they keep. What visitors begin goes to the
//! workspace, where the team was the one that got it.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{Permission, TeamId, WorkspaceId, policy::Module},
    http::{AccessToken, Code, IfMatch, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, assigning::TeamWait, audit::Deed, keys,
        workspace::WorkspacePolicy,
    },
};

use crate::{seat, team};

/// Remove a team.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/teams/{team}",
    operation_id = "remove_team",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("team" = TeamId, Path, description = "The team."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to remove."),
    ),
    responses((status = 204, description = "It is gone."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, TeamId)>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let wanted = vec![keys::team(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::MembersManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let team = team::found(entry, workspace, id)?;
    if_match.check(team.rev)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.consume_version(keys::team(workspace, id), team.rev);
    let wait = TeamWait::new((workspace, id), entry.now, entry.now);
    transaction.overwrite(&Stored::new(wait, &entry.policy), &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    // On the version that was read: whoever names the team at the same moment loses, or this does.
    let at_policy = keys::policy(workspace);
    if entry.policy.default_team == Some(id)
        && let Some(row) = entry.open::<WorkspacePolicy>(&at_policy)?
    {
        let row = WorkspacePolicy {
            default_team: None,
            ..row
        };
        transaction.replace(&Stored::next(row, &entry.policy), &Unsealed)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => {}
        Err(CommitError::Store(error)) => return Err(error.into()),
        Err(CommitError::Refused(_)) => return Err(Problem::new(Code::Conflict)),
    }
    // Nobody joins a team that is gone. Who does not go here goes with their membership.
    for member in app.store.teammates(workspace, id).await? {
        let mut transaction = Transaction::new(entry.now);
        transaction.remove(keys::teammate(workspace, member, id));
        if let Some(seat) = seat::of(&app, entry, member).await? {
            transaction.replace(&seat::left(seat, id, entry), &Unsealed)?;
        }
        match app.store.commit(transaction).await {
            Ok(()) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
            // A seat that changed meanwhile names a team that is gone: it shows nothing.
            Err(CommitError::Refused(_)) => {
                app.store
                    .delete(keys::teammate(workspace, member, id))
                    .await?;
            }
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
