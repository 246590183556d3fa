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
        sign_in::{Beginning, wait_for_second_factor},
        tokens::{ACCESS_LIFETIME, Claims, Signer},
    },
    domain::{
        AccountId, ChallengeId, SessionId, Timestamp,
        device::Device,
        retention::CHALLENGE_LIFETIME,
        token::{self, Secret},
    },
    http::{Json, Problem, page::cookie::REFRESH_PREFIX as PREFIX},
    store::{StoreError, Transaction, account::Account, second_factor::SecondFactor},
    words,
};
use utoipa::ToSchema;

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
        /// A passkey: `POST /v1/auth/second-factor/passkey`.
        Passkey = "passkey",
        /// One of the codes for the loss of app and passkeys, each good once.
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
    if let Some(factor) = factor.filter(|factor| factor.is_active()) {
        let app = factor.has_app().then_some(FactorMethod::Totp);
        let passkey = (factor.passkeys.count() > 0).then_some(FactorMethod::Passkey);
        let methods = app.into_iter().chain(passkey);
        let second_factor = SecondFactorAsked {
            challenge_id: wait_for_second_factor(transaction, account.id, (None, None), now)?,
            methods: methods.chain([FactorMethod::RecoveryCode]).collect(),
            expires_at: now.plus(CHALLENGE_LIFETIME),
        };
        return Ok(SignInReply::Halfway(Halfway { second_factor }));
    }
    app.tell_of_device(transaction, account.id, device, now)
        .await?;
    let beginning = of_now(account, device, now);
    let tokens = begin_session(app, signer, transaction, account, beginning, now)?;
    Ok(SignInReply::SignedIn(Box::new(tokens)))
}

/// Begins a session in a transaction, and makes its tokens.
pub fn begin_session(
    app: &App,
    signer: &Signer,
    transaction: &mut Transaction,
    account: &Account,
    beginning: Beginning,
    now: Timestamp,
) -> Result<Tokens, Problem> {
    let (session, secret) = beginning.place(transaction, now)?;
    Tokens::new(app, signer, account, session, &secret, now)
}

/// A session of an account that proves who it is now, from `device`.
pub const fn of_now(account: &Account, device: Device, now: Timestamp) -> Beginning {
    Beginning {
        account: account.id,
        proved_at: Some(now),
        second_factor_at: None,
        team: None,
        team_session: None,
        device,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
