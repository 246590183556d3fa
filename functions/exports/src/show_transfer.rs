//! `GET /v1/workspaces/{workspace}/transfer`: who answers for a workspace from some day on.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
};
use utoipa::ToSchema;

use crate::transfer::{self, TransferView};

/// The last transfer of a workspace.
#[derive(Serialize, ToSchema)]
pub struct LastTransfer {
    /// The transfer; null where nobody has proposed one.
    transfer: Option<TransferView>,
}

/// Show who answers for the workspace from some day on.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/transfer",
    operation_id = "show_transfer",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The last transfer, if there is one.", body = LastTransfer), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<LastTransfer>, Problem> {
    let member = app
        .member(
            &token,
            workspace,
            Permission::WorkspaceRead,
            transfer::wanted(workspace),
        )
        .await?;
    let (found, _) = transfer::read(&member.entry)?;
    Ok(Json(LastTransfer {
        transfer: found.as_ref().map(TransferView::of),
    }))
}
