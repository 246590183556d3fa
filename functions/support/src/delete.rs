//! `DELETE /v1/operator/support/{thread}`: a thread goes before its time, at somebody's wish.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::SupportId,
    http::{AccessToken, Path, Problem, Problems},
    store::{CommitError, StoreError, Transaction, keys},
};

use crate::thread::{self, Desk};

/// Delete what somebody wrote, and what was answered.
///
/// For the operator of the deployment. Who has no account has no list of their own: they ask for it.
#[utoipa::path(
    delete,
    path = "/v1/operator/support/{thread}",
    operation_id = "operate_delete_support",
    params(("thread" = SupportId, Path, description = "The thread.")),
    responses((status = 204, description = "It is gone."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(id): Path<SupportId>,
) -> Result<StatusCode, Problem> {
    let operator = app.operator(&token, thread::wanted(id).to_vec()).await?;
    let desk = Desk {
        key: &operator.platform_key,
        now: operator.now,
    };
    let found = thread::open(&operator.fetched, desk, id)?;
    let found = found.ok_or_else(Problem::not_found)?;
    // What was said goes when `outbox` hears that the head went, and cannot be opened from now on.
    let mut transaction = Transaction::new(desk.now);
    let [head, key] = thread::wanted(id);
    transaction.remove(head);
    transaction.remove(key);
    if let Some(account) = found.head.account {
        transaction.remove(keys::own_support(account, id));
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict.into()),
    }
}
