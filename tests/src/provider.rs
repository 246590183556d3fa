//! A provider of sign-ins (OpenID Connect) on this machine: one key, one person, and a word for everything
//! that a bad one might do.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use shared::app::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the stack is called at the provider.
pub const CLIENT: &str = "sotto";
/// What it proves that with.
pub const SECRET: &str = "a secret: with + and % in it";
/// Where programs are led back to.
pub const BACK: &str = "https://app.example.com/back";

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// As the provider says.
    Own,
    /// With a key that is not in the set, under the name of the one that is.
    OtherKey,
    /// With the key, under a name that is not in the set.
    UnknownName,
    /// Not at all: `alg: none`.
    Nothing,
    /// With HS256 and the public key as the secret.
    PublicAsSecret,
}

/// What the provider does.
#[derive(Clone, Debug)]
pub struct Says {
    /// Laid over its description.
    pub description: Value,
    /// Laid over the claims of its ID tokens.
    pub claims: Value,
    /// What it answers at the userinfo endpoint.
    pub described: Value,
    /// How it signs.
    pub signing: Signing,
    /// Where its description is moved to, if it is.
    pub moved: Option<String>,
    /// Bytes of padding in its key set.
    pub padding: usize,
}

struct Inner {
    says: Says,
    codes: HashMap<String, HashMap<String, String>>,
    pair: Vec<u8>,
    public: Vec<u8>,
    issuer: String,
    clock: Clock,
    asked: u64,
    made: u64,
}

/// A running provider.
pub struct Provider {
    /// Its name for itself.
    pub issuer: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// Starts one, whose time is `clock`.
    pub async fn start(clock: &Clock) -> Self {
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = TcpListener::bind(any).await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let (pair, public) = key();
        let says = Says {
            description: json!({}),
            claims: json!({}),
            described: json!({}),
            signing: Signing::Own,
            moved: None,
            padding: 0,
        };
        let inner = Arc::new(Mutex::new(Inner {
            says,
            codes: HashMap::new(),
            pair,
            public,
            issuer: issuer.clone(),
            clock: clock.clone(),
            asked: 0,
            made: 0,
        }));
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self {
            issuer,
            inner,
            task,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what it does.
    pub fn now(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.lock().says);
    }

    /// How often it was asked anything.
    pub fn asked(&self) -> u64 {
        self.lock().asked
    }

    /// What an owner sets for it.
    pub fn setting(&self) -> Value {
        json!({
            "issuer": self.issuer, "client_id": CLIENT, "client_secret": SECRET,
            "domains": ["example.com"], "role": "agent", "redirect_uris": [BACK],
        })
    }

    /// Somebody signs in at the provider, led there by `url`: the answer that the browser brings back.
    pub fn come(&self, url: &str) -> HashMap<String, String> {
        let query = url.split_once('?').expect("a query").1;
        let asked: HashMap<String, String> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{url}");
        }
        let mut inner = self.lock();
        inner.made += 1;
        let code = format!("code-{}", inner.made);
        let answer = HashMap::from([
            ("code".to_owned(), code.clone()),
            ("state".to_owned(), asked["state"].clone()),
            ("iss".to_owned(), inner.issuer.clone()),
        ]);
        inner.codes.insert(code, asked);
        answer
    }

    /// A token with these claims over those that every token of it has.
    pub fn token(&self, claims: &Value) -> String {
        self.lock().token(claims)
    }
}

fn key() -> (Vec<u8>, Vec<u8>) {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key");
    (
        document.as_ref().to_vec(),
        pair.public_key().as_ref().to_vec(),
    )
}

fn over(mut base: Value, other: &Value) -> Value {
    for (name, value) in other.as_object().into_iter().flatten() {
        base[name] = value.clone();
    }
    base
}

impl Inner {
    fn token(&self, claims: &Value) -> String {
        let now = self.clock.now().seconds();
        let base = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": "person-1", "iat": now, "exp": now + 300,
        });
        let mut claims = over(base, claims);
        // What is laid over as `null` is not said.
        if let Some(claims) = claims.as_object_mut() {
            claims.retain(|_, value| !value.is_null());
        }
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("one".to_owned());
        let own = EncodingKey::from_ed_der(&self.pair);
        let encode = |header: &Header, key: &EncodingKey| {
            jsonwebtoken::encode(header, &claims, key).expect("a token")
        };
        match self.says.signing {
            Signing::Own => encode(&header, &own),
            Signing::OtherKey => encode(&header, &EncodingKey::from_ed_der(&key().0)),
            Signing::UnknownName => {
                header.kid = Some("two".to_owned());
                encode(&header, &own)
            }
            Signing::PublicAsSecret => {
                header.alg = Algorithm::HS256;
                encode(&header, &EncodingKey::from_secret(&self.public))
            }
            Signing::Nothing => {
                let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
                format!("{}.{}.", part(json!({ "alg": "none" })), part(claims))
            }
        }
    }

    fn description(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let base = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/me"), "jwks_uri": at("/jwks"),
            "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
            "authorization_response_iss_parameter_supported": true,
        });
        over(base, &self.says.description)
    }

    /// What a code is exchanged for, once, by who began, with the verifier.
    fn exchange(&mut self, authorization: &str, form: &HashMap<String, String>) -> Option<Value> {
        let escaped =
            |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let pair = format!("{}:{}", escaped(CLIENT), escaped(SECRET));
        let expected = format!("Basic {}", BASE64.encode(pair.as_bytes()));
        let asked = self.codes.remove(form.get("code")?)?;
        let verifier = form.get("code_verifier")?;
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        let good = authorization == expected
            && form.get("grant_type")? == "authorization_code"
            && form.get("redirect_uri") == asked.get("redirect_uri")
            && asked.get("code_challenge") == Some(&challenge);
        let claims = json!({
            "nonce": asked["nonce"], "email": "ada@example.com", "email_verified": true,
            "name": "Ada Lovelace",
        });
        let claims = over(claims, &self.says.claims);
        good.then(|| json!({ "id_token": self.token(&claims), "access_token": "at", "token_type": "Bearer" }))
    }
}

async fn answer(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let sent = |name: &str| {
        let value = parts.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
    inner.asked += 1;
    let json =
        |value: Value| ([("content-type", "application/json")], value.to_string()).into_response();
    match parts.uri.path() {
        "/.well-known/openid-configuration" => match &inner.says.moved {
            Some(place) => (StatusCode::FOUND, [("location", place.clone())]).into_response(),
            None => json(inner.description()),
        },
        "/elsewhere" => json(inner.description()),
        "/jwks" => {
            let x = BASE64URL_NOPAD.encode(&inner.public);
            let padding = "x".repeat(inner.says.padding);
            json(json!({ "padding": padding, "keys": [
                { "kty": "OKP", "crv": "Ed25519", "kid": "one", "use": "sig", "x": x },
                { "kty": "unheard of", "kid": "three" },
            ] }))
        }
        "/me" if sent("authorization") == "Bearer at" => json(inner.says.described.clone()),
        "/token" => {
            let form = form_urlencoded::parse(&body).into_owned().collect();
            let granted = inner.exchange(sent("authorization"), &form);
            match granted {
                Some(granted) => json(granted),
                None => (StatusCode::BAD_REQUEST, "invalid_grant").into_response(),
            }
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
