//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/reopen`: somebody should look at it again.

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

/// Reopen a conversation.
///
/// Whether it was closed, put aside or marked as spam; to reopen an open one changes nothing.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/reopen",
    operation_id = "reopen_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "It is open.", body = ConversationView), Problems),
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
        if head.status_at(now) == Status::Open {
            return Ok(None);
        }
        let mut step = Step::on(head, now);
        step.head.stand(Status::Open, now);
        let line = Line::new(Event::Reopened, actor);
        // To the visitor only what was closed was ever anything but open.
        step.line(if head.status_at(now) == Status::Closed {
            line
        } else {
            line.to_team()
        });
        Ok(Some(step))
    })
    .await
}
