//! `GET /v1/workspaces/{workspace}/oidc`: the sign-in service of the team, for its owner.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::keys,
};

use crate::setting::{self, ProviderView};

/// Show the sign-in of the team.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/oidc",
    operation_id = "show_team_provider",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The provider; its `ETag` is what a change takes.", body = ProviderView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Versioned<ProviderView>, Problem> {
    let wanted = vec![keys::team_provider(workspace)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceOwn, wanted)
        .await?;
    let provider = setting::of(&member.entry)?.ok_or_else(Problem::not_found)?;
    Ok(Versioned {
        rev: provider.rev,
        view: ProviderView::new(&provider, &member.entry.policy, &app.config.issuer),
    })
}
