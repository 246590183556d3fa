//! `POST /v1/auth/second-factor/passkey`: asks for a passkey as the second half of a sign-in. Two reads,
//! one transaction. Asking again makes a new challenge, and the old one is good no more.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::ChallengeId,
    http::{Allowance, Client, Code, Json, Problem, Problems, platform::Platform, second_factor},
    store::{
        CommitError, StoreError, Stored, Transaction, keys,
        passkey::{CeremonyPurpose, PasskeyCeremony},
        second_factor::SecondStep,
    },
};
use utoipa::ToSchema;

use crate::{answer::CeremonyBegun, ceremony::Asker};

/// Which sign-in waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForPasskey {
    /// Of the reply to the first factor.
    challenge_id: ChallengeId,
}

/// Ask for a passkey at sign-in.
///
/// Good as long as the sign-in waits. 404 where the account has no passkey.
#[utoipa::path(
    post,
    path = "/v1/auth/second-factor/passkey",
    operation_id = "begin_passkey_sign_in",
    request_body = AskForPasskey,
    responses((status = 200, description = "Ask the browser next.", body = CeremonyBegun), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    Json(body): Json<AskForPasskey>,
) -> Result<(Allowance, CeremonyBegun), Problem> {
    let allowed = app.admit(&client, Act::SecondFactor, "").await?;
    let begun = begin(&app, &allowed, body.challenge_id).await?;
    Ok((allowed, begun))
}

/// Asks for a passkey, for whoever has proved the first factor.
pub async fn begin(
    app: &App,
    allowed: &Allowance,
    challenge: ChallengeId,
) -> Result<CeremonyBegun, Problem> {
    debug_assert_eq!(allowed.act(), Act::SecondFactor);
    let now = app.clock.now();
    let over = || Problem::new(Code::PasskeyRefused);
    let at_step = keys::second_step(challenge);
    let read = Platform::read(app, vec![at_step.clone()], now).await?;
    let step = read.open::<SecondStep>(&at_step)?;
    let step = step.filter(|step| step.tries_left > 0).ok_or_else(over)?;
    let read = Platform::read(app, second_factor::wanted(step.account), now).await?;
    read.living(step.account)?.ok_or_else(over)?;
    let (found, key) = second_factor::of(&read, step.account)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let begun = Asker::of(&app.config.issuer)?.proof(&found.passkeys)?;
    let ceremony = PasskeyCeremony {
        id: challenge,
        account: step.account,
        purpose: CeremonyPurpose::SignIn,
        session: None,
        state: begun.state,
        // It ends with the sign-in.
        created_at: step.created_at,
    };
    let reply = CeremonyBegun::new(&ceremony, begun.options);
    let mut transaction = Transaction::new(now);
    transaction.check_unchanged(at_step, step.rev);
    transaction.overwrite(&Stored::new(ceremony, &read.policy), &key)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict.into()),
    }
}
