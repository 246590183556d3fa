//! `GET /v1/workspaces/{workspace}/flows/servers`: what flows may tell which servers.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::keys,
};

use crate::servers::{self, FlowServersView};

/// Show what flows may tell which servers.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/flows/servers",
    operation_id = "show_flow_servers",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses(
        (status = 200, description = "Hosts, and names of secrets.", body = FlowServersView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Versioned<FlowServersView>, Problem> {
    let wanted = vec![keys::flow_servers(workspace)];
    let member = app
        .member(&token, workspace, Permission::FlowsRead, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let servers = servers::found(entry)?;
    Ok(Versioned {
        rev: servers.rev,
        view: FlowServersView::new(&servers, entry)?,
    })
}
