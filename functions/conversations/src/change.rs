//! `PATCH /v1/workspaces/{workspace}/conversations/{conversation}`: how soon somebody should look at a
//! conversation.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, IfMatch, Json, Path, Problem, Problems, Versioned, json::given},
    store::{
        conversation::Priority,
        message::Event,
        transcript::{Line, Step},
    },
};
use utoipa::ToSchema;

use crate::{desk::Desk, view::ConversationView};

/// What to change of a conversation; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeConversation {
    /// How soon somebody should look at it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "high")]
    priority: Option<Priority>,
}

/// Change a conversation.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}",
    operation_id = "change_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeConversation,
    responses((status = 200, description = "The conversation.", body = ConversationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeConversation>,
) -> Result<Versioned<ConversationView>, Problem> {
    let desk = Desk::open(&app, &token, place, Permission::ConversationsWrite).await?;
    let (actor, now) = (desk.actor(), desk.now());
    desk.change(&app, None, |head| {
        let Some(priority) = body.priority.filter(|wanted| *wanted != head.priority()) else {
            return Ok(None);
        };
        if_match.check(head.rev)?;
        let mut step = Step::on(head, now);
        step.head.priority = Some(priority);
        step.line(Line::new(Event::PriorityChanged, actor).priority(priority));
        Ok(Some(step))
    })
    .await
}
