//! `POST /v1/workspaces/{workspace}/contacts/{contact}/exports`: a copy of everything that is kept
//! about a contact, for the workspace to answer the contact's request with.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{ContactId, Permission, TenantId, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{
        SubjectId,
        audit::Deed,
        contact::Contact,
        export::{Export, ExportKind},
        keys,
    },
};

use crate::export::{self, ExportView};

/// Ask for a copy of a contact's data.
///
/// With the notes of the team and the reasons of holds: look through them before the copy is handed
/// on. Other people appear by their opaque ids only.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/exports",
    operation_id = "create_contact_export",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
    ),
    responses((status = 202, description = "It is being made.", body = ExportView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
) -> Result<(StatusCode, Json<ExportView>), Problem> {
    let place = keys::contact(workspace, contact);
    let member = app
        .member(
            &token,
            workspace,
            Permission::DataExport,
            vec![place.clone()],
        )
        .await?;
    let entry = &member.entry;
    let person = entry.open::<Contact>(&place)?;
    let person = person.filter(Contact::is_kept);
    let person = person.ok_or_else(Problem::not_found)?;
    let subject = SubjectId::Contact(person.id);
    let tenant = TenantId::Workspace(workspace);
    let export = Export::new(tenant, subject, ExportKind::Contact, entry.now);
    let line = entry.line(member.id, Deed::ExportMade).about(person.id);
    export::begin(&app, &entry.tenant_key, export, Some(line)).await
}
