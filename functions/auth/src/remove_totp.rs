//! `DELETE /v1/account/totp`: the account has no second factor any more.
//!
//! What the sessions proved with it goes along: this one forgets it, the others end. So nobody stays
//! in a workspace that asks for a second factor by one that is gone.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    http::{AccessToken, Code, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        account::LoginSession,
        keys,
        notice::{Notice, NoticeKind},
    },
};

use crate::{
    factor,
    platform::{Platform, Proof},
};

/// Remove the second factor.
///
/// Recovery codes go along, and every other session ends. Asks for a proof of the last ten minutes,
/// in a session that proved the second factor.
#[utoipa::path(
    delete,
    path = "/v1/account/totp",
    operation_id = "remove_authenticator",
    responses((status = 204, description = "There is no second factor any more."), Problems),
    security(("member" = [])),
)]
pub async fn handle(State(app): State<App>, token: AccessToken) -> Result<StatusCode, Problem> {
    remove(&app, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the second factor, for whoever asks.
pub async fn remove(app: &App, token: &AccessToken) -> Result<(), Problem> {
    let id = token.account();
    let (session, read) = Platform::of(app, token, factor::wanted(id), Proof::Fresh).await?;
    let (found, _) = factor::of(&read, id)?;
    let found = factor::proved(found, &session)?;
    // First the others: a failure here leaves the factor where it is.
    app.store
        .end_sessions(id, Some(session.id), read.now)
        .await?;
    let session = LoginSession {
        second_factor_at: None,
        ..session
    };
    let mut transaction = Transaction::new(read.now);
    transaction.consume_version(keys::second_factor(id), found.rev);
    transaction.replace(&Stored::next(session, &read.policy), &Unsealed)?;
    transaction.notify(Notice::new(id, NoticeKind::SecondFactorRemoved, read.now))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
