//! Access tokens: the only JWTs we make. EdDSA, ten minutes; the signature is checked before any
//! read, so floods of bad tokens never reach the table (RFC 9068, RFC 8725).

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{AccountId, SessionId, Timestamp},
    store::{Store, StoreError, signing},
};

/// How long an access token is good.
pub const ACCESS_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// What our tokens are for: the `aud` claim.
const AUDIENCE: &str = "sotto-api";
/// What our tokens are: the `typ` of the header (RFC 9068).
const TYPE: &str = "at+jwt";
/// A token of an unknown key makes us read the keys again, at most so often.
const REFRESH_EVERY: Duration = Duration::from_secs(60);

/// What a member's access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it.
    pub iss: String,
    /// What it is for.
    pub aud: String,
    /// The account.
    pub sub: AccountId,
    /// The login session.
    pub sid: SessionId,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Good until, in seconds.
    pub exp: i64,
    /// Its own id.
    pub jti: String,
}

/// Makes access tokens; only `auth` has one.
pub struct Signer {
    key: EncodingKey,
    key_id: String,
}

impl Signer {
    /// From the private key (PKCS#8) and the public one.
    pub fn new(pkcs8: &[u8], public: &[u8]) -> Self {
        Self {
            key: EncodingKey::from_ed_der(pkcs8),
            key_id: signing::key_id(public),
        }
    }

    /// A token for `claims`.
    ///
    /// # Errors
    /// `None` when the key does not sign, which is a damaged key.
    pub fn sign(&self, claims: &Claims) -> Option<String> {
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(self.key_id.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &self.key).ok()
    }
}

impl Claims {
    /// The claims of a new token.
    pub fn new(issuer: &str, account: AccountId, session: SessionId, now: Timestamp) -> Self {
        Self {
            iss: issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account,
            sid: session,
            iat: now.seconds(),
            exp: now.plus(ACCESS_LIFETIME).seconds(),
            jti: crate::domain::id::encode(SessionId::new(now).uuid()),
        }
    }
}

/// Why a token was not accepted. Clients are told no more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Its time is over.
    Expired,
    /// Anything else.
    Invalid,
}

#[derive(Default)]
struct Known {
    keys: Vec<(String, DecodingKey)>,
    read_at: Option<Timestamp>,
}

/// Checks access tokens with the public keys it read last.
#[derive(Clone, Default)]
pub struct Verifier(Arc<RwLock<Known>>);

impl Verifier {
    /// Reads the public keys again.
    pub async fn refresh(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let public = store.public_keys(now).await?;
        let keys = public
            .keys
            .iter()
            .map(|key| (signing::key_id(&key.0), DecodingKey::from_ed_der(&key.0)))
            .collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Known {
            keys,
            read_at: Some(now),
        };
        Ok(())
    }

    fn key(&self, key_id: &str) -> Option<DecodingKey> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known
            .keys
            .iter()
            .find(|(id, _)| id == key_id)
            .map(|(_, key)| key.clone())
    }

    fn may_refresh(&self, now: Timestamp) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.read_at.is_none_or(|at| now >= at.plus(REFRESH_EVERY))
    }

    /// The claims of a good token.
    pub async fn verify(
        &self,
        store: &Store,
        issuer: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Result<Claims, TokenFault>, StoreError> {
        let Ok(header) = jsonwebtoken::decode_header(token) else {
            return Ok(Err(TokenFault::Invalid));
        };
        let typ = header
            .typ
            .as_deref()
            .is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE));
        let Some(key_id) = header.kid.filter(|_| typ && header.alg == Algorithm::EdDSA) else {
            return Ok(Err(TokenFault::Invalid));
        };
        let mut key = self.key(&key_id);
        if key.is_none() && self.may_refresh(now) {
            self.refresh(store, now).await?;
            key = self.key(&key_id);
        }
        let Some(key) = key else {
            return Ok(Err(TokenFault::Invalid));
        };
        Ok(decode(token, &key, issuer, now))
    }
}

fn decode(
    token: &str,
    key: &DecodingKey,
    issuer: &str,
    now: Timestamp,
) -> Result<Claims, TokenFault> {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The library asks the machine's clock; ours can be moved, so we compare ourselves.
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, key, &rules)
        .map_err(|_| TokenFault::Invalid)?
        .claims;
    if claims.exp <= now.seconds() {
        Err(TokenFault::Expired)
    } else {
        Ok(claims)
    }
}
