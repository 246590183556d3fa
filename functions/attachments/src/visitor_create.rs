//! `POST /v1/widget/conversations/{conversation}/attachments`: a visitor wants to upload a file.
//!
//! Refused are other types than the listed ones and more than 20 MiB; what is uploaded is held against
//! what was said here.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::ConversationId,
    http::{Client, Json, Path, Problem, Problems, VisitorToken},
};

use crate::{
    attachment::{self, CreatedAttachment, NewAttachment},
    place::Place,
};

/// Ask for an upload as a visitor.
///
/// Send the bytes to the link with the given headers, then confirm. What nobody sends with a message
/// is gone after a day.
#[utoipa::path(
    post,
    path = "/v1/widget/conversations/{conversation}/attachments",
    operation_id = "visitor_create_attachment",
    params(
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = NewAttachment,
    responses((status = 201, description = "Upload now.", body = CreatedAttachment), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    client: Client,
    Path(conversation): Path<ConversationId>,
    Json(new): Json<NewAttachment>,
) -> Result<Response, Problem> {
    let place = Place::of_visitor(&app, &token, conversation, None).await?;
    place.check_heard()?;
    attachment::begin(&app, &client, &place, new).await
}
