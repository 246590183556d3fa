//! `POST /v1/widget/conversations/{conversation}/attachments/{attachment}/confirm`: a visitor says that the file is there.
//!
//! S3 says so too, on its own: whoever is first is heard, the other changes nothing.

use axum::extract::State;
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId},
    http::{Json, Path, Problem, Problems, VisitorToken},
};

use crate::{
    attachment::{self, AttachmentView},
    place::Place,
};

/// Confirm an upload as a visitor.
///
/// Then ask for the file until it is `clean`. To confirm again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/widget/conversations/{conversation}/attachments/{attachment}/confirm",
    operation_id = "visitor_confirm_attachment",
    params(
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("attachment" = AttachmentId, Path, description = "The file."),
    ),
    responses((status = 200, description = "The file.", body = AttachmentView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path((conversation, id)): Path<(ConversationId, AttachmentId)>,
) -> Result<Json<AttachmentView>, Problem> {
    let place = Place::of_visitor(&app, &token, conversation, Some(id)).await?;
    attachment::arrived(&app, &place, id).await
}
