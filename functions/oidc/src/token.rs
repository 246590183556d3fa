//! What a token of a provider must be: an ID token (OpenID Connect Core 1.0, 3.1.3.7) or a logout
//! token (Back-Channel Logout 1.0, 2.6). The algorithm is the provider's description's, never the
//! token's own word (RFC 8725, 3.1).

use std::time::Duration;

use aws_lc_rs::constant_time;
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use shared::{
    domain::Timestamp,
    store::team::{TeamAttempt, TeamProvider},
};

use crate::provider::{Description, fits};

/// How far a provider's clock may be off.
const LEEWAY: Duration = Duration::from_secs(60);
/// How old a logout token may be.
const LOGOUT_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The event that makes a token a logout token.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest name of somebody, or of a session, at a provider (OpenID Connect Core 1.0, 2).
const MOST_SUBJECT_BYTES: usize = 255;

/// Why a token is not accepted; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It names a key that is not among the known ones.
    UnknownKey,
    /// It is not what it must be.
    Wrong(&'static str),
}

/// What a provider says in a token.
#[derive(Debug, Deserialize)]
pub struct Claims {
    /// Its name for somebody; empty where it names none, which a logout token may do.
    #[serde(default)]
    pub sub: String,
    /// Its name for a session of its own.
    pub sid: Option<String>,
    aud: Value,
    azp: Option<String>,
    exp: Option<f64>,
    iat: Option<f64>,
    nonce: Option<String>,
    /// When they proved who they are.
    pub auth_time: Option<f64>,
    /// How.
    pub amr: Option<Vec<String>>,
    /// How well.
    pub acr: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// Whether it vouches for the address.
    pub email_verified: Option<Value>,
    /// What they are called.
    pub name: Option<String>,
    events: Option<Value>,
}

impl Claims {
    /// When a factor was proved there, if it says so and that is not in the future.
    pub fn proved_at(&self, now: Timestamp) -> Option<Timestamp> {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of our age fit")]
        let at = self.auth_time.map(|at| at as i64)?;
        let at = Timestamp::from_ms(at.checked_mul(1000)?);
        (at <= now.plus(LEEWAY)).then_some(at.min(now))
    }

    /// Whether a factor was proved there as lately as the sign-in asked for.
    pub fn is_fresh_for(&self, attempt: &TeamAttempt, now: Timestamp) -> bool {
        let Some(age) = attempt.max_age_seconds else {
            return true;
        };
        let good_until = |at: Timestamp| at.plus(Duration::from_secs(age)).plus(LEEWAY);
        self.proved_at(now)
            .is_some_and(|at| good_until(at) >= attempt.created_at)
    }

    /// Whether it says one of the words that the owner takes for a second factor.
    pub fn saw_second_factor(&self, provider: &TeamProvider) -> bool {
        let accepted = |word: &str| {
            provider
                .accepted_factors
                .iter()
                .any(|one| one.as_str() == word)
        };
        let methods = self.amr.iter().flatten();
        methods
            .map(String::as_str)
            .chain(self.acr.as_deref())
            .any(accepted)
    }
}

/// Reads an ID token that answers a sign-in with this nonce.
pub fn identity(
    token: &str,
    provider: &TeamProvider,
    description: &Description,
    nonce: &str,
    now: Timestamp,
) -> Result<Claims, Fault> {
    let claims = signed(token, provider, description)?;
    if claims.sub.is_empty() {
        return Err(Fault::Wrong("it names nobody"));
    }
    let after = |seconds: f64, than: Timestamp| seconds > whole(than);
    match claims.exp {
        Some(exp) if after(exp, now.minus(LEEWAY)) => {}
        _ => return Err(Fault::Wrong("its time is over")),
    }
    if claims.iat.is_none_or(|iat| after(iat, now.plus(LEEWAY))) {
        return Err(Fault::Wrong("it was made in the future"));
    }
    let given = claims.nonce.as_deref().unwrap_or_default();
    if constant_time::verify_slices_are_equal(given.as_bytes(), nonce.as_bytes()).is_err() {
        return Err(Fault::Wrong("it answers another sign-in"));
    }
    Ok(claims)
}

/// Reads a logout token.
pub fn logout(
    token: &str,
    provider: &TeamProvider,
    description: &Description,
    now: Timestamp,
) -> Result<Claims, Fault> {
    let claims = signed(token, provider, description)?;
    // An ID token must not sign anybody out.
    let event = claims.events.as_ref().and_then(|events| events.get(LOGOUT));
    if claims.nonce.is_some() || !event.is_some_and(Value::is_object) {
        return Err(Fault::Wrong("no logout token"));
    }
    // Somebody, or a session, or both (Back-Channel Logout 1.0, 2.4).
    if claims.sub.is_empty() && claims.sid.is_none() {
        return Err(Fault::Wrong("it names nobody"));
    }
    let fresh = claims.iat.is_some_and(|iat| {
        iat > whole(now.minus(LOGOUT_LIFETIME)) && iat <= whole(now.plus(LEEWAY))
    });
    let alive = claims.exp.is_none_or(|exp| exp > whole(now.minus(LEEWAY)));
    if fresh && alive {
        Ok(claims)
    } else {
        Err(Fault::Wrong("its time is over"))
    }
}

/// Checks signature, issuer and audience.
fn signed(
    token: &str,
    provider: &TeamProvider,
    description: &Description,
) -> Result<Claims, Fault> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Fault::Wrong("no token"))?;
    let algorithm = header.alg;
    if !description.algorithms.contains(&algorithm) || header.crit.is_some() {
        return Err(Fault::Wrong("signed in another way than the provider says"));
    }
    let mut fitting = description.keys.iter().filter(|key| fits(key, algorithm));
    let key = match &header.kid {
        Some(kid) => fitting.find(|key| key.common.key_id.as_ref() == Some(kid)),
        // Without a name there must be no choice.
        None => fitting.next().filter(|_| fitting.next().is_none()),
    };
    let key = key.ok_or(Fault::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Fault::Wrong("a key that is none"))?;
    let client = provider.client_id.as_str();
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[provider.issuer.as_str()]);
    rules.set_audience(&[client]);
    rules.set_required_spec_claims(&["iss", "aud"]);
    // The library asks the machine's clock; ours can be moved, so we compare ourselves.
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules)
        .map_err(|_| Fault::Wrong("signature, issuer or audience"))?
        .claims;
    let several = claims.aud.as_array().is_some_and(|all| all.len() > 1);
    let ours = claims.azp.as_deref().map_or(!several, |azp| azp == client);
    let short = |name: &String| !name.is_empty() && name.len() <= MOST_SUBJECT_BYTES;
    let bounded = claims.sub.len() <= MOST_SUBJECT_BYTES && claims.sid.iter().all(short);
    if ours && bounded {
        Ok(claims)
    } else {
        Err(Fault::Wrong("made for another client"))
    }
}

/// Seconds since the epoch.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of our age fit the 53 bits"
)]
const fn whole(at: Timestamp) -> f64 {
    at.seconds() as f64
}
