//! `PUT /v1/workspaces/{workspace}/teams/{team}/members/{member}`: a member joins a team. Who is in
//! it already stays in it.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{MemberId, Permission, TeamId, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        assigning::{MAX_TEAMMATES, Teammate},
        audit::Deed,
        keys,
    },
};

use crate::{seat, team};

/// Add a member to a team.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/teams/{team}/members/{member}",
    operation_id = "add_teammate",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("team" = TeamId, Path, description = "The team."),
        ("member" = MemberId, Path, description = "The member."),
    ),
    responses((status = 204, description = "They are in it."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id, joins)): Path<(WorkspaceId, TeamId, MemberId)>,
) -> Result<StatusCode, Problem> {
    let at_place = keys::teammate(workspace, joins, id);
    let wanted = vec![keys::team(workspace, id), at_place.clone()];
    let member = app
        .member(&token, workspace, Permission::MembersManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let team = team::found(entry, workspace, id)?;
    if entry.open::<Teammate>(&at_place)?.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    if app.store.teammates(workspace, id).await?.len() >= MAX_TEAMMATES {
        let detail = "a team has at most 100 members";
        return Err(Problem::invalid("#", "too_many", detail));
    }
    let seat = seat::of(&app, entry, joins).await?;
    let seat = seat.ok_or_else(Problem::not_found)?;
    let place = Teammate {
        workspace,
        member: joins,
        team: id,
        last_given_at: None,
        joined_at: entry.now,
        rev: 1,
    };
    let mut transaction = Transaction::new(entry.now);
    let at_place = transaction.create(&Stored::new(place, &entry.policy), &Unsealed)?;
    let at_team = transaction.check_unchanged(keys::team(workspace, id), team.rev);
    transaction.check_live(keys::membership(workspace, joins));
    let at_seat = transaction.replace(&seat::joined(seat, id, entry), &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::SettingsChanged).about(joins))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        // An equal request was faster.
        Err(CommitError::Refused(refusal)) if refusal.failed(at_place) => {
            Ok(StatusCode::NO_CONTENT)
        }
        Err(CommitError::Refused(refusal))
            if refusal.failed(at_team) || refusal.failed(at_seat) =>
        {
            Err(Problem::new(shared::http::Code::Conflict))
        }
        // No such member, or not any more.
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
