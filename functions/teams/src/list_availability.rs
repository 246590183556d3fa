//! `GET /v1/workspaces/{workspace}/availability`: who of the team is there.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{Permission, Timestamp, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{
        hours::{Availability, Presence},
        keys,
    },
};
use utoipa::ToSchema;

use crate::{
    hours::{self, Turns},
    presence::{self, ConnectedView},
};

/// Who of the team is there.
#[derive(Serialize, ToSchema)]
pub struct TeamAvailability {
    /// What the reader says of themselves.
    own_status: Presence,
    /// Until when, if that ends.
    own_until: Option<Timestamp>,
    /// Whether it is within the hours of the team.
    #[schema(example = true)]
    open: bool,
    /// Everybody whose client is connected and listens to the inbox. Who is not in it is not there.
    connected: Vec<ConnectedView>,
}

/// Show who is there.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/availability",
    operation_id = "list_availability",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "Who is there.", body = TeamAvailability), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<TeamAvailability>, Problem> {
    let wanted = vec![keys::business_hours(workspace)];
    let member = app
        .member(&token, workspace, Permission::MembersRead, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let own = keys::availability(workspace, member.id);
    let own = app
        .store
        .batch(vec![own.clone()])
        .await?
        .get::<Availability>(&own, &shared::store::Unsealed, entry.lens())?;
    let turns = Turns::at(hours::of(entry)?.as_ref(), entry.now)?;
    Ok(Json(TeamAvailability {
        own_status: Availability::presence_at(own.as_ref(), entry.now),
        own_until: Availability::until_at(own.as_ref(), entry.now),
        open: turns.open,
        connected: presence::connected(&app, entry, &turns).await?,
    }))
}
