//! `POST /v1/auth/second-factor/passkey/confirm`: a passkey is the second half of a sign-in.
//!
//! Two reads and one transaction, for a right answer and for a wrong one; a right one looks at the other
//! sessions, too. A wrong one costs the challenge and one of the sign-in's five tries.

use axum::extract::State;
use shared::{
    app::{App, limit::Act, sign_in::Beginning},
    domain::{ChallengeId, device::Device},
    http::{Allowance, Client, Code, Json, Problem, Problems, platform::Platform, second_factor},
    store::{
        CommitError, Stored, Transaction, Unsealed, keys,
        notice::{Notice, NoticeKind},
        passkey::{CeremonyPurpose, PasskeyCeremony},
        second_factor::SecondStep,
    },
};

use crate::{
    answer::{AnswerCeremony, PasskeyAnswer},
    ceremony::{Asker, Refused},
    session::PasskeyProved,
};

/// Sign in with a passkey as the second factor.
///
/// Answers with a refresh token; `POST /v1/auth/refresh` gives the first access token for it.
#[utoipa::path(
    post,
    path = "/v1/auth/second-factor/passkey/confirm",
    operation_id = "finish_passkey_sign_in",
    request_body = AnswerCeremony,
    responses((status = 200, description = "Signed in.", body = PasskeyProved), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    device: Device,
    Json(body): Json<AnswerCeremony>,
) -> Result<(Allowance, PasskeyProved), Problem> {
    let allowed = app.admit(&client, Act::SecondFactor, "").await?;
    let proved = prove(&app, &allowed, body.ceremony_id, &body.credential, device).await?;
    Ok((allowed, proved))
}

const fn refused() -> Problem {
    Problem::new(Code::PasskeyRefused)
}

/// Signs in with a passkey, for whoever asks.
pub async fn prove(
    app: &App,
    allowed: &Allowance,
    challenge: ChallengeId,
    answer: &PasskeyAnswer,
    device: Device,
) -> Result<PasskeyProved, Problem> {
    debug_assert_eq!(allowed.act(), Act::SecondFactor);
    let now = app.clock.now();
    let at_step = keys::second_step(challenge);
    let at_ceremony = keys::passkey_ceremony(challenge);
    let read = Platform::read(app, vec![at_step.clone()], now).await?;
    let step = read.open::<SecondStep>(&at_step)?;
    let step = step
        .filter(|step| step.tries_left > 0)
        .ok_or_else(refused)?;
    let id = step.account;
    let mut wanted = second_factor::wanted(id);
    wanted.push(at_ceremony.clone());
    let read = Platform::read(app, wanted, now).await?;
    read.living(id)?.ok_or_else(refused)?;
    let (found, key) = second_factor::of(&read, id)?;
    let found = found.ok_or_else(refused)?;
    let begun = read.sealed::<PasskeyCeremony>(&at_ceremony, &key)?;
    let begun = begun.filter(|one| one.is_of(id, None, CeremonyPurpose::SignIn));
    let begun = begun.ok_or_else(refused)?;
    let asker = Asker::of(&app.config.issuer)?;
    let mut transaction = Transaction::new(now);
    transaction.consume(at_ceremony);
    let proved = match asker.prove(id, &begun.state, &found.passkeys, answer, now) {
        Err(why) => {
            tracing::info!(?why, "a passkey was refused");
            if why == Refused::Copied {
                transaction.notify(Notice::new(id, NoticeKind::PasskeyCopied, now))?;
            }
            let tries_left = step.tries_left - 1;
            let counted = SecondStep { tries_left, ..step };
            transaction.replace(&Stored::next(counted, &read.policy), &Unsealed)?;
            None
        }
        Ok(used) => {
            transaction.check_live(keys::account(id));
            transaction.consume_version(at_step, step.rev);
            let next = found.proved_by(&used);
            transaction.replace(&Stored::next(next, &read.policy), &key)?;
            app.tell_of_device(&mut transaction, id, device, now)
                .await?;
            let beginning = Beginning {
                account: id,
                proved_at: Some(now),
                second_factor_at: Some(now),
                team: step.team,
                team_session: step.team_session,
                device,
            };
            let (session, secret) = beginning.place(&mut transaction, now)?;
            Some(PasskeyProved::new(id, session, &secret))
        }
    };
    match app.store.commit(transaction).await {
        Ok(()) => proved.ok_or_else(refused),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Another answer was counted first; a ceremony takes one.
        Err(CommitError::Refused(_)) => Err(refused()),
    }
}
