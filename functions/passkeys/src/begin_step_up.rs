//! `POST /v1/auth/step-up/passkey`: asks somebody signed in for a passkey. One read, one transaction.

use axum::extract::State;
use shared::{
    app::{App, limit::Act},
    domain::ChallengeId,
    http::{
        AccessToken, Allowance, Client, Problem, Problems,
        platform::{Platform, Proof},
        second_factor,
    },
    store::{
        CommitError, StoreError, Stored, Transaction, keys,
        passkey::{CeremonyPurpose, PasskeyCeremony},
    },
};

use crate::{answer::CeremonyBegun, ceremony::Asker};

/// Ask for a passkey once more.
///
/// 404 where the account has none.
#[utoipa::path(
    post,
    path = "/v1/auth/step-up/passkey",
    operation_id = "begin_passkey_step_up",
    responses((status = 200, description = "Ask the browser next.", body = CeremonyBegun), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
) -> Result<(Allowance, CeremonyBegun), Problem> {
    let allowed = app.admit(&client, Act::SecondFactor, "").await?;
    let begun = begin(&app, &allowed, &token).await?;
    Ok((allowed, begun))
}

/// Asks for a passkey, for whoever is signed in.
pub async fn begin(
    app: &App,
    allowed: &Allowance,
    token: &AccessToken,
) -> Result<CeremonyBegun, Problem> {
    debug_assert_eq!(allowed.act(), Act::SecondFactor);
    let id = token.account();
    let wanted = second_factor::wanted(id);
    let (session, read) = Platform::of(app, token, wanted, Proof::Anyhow).await?;
    let (found, key) = second_factor::of(&read, id)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let begun = Asker::of(&app.config.issuer)?.proof(&found.passkeys)?;
    let ceremony = PasskeyCeremony {
        id: ChallengeId::new(read.now),
        account: id,
        purpose: CeremonyPurpose::StepUp,
        session: Some(session.id),
        state: begun.state,
        created_at: read.now,
    };
    let reply = CeremonyBegun::new(&ceremony, begun.options);
    let mut transaction = Transaction::new(read.now);
    transaction.check_live(keys::account(id));
    transaction.create(&Stored::new(ceremony, &read.policy), &key)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict.into()),
    }
}
