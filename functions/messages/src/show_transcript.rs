//! `GET /v1/workspaces/{workspace}/conversations/{conversation}/transcript`: a member takes a copy of
//! a thread along.
//!
//! It is a copy that leaves the system, so a line of the audit log says who took it, and nothing is
//! handed out when that cannot be written.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::{
        App,
        transcript::{Contact, Reader},
    },
    domain::{ConversationId, Permission, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Query},
    store::{CommitError, Transaction, audit::Deed},
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
    /// Whether it holds internal notes and what the team did; not unless asked for.
    notes: Option<bool>,
    /// The number after which it begins: of a long thread, `next_after_seq` of the part before.
    after_seq: Option<u64>,
}

/// Download a transcript.
///
/// The roles that do not see names of contacts read `Visitor` instead. Operators who entered by
/// break-glass get none: they are here to read, not to take along.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/transcript",
    operation_id = "show_transcript",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
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
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let wanted = thread::wanted(workspace, conversation);
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, wanted)
        .await?;
    member.belongs()?;
    let entry = &member.entry;
    let thread = thread::seen(entry, &member.sight, conversation)?;
    let contact = match member.role.may(Permission::PersonalDataRead) {
        true => Contact::Named,
        false => Contact::Masked,
    };
    let reader = match which.notes {
        Some(true) => Reader::TeamWithNotes(contact),
        Some(false) | None => Reader::Team(contact),
    };
    let after = which.after_seq.unwrap_or_default();
    let part = (after, which.format.unwrap_or(Format::Txt));
    let answer = transcript::answer(&app, entry, thread, reader, part).await?;

    let mut transaction = Transaction::new(entry.now);
    let line = entry.line(member.id, Deed::TranscriptTaken);
    transaction.audit(line.about(conversation))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(answer),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::internal("a line of a log had a place")),
    }
}
