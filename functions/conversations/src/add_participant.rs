//! `PUT /v1/workspaces/{workspace}/conversations/{conversation}/participants/{member}`: a member follows a
//! conversation without taking care of it. Only who sees it can: following shows nothing to anybody.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, MemberId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::{
        conversation::MAX_PARTICIPANTS,
        message::Event,
        transcript::{Line, Step},
    },
};

use crate::{desk::Desk, view::ConversationView};

/// Let a member follow a conversation.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/participants/{member}",
    operation_id = "add_participant",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("member" = MemberId, Path, description = "A member who sees it."),
    ),
    responses((status = 200, description = "They follow it.", body = ConversationView), Problems),
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
    let seats = app.store.seats_of(workspace, &[member], now).await?;
    let seat = seats.get(&member).ok_or_else(Problem::not_found)?;
    let reads = seat.role.may(Permission::ConversationsRead);
    let sight = seat.sight();
    desk.change(&app, None, |head| {
        if !reads || !sight.sees(head.standing()) {
            let detail = "a member who sees the conversation";
            return Err(Problem::invalid("#", "cannot_see", detail));
        }
        let mut there = head.participants.clone().unwrap_or_default();
        if there.contains(&member) {
            return Ok(None);
        }
        if there.len() >= MAX_PARTICIPANTS {
            let detail = "a conversation is followed by at most 20 members";
            return Err(Problem::invalid("#", "too_many", detail));
        }
        there.push(member);
        let mut step = Step::on(head, now);
        step.head.participants = Some(there);
        step.line(Line::new(Event::ParticipantAdded, actor).member(Some(member)));
        Ok(Some(step))
    })
    .await
}
