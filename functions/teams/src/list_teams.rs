//! `GET /v1/workspaces/{workspace}/teams`: the teams, oldest first. All of them: there are at most a
//! hundred. One query besides the batch read on entry.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Page, Path, Problem, Problems},
    store::{
        self, Unsealed,
        assigning::{MAX_TEAMS, Team},
        keys,
        record::read_item,
    },
};

use crate::team::TeamView;

/// List teams.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/teams",
    operation_id = "list_teams",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The teams.", body = Page<TeamView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Page<TeamView>>, Problem> {
    let member = app
        .member(&token, workspace, Permission::MembersRead, Vec::new())
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    // A few more than there should be: two may be made at one moment.
    let query = store::Query::partition(keys::teams(workspace))
        .between(keys::TEAM, format!("{}~", keys::TEAM))
        .limit(2 * MAX_TEAMS);
    let mut teams = Vec::new();
    for item in app.store.query(query).await? {
        let team = read_item::<Team>(&item, &Unsealed, entry.lens())?;
        teams.extend(team.as_ref().map(TeamView::new));
    }
    Ok(Json(Page::new(teams, None)))
}
