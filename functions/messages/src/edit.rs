//! `PATCH /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}`: whoever wrote a
//! message says it better. The old text is not kept.

use std::time::Duration;

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, WorkspaceId, text::Text},
    http::{
        AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned, view::MessageView,
    },
    store::{
        message::{Event, Message},
        transcript::Line,
    },
};
use utoipa::ToSchema;

use crate::desk::{Desk, check_changeable, not_changeable};

/// How long a message may be changed by its writer.
const EDIT_WINDOW: Duration = Duration::from_secs(15 * 60);

/// What it says now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The whole text.
    text: Text,
}

/// Edit a message.
///
/// Only by its writer, within 15 minutes.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}",
    operation_id = "edit_message",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("seq" = u64, Path, description = "The number of the message."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = Edit,
    responses((status = 200, description = "The message.", body = MessageView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId, u64)>,
    if_match: IfMatch,
    Json(Edit { text }): Json<Edit>,
) -> Result<Versioned<MessageView>, Problem> {
    let desk = Desk::open(&app, &token, place).await?;
    let (actor, now) = (desk.actor(), desk.now());
    desk.change(&app, |message| {
        check_changeable(message)?;
        if message.author != Some(actor) {
            return Err(Problem::new(Code::Forbidden).with_detail("only its writer may change it"));
        }
        if message.text.as_ref() == Some(&text) {
            return Ok(None);
        }
        if_match.check(message.rev)?;
        if message.redacted {
            return Err(not_changeable("a part of it was blacked out"));
        }
        if message.sent_at.plus(EDIT_WINDOW) <= now {
            return Err(not_changeable("it is older than 15 minutes"));
        }
        let edited = Message {
            text: Some(text.clone()),
            edited_at: Some(now),
            ..message.clone()
        };
        Ok(Some((edited, Line::new(Event::MessageEdited, Some(actor)))))
    })
    .await
}
