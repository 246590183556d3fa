//! `DELETE /v1/auth/sessions/{session}`: a login session of the account ends, at once and
//! everywhere: at its next call, and its sockets as soon as the table's stream tells of it.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{SessionId, policy::Lens},
    http::{AccessToken, Path, Problem, Problems},
    store::{Unsealed, account::LoginSession, keys},
};

/// End a login session.
///
/// Neither its access token nor its refresh token is good any more.
#[utoipa::path(
    delete,
    path = "/v1/auth/sessions/{session}",
    operation_id = "end_login_session",
    params(("session" = SessionId, Path, description = "The session.")),
    responses((status = 204, description = "It is over."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(session): Path<SessionId>,
) -> Result<StatusCode, Problem> {
    let place = keys::session(token.account(), session);
    let signed_in = app.signed_in(&token, vec![place.clone()]).await?;
    let lens = Lens {
        now: signed_in.now,
        policy: &signed_in.policy,
    };
    let found = signed_in
        .fetched
        .get::<LoginSession>(&place, &Unsealed, lens)?;
    if found.is_none() {
        return Err(Problem::not_found());
    }
    app.store.delete(place).await?;
    Ok(StatusCode::NO_CONTENT)
}
