//! The push services of browsers: RFC 8030, with what is said sealed for the browser (RFC 8291) and our
//! name under it (RFC 8292).

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use http::header;
use serde::Serialize;

use super::{PATIENCE, Sent, Tiding, WebCredentials, encryption, seconds_after};
use crate::{
    app::{
        App,
        egress::{Incoming, Outgoing, TOPIC, TTL, URGENCY},
    },
    domain::{
        Timestamp,
        push::{BrowserToken, TokenText},
        recipient::Recipient,
        text::Fault,
    },
    store::device::DeviceFault,
};

/// How long our name stands under what is sent; a day at most (RFC 8292, 2).
const SIGNED_FOR: Duration = Duration::from_secs(12 * 60 * 60);

/// Whether an address is one of a push service.
fn is_service(app: &App, endpoint: &str) -> bool {
    if let Some(own) = &app.config.push_url
        && endpoint
            .strip_prefix(own.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    {
        return true;
    }
    let Ok(address) = app.egress.address(endpoint) else {
        return false;
    };
    endpoint.starts_with("https://") && Recipient::BrowserPush.is_at(address.host())
}

/// Checks the subscription of a browser.
///
/// # Errors
/// The part of it that is none, and what it ought to be.
pub fn check_browser(app: &App, own: &BrowserToken) -> Result<(), (&'static str, Fault)> {
    let endpoint = own.endpoint.reveal();
    if endpoint.len() > 2000 || !is_service(app, endpoint) {
        let detail = "an address of the push service of a browser, as the browser gave it";
        return Err(("endpoint", Fault::new("bad_endpoint", detail)));
    }
    let bytes = |text: &TokenText| base64(text.reveal()).unwrap_or_default();
    if !encryption::fits(&bytes(&own.key), &bytes(&own.secret)) {
        let detail = "the keys `p256dh` and `auth` as the browser gave them";
        return Err(("keys", Fault::new("bad_keys", detail)));
    }
    Ok(())
}

/// Browsers write base64url without padding, some libraries with it.
fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD
        .decode(text.trim_end_matches('=').as_bytes())
        .ok()
}

/// What we say about ourselves.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

/// Sends something to a browser.
pub(super) async fn send(
    app: &App,
    own: &WebCredentials,
    token: &BrowserToken,
    tiding: &Tiding,
    now: Timestamp,
) -> Sent {
    let never = Sent::Never(DeviceFault::Rejected);
    let endpoint = token.endpoint.reveal();
    let (key, secret) = (base64(token.key.reveal()), base64(token.secret.reveal()));
    let (Some(key), Some(secret)) = (key, secret) else {
        return never;
    };
    let Some(origin) = origin_of(endpoint).filter(|_| is_service(app, endpoint)) else {
        return never;
    };
    let text = tiding.data().to_string();
    let Some(body) = encryption::seal(text.as_bytes(), &key, &secret) else {
        return never;
    };
    let claims = Claims {
        aud: origin,
        exp: seconds_after(now, SIGNED_FOR),
        sub: &own.contact,
    };
    let Some(signed) = own.sign(&claims) else {
        return Sent::Never(DeviceFault::Credentials);
    };
    let Ok(address) = app.egress.address(endpoint) else {
        return never;
    };
    let mut call = Outgoing::bytes(Recipient::BrowserPush, address, body)
        .with(header::CONTENT_ENCODING, "aes128gcm".to_owned())
        .with(TTL, tiding.kept(now).as_secs().to_string())
        .with(URGENCY, "high".to_owned())
        .with_authorization(format!("vapid t={signed}, k={}", own.public_key))
        .within(PATIENCE);
    if let Some(topic) = topic_of(tiding) {
        call = call.with(TOPIC, topic);
    }
    match app.egress.call(call).await {
        Ok(answer) => judged(&answer),
        Err(error) => error.into(),
    }
}

/// What a later one takes the place of an earlier one by, while the browser is away (RFC 8030, 5.4): 32
/// characters at most, so the bits of the conversation's id.
fn topic_of(tiding: &Tiding) -> Option<String> {
    let conversation = tiding.conversation?;
    Some(BASE64URL_NOPAD.encode(conversation.uuid().as_bytes()))
}

/// Scheme, host and port of an address.
fn origin_of(endpoint: &str) -> Option<&str> {
    let (scheme, rest) = endpoint.split_once("://")?;
    let host = rest.split(['/', '?']).next()?;
    endpoint.get(..scheme.len() + 3 + host.len())
}

/// What an answer means: RFC 8030, 5 and 7.3; 401 and 403 are about our name, and 400 at Mozilla's too.
fn judged(answer: &Incoming) -> Sent {
    match answer.status {
        200..=299 => Sent::Taken,
        404 | 410 => Sent::Gone,
        401 | 403 => Sent::Never(DeviceFault::Credentials),
        408 | 429 | 500..=599 => Sent::Later(answer.retry_after),
        _ => Sent::Never(DeviceFault::Rejected),
    }
}
