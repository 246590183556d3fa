//! `GET /v1/workspaces/{workspace}/business-hours`: when the team works.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::keys,
};

use crate::hours::{self, HoursView};

/// Show the business hours.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/business-hours",
    operation_id = "show_business_hours",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The hours.", body = HoursView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Versioned<HoursView>, Problem> {
    let wanted = vec![keys::business_hours(workspace)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceRead, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let set = hours::of(entry)?;
    Ok(Versioned {
        rev: set.as_ref().map_or(0, |hours| hours.rev),
        view: HoursView::new(set.as_ref(), entry.now)?,
    })
}
