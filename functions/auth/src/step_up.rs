//! `POST /v1/auth/step-up`: somebody signed in proves again that it is them.
//!
//! For ten minutes they may then do what cannot be taken back. An account with a second factor proves
//! that one; any other its password, or a code that was mailed to it (`POST /v1/auth/otp`). The session's
//! refresh token changes too, so that one which was copied before is good no more.

use axum::extract::State;
use serde::{Deserialize, Deserializer, de::Error as _};
use shared::{
    app::{
        App,
        limit::Act,
        sign_in::{self, TRIES},
        tokens::Signer,
    },
    domain::{AccountId, ChallengeId, Timestamp, text::Fault, token::Secret},
    http::{AccessToken, Allowance, Client, Code, Json, Problem, Problems},
    store::{
        CommitError, DataKey, StoreError, Stored, Transaction, Unsealed,
        account::{Account, LoginSession},
        keys,
        password::Password,
        second_factor::SecondFactor,
    },
};
use utoipa::ToSchema;

use crate::{
    challenge::{MailedCode, Pending},
    factor::{self, FactorCode, Verdict as Judged},
    log_in,
    password::{self, Typed, Verdict},
    platform::{Platform, Proof},
    signer,
    tokens::Tokens,
};

/// How often one answer is tried: each refusal is another answer that was counted.
const ATTEMPTS: u64 = TRIES + 3;

/// A proof that it is still the same person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    /// Six digits of the app or a recovery code; with `challenge_id`, the eight digits of the mail.
    #[schema(value_type = Option<String>, min_length = 6, max_length = 64, pattern = "^[0-9A-Za-z -]{6,64}$", example = "123456")]
    code: Option<ProofCode>,
    /// Of the reply to the request for a mailed code: only where the account has no second factor.
    #[schema(value_type = Option<ChallengeId>)]
    challenge_id: Option<ChallengeId>,
    /// The password of the account, alone: only where it has no second factor.
    #[schema(value_type = Option<String>, format = Password, min_length = 1, max_length = 256)]
    password: Option<Typed>,
}

/// A code of either kind. What is neither is no guess.
enum ProofCode {
    Factor(FactorCode),
    Mailed(MailedCode),
}

impl ProofCode {
    fn parse(text: &str) -> Option<Self> {
        let factor = FactorCode::parse(text).map(Self::Factor);
        factor.or_else(|| MailedCode::parse(text.to_owned()).map(Self::Mailed))
    }
}

impl<'de> Deserialize<'de> for ProofCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let detail = "six digits of the app, a recovery code, or eight digits of a mail";
            D::Error::custom(Fault::new("bad_code", detail))
        })
    }
}

/// Prove again who you are.
///
/// By the second factor where the account has one; by its password or a mailed code otherwise. Answers with new
/// tokens; the refresh token before is good no more.
#[utoipa::path(
    post,
    path = "/v1/auth/step-up",
    operation_id = "step_up",
    request_body = StepUp,
    responses((status = 200, description = "Proved, for ten minutes.", body = Tokens), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Json(body): Json<StepUp>,
) -> Result<(Allowance, Tokens), Problem> {
    let subject = token.account().to_string();
    let allowed = app.admit(&client, Act::ProveAgain, &subject).await?;
    let tokens = prove(&app, &allowed, &token, &body).await?;
    Ok((allowed, tokens))
}

impl StepUp {
    /// A proof by password.
    pub const fn by_password(password: Typed) -> Self {
        Self {
            code: None,
            challenge_id: None,
            password: Some(password),
        }
    }

    /// A proof by a code: of the second factor, or of the mail of a challenge. `None` when it is
    /// neither.
    pub fn by_code(text: &str, challenge_id: Option<ChallengeId>) -> Option<Self> {
        Some(Self {
            code: Some(ProofCode::parse(text)?),
            challenge_id,
            password: None,
        })
    }
}

/// Proves who somebody is, for whoever asks.
pub async fn prove(
    app: &App,
    allowed: &Allowance,
    token: &AccessToken,
    body: &StepUp,
) -> Result<Tokens, Problem> {
    debug_assert_eq!(allowed.act(), Act::ProveAgain);
    let signer = signer::of(app, app.clock.now()).await?;
    for _ in 0..ATTEMPTS {
        if let Some(tokens) = attempt(app, signer, token, body).await? {
            return Ok(tokens);
        }
    }
    Err(StoreError::Conflict.into())
}

const fn invalid() -> Problem {
    Problem::new(Code::CodeInvalid)
}

