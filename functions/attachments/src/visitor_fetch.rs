//! `GET /v1/widget/conversations/{conversation}/attachments/{attachment}/{rendition}`: a visitor fetches a file.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::{AttachmentId, ConversationId, attachment::Rendition},
    http::{Path, Problem, Problems, VisitorToken},
};

use crate::{
    attachment::{self},
    place::Place,
};

/// Fetch a file as a visitor.
///
/// `content` is the whole file, `thumbnail` a small picture of it. Browsers keep it and do not show it.
#[utoipa::path(
    get,
    path = "/v1/widget/conversations/{conversation}/attachments/{attachment}/{rendition}",
    operation_id = "visitor_fetch_attachment",
    params(
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("attachment" = AttachmentId, Path, description = "The file."),
        ("rendition" = inline(Rendition), Path, description = "The whole file, or a small picture of it."),
    ),
    responses((status = 302, description = "Where it lies, for five minutes: `Location`."), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path((conversation, id, which)): Path<(ConversationId, AttachmentId, Rendition)>,
) -> Result<Response, Problem> {
    let place = Place::of_visitor(&app, &token, conversation, Some(id)).await?;
    let found = place.find(id)?;
    attachment::hand_out(&app, &place, &found, which).await
}
