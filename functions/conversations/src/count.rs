//! `GET /v1/workspaces/{workspace}/conversations/counts`: how many conversations wait in the queues
//! that a member works from.
//!
//! Counted in the index, so a change of the last second may be missing.

use axum::extract::State;
use serde::Serialize;
use shared::{
    app::App,
    domain::{Permission, Standing, WorkspaceId, policy::Module},
    http::{AccessToken, Json, Path, Problem, Problems},
    store::{self, conversation::Status, keys},
};
use utoipa::ToSchema;

/// As far as we count.
const MOST: u16 = 1000;

/// How many conversations lie in a queue.
#[derive(Serialize, ToSchema)]
pub struct QueueCounts {
    /// Somebody should look at them.
    #[schema(example = 3)]
    open: u64,
    /// They come back by themselves.
    #[schema(example = 1)]
    snoozed: u64,
}

/// How many conversations lie in the queues of a member.
#[derive(Serialize, ToSchema)]
pub struct Counts {
    /// The member's own.
    mine: QueueCounts,
    /// Nobody's.
    unassigned: QueueCounts,
    /// The number at which counting stops: it means "that many or more".
    #[schema(example = 1000)]
    counted_to: u16,
}

/// Count conversations.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/conversations/counts",
    operation_id = "count_conversations",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    responses((status = 200, description = "The counts.", body = Counts), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
) -> Result<Json<Counts>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.entry.require(Module::Conversations)?;
    let now = keys::until(member.entry.now);
    let count = |whose: keys::Whose, low: String, high: String| {
        let queue = keys::queue(workspace, whose, Status::Open);
        app.store
            .count(store::Query::lists(queue).between(low, high).limit(MOST))
    };
    let first = || "0".to_owned();
    let last = || "~".to_owned();
    let (mine, nobodys_queue) = (keys::Whose::Member(member.id), keys::Whose::Nobody);
    let (open, snoozed, nobodys, nobodys_snoozed) = tokio::try_join!(
        count(mine, first(), now.clone()),
        count(mine, now.clone(), last()),
        count(nobodys_queue, first(), now.clone()),
        count(nobodys_queue, now.clone(), last()),
    )?;
    // Nobody's are not there for who sees only their own.
    let (nobodys, nobodys_snoozed) = if member.sight.sees(Standing::NOBODYS) {
        (nobodys, nobodys_snoozed)
    } else {
        (0, 0)
    };
    Ok(Json(Counts {
        mine: QueueCounts { open, snoozed },
        unassigned: QueueCounts {
            open: nobodys,
            snoozed: nobodys_snoozed,
        },
        counted_to: MOST,
    }))
}
