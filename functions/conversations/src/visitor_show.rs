//! `GET /v1/widget/conversations/{conversation}`: one conversation of the visitor.

use axum::extract::State;
use shared::{
    app::App,
    domain::ConversationId,
    http::{Json, Path, Problem, Problems, VisitorToken, thread},
    store::keys,
};

use crate::view::ConversationView;

/// Show a conversation as a visitor.
#[utoipa::path(
    get,
    path = "/v1/widget/conversations/{conversation}",
    operation_id = "visitor_show_conversation",
    params(("conversation" = ConversationId, Path, description = "The conversation.")),
    responses((status = 200, description = "The conversation.", body = ConversationView), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    let wanted = vec![keys::conversation(token.workspace, conversation)];
    let visitor = app.visitor(&token, wanted).await?;
    let head = thread::own_head(&visitor.entry, visitor.id, conversation)?;
    Ok(Json(ConversationView::for_visitor(&head, &visitor.entry)))
}
