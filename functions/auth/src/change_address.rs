//! `POST /v1/account/address/confirm`: the account goes over to its new address.
//!
//! Both addresses and the account change in one transaction, so an address has one account at any
//! moment. `outbox` tells both. Two reads and one transaction.

use axum::{extract, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::ChallengeId,
    http::{AccessToken, Code, Json, Problem, Problems},
    store::{
        CommitError, StoreError, Stored, Transaction, Unsealed,
        account::{Account, AddressOwner, ChallengePurpose},
        keyring::Use,
        keys,
        subject::State,
    },
};
use utoipa::ToSchema;

use crate::{
    challenge::{MailedCode, Pending, TRIES},
    platform::{self, Platform, Proof},
};

/// How often one answer is tried: each refusal is another answer that was counted.
const ATTEMPTS: u64 = TRIES + 3;

/// The answer to the code that the new address got.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmAddress {
    /// Of the reply to the request for the address.
    challenge_id: ChallengeId,
    /// The eight digits of the mail.
    #[schema(value_type = String, pattern = "^[0-9]{8}$", example = "12345678")]
    code: MailedCode,
}

/// Confirm another address.
///
/// Codes and notices go to the new address from now on. Both are told.
#[utoipa::path(
    post,
    path = "/v1/account/address/confirm",
    operation_id = "confirm_address",
    request_body = ConfirmAddress,
    responses((status = 204, description = "The account has the new address."), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    extract::State(app): extract::State<App>,
    token: AccessToken,
    Json(body): Json<ConfirmAddress>,
) -> Result<StatusCode, Problem> {
    confirm(&app, &token, &body).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ConfirmAddress {
    /// The answer `code` to the challenge of a new address.
    pub const fn new(challenge_id: ChallengeId, code: MailedCode) -> Self {
        Self { challenge_id, code }
    }
}

/// Gives the account its new address, for whoever asks.
pub async fn confirm(app: &App, token: &AccessToken, body: &ConfirmAddress) -> Result<(), Problem> {
    for _ in 0..ATTEMPTS {
        if attempt(app, token, body).await? {
            return Ok(());
        }
    }
    Err(StoreError::Conflict.into())
}

const fn invalid() -> Problem {
    Problem::new(Code::CodeInvalid)
}

/// Judges the code once; false when another answer was counted first.
async fn attempt(app: &App, token: &AccessToken, body: &ConfirmAddress) -> Result<bool, Problem> {
    let id = token.account();
    let head = keys::account(id);
    let wanted = platform::root(&head).into();
    let (_, read) = Platform::of(app, token, wanted, Proof::Any).await?;
    let gone = || Problem::new(Code::TokenInvalid);
    let found = read.root::<Account>(&head)?;
    let (account, key) = found
        .filter(|(account, _)| account.state == State::Live)
        .ok_or_else(gone)?;
    let pending = Pending::read(app, body.challenge_id, read.now).await?;
    let pending = pending.ok_or_else(invalid)?;
    if pending.row.tries_left == 0 {
        return Err(invalid());
    }
    let row = &pending.row;
    let theirs = row.purpose == ChallengePurpose::ChangeAddress && row.account == Some(id);
    let mut transaction = Transaction::new(read.now);
    if !(theirs && pending.is_answered_by(&body.code)) {
        pending.count(&mut transaction)?;
        return match app.store.commit(transaction).await {
            Ok(()) => Err(invalid()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Refused(_)) => Ok(false),
        };
    }
    let place = |account: &Account| {
        let identity = account.email.identity();
        read.tenant_key.hash(Use::Address, &identity)
    };
    let old = keys::address(place(&account));
    let moved = Account {
        email: row.email.clone(),
        ..account
    };
    let owner = AddressOwner {
        address: place(&moved),
        account: id,
        created_at: read.now,
    };
    pending.consume(&mut transaction);
    transaction.consume(old);
    let taken = transaction.create(&Stored::new(owner, &read.policy), &Unsealed)?;
    transaction.replace(&Stored::next(moved, &read.policy), &key)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(true),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Whoever has proved the address may know that it became somebody's meanwhile.
        Err(CommitError::Refused(refusal)) if refusal.failed(taken) => {
            Err(Problem::new(Code::Conflict))
        }
        Err(CommitError::Refused(_)) => Ok(false),
    }
}
