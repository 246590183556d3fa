//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/close`: a conversation is finished.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::{
        conversation::Status,
        message::Event,
        transcript::{Line, Step},
    },
};

use crate::{desk::Desk, view::ConversationView};

/// Close a conversation.
///
/// To close a closed one changes nothing. A new message opens it again.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/close",
    operation_id = "close_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "It is closed.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (actor, now) = (desk.actor(), desk.now());
    desk.change(&app, None, |head| {
        if head.status_at(now) == Status::Closed {
            return Ok(None);
        }
        let mut step = Step::on(head, now);
        step.head.stand(Status::Closed, now);
        step.head.waiting_since = None;
        step.line(Line::new(Event::Closed, actor));
        if step.head.is_to_be_rated() {
            step.head.rating_asked_at = Some(now);
            step.line(Line::new(Event::RatingAsked, None));
        }
        Ok(Some(step))
    })
    .await
}
