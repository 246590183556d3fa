//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/spam`: put aside for good.

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

/// Mark a conversation as spam.
///
/// New messages do not bring it back; only `reopen` does. The visitor is not told.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/spam",
    operation_id = "mark_conversation_as_spam",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "It is marked.", body = ConversationView), Problems),
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
        if head.status_at(now) == Status::Spam {
            return Ok(None);
        }
        let mut step = Step::on(head, now);
        step.head.stand(Status::Spam, now);
        step.head.waiting_since = None;
        step.line(Line::new(Event::MarkedSpam, actor));
        Ok(Some(step))
    })
    .await
}
