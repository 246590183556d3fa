//! `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/hold`: lets a conversation end
//! by its retention again.
//!
//! Its content ends when it would have ended without the hold: what is past that is gone with this
//! call. A job brings the stored ends back.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::Serialize;
use shared::{
    app::App,
    domain::{ConversationId, JobId, Permission, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{
        audit::Deed,
        job::{Job, JobKind},
        keys,
    },
};
use utoipa::ToSchema;

use crate::{hold::change, view};

/// A hold that was released.
#[derive(Serialize, ToSchema)]
pub struct ReleasedView {
    /// The job that brings the stored ends back; none when there was no hold.
    job_id: Option<JobId>,
}

/// Release a conversation.
#[utoipa::path(
    delete,
    path = "/v1/workspaces/{workspace}/conversations/{conversation}/hold",
    operation_id = "release_conversation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("conversation" = ConversationId, Path, description = "The conversation."),
    ),
    responses((status = 202, description = "No longer on hold.", body = ReleasedView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, conversation)): Path<(WorkspaceId, ConversationId)>,
) -> Result<impl IntoResponse, Problem> {
    let wanted = vec![keys::conversation(workspace, conversation)];
    let member = app
        .member(&token, workspace, Permission::ConversationsHold, wanted)
        .await?;
    let entry = &member.entry;
    let head = view::seen(entry, &member.sight, conversation)?;
    let accepted = |job_id| (StatusCode::ACCEPTED, Json(ReleasedView { job_id }));
    if head.hold_at(entry.now).is_none() {
        return Ok(accepted(None));
    }
    let job = Job::new(workspace, JobKind::Release, Some(conversation), entry.now);
    change(&app, &member, head, &job, |head, transaction| {
        head.release();
        transaction.remove(keys::hold(workspace, conversation));
        let line = entry.line(member.id, Deed::HoldReleased);
        transaction.audit(line.about(conversation))?;
        Ok(())
    })
    .await?;
    Ok(accepted(Some(job.id)))
}
