//! `GET /v1/workspaces/{workspace}/contacts/{contact}`: one contact.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ContactId, Permission, WorkspaceId, policy::Module},
    http::{Credential, Path, Problem, Problems, Versioned, person},
};

use crate::contact::{self, ContactView, Detail};

/// Show a contact.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/contacts/{contact}",
    operation_id = "show_contact",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
    ),
    responses((status = 200, description = "The contact.", body = ContactView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
) -> Result<Versioned<ContactView>, Problem> {
    let wanted = person::wanted(workspace, contact).to_vec();
    let caller = app
        .caller(&credential, workspace, Permission::ContactsRead, wanted)
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let view = contact::view(entry.fetched(), entry, contact, Detail::for_caller(&caller))?;
    let view = view.ok_or_else(Problem::not_found)?;
    app.note_reading(&caller, contact).await?;
    Ok(Versioned {
        rev: view.rev,
        view,
    })
}
