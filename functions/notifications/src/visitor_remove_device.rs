//! `DELETE /v1/widget/devices/{device}`: a visitor is told nothing on this device any more, because they signed out
//! of the customer's app, or want it so.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::DeviceId,
    http::{Path, Problem, Problems, VisitorToken},
    store::{CommitError, Transaction, keys},
};

/// Remove a visitor's device.
#[utoipa::path(
    delete,
    path = "/v1/widget/devices/{device}",
    operation_id = "visitor_remove_device",
    params(("device" = DeviceId, Path, description = "The device.")),
    responses((status = 204, description = "Removed."), Problems),
    security(("visitor" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: VisitorToken,
    Path(id): Path<DeviceId>,
) -> Result<StatusCode, Problem> {
    let visitor = app.visitor(&token, Vec::new()).await?;
    let mut transaction = Transaction::new(visitor.entry.now);
    transaction.consume(keys::visitor_device(token.workspace, visitor.id, id));
    match app.store.commit(transaction).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
    }
}
