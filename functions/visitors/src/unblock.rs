//! `DELETE /v1/workspaces/{workspace}/contacts/{contact}/block`: this visitor may write again.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ContactId, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
};

use crate::{block, contact::ContactView};

/// Unblock a contact.
///
/// Unblocking a contact that is not blocked changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/block",
    operation_id = "unblock_contact",
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
    block::set(&app, &token, workspace, contact, false).await
}
