//! Apple's push service: HTTP/2, and a token that the customer's key signs (ES256).
//!
//! Two kinds of tokens lead to one phone: one shows something, the other (VoIP) lets it ring. An app that
//! gets the second and does not ring is ended by the system, so nothing but a call goes there, and a test.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PATIENCE, Sent, Tiding, credentials::der_of_pem, seconds_after};
use crate::{
    app::{
        App,
        egress::{
            APNS_COLLAPSE_ID, APNS_EXPIRATION, APNS_PRIORITY, APNS_PUSH_TYPE, APNS_TOPIC, Incoming,
            Outgoing,
        },
    },
    domain::{
        Timestamp,
        push::{ApnsEnvironment, ApnsKind, ApnsToken},
        recipient::Recipient,
        text::BundleId,
    },
    store::device::DeviceFault,
};

/// Where apps of the store are told things.
const PRODUCTION: &str = "https://api.push.apple.com";
/// Where apps that are being built are.
const SANDBOX: &str = "https://api.sandbox.push.apple.com";
/// How long a token is used; between twenty minutes and an hour, or Apple refuses it.
const TOKEN_TURN: Duration = Duration::from_secs(40 * 60);

/// A key of a customer's team at Apple.
#[derive(Clone, Deserialize, Serialize)]
pub struct ApnsCredentials {
    /// The team.
    pub team_id: String,
    /// The key's id.
    pub key_id: String,
    /// The key, PKCS #8, as PEM: the file `AuthKey_….p8`.
    pub private_key: String,
    /// The bundle ids of the apps that may be told things.
    pub topics: Vec<BundleId>,
}

impl ApnsCredentials {
    /// Whether something can be signed with the key.
    pub fn is_good(&self) -> bool {
        self.token(Timestamp::from_ms(0)).is_some()
    }

    /// The token of a turn: the same for all of it, because Apple counts new ones.
    fn token(&self, now: Timestamp) -> Option<String> {
        let turn = i64::try_from(TOKEN_TURN.as_secs()).ok()?;
        let issued = now.seconds() / turn * turn;
        let claims = json!({ "iss": self.team_id, "iat": issued });
        let key = EncodingKey::from_ec_der(&der_of_pem(&self.private_key)?);
        let header = Header {
            typ: None,
            kid: Some(self.key_id.clone()),
            ..Header::new(Algorithm::ES256)
        };
        jsonwebtoken::encode(&header, &claims, &key).ok()
    }
}

/// Sends something to a phone.
pub(super) async fn send(
    app: &App,
    own: &ApnsCredentials,
    token: &ApnsToken,
    tiding: &Tiding,
    now: Timestamp,
) -> Sent {
    let (topic, kind) = (token.topic.as_str(), token.kind);
    let signed = own.token(now);
    let signed = signed.filter(|_| own.topics.contains(&token.topic));
    let Some(signed) = signed else {
        return Sent::Never(DeviceFault::Credentials);
    };
    let base = match (&app.config.push_url, token.environment) {
        (Some(url), _) => format!("{url}/apns"),
        (None, ApnsEnvironment::Production) => PRODUCTION.to_owned(),
        (None, ApnsEnvironment::Sandbox) => SANDBOX.to_owned(),
    };
    let digits = token.token.reveal();
    let Ok(address) = app.egress.address(&format!("{base}/3/device/{digits}")) else {
        return Sent::Never(DeviceFault::Rejected);
    };
    let body = payload(tiding, kind).to_string().into_bytes();
    let how = match tiding.silences {
        // Something for the app to do, and nothing to show: Apple takes it with this priority only.
        Some(_) => ("background", "5"),
        None => (kind.word(), "10"),
    };
    let (topic, ends_at) = match kind {
        ApnsKind::Alert => (topic.to_owned(), seconds_after(now, tiding.kept(now))),
        // Now or never: a phone that rings later rings for nobody. Apple waits as long as the call does.
        ApnsKind::Voip => {
            let ends_at = tiding.rings.map_or(0, |(_, until)| until.seconds());
            (format!("{topic}.voip"), ends_at)
        }
    };
    let mut call = Outgoing::json(Recipient::Apple, address, body)
        .with(APNS_TOPIC, topic)
        .with(APNS_PUSH_TYPE, how.0.to_owned())
        .with(APNS_PRIORITY, how.1.to_owned())
        .with(APNS_EXPIRATION, ends_at.to_string())
        .with_authorization(format!("bearer {signed}"))
        .within(PATIENCE);
    if let Some(conversation) = tiding.conversation.filter(|_| kind == ApnsKind::Alert) {
        call = call.with(APNS_COLLAPSE_ID, conversation.to_string());
    }
    match app.egress.call(call).await {
        Ok(answer) => judged(&answer),
        Err(error) => error.into(),
    }
}

/// What a phone gets: a constant of ours to show, and ids for the app, which may show something else
/// (`mutable-content`).
fn payload(tiding: &Tiding, kind: ApnsKind) -> Value {
    let mut payload = tiding.data();
    if tiding.silences.is_some() {
        payload["aps"] = json!({ "content-available": 1 });
    } else if kind == ApnsKind::Alert {
        let mut aps = json!({
            "alert": { "title": tiding.event.words() },
            "sound": "default",
            "mutable-content": 1,
        });
        if tiding.rings.is_some() {
            // Shown though the phone is not to be disturbed, where its owner lets the app do so.
            aps["interruption-level"] = "time-sensitive".into();
        }
        if let Some(conversation) = tiding.conversation {
            aps["thread-id"] = conversation.to_string().into();
        }
        payload["aps"] = aps;
    }
    payload
}

/// What an answer means, by its reason.
fn judged(answer: &Incoming) -> Sent {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (answer.status, body["reason"].as_str().unwrap_or_default()) {
        (200, _) => Sent::Taken,
        (410, _) | (400, "BadDeviceToken") => Sent::Gone,
        (400, "BadTopic" | "DeviceTokenNotForTopic" | "MissingTopic" | "TopicDisallowed")
        | (403, _) => Sent::Never(DeviceFault::Credentials),
        (429 | 500..=599, _) => Sent::Later(answer.retry_after),
        _ => Sent::Never(DeviceFault::Rejected),
    }
}
