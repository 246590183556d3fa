//! `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/team`: a conversation is no
//! team's any more. Whoever has it keeps it; otherwise it waits in the queue of the workspace.

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

/// Take a conversation from its team.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/team",
    operation_id = "take_conversation_from_team",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    responses((status = 200, description = "It is no team's.", body = ConversationView), Problems),
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
        let Some(team) = head.team else {
            return Ok(None);
        };
        if_match.check(head.rev)?;
        let mut step = Step::on(head, now);
        step.head.leave_team(now);
        step.line(Line::new(Event::TakenFromTeam, actor).team(Some(team)));
        Ok(Some(step))
    })
    .await
}
