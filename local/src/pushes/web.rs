//! The push service of a browser: RFC 8030, with messages sealed for the browser (RFC 8291) under the name of
//! who sends them (RFC 8292).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use axum::{Json, Router};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::Timestamp;

use super::{Pushes, part_of_token, refused, told};

/// The largest message.
const MOST_BYTES: usize = 4096;
/// How long a name may stand under a message, in seconds (RFC 8292, 2).
const MOST_SIGNED_SECONDS: i64 = 24 * 60 * 60;

/// A browser that lets itself be told things.
pub(super) struct Browser {
    key: PrivateKey,
    public: Vec<u8>,
    secret: [u8; 16],
    /// The only key that may write to it, if it said one.
    bound_to: Option<String>,
    gone: bool,
}

/// What a browser is made with, as `PushManager.subscribe` takes it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscribe {
    application_server_key: Option<String>,
}

impl Pushes {
    /// A browser that subscribes, bound to the key of who may write to it: its name, and the subscription as
    /// `PushSubscription.toJSON()` writes it, for a service at `url`.
    pub fn browser(&self, url: &str, bound_to: Option<&str>) -> Option<(String, Value)> {
        let key = PrivateKey::generate(&ECDH_P256).ok()?;
        let public = key.compute_public_key().ok()?.as_ref().to_vec();
        let (mut secret, mut name) = ([0; 16], [0; 18]);
        aws_lc_rs::rand::fill(&mut secret).ok()?;
        aws_lc_rs::rand::fill(&mut name).ok()?;
        let name = BASE64URL_NOPAD.encode(&name);
        let subscription = json!({
            "endpoint": format!("{url}/webpush/{name}"),
            "expirationTime": null,
            "keys": {
                "p256dh": BASE64URL_NOPAD.encode(&public),
                "auth": BASE64URL_NOPAD.encode(&secret),
            },
        });
        let browser = Browser {
            key,
            public,
            secret,
            bound_to: bound_to.map(str::to_owned),
            gone: false,
        };
        self.lock().browsers.insert(name.clone(), browser);
        Some((name, subscription))
    }

    /// Lets a browser unsubscribe.
    pub fn unsubscribe(&self, browser: &str) {
        if let Some(browser) = self.lock().browsers.get_mut(browser) {
            browser.gone = true;
        }
    }
}

/// The service as an HTTP application.
pub(super) fn router() -> Router<Pushes> {
    Router::new()
        .route("/webpush/browsers", post(subscribe))
        .route("/webpush/browsers/{browser}", delete(unsubscribe))
        .route("/webpush/{browser}", post(take))
}

async fn subscribe(State(pushes): State<Pushes>, headers: HeaderMap, body: Bytes) -> Response {
    let asked: Subscribe = serde_json::from_slice(&body).unwrap_or_default();
    let bound_to = asked.application_server_key;
    match pushes.browser(&origin(&headers), bound_to.as_deref()) {
        Some((_, subscription)) => (StatusCode::CREATED, Json(subscription)).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn unsubscribe(State(pushes): State<Pushes>, Path(browser): Path<String>) -> StatusCode {
    pushes.unsubscribe(&browser);
    StatusCode::NO_CONTENT
}

fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or_default())
}

