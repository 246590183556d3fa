//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/snooze`: a conversation is put
//! aside until a time.
//!
//! The time is a deadline that every read and every write checks: when it passes, the conversation
//! is open, whoever writes that down.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, Permission, Timestamp, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems, Versioned, view::content_end},
    store::{
        message::Event,
        transcript::{Line, Step},
    },
};
use utoipa::ToSchema;

use crate::{desk::Desk, view::ConversationView};

/// Until when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// A time to come, before the conversation ends.
    until: Timestamp,
}

/// Snooze a conversation.
///
/// It comes back at that time, or with the visitor's next message.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/snooze",
    operation_id = "snooze_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    request_body = Snooze,
    responses((status = 200, description = "It is put aside.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
    Json(Snooze { until }): Json<Snooze>,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (actor, now) = (desk.actor(), desk.now());
    let end = content_end(&desk.member.entry.policy, now);
    if until <= now || end.is_some_and(|end| until >= end) {
        let detail = "later than now, and before the conversation ends";
        return Err(Problem::invalid("#/until", "out_of_range", detail));
    }
    desk.change(&app, None, |head| {
        if head.snoozed_until_at(now) == Some(until) {
            return Ok(None);
        }
        let mut step = Step::on(head, now);
        step.head.put_aside(until);
        step.line(Line::new(Event::Snoozed, actor).until(until));
        Ok(Some(step))
    })
    .await
}
