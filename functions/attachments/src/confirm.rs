//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/confirm`: a member or a program says that the file is there.
//!
//! S3 says so too, on its own: whoever is first is heard, the other changes nothing.

use axum::extract::State;
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId, Permission, WorkspaceId},
    http::{Credential, Json, Path, Problem, Problems},
};

use crate::{
    attachment::{self, AttachmentView},
    place::Place,
};

/// Confirm an upload.
///
/// Then ask for the file until it is `clean`. To confirm again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/confirm",
    operation_id = "confirm_attachment",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("attachment" = AttachmentId, Path, description = "The file."),
    ),
    responses((status = 200, description = "The file.", body = AttachmentView), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation, id)): Path<(WorkspaceId, ConversationId, AttachmentId)>,
) -> Result<Json<AttachmentView>, Problem> {
    let at = (workspace, conversation);
    let permission = Permission::ConversationsWrite;
    let place = Place::of_team(&app, &credential, permission, at, Some(id)).await?;
    attachment::arrived(&app, &place, id).await
}
