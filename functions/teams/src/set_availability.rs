//! `PUT /v1/workspaces/{workspace}/availability`: a member says whether they are there.
//!
//! It overwrites what they said before and is remembered nowhere else: a history of it would be a
//! record of how long somebody works (CHAT-07).

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{Permission, Timestamp, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        hours::{Availability, Presence},
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
    /// Until when; after that they are online again. A time to come.
    #[schema(example = "2027-01-15T12:00:00.000Z")]
    until: Option<Timestamp>,
}

/// What a member says of themselves.
#[derive(Serialize, ToSchema)]
pub struct AvailabilityView {
    /// What they say.
    status: Presence,
    /// Until when, if that ends.
    until: Option<Timestamp>,
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
    let SetAvailability { status, until } = body;
    if until.is_some_and(|until| until <= entry.now) {
        return Err(Problem::invalid("#/until", "in_the_past", "a time to come"));
    }
    let said = Availability::new(workspace, member.id, status, until, entry.now);
    let mut transaction = Transaction::new(entry.now);
    transaction.overwrite(&Stored::new(said, &entry.policy), &Unsealed)?;
    // Of who leaves at this moment nothing is left behind.
    transaction.check_live(keys::membership(workspace, member.id));
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Json(AvailabilityView { status, until })),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
