//! `GET /v1/workspaces/{workspace}/teams/{team}`: a team with those who are in it.
//!
//! Who is in it is read from an index: a change of the last second may be missing.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, TeamId, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::keys,
};

use crate::team::{self, TeamView};

/// Show a team.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/teams/{team}",
    operation_id = "show_team",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("team" = TeamId, Path, description = "The team."),
    ),
    responses((status = 200, description = "The team.", body = TeamView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, TeamId)>,
) -> Result<Versioned<TeamView>, Problem> {
    let wanted = vec![keys::team(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::MembersRead, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let team = team::found(entry, workspace, id)?;
    let members = app.store.teammates(workspace, id).await?;
    Ok(Versioned {
        rev: team.rev,
        view: TeamView::with_members(&team, members),
    })
}
