//! `DELETE /v1/account/totp`: the account has no authenticator app any more; without passkeys, no second
//! factor.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    http::{AccessToken, Problem, Problems},
    store::{notice::NoticeKind, second_factor::Seed},
};

use crate::{
    factor,
    platform::{Platform, Proof},
};

/// Remove the authenticator app.
///
/// Every other session ends. Without passkeys the account has no second factor any more, and recovery
/// codes go along. Asks for a proof of the last ten minutes,
/// in a session that proved the second factor.
#[utoipa::path(
    delete,
    path = "/v1/account/totp",
    operation_id = "remove_authenticator",
    responses((status = 204, description = "There is no authenticator app any more."), Problems),
    security(("member" = [])),
)]
pub async fn handle(State(app): State<App>, token: AccessToken) -> Result<StatusCode, Problem> {
    remove(&app, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the app, for whoever asks.
pub async fn remove(app: &App, token: &AccessToken) -> Result<(), Problem> {
    let id = token.account();
    let (session, read) = Platform::of(app, token, factor::wanted(id), Proof::Fresh).await?;
    let (found, key) = factor::of(&read, id)?;
    let found = factor::proved(found, &session)?;
    if !found.has_app() {
        return Err(Problem::not_found());
    }
    let left = found.without_app(Seed::random()?);
    let kind = NoticeKind::SecondFactorRemoved;
    app.lessen_factor(&read, session, (left, &key), kind).await
}
