//! `GET /v1/workspaces/{workspace}/billing`: plan, seats, card, address, and what is offered.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
};

use crate::account::{self, BillingView};

/// Show how a workspace pays.
///
/// For owners, admins and whoever keeps the books. Where the deployment sells nothing, no plan is offered.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/billing",
    operation_id = "show_billing",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "How it stands.", body = BillingView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<BillingView>, Problem> {
    let entered = account::enter(&app, &token, workspace, Permission::BillingRead).await?;
    entered.view(&app).await.map(Json)
}
