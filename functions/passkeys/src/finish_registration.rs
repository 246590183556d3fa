//! `POST /v1/account/passkeys/confirm`: what the authenticator made becomes a passkey of the account.
//!
//! The session has proved the second factor with it. One read, one transaction; a refused answer costs
//! the ceremony.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{ChallengeId, text::Name},
    http::{
        AccessToken, Code, Json, Problem, Problems,
        platform::{Platform, Proof},
        second_factor::{self, new_recovery_codes},
    },
    store::{
        CommitError, Stored, Transaction, Unsealed,
        account::LoginSession,
        keys,
        notice::{Notice, NoticeKind},
        passkey::{CeremonyPurpose, PasskeyCeremony},
        second_factor::{SecondFactor, Seed},
    },
};
use utoipa::ToSchema;

use crate::{
    answer::PasskeyAnswer,
    begin_registration,
    ceremony::{Asker, Refused},
    list_passkeys::PasskeyView,
};

/// What the authenticator made, and what its owner calls it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPasskey {
    /// Of the reply that began it.
    ceremony_id: ChallengeId,
    /// What its owner calls it.
    name: Name,
    /// What the browser gave.
    credential: PasskeyAnswer,
}

/// A passkey that was added.
#[derive(Serialize, ToSchema)]
pub struct PasskeyAdded {
    /// The passkey.
    passkey: PasskeyView,
    /// The codes for the loss of what proves the second factor, shown this once, each good once; none
    /// where the account has some from before.
    #[schema(max_items = 10, example = json!(["a4dq-obyh-a4dq-obyh-a4dq-obyh"]))]
    recovery_codes: Vec<String>,
}

impl PasskeyAdded {
    /// The recovery codes that are to be shown.
    pub fn recovery_codes(&self) -> &[String] {
        &self.recovery_codes
    }
}

/// Add a passkey.
///
/// The first one of an account without an authenticator app comes with ten recovery codes, and signing
/// in asks for it from now on. Asks for a proof of the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/account/passkeys/confirm",
    operation_id = "confirm_passkey",
    request_body = ConfirmPasskey,
    responses((status = 201, description = "Added.", body = PasskeyAdded), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Json(body): Json<ConfirmPasskey>,
) -> Result<impl IntoResponse, Problem> {
    let added = add(&app, &token, body.ceremony_id, body.name, &body.credential).await?;
    Ok((
        StatusCode::CREATED,
        [(header::CACHE_CONTROL, "no-store")],
        Json(added),
    ))
}

const fn refused() -> Problem {
    Problem::new(Code::PasskeyRefused)
}

/// Adds a passkey, for whoever asks.
pub async fn add(
    app: &App,
    token: &AccessToken,
    ceremony: ChallengeId,
    name: Name,
    answer: &PasskeyAnswer,
) -> Result<PasskeyAdded, Problem> {
    let id = token.account();
    let at_ceremony = keys::passkey_ceremony(ceremony);
    let mut wanted = second_factor::wanted(id);
    wanted.push(at_ceremony.clone());
    let (session, read) = Platform::of(app, token, wanted, Proof::Fresh).await?;
    let now = read.now;
    let (found, key) = second_factor::of(&read, id)?;
    begin_registration::check(found.as_ref(), &session)?;
    // One of another account is sealed under another key, and as good as none.
    let begun = read.sealed::<PasskeyCeremony>(&at_ceremony, &key);
    let begun = begun.ok().flatten();
    let begun = begun.filter(|one| one.is_of(id, Some(session.id), CeremonyPurpose::Register));
    let begun = begun.ok_or_else(refused)?;
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::account(id));
    transaction.consume(at_ceremony);
    let base = match &found {
        Some(found) => found.clone(),
        None => SecondFactor::new(id, Seed::random()?, now),
    };
    let made = Asker::of(&app.config.issuer)?.register(&begun.state, answer, name, now);
    let made = made.and_then(|made| match base.passkeys.of_credential(&made.credential) {
        Some(_) => Err(Refused::Wrong("a passkey that was there")),
        None => Ok(made),
    });
    let made = match made {
        Ok(made) => made,
        Err(why) => {
            tracing::info!(?why, "a passkey was not added");
            return match app.store.commit(transaction).await {
                Err(CommitError::Store(error)) => Err(error.into()),
                Ok(()) | Err(CommitError::Refused(_)) => Err(refused()),
            };
        }
    };
    let (recovery_codes, hashes) = match base.is_active() {
        true => (Vec::new(), base.recovery_codes.clone()),
        false => new_recovery_codes(&read.tenant_key, id)?,
    };
    let passkey = PasskeyView::of(&made);
    let next = SecondFactor {
        passkeys: base.passkeys.with(made),
        recovery_codes: hashes,
        ..base
    };
    match found {
        Some(_) => transaction.replace(&Stored::next(next, &read.policy), &key)?,
        None => transaction.create(&Stored::new(next, &read.policy), &key)?,
    };
    let session = LoginSession {
        proved_at: Some(now),
        second_factor_at: Some(now),
        ..session
    };
    transaction.replace(&Stored::next(session, &read.policy), &Unsealed)?;
    transaction.notify(Notice::new(id, NoticeKind::PasskeyAdded, now))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(PasskeyAdded {
            passkey,
            recovery_codes,
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
