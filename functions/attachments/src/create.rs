//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments`: a member or a program wants to upload a file.
//!
//! Refused are other types than the listed ones and more than 20 MiB; what is uploaded is held against
//! what was said here.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{Client, Credential, Json, Path, Problem, Problems},
};

use crate::{
    attachment::{self, CreatedAttachment, NewAttachment},
    place::Place,
};

/// Ask for an upload.
///
/// Send the bytes to the link with the given headers, then confirm. What nobody sends with a message
/// is gone after a day.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/attachments",
    operation_id = "create_attachment",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = NewAttachment,
    responses((status = 201, description = "Upload now.", body = CreatedAttachment), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    client: Client,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Json(new): Json<NewAttachment>,
) -> Result<Response, Problem> {
    let at = (workspace, conversation);
    let permission = Permission::ConversationsWrite;
    let place = Place::of_team(&app, &credential, permission, at, None).await?;
    attachment::begin(&app, &client, &place, new).await
}
