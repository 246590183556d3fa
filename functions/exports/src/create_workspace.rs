//! `POST /v1/workspaces/{workspace}/exports`: a copy of a whole workspace, for its owner (FLOW-46).

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, TenantId, WorkspaceId, archive::tables::ExportFormat},
    http::{AccessToken, Json, Path, Problem, Problems, Query},
    store::{
        audit::Deed,
        export::{Export, ExportKind},
    },
};

use crate::export::{self, ExportView};

/// In which form.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Form {
    /// `json` unless it says otherwise: everything, files too, and what an import reads. `csv` and `ndjson` are flat
    /// files of contacts, conversations and messages for spreadsheets.
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// Ask for a copy of the whole workspace.
///
/// For owners; takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/exports",
    operation_id = "create_workspace_export",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Form),
    responses((status = 202, description = "It is being made.", body = ExportView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(form): Query<Form>,
) -> Result<(StatusCode, Json<ExportView>), Problem> {
    let member = app
        .member(&token, workspace, Permission::WorkspaceOwn, Vec::new())
        .await?;
    member.proved()?;
    let entry = &member.entry;
    let tenant = TenantId::Workspace(workspace);
    let export = Export {
        format: form.format,
        ..Export::new(tenant, member.subject(), ExportKind::Workspace, entry.now)
    };
    let line = entry.line(member.id, Deed::ExportMade);
    export::begin(&app, &entry.tenant_key, export, Some(line)).await
}
