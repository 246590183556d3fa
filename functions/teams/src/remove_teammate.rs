//! `DELETE /v1/workspaces/{workspace}/teams/{team}/members/{member}`: a member leaves a team. What
//! they have, they keep.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{MemberId, Permission, TeamId, WorkspaceId, policy::Module},
    http::{AccessToken, Code, Path, Problem, Problems},
    store::{CommitError, Transaction, Unsealed, assigning::Teammate, audit::Deed, keys},
};

use crate::{seat, team};

/// Take a member out of a team.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/teams/{team}/members/{member}",
    operation_id = "remove_teammate",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("team" = TeamId, Path, description = "The team."),
        ("member" = MemberId, Path, description = "The member."),
    ),
    responses((status = 204, description = "They are not in it."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id, leaves)): Path<(WorkspaceId, TeamId, MemberId)>,
) -> Result<StatusCode, Problem> {
    let at_place = keys::teammate(workspace, leaves, id);
    let wanted = vec![keys::team(workspace, id), at_place.clone()];
    let member = app
        .member(&token, workspace, Permission::MembersManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    team::found(entry, workspace, id)?;
    if entry.open::<Teammate>(&at_place)?.is_none() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let mut transaction = Transaction::new(entry.now);
    transaction.remove(at_place);
    if let Some(seat) = seat::of(&app, entry, leaves).await? {
        transaction.replace(&seat::left(seat, id, entry), &Unsealed)?;
    }
    transaction.audit(entry.line(member.id, Deed::SettingsChanged).about(leaves))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Their seat changed meanwhile.
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
