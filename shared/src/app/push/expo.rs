//! Expo's push service, which takes what it is sent for Apple's and Google's.
//!
//! It answers with a ticket; whether the device was there is told a while later, by a receipt. A ticket that
//! says `DeviceNotRegistered` ends the device at once; so does the next one after a receipt that did, because
//! Expo remembers it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PATIENCE, Sent, Tiding};
use crate::{
    app::{
        App,
        egress::{Incoming, Outgoing},
    },
    domain::{Timestamp, push::TokenText, recipient::Recipient},
    store::device::DeviceFault,
};

/// Where it is.
const EXPO: &str = "https://exp.host";

/// What a project wants to be told before it lets anybody send.
#[derive(Clone, Deserialize, Serialize)]
pub struct ExpoCredentials {
    /// The access token, where the project asks for one.
    pub access_token: Option<String>,
}

/// Sends something to a device.
pub(super) async fn send(
    app: &App,
    own: &ExpoCredentials,
    token: &TokenText,
    tiding: &Tiding,
    now: Timestamp,
) -> Sent {
    let base = match &app.config.push_url {
        Some(url) => format!("{url}/expo"),
        None => EXPO.to_owned(),
    };
    let Ok(address) = app.egress.address(&format!("{base}/--/api/v2/push/send")) else {
        return Sent::Never(DeviceFault::Rejected);
    };
    let mut message = json!({
        "to": token.reveal(),
        "data": tiding.data(),
        "ttl": tiding.kept(now).as_secs(),
        "priority": "high",
    });
    match tiding.silences {
        // For the app alone: nothing is shown.
        Some(_) => message["_contentAvailable"] = true.into(),
        None => message["title"] = tiding.event.words().into(),
    }
    if let Some(conversation) = tiding.conversation {
        // What a phone shows is replaced by this on Android, and on iOS.
        message["tag"] = conversation.to_string().into();
        message["collapseId"] = conversation.to_string().into();
    }
    let body = message.to_string().into_bytes();
    let mut call = Outgoing::json(Recipient::Expo, address, body).within(PATIENCE);
    if let Some(token) = &own.access_token {
        call = call.with_authorization(format!("Bearer {token}"));
    }
    match app.egress.call(call).await {
        Ok(answer) => judged(&answer),
        Err(error) => error.into(),
    }
}

/// What an answer means.
fn judged(answer: &Incoming) -> Sent {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    // One message has one ticket; some versions of the service put it into a list.
    let ticket = match &body["data"] {
        Value::Array(tickets) => tickets.first().cloned().unwrap_or_default(),
        ticket => ticket.clone(),
    };
    let error = ticket["details"]["error"].as_str();
    match (answer.status, ticket["status"].as_str(), error) {
        (200, Some("ok"), _) => Sent::Taken,
        (200, _, Some("DeviceNotRegistered")) => Sent::Gone,
        (200, _, Some("MessageRateExceeded")) => Sent::Later(None),
        (200, _, Some("InvalidCredentials" | "MismatchSenderId")) | (401 | 403, ..) => {
            Sent::Never(DeviceFault::Credentials)
        }
        (429 | 500..=599, ..) => Sent::Later(answer.retry_after),
        _ => Sent::Never(DeviceFault::Rejected),
    }
}
