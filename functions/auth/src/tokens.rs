//! What a login session is proved with: an access token for ten minutes, a refresh token for the
//! next one. The reply of sign-in and of renewal.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    app::{
        App,
        tokens::{ACCESS_LIFETIME, Claims, Signer},
    },
    domain::{
        AccountId, ChallengeId, Policy, SessionId, Timestamp,
        device::Device,
        policy::Lens,
        retention::{CHALLENGE_LIFETIME, SESSION_ABSOLUTE, SESSION_IDLE},
        token::{self, Secret},
    },
    http::{Json, Problem, page::cookie::REFRESH_PREFIX as PREFIX},
    store::{
        Query, StoreError, Stored, Transaction, Unsealed,
        account::{Account, LoginSession},
        keys,
        notice::{Notice, NoticeKind},
        record::read_item,
        second_factor::{SecondFactor, SecondStep},
    },
    words,
};
use utoipa::ToSchema;

use crate::challenge::TRIES;

/// The tokens of a login session (RFC 6749, 5.1).
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Goes into the `Authorization` header of every request.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhY2NfMDEifQ.c2ln")]
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that the access token is good for.
    #[schema(example = 600)]
    expires_in: u64,
    /// Good for one renewal; the reply to it brings the next one.
    #[schema(example = "rt_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksxilfrmv2m5qjlbhjfm.dGhlIHNlY3JldA")]
    refresh_token: String,
    /// Who is signed in.
    account: AccountView,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub struct AccountView {
    /// The account.
    id: AccountId,
    /// Where its codes go.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// What a right first factor leads to.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum SignInReply {
    /// Signed in.
    SignedIn(Box<Tokens>),
    /// The account has a second factor, which is asked for now.
    Halfway(Halfway),
}

/// Half signed in: `POST /v1/auth/second-factor` is next.
#[derive(Serialize, ToSchema)]
pub struct Halfway {
    /// What is asked for.
    second_factor: SecondFactorAsked,
}

impl Halfway {
    /// Which sign-in waits.
    pub const fn challenge(&self) -> ChallengeId {
        self.second_factor.challenge_id
    }
}

/// What proves the second factor, and until when.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorAsked {
    /// To be sent back with the code.
    challenge_id: ChallengeId,
    /// What is accepted.
    methods: Vec<FactorMethod>,
    /// Until when.
    expires_at: Timestamp,
}

words! {
    /// What proves a second factor.
    pub enum FactorMethod {
        /// One of the codes for the loss of the app, each good once.
        RecoveryCode = "recovery_code",
        /// Six digits of the authenticator app.
        Totp = "totp",
    }
}

impl IntoResponse for SignInReply {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

impl IntoResponse for Tokens {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

impl Tokens {
    /// Tokens of a session, with `secret` in the refresh token.
    pub fn new(
        app: &App,
        signer: &Signer,
        account: &Account,
        session: SessionId,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let claims = Claims::new(&app.config.issuer, account.id, session, now);
        let access_token = signer
            .sign(&claims)
            .ok_or(StoreError::Corrupt("a signing key that does not sign"))?;
        Ok(Self {
            access_token,
            token_type: "Bearer",
            expires_in: ACCESS_LIFETIME.as_secs(),
            refresh_token: token::write(PREFIX, &[account.id.uuid(), session.uuid()], secret),
            account: AccountView {
                id: account.id,
                email: account.email.reveal().to_owned(),
            },
        })
    }
}

impl Tokens {
    /// The refresh token, for a browser's cookie.
    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }
}

/// A refresh token taken apart: whose session, and what proves it.
#[derive(Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Who.
    pub account: AccountId,
    /// Which session of theirs.
    pub session: SessionId,
    /// What was handed out for it.
    pub secret: Secret,
}

impl RefreshToken {
    /// Reads one; `None` when it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let ([account, session], secret) = token::read::<2>(PREFIX, text)?;
        Some(Self {
            account: AccountId::from_uuid(account),
            session: SessionId::from_uuid(session),
            secret,
        })
    }
}

/// How many sessions are looked at for one from the same device.
const SESSIONS_COMPARED: u16 = 100;

