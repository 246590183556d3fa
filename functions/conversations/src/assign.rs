//! `PUT /v1/workspaces/{workspace}/conversations/{conversation}/assignee`: a conversation is given
//! to a member.
//!
//! The transaction holds only while the membership lives. With `If-Match` nobody overwrites an
//! assignment that they have not seen.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, MemberId, Permission, WorkspaceId},
    http::{AccessToken, IfMatch, Json, Path, Problem, Problems, Versioned},
    store::{
        keys,
        message::Event,
        transcript::{Line, Step},
    },
};
use utoipa::ToSchema;

use crate::{desk::Desk, view::ConversationView};

/// To whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// A member of the workspace who may write in conversations.
    member_id: MemberId,
}

/// Assign a conversation.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/assignee",
    operation_id = "assign_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = Assign,
    responses((status = 200, description = "It is theirs.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
    if_match: IfMatch,
    Json(body): Json<Assign>,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (member, actor, now) = (body.member_id, desk.actor(), desk.now());
    let seats = app.store.seats_of(place.0, &[member], now).await?;
    let refused = |code, detail| Err(Problem::invalid("#/member_id", code, detail));
    match seats.get(&member) {
        None => return refused("unknown_member", "a member of this workspace"),
        Some(seat) if !seat.role.may(Permission::ConversationsWrite) => {
            return refused("cannot_answer", "a member who may write in conversations");
        }
        Some(_) => {}
    }
    let live = keys::membership(place.0, member);
    desk.change(&app, Some(live), |head| {
        if head.assignee == Some(member) {
            return Ok(None);
        }
        if_match.check(head.rev)?;
        let mut step = Step::on(head, now);
        step.head.hand_over(Some(member), now);
        step.line(Line::new(Event::Assigned, actor).member(Some(member)));
        Ok(Some(step))
    })
    .await
}
