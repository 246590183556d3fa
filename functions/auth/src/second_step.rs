//! `POST /v1/auth/second-factor`: the second half of a sign-in.
//!
//! Two reads and one transaction, for a right code and for a wrong one; a right one looks at the
//! other sessions, too. A challenge that is unknown, used up or too old looks like a wrong code.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::{
        App,
        limit::Act,
        sign_in::{Beginning, TRIES},
        tokens::Signer,
    },
    domain::{ChallengeId, device::Device},
    http::{Allowance, Client, Code, Json, Problem, Problems},
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed, keys, second_factor::SecondStep,
    },
};
use utoipa::ToSchema;

use crate::{
    factor::{self, FactorCode, Verdict},
    platform::Platform,
    signer,
    tokens::{self, Tokens},
};

/// How often one answer is tried: each refusal is another answer that was counted.
const ATTEMPTS: u64 = TRIES + 3;

/// The proof of a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveSecondFactor {
    /// Of the reply to the first factor.
    challenge_id: ChallengeId,
    /// Six digits of the app, or a recovery code.
    #[schema(value_type = String, min_length = 6, max_length = 64, pattern = "^[0-9A-Za-z -]{6,64}$", example = "123456")]
    code: FactorCode,
}

/// Sign in with the second factor.
///
/// Good for ten minutes after the first factor, and for five tries. A code of the app is good once,
/// and so is a recovery code.
#[utoipa::path(
    post,
    path = "/v1/auth/second-factor",
    operation_id = "prove_second_factor",
    request_body = ProveSecondFactor,
    responses((status = 200, description = "Signed in.", body = Tokens), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    device: Device,
    Json(body): Json<ProveSecondFactor>,
) -> Result<(Allowance, Tokens), Problem> {
    let allowed = app.admit(&client, Act::SecondFactor, "").await?;
    let tokens = prove(&app, &allowed, body.challenge_id, &body.code, device).await?;
    Ok((allowed, tokens))
}

/// Signs in with the second factor, for whoever asks.
pub async fn prove(
    app: &App,
    allowed: &Allowance,
    id: ChallengeId,
    code: &FactorCode,
    device: Device,
) -> Result<Tokens, Problem> {
    debug_assert_eq!(allowed.act(), Act::SecondFactor);
    let signer = signer::of(app, app.clock.now()).await?;
    for _ in 0..ATTEMPTS {
        if let Some(tokens) = attempt(app, signer, id, code, device).await? {
            return Ok(tokens);
        }
    }
    Err(StoreError::Conflict.into())
}

const fn invalid() -> Problem {
    Problem::new(Code::CodeInvalid)
}

/// Judges the code once; `None` when another answer was counted first.
async fn attempt(
    app: &App,
    signer: &Signer,
    challenge: ChallengeId,
    code: &FactorCode,
    device: Device,
) -> Result<Option<Tokens>, Problem> {
    let now = app.clock.now();
    let at_step = keys::second_step(challenge);
    let read = Platform::read(app, vec![at_step.clone()], now).await?;
    let step = read.open::<SecondStep>(&at_step)?.ok_or_else(invalid)?;
    if step.tries_left == 0 {
        return Err(invalid());
    }
    let id = step.account;
    let read = Platform::read(app, factor::wanted(id), now).await?;
    let account = read.living(id)?.ok_or_else(invalid)?;
    let (found, key) = factor::of(&read, id)?;
    let found = found
        .filter(|factor| factor.is_active())
        .ok_or_else(invalid)?;
    let mut transaction = Transaction::new(now);
    let presented = code.presented(&read.tenant_key, id);
    let (next, tokens) = match factor::judge(&found, &presented, now) {
        Verdict::Wait(until) => return Err(factor::wait(until, now)),
        Verdict::Wrong(next) => {
            let tries_left = step.tries_left - 1;
            let counted = SecondStep { tries_left, ..step };
            transaction.replace(&Stored::next(counted, &read.policy), &Unsealed)?;
            (next, None)
        }
        Verdict::Right(next) => {
            transaction.check_live(keys::account(id));
            transaction.consume_version(at_step, step.rev);
            factor::tell_of_recovery(&mut transaction, code, id, now)?;
            app.tell_of_device(&mut transaction, id, device, now)
                .await?;
            let beginning = Beginning {
                second_factor_at: Some(now),
                team: step.team,
                team_session: step.team_session,
                ..tokens::of_now(&account, device, now)
            };
            let tokens =
                tokens::begin_session(app, signer, &mut transaction, &account, beginning, now)?;
            (next, Some(tokens))
        }
    };
    transaction.replace(&Stored::next(next, &read.policy), &key)?;
    match app.store.commit(transaction).await {
        Ok(()) => tokens.map(Some).ok_or_else(invalid),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Ok(None),
    }
}
