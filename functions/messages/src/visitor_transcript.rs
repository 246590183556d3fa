//! `GET /v1/widget/conversations/{conversation}/transcript`: a visitor takes a copy of its thread
//! along. What members wrote among themselves is not in it.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::{App, transcript::Reader},
    domain::ConversationId,
    http::{Path, Problem, Problems, Query, VisitorToken},
};

use crate::{
    thread,
    transcript::{self, Format, TranscriptView},
};

/// Which transcript.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Its form; `txt` unless asked otherwise.
    #[param(inline)]
    format: Option<Format>,
    /// The number after which it begins: of a long thread, `next_after_seq` of the part before.
    after_seq: Option<u64>,
}

/// Download a transcript as a visitor.
#[utoipa::path(
    get,
    path = "/v1/widget/conversations/{conversation}/transcript",
    operation_id = "visitor_show_transcript",
    params(
        ("conversation" = ConversationId, Path, description = "The conversation."),
        Which,
    ),
    responses(
        (status = 200, description = "The transcript.", content(
            (TranscriptView = "application/json"),
            (String = "text/html"),
            (String = "text/plain"),
        )),
        Problems,
    ),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(conversation): Path<ConversationId>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let wanted = thread::wanted(token.workspace, conversation);
    let visitor = app.visitor(&token, wanted).await?;
    let entry = &visitor.entry;
    let thread = thread::own(entry, visitor.id, conversation)?;
    let after = which.after_seq.unwrap_or_default();
    let part = (after, which.format.unwrap_or(Format::Txt));
    transcript::answer(&app, entry, thread, Reader::Visitor, part).await
}
