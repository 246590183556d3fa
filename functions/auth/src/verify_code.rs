//! `POST /v1/auth/otp/verify`: a mailed code becomes a login session.
//!
//! Every answer, right or wrong, is a write on the version of the challenge that was read, and the
//! caller hears of it only afterwards. So five answers are looked at, however many arrive together,
//! and a right one counts once. Wrong, used up, expired, unknown and never mailed look alike.
//!
//! Round trips: one read and one transaction for a wrong answer; one read more for a new account,
//! three more for an old one (two where a second factor is next). After a refused transaction the rest of that again.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::{App, limit::Act, sign_in::TRIES, tokens::Signer},
    domain::{ChallengeId, device::Device},
    http::{Allowance, Client, Code, Json, Problem, Problems},
    store::{CommitError, StoreError, Transaction, account::ChallengePurpose, keys},
};
use utoipa::ToSchema;

use crate::{
    challenge::{MailedCode, Pending},
    owner::{self, Owner},
    signer,
    tokens::{self, SignInReply},
};

/// How often one answer is tried. Each refusal is another answer that was counted, and those are
/// five; the rest is for an address that changes hands in between.
const ATTEMPTS: u64 = TRIES + 3;

/// The answer to a mailed code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// Of the reply to the request for the code.
    pub challenge_id: ChallengeId,
    /// The eight digits of the mail.
    #[schema(value_type = String, pattern = "^[0-9]{8}$", example = "12345678")]
    pub code: MailedCode,
}

/// Sign in with a mailed code.
///
/// A code is good for ten minutes, for one sign-in and for five tries. Signing up ends here too:
/// the first right code makes the account. Where the account has a second factor, the answer names
/// a challenge for it instead of tokens.
#[utoipa::path(
    post,
    path = "/v1/auth/otp/verify",
    operation_id = "verify_code",
    request_body = VerifyCode,
    responses((status = 200, description = "Signed in, or halfway: the second factor is next.", body = SignInReply), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    device: Device,
    Json(body): Json<VerifyCode>,
) -> Result<(Allowance, SignInReply), Problem> {
    let allowed = app.admit(&client, Act::AnswerCode, "").await?;
    let reply = verify(&app, &allowed, body.challenge_id, &body.code, device).await?;
    Ok((allowed, reply))
}

/// Signs in with the answer to a challenge, for whoever asks.
pub async fn verify(
    app: &App,
    allowed: &Allowance,
    id: ChallengeId,
    code: &MailedCode,
    device: Device,
) -> Result<SignInReply, Problem> {
    debug_assert_eq!(allowed.act(), Act::AnswerCode);
    let now = app.clock.now();
    let signer = signer::of(app, now).await?;
    let Some(mut pending) = Pending::read(app, id, now).await? else {
        return Err(invalid());
    };
    for _ in 0..ATTEMPTS {
        if pending.row.tries_left == 0 {
            return Err(invalid());
        }
        let mut transaction = Transaction::new(now);
        let admitted = if pending.is_answered_by(code) {
            admit(app, signer, &pending, device, &mut transaction).await?
        } else {
            Err(invalid())
        };
        let slot = match admitted {
            Ok(_) => pending.consume(&mut transaction),
            Err(_) => pending.count(&mut transaction)?,
        };
        match app.store.commit(transaction).await {
            Ok(()) => return admitted,
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => {
                if !pending.follow(&refusal, slot)? {
                    return Err(invalid());
                }
            }
        }
    }
    Err(StoreError::Conflict.into())
}

const fn invalid() -> Problem {
    Problem::new(Code::CodeInvalid)
}

/// Puts into the transaction what a right answer brings: a session of the account that the address
/// has or now gets. A problem, and nothing in the transaction, when there is nobody to sign in.
async fn admit(
    app: &App,
    signer: &Signer,
    pending: &Pending,
    device: Device,
    transaction: &mut Transaction,
) -> Result<Result<SignInReply, Problem>, Problem> {
    let Pending {
        row,
        tenant_key,
        now,
        ..
    } = pending;
    if !row.purpose.signs_in() && row.purpose != ChallengePurpose::SignUp {
        return Ok(Err(invalid()));
    }
    let (account, factor) = match owner::find(app, tenant_key, &row.email, *now).await? {
        Owner::Account(found) => {
            // It may begin to go between the read and the write.
            transaction.check_live(keys::account(found.0.id));
            *found
        }
        Owner::Nobody if row.purpose == ChallengePurpose::SignUp => {
            let account = owner::create(transaction, tenant_key, row, *now)?;
            let tokens = tokens::begin_session(
                app,
                signer,
                transaction,
                &account,
                tokens::of_now(&account, device, *now),
                *now,
            )?;
            return Ok(Ok(SignInReply::SignedIn(Box::new(tokens))));
        }
        // Whoever has the code owns the address, and may know.
        Owner::Leaving => return Ok(Err(Problem::new(Code::AccountClosing))),
        Owner::Nobody => return Ok(Err(invalid())),
    };
    tokens::sign_in(
        app,
        signer,
        transaction,
        &account,
        factor.as_ref(),
        device,
        *now,
    )
    .await
    .map(Ok)
}
