//! What is asked of a provider: its description, its keys, tokens for a code, and who somebody is.
//! Everything goes through the egress door.
//!
//! Description and keys are remembered for ten minutes in an environment. A token of an unknown key has
//! them read again, once a minute at most, so that nobody makes us call a provider at will.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{
    Algorithm,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use shared::{
    app::{
        App,
        egress::{Address, EgressError, Incoming, Outgoing},
    },
    domain::{Timestamp, WorkspaceId, recipient::Recipient},
    store::{
        TenantKey,
        team::{TeamAttempt, TeamProvider},
    },
};

/// How long a description and its keys are remembered.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// How soon they may be read again for a token of an unknown key.
const AGAIN: Duration = Duration::from_secs(60);
/// How many providers an environment remembers.
const MOST_REMEMBERED: usize = 64;
/// How many keys of a set are looked at.
const MOST_KEYS: usize = 50;

/// Why a provider cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is, or names, an address that we do not connect to.
    Refused,
    /// It does not answer.
    Unreachable,
    /// It answers something else than a provider does.
    Wrong(&'static str),
}

impl From<EgressError> for Unusable {
    fn from(error: EgressError) -> Self {
        match error {
            EgressError::Refused => Self::Refused,
            EgressError::Unreachable => Self::Unreachable,
            EgressError::TooLarge => Self::Wrong("an answer of at most 256 KiB"),
        }
    }
}

/// How we say who we are where a code is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientAuth {
    /// In the header (RFC 6749, 2.3.1).
    Basic,
    /// In the form.
    Post,
}

/// Whether a provider names itself in its answers (RFC 9207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamesItself {
    /// It promised to.
    Always,
    /// Perhaps.
    Maybe,
}

/// A provider's description of itself (OpenID Connect Discovery 1.0).
#[derive(Debug)]
pub struct Description {
    /// Where people sign in.
    authorization: Address,
    token: Address,
    userinfo: Option<Address>,
    /// What its tokens may be signed with; fixed here, whatever a token says of itself.
    pub algorithms: Vec<Algorithm>,
    auth: ClientAuth,
    /// Whether its answers bear its name.
    pub names_itself: NamesItself,
    /// Its keys.
    pub keys: Vec<Jwk>,
    read_at: Timestamp,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    response_types_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// What a provider gives for a code.
#[derive(Deserialize)]
pub struct Granted {
    /// Who it is.
    pub id_token: String,
    /// To ask for more about them.
    access_token: Option<String>,
}

/// What a provider says of somebody besides the ID token.
#[derive(Deserialize)]
pub struct Described {
    sub: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether it vouches for the address; some write it as a text.
    pub email_verified: Option<Value>,
    /// What they are called.
    pub name: Option<String>,
}

type Memory = Mutex<HashMap<(WorkspaceId, String), Arc<Description>>>;

fn memory() -> &'static Memory {
    static MEMORY: OnceLock<Memory> = OnceLock::new();
    MEMORY.get_or_init(Mutex::default)
}

/// The description of a provider, remembered or read.
pub async fn known(app: &App, provider: &TeamProvider) -> Result<Arc<Description>, Unusable> {
    remembered(app, provider, REMEMBERED).await
}

/// The same, read again unless that was done in the last minute: a token names a key that is not there.
pub async fn known_again(app: &App, provider: &TeamProvider) -> Result<Arc<Description>, Unusable> {
    remembered(app, provider, AGAIN).await
}

async fn remembered(
    app: &App,
    provider: &TeamProvider,
    for_up_to: Duration,
) -> Result<Arc<Description>, Unusable> {
    let now = app.clock.now();
    let name = (provider.workspace, provider.issuer.as_str().to_owned());
    let lock = || memory().lock().unwrap_or_else(PoisonError::into_inner);
    let known = lock().get(&name).cloned();
    if let Some(known) = known.filter(|known| now < known.read_at.plus(for_up_to)) {
        return Ok(known);
    }
    let read = Arc::new(ask(app, provider).await?);
    let mut memory = lock();
    if memory.len() >= MOST_REMEMBERED {
        memory.clear();
    }
    memory.insert(name, Arc::clone(&read));
    Ok(read)
}

