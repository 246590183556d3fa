//! `GET /v1/workspaces/{workspace}/exports/{export}`: how far an export is.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ExportId, Permission, TenantId, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::keys,
};

use crate::export::{self, ExportView};

/// Show an export of a contact or of the whole workspace.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/exports/{export}",
    operation_id = "show_workspace_export",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("export" = ExportId, Path, description = "The export."),
    ),
    responses((status = 200, description = "The export.", body = ExportView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, ExportId)>,
) -> Result<Json<ExportView>, Problem> {
    let place = keys::export(TenantId::Workspace(workspace), id);
    let member = app
        .member(
            &token,
            workspace,
            Permission::DataExport,
            vec![place.clone()],
        )
        .await?;
    let entry = &member.entry;
    let may = export::seen_by(member.role);
    let export = export::found(entry.fetched(), &place, entry.now, may)?;
    Ok(Json(ExportView::of(&export)))
}
