//! `GET /v1/workspaces/{workspace}/jobs/{job}`: how far a piece of long work is.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{JobId, Permission, Timestamp, WorkspaceId},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{
        job::{Job, JobKind, JobState},
        keys,
    },
};
use utoipa::ToSchema;

/// A job.
#[derive(Serialize, ToSchema)]
pub struct JobView {
    /// Its id.
    id: JobId,
    /// What it does.
    kind: JobKind,
    /// How far it is.
    state: JobState,
    /// How many conversations and contacts are done.
    #[schema(example = 120)]
    roots_done: u64,
    /// How many items were changed.
    #[schema(example = 3400)]
    items_changed: u64,
    /// When it was asked for.
    created_at: Timestamp,
    /// Its last step.
    updated_at: Timestamp,
    /// When it was done.
    finished_at: Option<Timestamp>,
}

/// Show a job.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/jobs/{job}",
    operation_id = "show_job",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("job" = JobId, Path, description = "The job."),
    ),
    responses((status = 200, description = "The job; 30 days after its last step it is gone.", body = JobView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, JobId)>,
) -> Result<Json<JobView>, Problem> {
    let place = keys::job(workspace, id);
    let member = app
        .member(
            &token,
            workspace,
            Permission::WorkspaceRead,
            vec![place.clone()],
        )
        .await?;
    let job = member
        .entry
        .open::<Job>(&place)?
        .ok_or_else(Problem::not_found)?;
    Ok(Json(JobView {
        id: job.id,
        kind: job.job_kind,
        state: job.job_state,
        roots_done: job.roots,
        items_changed: job.items,
        created_at: job.created_at,
        updated_at: job.updated_at,
        finished_at: job.finished_at,
    }))
}
