//! `POST /v1/auth/password/change`: somebody signed in sets another password, or a first one.
//!
//! The old one proves that it is still them; where there is none, a proof of the last ten minutes
//! does. All other sessions end.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    http::{AccessToken, Allowance, Client, Code, Json, Problem, Problems},
    store::{
        CommitError, Transaction, keys,
        notice::{Notice, NoticeKind},
    },
};
use utoipa::ToSchema;

use crate::{
    log_in,
    password::{self, Typed, Verdict},
    platform::{Platform, Proof},
};

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The old one, where there is one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password, min_length = 1, max_length = 256, example = "vexing umbrella 9")]
    current_password: Option<Typed>,
    /// The new one: at least 15 characters, 8 where the account has a second factor.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 256, example = "another umbrella 10")]
    password: Typed,
}

/// Change the password.
///
/// Ends all other sessions of the account. An account without a password asks for a proof of the
/// last ten minutes instead of the old one.
#[utoipa::path(
    post,
    path = "/v1/auth/password/change",
    operation_id = "change_password",
    request_body = ChangePassword,
    responses((status = 204, description = "It is changed."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Json(body): Json<ChangePassword>,
) -> Result<(Allowance, StatusCode), Problem> {
    let subject = token.account().to_string();
    let allowed = app.admit(&client, Act::ProveAgain, &subject).await?;
    let old = body.current_password.as_ref();
    change(&app, &allowed, &token, old, &body.password).await?;
    Ok((allowed, StatusCode::NO_CONTENT))
}

/// Sets another password, for whoever asks.
pub async fn change(
    app: &App,
    allowed: &Allowance,
    token: &AccessToken,
    current: Option<&Typed>,
    wanted: &Typed,
) -> Result<(), Problem> {
    debug_assert_eq!(allowed.act(), Act::ProveAgain);
    let id = token.account();
    let (session, read) = Platform::of(app, token, log_in::wanted(id), Proof::Any).await?;
    let now = read.now;
    let gone = || Problem::new(Code::TokenInvalid);
    let found = log_in::found(&read, id)?.ok_or_else(gone)?;
    match &found.password {
        Some(old) => {
            let missing = || Problem::invalid("#/current_password", "required", "this field");
            let typed = current.ok_or_else(missing)?;
            let verdict = password::check(app, &read.tenant_key, Some(&old.hash), typed).await?;
            if verdict == Verdict::Wrong {
                return Err(Problem::new(Code::CredentialsWrong));
            }
        }
        None if session.is_proved(now) => {}
        None => return Err(Problem::new(Code::StepUpRequired)),
    }
    let address = found.account.email.reveal();
    wanted.is_strong(found.fewest(), address, "#/password")?;
    let hash = password::hash(app, &read.tenant_key, wanted).await?;
    app.store.end_sessions(id, Some(session.id), now).await?;
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::account(id));
    found.set_password(&mut transaction, hash, &read.policy, now)?;
    transaction.notify(Notice::new(id, NoticeKind::PasswordChanged, now))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(app.store.end_sessions(id, Some(session.id), now).await?),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