/// Judges the proof once; `None` when another answer was counted first.
async fn attempt(
    app: &App,
    signer: &Signer,
    token: &AccessToken,
    body: &StepUp,
) -> Result<Option<Tokens>, Problem> {
    let id = token.account();
    let (session, read) = Platform::of(app, token, log_in::wanted(id), Proof::Anyhow).await?;
    let now = read.now;
    let account = read
        .living(id)?
        .ok_or_else(|| Problem::new(Code::TokenInvalid))?;
    let (found, key) = factor::of(&read, id)?;
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::account(id));
    let second_factor_at = match found.filter(SecondFactor::is_active) {
        Some(found) => {
            let code = of_the_factor(body)?;
            let presented = code.presented(&read.tenant_key, id);
            let (next, proved) = match factor::judge(&found, &presented, now) {
                Judged::Wait(until) => return Err(factor::wait(until, now)),
                Judged::Wrong(next) => (next, None),
                Judged::Right(next) => {
                    factor::tell_of_recovery(&mut transaction, code, id, now)?;
                    (next, Some(now))
                }
            };
            transaction.replace(&Stored::next(next, &read.policy), &key)?;
            proved.map(Some)
        }
        None if body.password.is_some() => {
            check_password(app, body, &read, id, &key).await?;
            Some(session.second_factor_at)
        }
        None => {
            let right = answer_mail(app, body, &account, &mut transaction, now).await?;
            right.then_some(session.second_factor_at)
        }
    };
    let tokens = match second_factor_at {
        None => None,
        Some(second_factor_at) => {
            let secret = Secret::generate().ok_or(StoreError::Random)?;
            let tokens = Tokens::new(app, signer, &account, session.id, &secret, now)?;
            let next = LoginSession {
                current: secret.hash(),
                previous: None,
                rotated_at: now,
                idle_from: sign_in::idle_from(session.started_at, now),
                proved_at: Some(now),
                second_factor_at,
                ..session
            };
            transaction.replace(&Stored::next(next, &read.policy), &Unsealed)?;
            Some(tokens)
        }
    };
    match app.store.commit(transaction).await {
        Ok(()) => tokens.map(Some).ok_or_else(invalid),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Ok(None),
    }
}

/// The code of a second factor out of a proof.
fn of_the_factor(body: &StepUp) -> Result<&FactorCode, Problem> {
    match (&body.code, body.challenge_id, &body.password) {
        (Some(ProofCode::Factor(code)), None, None) => Ok(code),
        _ => {
            let problem = Problem::new(Code::SecondFactorRequired);
            Err(problem.with_detail("prove the second factor of the account instead"))
        }
    }
}

/// Refuses a password that is not the account's. One run of Argon2id, whether or not it has one.
async fn check_password(
    app: &App,
    body: &StepUp,
    read: &Platform,
    id: AccountId,
    key: &DataKey,
) -> Result<(), Problem> {
    let Some(typed) = body.password.as_ref() else {
        return Err(invalid());
    };
    if body.code.is_some() || body.challenge_id.is_some() {
        let detail = "either a password or a code";
        return Err(Problem::invalid("#/password", "forbidden", detail));
    }
    let found = read.sealed::<Password>(&keys::password(id), key)?;
    let hash = found.as_ref().map(|password| &password.hash);
    match password::check(app, &read.tenant_key, hash, typed).await? {
        Verdict::Right | Verdict::RightAndOld => Ok(()),
        Verdict::Wrong => Err(Problem::new(Code::CredentialsWrong)),
    }
}

/// Whether the proof answers a code that was mailed to the account; the answer is counted in the
/// transaction.
async fn answer_mail(
    app: &App,
    body: &StepUp,
    account: &Account,
    transaction: &mut Transaction,
    now: Timestamp,
) -> Result<bool, Problem> {
    let Some(challenge) = body.challenge_id else {
        let detail = "the challenge of a mailed code";
        return Err(Problem::invalid("#/challenge_id", "required", detail));
    };
    let Some(ProofCode::Mailed(code)) = &body.code else {
        let detail = "the eight digits of the mail";
        return Err(Problem::invalid("#/code", "bad_code", detail));
    };
    let pending = Pending::read(app, challenge, now)
        .await?
        .ok_or_else(invalid)?;
    if pending.row.tries_left == 0 {
        return Err(invalid());
    }
    // Somebody else's challenge is wrong, whatever code comes with it.
    let theirs = pending.row.email.identity() == account.email.identity();
    let right = pending.row.purpose.signs_in() && theirs && pending.is_answered_by(code);
    if right {
        pending.consume(transaction);
    } else {
        pending.count(transaction)?;
    }
    Ok(right)
}