/// Asks a provider for its description and its keys.
pub async fn ask(app: &App, provider: &TeamProvider) -> Result<Description, Unusable> {
    let issuer = provider.issuer.as_str();
    let base = issuer.trim_end_matches('/');
    let place = format!("{base}/.well-known/openid-configuration");
    let document: Document = json(get(app, &place).await?)?;
    if document.issuer != issuer {
        return Err(Unusable::Wrong("a description that names the same issuer"));
    }
    let lacks = |list: &Option<Vec<String>>, word: &str| {
        list.as_ref()
            .is_some_and(|list| !list.iter().any(|one| one == word))
    };
    if lacks(&document.response_types_supported, "code") {
        return Err(Unusable::Wrong("a provider that gives codes"));
    }
    if lacks(&document.code_challenge_methods_supported, "S256") {
        return Err(Unusable::Wrong("a provider that takes PKCE with S256"));
    }
    let named = document.id_token_signing_alg_values_supported;
    // RS256 is what a provider must have, so it is what silence means.
    let named = named.unwrap_or_else(|| vec!["RS256".to_owned()]);
    let algorithms: Vec<Algorithm> = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256]
        .into_iter()
        .filter(|known| named.iter().any(|name| *name == format!("{known:?}")))
        .collect();
    if algorithms.is_empty() {
        return Err(Unusable::Wrong(
            "ID tokens signed with EdDSA, ES256 or RS256",
        ));
    }
    let methods = document.token_endpoint_auth_methods_supported;
    let auth = match (
        lacks(&methods, "client_secret_basic"),
        lacks(&methods, "client_secret_post"),
    ) {
        (false, _) => ClientAuth::Basic,
        (true, false) => ClientAuth::Post,
        (true, true) => {
            return Err(Unusable::Wrong("client_secret_basic or client_secret_post"));
        }
    };
    let address = |text: &str| app.egress.address(text).map_err(|_| Unusable::Refused);
    let keys: KeySet = json(get(app, &document.jwks_uri).await?)?;
    let keys: Vec<Jwk> = keys
        .keys
        .into_iter()
        .take(MOST_KEYS)
        .filter_map(|key| serde_json::from_value(key).ok())
        .collect();
    Ok(Description {
        authorization: address(&document.authorization_endpoint)?,
        token: address(&document.token_endpoint)?,
        userinfo: document
            .userinfo_endpoint
            .as_deref()
            .map(address)
            .transpose()?,
        algorithms,
        auth,
        names_itself: match document.authorization_response_iss_parameter_supported {
            true => NamesItself::Always,
            false => NamesItself::Maybe,
        },
        keys,
        read_at: app.clock.now(),
    })
}

async fn get(app: &App, place: &str) -> Result<Incoming, Unusable> {
    let address = app.egress.address(place)?;
    let call = Outgoing::get(Recipient::IdentityProvider, address);
    Ok(app.egress.call(call).await?)
}

fn json<T: DeserializeOwned>(answer: Incoming) -> Result<T, Unusable> {
    // A redirect is one of these, too.
    if answer.status != 200 {
        return Err(Unusable::Wrong("an answer of status 200"));
    }
    // Key sets have a type of their own; some call them plain text or nothing.
    serde_json::from_slice(&answer.body).map_err(|_| Unusable::Wrong("JSON as the standard has it"))
}

