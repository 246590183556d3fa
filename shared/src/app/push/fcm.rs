//! Firebase Cloud Messaging, HTTP v1: Android, and whatever else a customer's project reaches.
//!
//! Who sends proves it by a token of Google's, which a service account of the customer's gets for a signed
//! statement (RFC 7523); it is good for an hour and kept as long, in memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PATIENCE, Sent, Tiding, credentials::der_of_pem, seconds_after};
use crate::{
    app::{
        App,
        egress::{Incoming, Outgoing},
    },
    domain::{Timestamp, push::TokenText, recipient::Recipient},
    store::device::DeviceFault,
};

/// Where tokens are given out.
const TOKENS: &str = "https://oauth2.googleapis.com";
/// Where messages are taken.
const MESSAGES: &str = "https://fcm.googleapis.com";
/// What a token is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// How long a statement is good; an hour at most.
const SIGNED_FOR: Duration = Duration::from_secs(60 * 60);
/// How long before its end a token is not used any more.
const SPARE: Duration = Duration::from_secs(60);
/// How many tokens are remembered.
const REMEMBERED: usize = 64;

/// A service account of a customer's project.
#[derive(Clone, Deserialize, Serialize)]
pub struct FcmCredentials {
    /// The project.
    pub project_id: String,
    /// The account.
    pub client_email: String,
    /// Its key, PKCS #8, as PEM.
    pub private_key: String,
}

impl FcmCredentials {
    /// Whether something can be signed with the key.
    pub fn is_good(&self) -> bool {
        self.statement(TOKENS, Timestamp::from_ms(0)).is_some()
    }

    fn statement(&self, audience: &str, now: Timestamp) -> Option<String> {
        let claims = json!({
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": format!("{audience}/token"),
            "iat": now.seconds(),
            "exp": seconds_after(now, SIGNED_FOR),
        });
        let head = json!({ "alg": "RS256", "typ": "JWT" }).to_string();
        let (head, claims) = (head.as_bytes(), claims.to_string());
        let (head, claims) = (
            BASE64URL_NOPAD.encode(head),
            BASE64URL_NOPAD.encode(claims.as_bytes()),
        );
        let signed = format!("{head}.{claims}");
        // By hand, because `jsonwebtoken` takes keys of RSA as PKCS #1 only, and Google gives out PKCS #8.
        let pair = RsaKeyPair::from_pkcs8(&der_of_pem(&self.private_key)?).ok()?;
        let mut code = vec![0; pair.public_modulus_len()];
        let chance = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &chance, signed.as_bytes(), &mut code)
            .ok()?;
        Some(format!("{signed}.{}", BASE64URL_NOPAD.encode(&code)))
    }
}

/// Tokens of Google's, by who they were given to.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<String, (String, Timestamp)>>);

impl Tokens {
    fn known(&self, name: &str, now: Timestamp) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, ends_at) = known.get(name)?;
        (*ends_at > now).then(|| token.clone())
    }

    fn remember(&self, name: &str, token: &str, ends_at: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(name.to_owned(), (token.to_owned(), ends_at));
    }

    fn forget(&self, name: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(name);
    }
}

/// A token as it is given out.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: u64,
}

/// Sends something to a device.
pub(super) async fn send(
    app: &App,
    own: &FcmCredentials,
    token: &TokenText,
    tiding: &Tiding,
    now: Timestamp,
) -> Sent {
    let base = |usual: &str| match &app.config.push_url {
        Some(url) => format!("{url}/fcm"),
        None => usual.to_owned(),
    };
    // The key too, so that one that was changed is not covered up by the token of the one before.
    let name = format!("{}|{}", own.client_email, own.private_key);
    let access = match app.push_tokens.known(&name, now) {
        Some(known) => known,
        None => match ask(app, own, &base(TOKENS), now).await {
            Ok(given) => {
                let life = Duration::from_secs(given.expires_in).saturating_sub(SPARE);
                app.push_tokens
                    .remember(&name, &given.access_token, now.plus(life));
                given.access_token
            }
            Err(sent) => return sent,
        },
    };
    let place = format!(
        "{}/v1/projects/{}/messages:send",
        base(MESSAGES),
        own.project_id
    );
    let Ok(address) = app.egress.address(&place) else {
        return Sent::Never(DeviceFault::Credentials);
    };
    let body = message(token, tiding, now).to_string().into_bytes();
    let call = Outgoing::json(Recipient::Google, address, body)
        .with_authorization(format!("Bearer {access}"))
        .within(PATIENCE);
    let came = match app.egress.call(call).await {
        Ok(answer) => judged(&answer),
        Err(error) => error.into(),
    };
    if came == Sent::Never(DeviceFault::Credentials) {
        app.push_tokens.forget(&name);
    }
    came
}

async fn ask(app: &App, own: &FcmCredentials, at: &str, now: Timestamp) -> Result<Given, Sent> {
    let never = Sent::Never(DeviceFault::Credentials);
    let statement = own.statement(at, now).ok_or(never)?;
    let address = app.egress.address(&format!("{at}/token"));
    let address = address.map_err(|_| never)?;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        .append_pair("assertion", &statement)
        .finish();
    let call = Outgoing::form(Recipient::Google, address, form).within(PATIENCE);
    let answer = app.egress.call(call).await?;
    match answer.status {
        200 => serde_json::from_slice(&answer.body).map_err(|_| never),
        429 | 500..=599 => Err(Sent::Later(answer.retry_after)),
        _ => Err(never),
    }
}

/// What a device gets. The text is a constant of ours; everything else is ids, and texts, as FCM wants.
/// What rings, or rings no more, is data alone, so that the app wakes and does it, whatever it does at the
/// time.
fn message(token: &TokenText, tiding: &Tiding, now: Timestamp) -> Value {
    let mut data = serde_json::Map::new();
    for (name, value) in tiding.data().as_object().into_iter().flatten() {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        data.insert(name.clone(), value.into());
    }
    let mut android =
        json!({ "priority": "high", "ttl": format!("{}s", tiding.kept(now).as_secs()) });
    if tiding.rings.or(tiding.silences).is_some() {
        return json!({ "message": { "token": token.reveal(), "data": data, "android": android } });
    }
    let mut notification = json!({ "title": tiding.event.words() });
    if let Some(conversation) = tiding.conversation {
        android["collapse_key"] = conversation.to_string().into();
        notification["tag"] = conversation.to_string().into();
    }
    android["notification"] = notification;
    json!({ "message": {
        "token": token.reveal(),
        "data": data,
        "notification": { "title": tiding.event.words() },
        "android": android,
    }})
}

/// What an answer means. A token that is none is told by `UNREGISTERED`, or by what is wrong with it.
fn judged(answer: &Incoming) -> Sent {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details = body["error"]["details"].as_array();
    let mut codes = details.into_iter().flatten();
    let code = codes.find_map(|detail| detail["errorCode"].as_str());
    match (answer.status, code) {
        (200..=299, _) => Sent::Taken,
        (_, Some("UNREGISTERED")) => Sent::Gone,
        (_, Some("SENDER_ID_MISMATCH" | "THIRD_PARTY_AUTH_ERROR")) | (401 | 403, _) => {
            Sent::Never(DeviceFault::Credentials)
        }
        (429 | 500..=599, _) => Sent::Later(answer.retry_after),
        _ => Sent::Never(DeviceFault::Rejected),
    }
}
