//! `POST /v1/widget/conversations/{conversation}/transcript`: a visitor has its thread mailed to itself.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::ConversationId,
    http::{Client, Path, Problem, Problems, VisitorToken},
    store::transcript_mail::TranscriptMail,
};

use crate::{
    mail_transcript::{TranscriptAsked, ask, check},
    thread,
};

/// Mail a transcript as a visitor.
///
/// It goes to the address that the app signed for or that a mailed code proved (`/v1/widget/email`): 409
/// `address_unproved` without one, 409 `mail_refused` where the workspace mails no messages.
#[utoipa::path(
    post,
    path = "/v1/widget/conversations/{conversation}/transcript",
    operation_id = "visitor_mail_transcript",
    params(("conversation" = ConversationId, Path, description = "The conversation.")),
    responses((status = 202, description = "It is on its way.", body = TranscriptAsked), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
) -> Result<Response, Problem> {
    let wanted = thread::wanted(token.workspace, conversation);
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    let head = thread::own(entry, visitor.id, conversation)?.head;
    let wish = TranscriptMail::by_visitor(&head, entry.now);
    check(entry, &wish, Some(&visitor.contact))?;
    ask(&app, &client, entry, wish, None).await
}
