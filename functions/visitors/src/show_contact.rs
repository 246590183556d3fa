//! `GET /v1/workspaces/{workspace}/contacts/{contact}`: one contact.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ContactId, Permission, WorkspaceId, policy::Module},
    http::{AccessToken, Path, Problem, Problems, Versioned},
};

use crate::contact::{self, ContactView};

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
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
) -> Result<Versioned<ContactView>, Problem> {
    let wanted = contact::wanted(workspace, contact).to_vec();
    let member = app
        .member(&token, workspace, Permission::ContactsRead, wanted)
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let view = contact::view(entry.fetched(), entry, contact, member.role)?;
    let view = view.ok_or_else(Problem::not_found)?;
    Ok(Versioned {
        rev: view.rev,
        view,
    })
}
