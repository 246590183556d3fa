//! `POST /v1/account/recovery-codes`: ten new recovery codes; the old ones are good no more.

use axum::{extract::State, response::IntoResponse};
use shared::{
    app::App,
    http::{AccessToken, Code, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, keys,
        notice::{Notice, NoticeKind},
        second_factor::SecondFactor,
    },
};

use crate::{
    confirm_totp::RecoveryCodes,
    factor,
    platform::{Platform, Proof},
};

/// Make new recovery codes.
///
/// The old ones are good no more. Asks for a proof of the last ten minutes, in a session that
/// proved the second factor.
#[utoipa::path(
    post,
    path = "/v1/account/recovery-codes",
    operation_id = "make_recovery_codes",
    responses((status = 200, description = "The new codes, shown once.", body = RecoveryCodes), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<impl IntoResponse, Problem> {
    Ok(RecoveryCodes::reply(make(&app, &token).await?))
}

/// Makes new recovery codes, for whoever asks.
pub async fn make(app: &App, token: &AccessToken) -> Result<Vec<String>, Problem> {
    let id = token.account();
    let (session, read) = Platform::of(app, token, factor::wanted(id), Proof::Fresh).await?;
    let (found, key) = factor::of(&read, id)?;
    let found = factor::proved(found, &session)?;
    let (shown, recovery_codes) = factor::new_recovery_codes(&read.tenant_key, id)?;
    let next = SecondFactor {
        recovery_codes,
        ..found
    };
    let mut transaction = Transaction::new(read.now);
    transaction.check_live(keys::account(id));
    transaction.replace(&Stored::next(next, &read.policy), &key)?;
    transaction.notify(Notice::new(id, NoticeKind::RecoveryCodesMade, read.now))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(shown),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
