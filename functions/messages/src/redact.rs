//! `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}/redact`: a part of a
//! message is blacked out for good, such as the number of a card.
//!
//! Every character becomes a block, so numbers of characters stay what they were, and the same
//! request twice is the same message.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ConversationId, WorkspaceId},
    http::{AccessToken, IfMatch, Json, Path, Problem, Problems, Versioned, view::MessageView},
    store::{
        message::{Event, Message},
        transcript::Line,
    },
};
use utoipa::ToSchema;

use crate::desk::{Desk, check_changeable};

/// The most parts of one request.
const MAX_RANGES: usize = 50;

/// A part of a text, in characters (Unicode scalar values).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first character; the text begins with 0.
    #[schema(example = 0, minimum = 0)]
    start: usize,
    /// The character after the last one.
    #[schema(example = 2, minimum = 1)]
    end: usize,
}

/// Which parts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redact {
    /// 1 to 50 parts.
    ranges: Vec<Range>,
}

/// Redact a message.
///
/// It cannot be undone: what was there is not kept.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}/redact",
    operation_id = "redact_message",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
        ("seq" = u64, Path, description = "The number of the message."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = Redact,
    responses((status = 200, description = "The message.", body = MessageView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(place): Path<(WorkspaceId, ConversationId, u64)>,
    if_match: IfMatch,
    Json(Redact { ranges }): Json<Redact>,
) -> Result<Versioned<MessageView>, Problem> {
    if ranges.is_empty() || ranges.len() > MAX_RANGES {
        return Err(Problem::invalid(
            "#/ranges",
            "out_of_range",
            "1 to 50 parts",
        ));
    }
    let desk = Desk::open(&app, &token, place).await?;
    let actor = desk.actor();
    desk.change(&app, |message| {
        check_changeable(message)?;
        if_match.check(message.rev)?;
        let mut text = message.text.clone().ok_or_else(Problem::not_found)?;
        for (place, Range { start, end }) in ranges.iter().enumerate() {
            text = text.blacked_out(*start, *end).ok_or_else(|| {
                let pointer = format!("#/ranges/{place}");
                Problem::invalid(
                    &pointer,
                    "out_of_range",
                    "a part of the text, from start to before end",
                )
            })?;
        }
        if message.text.as_ref() == Some(&text) {
            return Ok(None);
        }
        let redacted = Message {
            text: Some(text),
            redacted: true,
            ..message.clone()
        };
        Ok(Some((
            redacted,
            Line::new(Event::MessageRedacted, Some(actor)),
        )))
    })
    .await
}