/// Puts into the transaction what a right first factor of an account that exists brings: a session,
/// or the wait for the second factor when the account has one.
pub async fn sign_in(
    app: &App,
    signer: &Signer,
    transaction: &mut Transaction,
    account: &Account,
    factor: Option<&SecondFactor>,
    device: Device,
    now: Timestamp,
) -> Result<SignInReply, Problem> {
    if factor.is_some_and(SecondFactor::is_active) {
        let step = SecondStep {
            id: ChallengeId::new(now),
            account: account.id,
            tries_left: TRIES,
            created_at: now,
            rev: 1,
        };
        let second_factor = SecondFactorAsked {
            challenge_id: step.id,
            methods: vec![FactorMethod::Totp, FactorMethod::RecoveryCode],
            expires_at: now.plus(CHALLENGE_LIFETIME),
        };
        transaction.create(&Stored::new(step, &Policy::platform()), &Unsealed)?;
        return Ok(SignInReply::Halfway(Halfway { second_factor }));
    }
    tell_of_device(app, transaction, account.id, device, now).await?;
    let tokens = begin_session(app, signer, transaction, account, None, device, now)?;
    Ok(SignInReply::SignedIn(Box::new(tokens)))
}

/// Puts a notice into the transaction of a sign-in, unless the account has a living session from the
/// same browser and system. One query, and only once every factor is proved: what it costs tells a
/// stranger nothing.
pub async fn tell_of_device(
    app: &App,
    transaction: &mut Transaction,
    account: AccountId,
    device: Device,
    now: Timestamp,
) -> Result<(), Problem> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let newest = Query::partition(keys::sessions(account))
        .newest_first()
        .limit(SESSIONS_COMPARED);
    for item in app.store.query(newest).await? {
        let session = read_item::<LoginSession>(&item, &Unsealed, lens)?;
        if session.is_some_and(|session| session.is_from(device)) {
            return Ok(());
        }
    }
    let notice = Notice::new(account, NoticeKind::NewDevice, now).from_device(device);
    transaction.notify(notice)?;
    Ok(())
}

/// Begins a session of `account` in a transaction, and makes its tokens. It remembers when a second
/// factor was proved, if one was.
pub fn begin_session(
    app: &App,
    signer: &Signer,
    transaction: &mut Transaction,
    account: &Account,
    second_factor_at: Option<Timestamp>,
    device: Device,
    now: Timestamp,
) -> Result<Tokens, Problem> {
    let secret = Secret::generate().ok_or(StoreError::Random)?;
    let session = LoginSession {
        id: SessionId::new(now),
        account: account.id,
        current: secret.hash(),
        previous: None,
        rotated_at: now,
        started_at: now,
        idle_from: idle_from(now, now),
        proved_at: Some(now),
        second_factor_at,
        browser: Some(device.browser),
        system: Some(device.system),
        rev: 1,
    };
    let tokens = Tokens::new(app, signer, account, session.id, &secret, now)?;
    transaction.create(&Stored::new(session, &Policy::platform()), &Unsealed)?;
    Ok(tokens)
}

/// From when the days without use are counted, for a session that is used at `now`. The end of the
/// record follows from it, so it never stands so late that the session outlives its last day.
pub fn idle_from(started_at: Timestamp, now: Timestamp) -> Timestamp {
    now.min(started_at.plus(SESSION_ABSOLUTE - SESSION_IDLE))
}

#[cfg(test)]
mod tests {
    use shared::domain::{
        retention::{Class, Expiry, expiry},
        time::DAY,
    };

    use super::*;

    #[test]
    fn a_session_ends_after_14_days_without_use_and_after_30_days_at_all() {
        let start = Timestamp::from_ms(1_768_478_400_000);
        for (used_on_day, ends_on_day) in [(0, 14), (1, 15), (15, 29), (16, 30), (17, 30), (29, 30)]
        {
            let anchor = idle_from(start, start.plus(DAY * used_on_day));
            let end = expiry(Class::LoginSession, &Policy::platform(), anchor);
            assert_eq!(
                end,
                Expiry::At(start.plus(DAY * ends_on_day)),
                "day {used_on_day}"
            );
        }
    }

    #[test]
    fn a_refresh_token_reads_back_and_other_tokens_do_not() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let (account, session) = (AccountId::new(now), SessionId::new(now));
        let ids = [account.uuid(), session.uuid()];
        let secret = Secret::from_bytes([7; 32]);
        let text = token::write(PREFIX, &ids, &secret);
        let read = RefreshToken::parse(&text);
        assert_eq!(
            read,
            Some(RefreshToken {
                account,
                session,
                secret: secret.clone()
            })
        );
        let visitor = token::write("vt", &ids, &secret);
        for other in [
            "",
            "rt",
            "rt_.",
            visitor.as_str(),
            &text[..text.len() - 1],
            &format!("{text}A"),
        ] {
            assert_eq!(RefreshToken::parse(other), None, "{other}");
        }
    }
}
