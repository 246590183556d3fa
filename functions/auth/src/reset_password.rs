//! `POST /v1/auth/password/reset`: a mailed link sets a new password.
//!
//! The link is used up with it, every session ends, and the second factor stays: a mailbox alone
//! must not be enough where two factors were asked for. Wrong, used, expired and never mailed links
//! look alike.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::Policy,
    http::{Code, Json, Problem, Problems},
    store::{
        CommitError, RootRef, Transaction, keys,
        notice::{Notice, NoticeKind},
        password::ResetLink,
    },
};
use utoipa::ToSchema;

use crate::{
    log_in, owner,
    password::{self, Typed},
    platform::{self, Platform},
};

/// A mailed link, and the password that it is to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The token of the mailed link.
    #[schema(example = "rs_agnlhm7kc57htgv5tmvzx3xqaa.dGhlIHNlY3JldA")]
    token: String,
    /// The new password: at least 15 characters, 8 where the account has a second factor.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "vexing umbrella 9")]
    password: Typed,
}

/// Set a new password by a mailed link.
///
/// Ends every session of the account. A second factor stays.
#[utoipa::path(
    post,
    path = "/v1/auth/password/reset",
    operation_id = "reset_password",
    request_body = ResetPassword,
    responses((status = 204, description = "Sign in with the new password."), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    Json(body): Json<ResetPassword>,
) -> Result<StatusCode, Problem> {
    reset(&app, &body.token, &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

const fn invalid() -> Problem {
    Problem::new(Code::CodeInvalid)
}

/// The fewest characters of a password that the link may set. Only whoever has the link learns that
/// fewer do beside a second factor.
pub async fn fewest(app: &App, token: &str) -> Result<usize, Problem> {
    let Some((id, secret)) = ResetLink::read_link_token(token) else {
        return Ok(password::MIN_ALONE);
    };
    let now = app.clock.now();
    let head = keys::reset(id);
    let read = Platform::read(app, platform::root(&head).into(), now).await?;
    let link = read.root::<ResetLink>(&head)?.map(|(link, _)| link);
    let Some(link) = link.filter(|link| link.deliver && link.token.matches(&secret)) else {
        return Ok(password::MIN_ALONE);
    };
    let owned = owner::of_address(app, &read.tenant_key, &link.email, now).await?;
    let Some(account) = owned else {
        return Ok(password::MIN_ALONE);
    };
    let read = Platform::read(app, log_in::wanted(account), now).await?;
    let found = log_in::found(&read, account)?;
    Ok(found.map_or(password::MIN_ALONE, |found| found.fewest()))
}

/// Sets a new password, for whoever asks.
pub async fn reset(app: &App, token: &str, typed: &Typed) -> Result<(), Problem> {
    let now = app.clock.now();
    let (id, secret) = ResetLink::read_link_token(token).ok_or_else(invalid)?;
    let head = keys::reset(id);
    let read = Platform::read(app, platform::root(&head).into(), now).await?;
    let (link, _) = read.root::<ResetLink>(&head)?.ok_or_else(invalid)?;
    if !link.deliver || !link.token.matches(&secret) {
        return Err(invalid());
    }
    let owned = owner::of_address(app, &read.tenant_key, &link.email, now).await?;
    let account = owned.ok_or_else(invalid)?;
    let read = Platform::read(app, log_in::wanted(account), now).await?;
    let found = log_in::found(&read, account)?.ok_or_else(invalid)?;
    typed.is_strong(found.fewest(), link.email.reveal(), "#/password")?;
    let hash = password::hash(app, &read.tenant_key, typed).await?;
    // Before and after: one that begins in between is ended, too, and if the end of them all fails,
    // nothing has changed.
    app.store.end_sessions(account, None, now).await?;
    let mut transaction = Transaction::new(now);
    transaction.consume(head.clone());
    transaction.consume(keys::data_key(&RootRef::of(&head)));
    transaction.check_live(keys::account(account));
    found.set_password(&mut transaction, hash, &Policy::platform(), now)?;
    transaction.notify(Notice::new(account, NoticeKind::PasswordReset, now))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(app.store.end_sessions(account, None, now).await?),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(invalid()),
    }
}
