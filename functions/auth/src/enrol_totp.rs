//! `POST /v1/account/totp`: somebody wants a second factor, from an authenticator app.
//!
//! Nothing is asked for at sign-in until a first code was confirmed. Asking again before that makes
//! a new secret. One read, one transaction.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use shared::{
    app::App,
    http::{AccessToken, Code, Json, Problem, Problems},
    store::{
        CommitError, Stored, Transaction,
        account::Account,
        keys,
        second_factor::{SecondFactor, Seed},
    },
};
use utoipa::ToSchema;

use crate::{
    factor,
    platform::{Platform, Proof},
};

/// What an authenticator app is set up with. Shown once.
#[derive(Serialize, ToSchema)]
pub struct AuthenticatorSetup {
    /// For apps that have it typed: base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// For apps that read a QR code.
    #[schema(
        example = "otpauth://totp/Sotto:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sotto&algorithm=SHA1&digits=6&period=30"
    )]
    pub uri: String,
}

/// Set up an authenticator app.
///
/// The account has a second factor from the first confirmed code on. Asks for a proof of the last
/// ten minutes.
#[utoipa::path(
    post,
    path = "/v1/account/totp",
    operation_id = "set_up_authenticator",
    responses((status = 201, description = "Confirm a code of the app next.", body = AuthenticatorSetup), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<impl IntoResponse, Problem> {
    let setup = set_up(&app, &token).await?;
    Ok((
        StatusCode::CREATED,
        [(header::CACHE_CONTROL, "no-store")],
        Json(setup),
    ))
}

/// Makes a secret for an authenticator app, for whoever asks.
pub async fn set_up(app: &App, token: &AccessToken) -> Result<AuthenticatorSetup, Problem> {
    let id = token.account();
    let (session, read) = Platform::of(app, token, factor::wanted(id), Proof::Fresh).await?;
    let (found, key) = factor::of(&read, id)?;
    let (account, _) = read
        .root::<Account>(&keys::account(id))?
        .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    let seed = Seed::random()?;
    let setup = AuthenticatorSetup {
        secret: factor::written(&seed),
        uri: factor::uri(&seed, account.email.reveal()),
    };
    let mut transaction = Transaction::new(read.now);
    transaction.check_live(keys::account(id));
    match found {
        Some(found) if found.has_app() => return Err(Problem::new(Code::SecondFactorExists)),
        Some(found) => {
            // Beside passkeys it is another way in, which whoever adds it proves first.
            if found.is_active() && session.second_factor_at.is_none() {
                return Err(Problem::new(Code::StepUpRequired));
            }
            let next = Stored::next(found.without_app(seed), &read.policy);
            transaction.replace(&next, &key)?;
        }
        None => {
            let fresh = SecondFactor::new(id, seed, read.now);
            transaction.create(&Stored::new(fresh, &read.policy), &key)?;
        }
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(setup),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
