//! `POST /v1/auth/login`: an address and its password become a login session.
//!
//! An address without an account, one without a password and a wrong password get the same answer
//! for the same work: two reads and one run of Argon2id, which take nearly all of the time.
//! A right password costs one transaction more, and one query where no second factor is asked for.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{
        AccountId, Policy, TenantId, Timestamp, device::Device, password::PasswordHash, text::Email,
    },
    http::{Allowance, Client, Code, Json, Problem, Problems},
    store::{
        CommitError, DataKey, Stored, Transaction, account::Account, keys, password::Password,
        second_factor::SecondFactor,
    },
};
use utoipa::ToSchema;

use crate::{
    factor, owner,
    password::{self, Typed, Verdict},
    platform::Platform,
    signer,
    tokens::{self, SignInReply},
};

/// An address and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The address of the account.
    email: Email,
    /// Its password.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 256, example = "vexing umbrella 9")]
    password: Typed,
}

/// Sign in with a password.
///
/// Whoever has no password, or has forgotten it, asks for a mailed code instead.
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    operation_id = "log_in",
    request_body = LogIn,
    responses((status = 200, description = "Signed in, or asked for the second factor.", body = SignInReply), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    device: Device,
    Json(body): Json<LogIn>,
) -> Result<(Allowance, SignInReply), Problem> {
    let allowed = admit(&app, &client, &body.email).await?;
    let reply = log_in(&app, &allowed, &body.email, &body.password, device).await?;
    Ok((allowed, reply))
}

/// How often a sign-in is tried: whoever signs in elsewhere at the same moment may renew an old hash
/// first, once.
const ATTEMPTS: u32 = 2;

/// Counts that somebody tries a password.
///
/// # Errors
/// 429 when it is too often. From another network it may still go on: nobody locks out a stranger.
pub async fn admit(app: &App, client: &Client, email: &Email) -> Result<Allowance, Problem> {
    app.admit(client, Act::LogIn, &email.identity()).await
}

/// Signs in with a password, for whoever asks and has been counted: [`admit`].
pub async fn log_in(
    app: &App,
    allowed: &Allowance,
    email: &Email,
    typed: &Typed,
    device: Device,
) -> Result<SignInReply, Problem> {
    debug_assert_eq!(allowed.act(), Act::LogIn);
    for _ in 0..ATTEMPTS {
        if let Some(reply) = attempt(app, email, typed, device).await? {
            return Ok(reply);
        }
    }
    Err(wrong())
}

/// Signs in once; `None` when the hash was renewed by another sign-in at the same moment.
async fn attempt(
    app: &App,
    email: &Email,
    typed: &Typed,
    device: Device,
) -> Result<Option<SignInReply>, Problem> {
    let now = app.clock.now();
    let signer = signer::of(app, now).await?;
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let known = owner::of_address(app, &tenant_key, email, now).await?;
    // Where there is no account, what a new one would have is read, and not found.
    let id = known.unwrap_or_else(|| AccountId::new(now));
    let found = find(app, id, now).await?;
    let hash = found
        .as_ref()
        .and_then(|found| found.password.as_ref())
        .map(|password| &password.hash);
    let verdict = password::check(app, &tenant_key, hash, typed).await?;
    let Some(Found {
        account,
        key,
        password: Some(password),
        factor,
    }) = found.filter(|_| verdict != Verdict::Wrong)
    else {
        return Err(wrong());
    };
    let mut transaction = Transaction::new(now);
    transaction.check_live(keys::account(account.id));
    if verdict == Verdict::RightAndOld {
        let hash = password::hash(app, &tenant_key, typed).await?;
        let next = Password { hash, ..password };
        transaction.replace(&Stored::next(next, &Policy::platform()), &key)?;
    } else {
        // Whoever changes it meanwhile ends all sessions, and this would be one more.
        transaction.check_unchanged(keys::password(account.id), password.rev);
    }
    let reply = tokens::sign_in(
        app,
        signer,
        &mut transaction,
        &account,
        factor.as_ref(),
        device,
        now,
    )
    .await?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Some(reply)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) if verdict == Verdict::RightAndOld => Ok(None),
        Err(CommitError::Refused(_)) => Err(wrong()),
    }
}

const fn wrong() -> Problem {
    Problem::new(Code::CredentialsWrong)
}

/// An account with what it signs in by.
pub struct Found {
    /// The account.
    pub account: Account,
    /// Its key.
    pub key: DataKey,
    /// Its password, if it has one.
    pub password: Option<Password>,
    /// Its second factor, if one was asked for.
    pub factor: Option<SecondFactor>,
}

impl Found {
    /// The fewest characters of a new password.
    pub fn fewest(&self) -> usize {
        let second = self.factor.as_ref().is_some_and(SecondFactor::is_active);
        if second {
            password::MIN_WITH_SECOND_FACTOR
        } else {
            password::MIN_ALONE
        }
    }

    /// Sets the password, on the version of it that was read.
    pub fn set_password(
        &self,
        transaction: &mut Transaction,
        hash: PasswordHash,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let rev = self.password.as_ref().map_or(1, |old| old.rev);
        let next = Password {
            account: self.account.id,
            hash,
            changed_at: now,
            rev,
        };
        match &self.password {
            Some(_) => transaction.replace(&Stored::next(next, policy), &self.key)?,
            None => transaction.create(&Stored::new(next, policy), &self.key)?,
        };
        Ok(())
    }
}

/// What is read of an account for its password.
pub fn wanted(id: AccountId) -> Vec<shared::store::Key> {
    let mut wanted = factor::wanted(id);
    wanted.push(keys::password(id));
    wanted
}

/// A living account, with its password. One read.
async fn find(app: &App, id: AccountId, now: Timestamp) -> Result<Option<Found>, Problem> {
    let read = Platform::read(app, wanted(id), now).await?;
    found(&read, id)
}

/// A living account, with its password, from what was read.
pub fn found(read: &Platform, id: AccountId) -> Result<Option<Found>, Problem> {
    let Some(account) = read.living(id)? else {
        return Ok(None);
    };
    let (factor, key) = factor::of(read, id)?;
    let password = read.sealed::<Password>(&keys::password(id), &key)?;
    Ok(Some(Found {
        account,
        key,
        password,
        factor,
    }))
}
