//! `DELETE /v1/auth/sessions`: every login session of the account ends but the one that asks.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    http::{AccessToken, Problem, Problems},
};

/// End all other login sessions.
#[utoipa::path(
    delete,
    path = "/v1/auth/sessions",
    operation_id = "end_other_login_sessions",
    responses((status = 204, description = "They are over."), Problems),
    security(("member" = [])),
)]
pub async fn handle(State(app): State<App>, token: AccessToken) -> Result<StatusCode, Problem> {
    let signed_in = app.signed_in(&token, Vec::new()).await?;
    app.store
        .end_sessions(signed_in.account, Some(signed_in.session.id), signed_in.now)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
