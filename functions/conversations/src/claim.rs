//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/claim`: a member takes a
//! conversation that nobody has.
//!
//! Of two who claim at once one wins: the second decides again on what the first has left.

use axum::extract::State;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Code, Path, Problem, Problems, Versioned},
    store::{
        message::Event,
        transcript::{Line, Step},
    },
};

use crate::{desk::Desk, view::ConversationView};

/// Claim a conversation.
///
/// Refused with `already_assigned` when a colleague has it; to claim one's own again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/claim",
    operation_id = "claim_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 200, description = "It is yours.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (me, actor, now) = (desk.member.id, desk.actor(), desk.now());
    desk.change(&app, None, |head| match head.assignee {
        Some(holder) if holder == me => Ok(None),
        Some(holder) => {
            Err(Problem::new(Code::AlreadyAssigned).with_detail(format!("{holder} has it")))
        }
        None => {
            let mut step = Step::on(head, now);
            step.head.hand_over(Some(me), now);
            step.line(Line::new(Event::Claimed, actor).member(Some(me)));
            Ok(Some(step))
        }
    })
    .await
}
