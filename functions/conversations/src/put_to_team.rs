//! `PUT /v1/workspaces/{workspace}/conversations/{conversation}/team`: a conversation is put to a
//! team. Whoever had it has it no more: it waits in the queue of the team, and where the team gives
//! out by itself, `outbox` does so.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, Permission, TeamId, WorkspaceId},
    http::{AccessToken, IfMatch, Json, Path, Problem, Problems, Versioned},
    store::{
        Unsealed,
        assigning::Team,
        keys,
        message::Event,
        transcript::{Line, Step},
    },
};
use utoipa::ToSchema;

use crate::{desk::Desk, view::ConversationView};

/// To which.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutToTeam {
    /// A team of the workspace.
    team_id: TeamId,
}

/// Put a conversation to a team.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/team",
    operation_id = "put_conversation_to_team",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = PutToTeam,
    responses((status = 200, description = "It is the team's.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
    if_match: IfMatch,
    Json(body): Json<PutToTeam>,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (team, actor, now) = (body.team_id, desk.actor(), desk.now());
    // A team that ends at this moment gives back what was put to it.
    let at_team = keys::team(place.0, team);
    let fetched = app.store.batch(vec![at_team.clone()]).await?;
    let lens = desk.member.entry.lens();
    if fetched.get::<Team>(&at_team, &Unsealed, lens)?.is_none() {
        let detail = "a team of this workspace";
        return Err(Problem::invalid("#/team_id", "unknown_team", detail));
    }
    desk.change(&app, None, |head| {
        if head.team == Some(team) {
            return Ok(None);
        }
        if_match.check(head.rev)?;
        let mut step = Step::on(head, now);
        step.head.put_to(team, now);
        step.line(Line::new(Event::PutToTeam, actor).team(Some(team)));
        Ok(Some(step))
    })
    .await
}
