//! `GET /v1/workspaces/{workspace}/exports/{export}/parts/{part}`: a part of an export.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::{ExportId, Permission, TenantId, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems},
    store::{SubjectId, audit::Deed, keys},
};

use crate::{download, export};

/// Fetch a part of an export of a contact or of the whole workspace.
///
/// Takes a factor that was proved in the last ten minutes. Each part can be fetched ten times; part 0
/// is the manifest.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/exports/{export}/parts/{part}",
    operation_id = "fetch_workspace_export",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("export" = ExportId, Path, description = "The export."),
        ("part" = u32, Path, description = "The number of the part."),
    ),
    responses((status = 302, description = "Where the part lies, for five minutes: `Location`."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id, part)): Path<(WorkspaceId, ExportId, u32)>,
) -> Result<Response, Problem> {
    let tenant = TenantId::Workspace(workspace);
    let wanted = download::wanted(tenant, id, part);
    let member = app
        .member(&token, workspace, Permission::DataExport, wanted)
        .await?;
    member.proved()?;
    let entry = &member.entry;
    let may = export::seen_by(member.role);
    let place = keys::export(tenant, id);
    let export = export::found(entry.fetched(), &place, entry.now, may)?;
    let line = entry.line(member.id, Deed::ExportFetched);
    let line = match export.subject {
        SubjectId::Contact(contact) => line.about(contact),
        _ => line,
    };
    let what = (export, part);
    let (key, fetched) = (&entry.tenant_key, entry.fetched());
    download::hand_out(&app, key, fetched, what, entry.now, Some(line)).await
}
