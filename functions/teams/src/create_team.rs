//! `POST /v1/workspaces/{workspace}/teams`: a new team, still without members.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, TeamId, WorkspaceId, policy::Module, text::Name},
    http::{
        AccessToken, IdempotencyKey, Json, Path, Problem, Problems, Versioned, idempotent::Ask,
    },
    store::{
        self, CommitError, Stored, Transaction, Unsealed,
        app::Label,
        assigning::{Assignment, MAX_TEAMS, Team},
        audit::Deed,
        keys,
    },
};
use utoipa::ToSchema;

use crate::team::{TeamView, check_capacity};

/// A team to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTeam {
    /// What the workspace calls it.
    #[schema(example = "Billing")]
    name: Name,
    /// How what waits in it finds somebody.
    #[serde(default = "manual")]
    #[schema(default = "manual")]
    assignment: Assignment,
    /// How many open conversations a member has at most before nothing more is given to them: 1 to
    /// 1000, or null for as many as come.
    #[schema(minimum = 1, maximum = 1000, example = 8)]
    capacity: Option<u64>,
}

const fn manual() -> Assignment {
    Assignment::Manual
}

/// Create a team.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/teams",
    operation_id = "create_team",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key makes one team."),
    ),
    request_body = CreateTeam,
    responses(
        (status = 201, description = "Made.", body = TeamView),
        (status = 200, description = "Had been made before, by the same request.", body = TeamView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateTeam>,
) -> Result<Response, Problem> {
    let member = app
        .member(&token, workspace, Permission::MembersManage, Vec::new())
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    check_capacity(body.capacity)?;
    let teams = store::Query::partition(keys::teams(workspace))
        .between(keys::TEAM, format!("{}~", keys::TEAM))
        .limit(MAX_TEAMS);
    if app.store.count(teams).await? >= u64::from(MAX_TEAMS) {
        let detail = "a workspace has at most 100 teams";
        return Err(Problem::invalid("#", "too_many", detail));
    }
    let content = format!(
        "{}\u{1}{}\u{1}{:?}",
        body.name.reveal(),
        body.assignment.word(),
        body.capacity
    );
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "create_team",
        content: &content,
        now: entry.now,
    };
    let team = Team {
        id: TeamId::new(entry.now),
        workspace,
        name: Label::new(&body.name),
        assignment: body.assignment,
        capacity: body.capacity,
        created_at: entry.now,
        rev: 1,
    };
    let stored = Stored::new(team, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    transaction.check_live(keys::policy(workspace));
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    let slot = idempotency.remember(&mut transaction, ask, stored.record().id)?;
    match app.store.commit(transaction).await {
        Ok(()) => reply(StatusCode::CREATED, stored.record()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            let made = IdempotencyKey::replayed::<TeamId>(&refusal, slot, ask)?;
            let place = keys::team(workspace, made.ok_or_else(Problem::not_found)?);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            let made = fetched.get::<Team>(&place, &Unsealed, entry.lens())?;
            reply(StatusCode::OK, &made.ok_or_else(Problem::not_found)?)
        }
    }
}

fn reply(status: StatusCode, team: &Team) -> Result<Response, Problem> {
    let path = format!("/v1/workspaces/{}/teams/{}", team.workspace, team.id);
    let location = HeaderValue::try_from(path).map_err(|_| Problem::internal("a location"))?;
    let body = Versioned {
        rev: team.rev,
        view: TeamView::with_members(team, Vec::new()),
    };
    Ok((status, [(header::LOCATION, location)], body).into_response())
}
