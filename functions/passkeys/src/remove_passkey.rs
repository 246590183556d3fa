//! `DELETE /v1/account/passkeys/{passkey}`: a passkey is the account's no more.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::PasskeyId,
    http::{
        AccessToken, Path, Problem, Problems,
        platform::{Platform, Proof},
        second_factor,
    },
    store::{notice::NoticeKind, second_factor::SecondFactor},
};

/// Remove a passkey.
///
/// Every other session ends. Where it was the last thing that proved the second factor, recovery codes go
/// along. Asks for a proof of the last ten minutes, in a session that proved the second factor.
#[utoipa::path(
    delete,
    path = "/v1/account/passkeys/{passkey}",
    operation_id = "remove_passkey",
    params(("passkey" = PasskeyId, Path, description = "The passkey.")),
    responses((status = 204, description = "It is gone."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(passkey): Path<PasskeyId>,
) -> Result<StatusCode, Problem> {
    remove(&app, &token, passkey).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a passkey, for whoever asks.
pub async fn remove(app: &App, token: &AccessToken, passkey: PasskeyId) -> Result<(), Problem> {
    let id = token.account();
    let wanted = second_factor::wanted(id);
    let (session, read) = Platform::of(app, token, wanted, Proof::Fresh).await?;
    let (found, key) = second_factor::of(&read, id)?;
    let found = second_factor::proved(found, &session)?;
    let passkeys = found.passkeys.without(passkey);
    let left = SecondFactor {
        passkeys: passkeys.ok_or_else(Problem::not_found)?,
        ..found
    };
    let kind = NoticeKind::PasskeyRemoved;
    app.lessen_factor(&read, session, (left, &key), kind).await
}
