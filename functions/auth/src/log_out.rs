//! `POST /v1/auth/logout`: the login session ends, at once and everywhere.
//!
//! Safe to repeat: a session that is over already has ended, too.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    http::{AccessToken, Code, Problem, Problems},
    store::keys,
};

/// Log out.
///
/// Ends the session that the access token belongs to: neither it nor the refresh token is good any
/// more.
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    operation_id = "log_out",
    responses((status = 204, description = "The session is over."), Problems),
    security(("member" = [])),
)]
pub async fn handle(State(app): State<App>, token: AccessToken) -> Result<StatusCode, Problem> {
    match app.signed_in_anyhow(&token, Vec::new()).await {
        Ok(signed_in) => {
            app.store
                .delete(keys::session(signed_in.account, signed_in.session.id))
                .await?;
        }
        // The signature was good, so the session is over: what was asked for.
        Err(problem) if problem.code() == Code::TokenInvalid => {}
        Err(problem) => return Err(problem),
    }
    Ok(StatusCode::NO_CONTENT)
}
