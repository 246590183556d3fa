//! `PUT /v1/workspaces/{workspace}/availability`: a member says whether they are there.
//!
//! It overwrites what they said before and is remembered nowhere else: a history of it would be a
//! record of how long somebody works (CHAT-07). Only what is said for a time keeps, in the same row, what
//! holds when that is over; whoever reads the row works it out, and no schedule is needed.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{JobId, Permission, Timestamp, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        hours::{Availability, Presence},
        job::Job,
        keys,
    },
};
use utoipa::ToSchema;

/// Whether somebody is there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAvailability {
    /// What they say.
    status: Presence,
    /// Until when; after that holds what they had said before without an end, `online` if nothing. A time to
    /// come.
    #[schema(example = "2027-01-15T12:00:00.000Z")]
    until: Option<Timestamp>,
    /// Whether the open conversations that they have go to nobody, or back to their teams, which give them
    /// out. Not with `online`.
    #[serde(default)]
    #[schema(default = false)]
    reassign: bool,
}

/// What a member says of themselves.
#[derive(Serialize, ToSchema)]
pub struct AvailabilityView {
    /// What they say.
    status: Presence,
    /// Until when, if that ends.
    until: Option<Timestamp>,
    /// The job that gives the conversations back, where that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    job_id: Option<JobId>,
}

/// Say whether one is there.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/availability",
    operation_id = "set_availability",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = SetAvailability,
    responses((status = 200, description = "What holds now.", body = AvailabilityView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<SetAvailability>,
) -> Result<Json<AvailabilityView>, Problem> {
    let member = app
        .member(
            &token,
            workspace,
            Permission::ConversationsWrite,
            Vec::new(),
        )
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    member.belongs()?;
    let SetAvailability {
        status,
        until,
        reassign,
    } = body;
    if until.is_some_and(|until| until <= entry.now) {
        return Err(Problem::invalid("#/until", "in_the_past", "a time to come"));
    }
    if reassign && status == Presence::Online {
        let detail = "with `away` or `offline`";
        return Err(Problem::invalid("#/reassign", "forbidden", detail));
    }
    let mut said = Availability::new(workspace, member.id, status, until, entry.now);
    if until.is_some() {
        let place = keys::availability(workspace, member.id);
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let before = fetched.get::<Availability>(&place, &Unsealed, entry.lens())?;
        said = said.after(before.as_ref());
    }
    let mut transaction = Transaction::new(entry.now);
    transaction.overwrite(&Stored::new(said, &entry.policy), &Unsealed)?;
    let job = reassign.then(|| Job::reassign(workspace, member.id, entry.now));
    if let Some(job) = &job {
        transaction.create(&Stored::new(job.clone(), &entry.policy), &Unsealed)?;
        transaction.create(&Stored::new(job.opened(), &entry.policy), &Unsealed)?;
    }
    // Of who leaves at this moment nothing is left behind.
    transaction.check_live(keys::membership(workspace, member.id));
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Json(AvailabilityView {
            status,
            until,
            job_id: job.map(|job| job.id),
        })),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
