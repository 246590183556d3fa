//! `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/assignee`: a conversation goes
//! back to everybody.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, IfMatch, Path, Problem, Problems, Versioned},
    store::{
        message::Event,
        transcript::{Line, Step},
    },
};

use crate::{desk::Desk, view::ConversationView};

/// Unassign a conversation.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/assignee",
    operation_id = "unassign_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    responses((status = 200, description = "It is nobody's.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
    if_match: IfMatch,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (actor, now) = (desk.actor(), desk.now());
    desk.change(&app, None, |head| {
        let Some(holder) = head.assignee else {
            return Ok(None);
        };
        if_match.check(head.rev)?;
        let mut step = Step::on(head, now);
        step.head.hand_over(None, now);
        step.line(Line::new(Event::Unassigned, actor).member(Some(holder)));
        Ok(Some(step))
    })
    .await
}
