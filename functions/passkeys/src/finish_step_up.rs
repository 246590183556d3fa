//! `POST /v1/auth/step-up/passkey/confirm`: somebody signed in proves again, by a passkey, that it is
//! them. One read, one transaction. The session's refresh token changes with it, as in
//! `POST /v1/auth/step-up`.

use axum::extract::State;
use shared::{
    app::{App, limit::Act, sign_in},
    domain::{ChallengeId, token::Secret},
    http::{
        AccessToken, Allowance, Client, Code, Json, Problem, Problems,
        platform::{Platform, Proof},
        second_factor,
    },
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed,
        account::LoginSession,
        keys,
        notice::{Notice, NoticeKind},
        passkey::{CeremonyPurpose, PasskeyCeremony},
    },
};

use crate::{
    answer::{AnswerCeremony, PasskeyAnswer},
    ceremony::{Asker, Refused},
    session::PasskeyProved,
};

/// Prove again with a passkey.
///
/// For ten minutes. Answers with a new refresh token; the one before is good no more.
#[utoipa::path(
    post,
    path = "/v1/auth/step-up/passkey/confirm",
    operation_id = "finish_passkey_step_up",
    request_body = AnswerCeremony,
    responses((status = 200, description = "Proved, for ten minutes.", body = PasskeyProved), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Json(body): Json<AnswerCeremony>,
) -> Result<(Allowance, PasskeyProved), Problem> {
    let subject = token.account().to_string();
    let allowed = app.admit(&client, Act::ProveAgain, &subject).await?;
    let proved = prove(&app, &allowed, &token, body.ceremony_id, &body.credential).await?;
    Ok((allowed, proved))
}

const fn refused() -> Problem {
    Problem::new(Code::PasskeyRefused)
}

/// Proves who somebody is, for whoever asks.
pub async fn prove(
    app: &App,
    allowed: &Allowance,
    token: &AccessToken,
    ceremony: ChallengeId,
    answer: &PasskeyAnswer,
) -> Result<PasskeyProved, Problem> {
    debug_assert_eq!(allowed.act(), Act::ProveAgain);
    let id = token.account();
    let at_ceremony = keys::passkey_ceremony(ceremony);
    let mut wanted = second_factor::wanted(id);
    wanted.push(at_ceremony.clone());
    let (session, read) = Platform::of(app, token, wanted, Proof::Anyhow).await?;
    let now = read.now;
    let (found, key) = second_factor::of(&read, id)?;
    let found = found.ok_or_else(refused)?;
    // One of another account is sealed under another key, and as good as none.
    let begun = read.sealed::<PasskeyCeremony>(&at_ceremony, &key);
    let begun = begun.ok().flatten();
    let begun = begun.filter(|one| one.is_of(id, Some(session.id), CeremonyPurpose::StepUp));
    let begun = begun.ok_or_else(refused)?;
    let asker = Asker::of(&app.config.issuer)?;
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::account(id));
    transaction.consume(at_ceremony);
    let proved = match asker.prove(id, &begun.state, &found.passkeys, answer, now) {
        Err(why) => {
            tracing::info!(?why, "a passkey was refused");
            if why == Refused::Copied {
                transaction.notify(Notice::new(id, NoticeKind::PasskeyCopied, now))?;
            }
            None
        }
        Ok(used) => {
            let next = found.proved_by(&used);
            transaction.replace(&Stored::next(next, &read.policy), &key)?;
            let secret = Secret::generate().ok_or(StoreError::Random)?;
            let proved = PasskeyProved::new(id, session.id, &secret);
            let session = LoginSession {
                current: secret.hash(),
                previous: None,
                rotated_at: now,
                idle_from: sign_in::idle_from(session.started_at, now),
                proved_at: Some(now),
                second_factor_at: Some(now),
                ..session
            };
            transaction.replace(&Stored::next(session, &read.policy), &Unsealed)?;
            Some(proved)
        }
    };
    match app.store.commit(transaction).await {
        Ok(()) => proved.ok_or_else(refused),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Another answer was counted first; a ceremony takes one.
        Err(CommitError::Refused(_)) => Err(refused()),
    }
}
