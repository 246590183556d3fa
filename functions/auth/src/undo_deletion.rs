//! `POST /v1/account/undo-deletion`: an account that was to be deleted stays.
//!
//! Nobody is signed in to it any more, so its owner proves the address by a mailed code
//! (`POST /v1/auth/otp`), and signs in afterwards. Wrong, used up, expired, and of an account that
//! is not going, look alike. Every answer is counted before its sender hears of it.

use axum::{extract, http::StatusCode};
use shared::{
    app::{App, limit::Act},
    http::{Allowance, Client, Code, Json, Problem, Problems},
    store::{
        CommitError, StoreError, Stored, Transaction,
        account::Account,
        keys,
        notice::{Notice, NoticeKind},
        subject::State,
    },
};

use crate::{
    challenge::{Pending, TRIES},
    owner,
    platform::{self, Platform},
    verify_code::VerifyCode,
};

/// How often one answer is tried: each refusal is another answer that was counted.
const ATTEMPTS: u64 = TRIES + 3;

/// Keep an account that was to be deleted.
///
/// Within seven days of its deletion, with a code that `POST /v1/auth/otp` mailed to its address.
/// Sign in afterwards.
#[utoipa::path(
    post,
    path = "/v1/account/undo-deletion",
    operation_id = "undo_account_deletion",
    request_body = VerifyCode,
    responses((status = 204, description = "The account stays."), Problems),
    security(()),
)]
pub async fn handle(
    extract::State(app): extract::State<App>,
    client: Client,
    Json(body): Json<VerifyCode>,
) -> Result<(StatusCode, Allowance, ()), Problem> {
    let allowed = app.admit(&client, Act::AnswerCode, "").await?;
    undo(&app, &allowed, &body).await?;
    Ok((StatusCode::NO_CONTENT, allowed, ()))
}

/// Keeps the account of the address that a code proves, for whoever asks.
pub async fn undo(app: &App, allowed: &Allowance, body: &VerifyCode) -> Result<(), Problem> {
    debug_assert_eq!(allowed.act(), Act::AnswerCode);
    for _ in 0..ATTEMPTS {
        if attempt(app, body).await? {
            return Ok(());
        }
    }
    Err(StoreError::Conflict.into())
}

const fn invalid() -> Problem {
    Problem::new(Code::CodeInvalid)
}

/// Judges the code once; false when another answer was counted first.
async fn attempt(app: &App, body: &VerifyCode) -> Result<bool, Problem> {
    let now = app.clock.now();
    let pending = Pending::read(app, body.challenge_id, now).await?;
    let pending = pending.ok_or_else(invalid)?;
    if pending.row.tries_left == 0 {
        return Err(invalid());
    }
    let mut transaction = Transaction::new(now);
    let right = pending.row.purpose.signs_in() && pending.is_answered_by(&body.code);
    let kept = if right {
        keep(app, &pending, &mut transaction).await?
    } else {
        false
    };
    if kept {
        pending.consume(&mut transaction);
    } else {
        pending.count(&mut transaction)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) if kept => Ok(true),
        Ok(()) => Err(invalid()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Ok(false),
    }
}

/// Puts the account back, if the proved address has one that is going.
async fn keep(
    app: &App,
    pending: &Pending,
    transaction: &mut Transaction,
) -> Result<bool, Problem> {
    let (key, email, now) = (&pending.tenant_key, &pending.row.email, pending.now);
    let Some(id) = owner::of_address(app, key, email, now).await? else {
        return Ok(false);
    };
    let head = keys::account(id);
    let read = Platform::read(app, platform::root(&head).into(), now).await?;
    let found = read.root::<Account>(&head)?;
    let Some((account, key)) = found.filter(|(account, _)| account.may_stay(now)) else {
        return Ok(false);
    };
    let kept = Account {
        state: State::Live,
        delete_at: None,
        ..account
    };
    transaction.replace(&Stored::next(kept, &read.policy), &key)?;
    transaction.notify(Notice::new(id, NoticeKind::AccountDeletionUndone, now))?;
    Ok(true)
}
