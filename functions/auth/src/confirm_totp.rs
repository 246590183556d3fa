//! `POST /v1/account/totp/confirm`: the app's first code; from now on the account has a second factor.
//!
//! The session has proved it with this. One read, one transaction.

use axum::{extract::State, http::header, response::IntoResponse};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    http::{AccessToken, Code, Json, Problem, Problems},
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed,
        account::LoginSession,
        keys,
        notice::{Notice, NoticeKind},
        second_factor::SecondFactor,
    },
};
use utoipa::ToSchema;

use crate::{
    challenge::TRIES,
    factor::{self, FactorCode, Verdict},
    platform::{Platform, Proof},
};

/// The first code of an authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmAuthenticator {
    /// The six digits that the app shows.
    #[schema(value_type = String, pattern = "^[0-9]{6}$", example = "123456")]
    code: FactorCode,
}

/// The codes for the loss of what proves the second factor. Shown once, each good once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten of them; none where the account has some from before, beside passkeys.
    #[schema(max_items = 10, example = json!(["a4dq-obyh-a4dq-obyh-a4dq-obyh"]))]
    recovery_codes: Vec<String>,
}

impl RecoveryCodes {
    /// The reply that shows them; nobody on the way keeps it.
    pub fn reply(recovery_codes: Vec<String>) -> impl IntoResponse {
        (
            [(header::CACHE_CONTROL, "no-store")],
            Json(Self { recovery_codes }),
        )
    }
}

/// Confirm an authenticator app.
///
/// Answers with ten recovery codes, which are shown this once, unless passkeys brought some before. Signing in asks for a code of the app
/// from now on.
#[utoipa::path(
    post,
    path = "/v1/account/totp/confirm",
    operation_id = "confirm_authenticator",
    request_body = ConfirmAuthenticator,
    responses((status = 200, description = "The account has a second factor.", body = RecoveryCodes), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Json(body): Json<ConfirmAuthenticator>,
) -> Result<impl IntoResponse, Problem> {
    let codes = confirm(&app, &token, &body.code).await?;
    Ok(RecoveryCodes::reply(codes))
}

/// Takes the first code of an app, for whoever asks; the recovery codes.
pub async fn confirm(
    app: &App,
    token: &AccessToken,
    code: &FactorCode,
) -> Result<Vec<String>, Problem> {
    for _ in 0..TRIES {
        if let Some(codes) = attempt(app, token, code).await? {
            return Ok(codes);
        }
    }
    Err(StoreError::Conflict.into())
}

/// Judges the code once; `None` when somebody else's answer was counted first.
async fn attempt(
    app: &App,
    token: &AccessToken,
    code: &FactorCode,
) -> Result<Option<Vec<String>>, Problem> {
    let id = token.account();
    let (session, read) = Platform::of(app, token, factor::wanted(id), Proof::Any).await?;
    let now = read.now;
    let (found, key) = factor::of(&read, id)?;
    let found = found.ok_or_else(Problem::not_found)?;
    if found.has_app() {
        return Err(Problem::new(Code::SecondFactorExists));
    }
    if found.is_active() && session.second_factor_at.is_none() {
        return Err(Problem::new(Code::StepUpRequired));
    }
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::account(id));
    let presented = code.presented(&read.tenant_key, id);
    // Of this app alone: a recovery code confirms nothing.
    let trial = SecondFactor {
        confirmed_at: Some(now),
        recovery_codes: Vec::new(),
        ..found.clone()
    };
    let (next, shown) = match factor::judge(&trial, &presented, now) {
        Verdict::Wait(until) => return Err(factor::wait(until, now)),
        Verdict::Wrong(next) => {
            let next = SecondFactor {
                confirmed_at: None,
                recovery_codes: found.recovery_codes,
                ..next
            };
            (next, None)
        }
        Verdict::Right(next) => {
            let (shown, recovery_codes) = match found.is_active() {
                true => (Vec::new(), found.recovery_codes),
                false => factor::new_recovery_codes(&read.tenant_key, id)?,
            };
            let session = LoginSession {
                proved_at: Some(now),
                second_factor_at: Some(now),
                ..session
            };
            transaction.replace(&Stored::next(session, &read.policy), &Unsealed)?;
            transaction.notify(Notice::new(id, NoticeKind::SecondFactorAdded, now))?;
            let next = SecondFactor {
                recovery_codes,
                ..next
            };
            (next, Some(shown))
        }
    };
    transaction.replace(&Stored::next(next, &read.policy), &key)?;
    match (app.store.commit(transaction).await, shown) {
        (Ok(()), Some(shown)) => Ok(Some(shown)),
        (Ok(()), None) => Err(Problem::new(Code::CodeInvalid)),
        (Err(CommitError::Store(error)), _) => Err(error.into()),
        (Err(CommitError::Refused(_)), _) => Ok(None),
    }
}
