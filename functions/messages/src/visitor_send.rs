//! `POST /v1/widget/conversations/{conversation}/messages`: a visitor writes.
//!
//! As for members: safe to retry, two sequential round trips. A closed conversation opens again.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, text::Text},
    http::{Code, Json, Path, Problem, Problems, VisitorToken, view::MessageView},
    store::message::{Draft, MessageKind},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::thread;

/// What a visitor writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitorMessage {
    /// The client's own id of the message; the same id is the same message.
    #[schema(value_type = String, format = Uuid, example = "0198c9a0-5b1c-7c3e-9d2f-1a2b3c4d5e6f")]
    client_message_id: Uuid,
    /// What it says.
    text: Text,
}

/// Send a message as a visitor.
#[utoipa::path(
    post,
    path = "/v1/widget/conversations/{conversation}/messages",
    operation_id = "visitor_send_message",
    params(("conversation" = ConversationId, Path, description = "The conversation.")),
    request_body = VisitorMessage,
    responses(
        (status = 201, description = "Written.", body = MessageView),
        (status = 200, description = "Had been written before.", body = MessageView),
        Problems,
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
    Json(body): Json<VisitorMessage>,
) -> Result<Response, Problem> {
    let wanted = thread::wanted(token.workspace, conversation);
    let visitor = app.visitor(&token, wanted).await?;
    let thread = thread::open(&visitor.entry, conversation)?;
    if thread.head.contact != visitor.id {
        return Err(Problem::not_found());
    }
    if visitor.contact.blocked {
        return Err(Problem::new(Code::Blocked));
    }
    let draft = Draft {
        author: visitor.subject(),
        client_message_id: body.client_message_id,
        kind: MessageKind::Text,
        text: body.text,
    };
    let appended = app
        .store
        .append(thread.head, &draft, &thread.key, visitor.entry.lens())
        .await?;
    thread::answer(appended, &visitor.entry)
}
