//! `POST /v1/account/passkeys`: begins to add a passkey. One read, one transaction.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::ChallengeId,
    http::{
        AccessToken, Code, Problem, Problems,
        platform::{Platform, Proof},
        second_factor,
    },
    store::{
        CommitError, StoreError, Stored, Transaction,
        account::LoginSession,
        keys,
        passkey::{CeremonyPurpose, MOST_PASSKEYS, PasskeyCeremony, Passkeys},
        second_factor::SecondFactor,
    },
};

use crate::{answer::CeremonyBegun, ceremony::Asker};

/// Begin to add a passkey.
///
/// Asks for a proof of the last ten minutes; where the account has a second factor, of that one.
#[utoipa::path(
    post,
    path = "/v1/account/passkeys",
    operation_id = "begin_passkey_registration",
    responses((status = 201, description = "Ask the browser next.", body = CeremonyBegun), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
) -> Result<(StatusCode, CeremonyBegun), Problem> {
    Ok((StatusCode::CREATED, begin(&app, &token).await?))
}

/// Refuses whoever would add to a second factor that they have not proved, or to ten passkeys.
pub fn check(found: Option<&SecondFactor>, session: &LoginSession) -> Result<(), Problem> {
    let Some(found) = found.filter(|factor| factor.is_active()) else {
        return Ok(());
    };
    if session.second_factor_at.is_none() {
        return Err(Problem::new(Code::StepUpRequired));
    }
    match found.passkeys.count() < MOST_PASSKEYS {
        true => Ok(()),
        false => Err(Problem::new(Code::PasskeysFull)),
    }
}

/// Begins to add a passkey, for whoever asks.
pub async fn begin(app: &App, token: &AccessToken) -> Result<CeremonyBegun, Problem> {
    let id = token.account();
    let wanted = second_factor::wanted(id);
    let (session, read) = Platform::of(app, token, wanted, Proof::Fresh).await?;
    let account = read.living(id)?;
    let account = account.ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    let (found, key) = second_factor::of(&read, id)?;
    check(found.as_ref(), &session)?;
    let none = Passkeys::default();
    let known = found.as_ref().map_or(&none, |factor| &factor.passkeys);
    let begun = Asker::of(&app.config.issuer)?.registration(&account, known)?;
    let ceremony = PasskeyCeremony {
        id: ChallengeId::new(read.now),
        account: id,
        purpose: CeremonyPurpose::Register,
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
