//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/{rendition}`: a member or a program fetches a file.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId, Permission, WorkspaceId, attachment::Rendition},
    http::{Credential, Path, Problem, Problems},
};

use crate::{
    attachment::{self},
    place::Place,
};

/// Fetch a file.
///
/// `content` is the whole file, `thumbnail` a small picture of it. Browsers keep it and do not show it.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/{rendition}",
    operation_id = "fetch_attachment",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("attachment" = AttachmentId, Path, description = "The file."),
        ("rendition" = inline(Rendition), Path, description = "The whole file, or a small picture of it."),
    ),
    responses((status = 302, description = "Where it lies, for five minutes: `Location`."), Problems),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, conversation, id, which)): Path<(
        WorkspaceId,
        ConversationId,
        AttachmentId,
        Rendition,
    )>,
) -> Result<Response, Problem> {
    let at = (workspace, conversation);
    let permission = Permission::ConversationsRead;
    let place = Place::of_team(&app, &credential, permission, at, Some(id)).await?;
    let found = place.find(id)?;
    app.note_reading(&place.actor, conversation).await?;
    attachment::hand_out(&app, &place, &found, which).await
}