impl Description {
    /// Where a browser goes to sign in.
    pub fn authorization_url(
        &self,
        provider: &TeamProvider,
        attempt: &TeamAttempt,
        tenant_key: &TenantKey,
    ) -> String {
        let verifier = BASE64URL_NOPAD.encode(attempt.verifier(tenant_key).as_bytes());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(age) = attempt.max_age_seconds {
            query.append_pair("max_age", &age.to_string());
            // Some providers know the one word and some the other (OpenID Connect Core 1.0, 3.1.2.1).
            if age == 0 {
                query.append_pair("prompt", "login");
            }
        }
        let query = query
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("client_id", provider.client_id.as_str())
            .append_pair("redirect_uri", attempt.redirect_uri.as_str())
            .append_pair("scope", "openid email profile")
            .append_pair("state", &attempt.state(tenant_key))
            .append_pair("nonce", &nonce(attempt, tenant_key))
            .append_pair("code_challenge", &BASE64URL_NOPAD.encode(digest.as_ref()))
            .append_pair("code_challenge_method", "S256")
            .finish();
        let place = self.authorization.text();
        let joint = if place.contains('?') { '&' } else { '?' };
        format!("{place}{joint}{query}")
    }

    /// The host where people sign in.
    pub fn host(&self) -> &str {
        self.authorization.host()
    }

    /// Exchanges a code, once.
    pub async fn exchange(
        &self,
        app: &App,
        provider: &TeamProvider,
        attempt: &TeamAttempt,
        tenant_key: &TenantKey,
        code: &str,
    ) -> Result<Granted, Unusable> {
        let call = self.exchange_call(provider, attempt, tenant_key, code)?;
        json(app.egress.call(call).await?)
    }

    /// The call that exchanges a code.
    fn exchange_call(
        &self,
        provider: &TeamProvider,
        attempt: &TeamAttempt,
        tenant_key: &TenantKey,
        code: &str,
    ) -> Result<Outgoing, Unusable> {
        let secret = provider
            .secret(tenant_key)
            .map_err(|_| Unusable::Wrong("a client secret that opens"))?;
        let verifier = BASE64URL_NOPAD.encode(attempt.verifier(tenant_key).as_bytes());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", attempt.redirect_uri.as_str())
            .append_pair("code_verifier", &verifier);
        let client = provider.client_id.as_str();
        if self.auth == ClientAuth::Post {
            form.append_pair("client_id", client)
                .append_pair("client_secret", &secret);
        }
        let form = form.finish();
        let mut call = Outgoing::form(Recipient::IdentityProvider, self.token.clone(), form);
        if self.auth == ClientAuth::Basic {
            let escape = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let pair = format!("{}:{}", escape(client), escape(&secret));
            call = call.with_authorization(format!("Basic {}", BASE64.encode(pair.as_bytes())));
        }
        Ok(call)
    }

    /// Asks who somebody is, where the ID token does not say it.
    pub async fn describe(
        &self,
        app: &App,
        granted: &Granted,
        subject: &str,
    ) -> Result<Described, Unusable> {
        let (Some(place), Some(token)) = (&self.userinfo, &granted.access_token) else {
            return Err(Unusable::Wrong("an address of whoever signs in"));
        };
        let call = Outgoing::get(Recipient::IdentityProvider, place.clone());
        let call = call.with_authorization(format!("Bearer {token}"));
        let described: Described = json(app.egress.call(call).await?)?;
        // Somebody else's token must not lend them an address (OpenID Connect Core 1.0, 5.3.2).
        if described.sub == subject {
            Ok(described)
        } else {
            Err(Unusable::Wrong("a description of the same person"))
        }
    }
}

/// The nonce of a sign-in as it is written.
pub fn nonce(attempt: &TeamAttempt, tenant_key: &TenantKey) -> String {
    BASE64URL_NOPAD.encode(attempt.nonce(tenant_key).as_bytes())
}

/// Whether a key may check a signature of this algorithm: public, of the right family, for signing.
pub fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let family = match &key.algorithm {
        AlgorithmParameters::RSA(_) => algorithm == Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) => {
            algorithm == Algorithm::ES256 && curve.curve == EllipticCurve::P256
        }
        AlgorithmParameters::OctetKeyPair(curve) => {
            algorithm == Algorithm::EdDSA && curve.curve == EllipticCurve::Ed25519
        }
        // A secret in a public set is nobody's proof.
        _ => false,
    };
    let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    family && signs
}
