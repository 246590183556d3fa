//! `GET /v1/widget/conversations/{conversation}/attachments/{attachment}`: how far a file is, for a visitor.

use axum::extract::State;
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId},
    http::{Json, Path, Problem, Problems, VisitorToken},
};

use crate::{attachment::AttachmentView, place::Place};

/// Show a file as a visitor.
#[utoipa::path(
    get,
    path = "/v1/widget/conversations/{conversation}/attachments/{attachment}",
    operation_id = "visitor_show_attachment",
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
    let found = place.find(id)?;
    Ok(Json(AttachmentView::of(&found, &place.policy())))
}
