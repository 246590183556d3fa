//! `PATCH /v1/workspaces/{workspace}/teams/{team}`: another name, or another way in which what waits
//! finds somebody. What waits already is given out by it from the next arrival on, or with the next
//! look at the team.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, TeamId, WorkspaceId, policy::Module, text::Name},
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, json::given},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        app::Label,
        assigning::{Assignment, TeamWait},
        audit::Deed,
        keys,
    },
};
use utoipa::ToSchema;

use crate::team::{self, TeamView, check_capacity};

/// What to change of a team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTeam {
    /// What the workspace calls it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Billing")]
    name: Option<Name>,
    /// How what waits in it finds somebody.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    assignment: Option<Assignment>,
    /// How many open conversations a member has at most before nothing more is given to them: 1 to
    /// 1000, or null for as many as come.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1000, example = 8)]
    capacity: Option<Option<u64>>,
}

/// Change a team.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/teams/{team}",
    operation_id = "change_team",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("team" = TeamId, Path, description = "The team."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeTeam,
    responses((status = 200, description = "The team.", body = TeamView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, TeamId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeTeam>,
) -> Result<Versioned<TeamView>, Problem> {
    let wanted = vec![keys::team(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::MembersManage, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let mut team = team::found(entry, workspace, id)?;
    if_match.check(team.rev)?;
    let ChangeTeam {
        name,
        assignment,
        capacity,
    } = body;
    check_capacity(capacity.flatten())?;
    team.name = name.as_ref().map_or(team.name, Label::new);
    team.assignment = assignment.unwrap_or(team.assignment);
    team.capacity = capacity.unwrap_or(team.capacity);
    let stored = Stored::next(team, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &Unsealed)?;
    // What waits is looked at anew, by the schedule.
    let wait = TeamWait::new((workspace, id), entry.now, entry.now);
    transaction.overwrite(&Stored::new(wait, &entry.policy), &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Versioned {
            rev: stored.record().rev,
            view: TeamView::new(stored.record()),
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
