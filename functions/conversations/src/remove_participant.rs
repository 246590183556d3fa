//! `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/participants/{member}`: a member
//! follows a conversation no longer.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, MemberId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::{
        message::Event,
        transcript::{Line, Step},
    },
};

use crate::{desk::Desk, view::ConversationView};

/// Let a member follow a conversation no longer.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/participants/{member}",
    operation_id = "remove_participant",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("member" = MemberId, Path, description = "The member."),
    ),
    responses((status = 200, description = "They do not follow it.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, conversation, member)): Path<(WorkspaceId, ConversationId, MemberId)>,
) -> Result<Versioned<ConversationView>, Problem> {
    let place = (workspace, conversation);
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (actor, now) = (desk.actor(), desk.now());
    desk.change(&app, None, |head| {
        let mut there = head.participants.clone().unwrap_or_default();
        let before = there.len();
        there.retain(|known| *known != member);
        if there.len() == before {
            return Ok(None);
        }
        let mut step = Step::on(head, now);
        step.head.participants = Some(there);
        step.line(Line::new(Event::ParticipantRemoved, actor).member(Some(member)));
        Ok(Some(step))
    })
    .await
}