async fn take(
    State(pushes): State<Pushes>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(status) = pushes.planned() {
        return refused(status, "planned");
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let opened = {
        let inner = pushes.lock();
        let Some(browser) = inner.browsers.get(&name) else {
            return refused(StatusCode::NOT_FOUND, "no such subscription");
        };
        if browser.gone {
            return refused(StatusCode::GONE, "unsubscribed");
        }
        let now = pushes.clock.now();
        let Some(signed_by) =
            text("authorization").and_then(|name| signer(name, &origin(&headers), now))
        else {
            return refused(StatusCode::UNAUTHORIZED, "whoever writes says who they are");
        };
        if browser
            .bound_to
            .as_ref()
            .is_some_and(|own| *own != signed_by)
        {
            return refused(StatusCode::FORBIDDEN, "another key than it is bound to");
        }
        let ttl = text("ttl").and_then(|ttl| ttl.parse::<u32>().ok());
        if ttl.is_none() || text("content-encoding") != Some("aes128gcm") {
            return refused(StatusCode::BAD_REQUEST, "TTL and an encoding of aes128gcm");
        }
        let url_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let topic =
            text("topic").is_none_or(|topic| topic.len() <= 32 && topic.chars().all(url_safe));
        let urgencies = ["very-low", "low", "normal", "high"];
        let urgency = text("urgency").is_none_or(|urgency| urgencies.contains(&urgency));
        if !topic || !urgency {
            return refused(
                StatusCode::BAD_REQUEST,
                "a topic and an urgency of RFC 8030",
            );
        }
        if body.len() > MOST_BYTES {
            return refused(StatusCode::PAYLOAD_TOO_LARGE, "at most 4096 bytes");
        }
        browser.open(&body)
    };
    let Some(opened) = opened else {
        return refused(StatusCode::BAD_REQUEST, "a message that does not open");
    };
    let data = serde_json::from_slice(&opened)
        .unwrap_or_else(|_| String::from_utf8_lossy(&opened).into_owned().into());
    let headers = told(&headers, &["topic", "ttl", "urgency"]);
    pushes.brought("webpush", &name, headers, data);
    (
        StatusCode::CREATED,
        [(header::LOCATION, format!("/webpush/m/{name}"))],
    )
        .into_response()
}

/// The key of who says in `authorization` that they write to `audience` now.
fn signer(authorization: &str, audience: &str, now: Timestamp) -> Option<String> {
    let parameters = authorization.strip_prefix("vapid ")?;
    let named = |name: &str| {
        let mut all = parameters.split(',').map(str::trim);
        all.find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
    };
    let (token, key) = (named("t")?, named("k")?);
    let (signed, code) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let (head, claims) = (part_of_token(head)?, part_of_token(claims)?);
    let point = BASE64URL_NOPAD.decode(key.as_bytes()).ok()?;
    let code = BASE64URL_NOPAD.decode(code.as_bytes()).ok()?;
    signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &code)
        .ok()?;
    let ends = claims["exp"].as_i64()? - now.seconds();
    let good = head["alg"] == "ES256"
        && claims["aud"] == audience
        && (0..=MOST_SIGNED_SECONDS).contains(&ends);
    good.then(|| key.to_owned())
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(salt: &[u8], key: &[u8], info: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let info = [info];
    let secret = Salt::new(HKDF_SHA256, salt).extract(key);
    secret.expand(&info, Length(N)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

impl Browser {
    /// What was sealed for it: one record, the last one (RFC 8188, 2.1).
    fn open(&self, message: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = message.split_at_checked(16)?;
        let (size, rest) = rest.split_at_checked(4)?;
        let (length, rest) = rest.split_first()?;
        let (theirs, sealed) = rest.split_at_checked(usize::from(*length))?;
        let size = u32::from_be_bytes(size.try_into().ok()?);
        if usize::try_from(size).ok()? < sealed.len() {
            return None;
        }
        let info = [b"WebPush: info\0".as_slice(), &self.public, theirs].concat();
        let agreed = agreement::agree(
            &self.key,
            UnparsedPublicKey::new(&ECDH_P256, theirs),
            (),
            |agreed| derive::<32>(&self.secret, agreed, &info).ok_or(()),
        );
        let agreed = agreed.ok()?;
        let key: [u8; 16] = derive(salt, &agreed, b"Content-Encoding: aes128gcm\0")?;
        let nonce: [u8; 12] = derive(salt, &agreed, b"Content-Encoding: nonce\0")?;
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
        let mut text = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let text = cipher.open_in_place(nonce, Aad::empty(), &mut text).ok()?;
        let end = text.iter().rposition(|byte| *byte != 0)?;
        (text[end] == 2).then(|| text[..end].to_vec())
    }
}
