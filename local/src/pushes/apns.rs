//! Apple's push service, as its documentation has it ("Sending notification requests to APNs"), but for HTTP/2 and TLS:
//! whoever wants those puts them in front.

use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Pushes, claims_of, part_of_token, refused, told};

/// The largest notification, and the largest that lets an app ring.
const MOST_BYTES: usize = 4096;
const MOST_VOIP_BYTES: usize = 5120;
/// How long a token of a sender is good, in seconds.
const TOKEN_SECONDS: i64 = 60 * 60;

/// The service as an HTTP application.
pub(super) fn router() -> Router<Pushes> {
    Router::new().route("/3/device/{token}", post(take))
}

async fn take(
    State(pushes): State<Pushes>,
    Path(device): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(status) = pushes.planned() {
        return refused(status, "planned");
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if device.is_empty() || !device.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return refused(StatusCode::BAD_REQUEST, "BadDeviceToken");
    }
    let Some(token) = text("authorization").and_then(|name| name.strip_prefix("bearer ")) else {
        return refused(StatusCode::FORBIDDEN, "MissingProviderToken");
    };
    let Some(issued) = issued_at(&pushes, token) else {
        return refused(StatusCode::FORBIDDEN, "InvalidProviderToken");
    };
    let now = pushes.clock.now().seconds();
    if !(0..=TOKEN_SECONDS).contains(&(now - issued)) {
        return refused(StatusCode::FORBIDDEN, "ExpiredProviderToken");
    }
    let Some(topic) = text("apns-topic") else {
        return refused(StatusCode::BAD_REQUEST, "MissingTopic");
    };
    let kind = text("apns-push-type").unwrap_or("alert");
    let is_voip = kind == "voip";
    if !["alert", "background", "voip"].contains(&kind) {
        return refused(StatusCode::BAD_REQUEST, "InvalidPushType");
    }
    if is_voip != topic.ends_with(".voip") {
        return refused(StatusCode::BAD_REQUEST, "DeviceTokenNotForTopic");
    }
    if !["1", "5", "10"].contains(&text("apns-priority").unwrap_or("10")) {
        return refused(StatusCode::BAD_REQUEST, "BadPriority");
    }
    let expiration = text("apns-expiration").unwrap_or("0");
    if expiration.parse::<i64>().is_err() {
        return refused(StatusCode::BAD_REQUEST, "BadExpirationDate");
    }
    if text("apns-collapse-id").is_some_and(|id| id.len() > 64) {
        return refused(StatusCode::BAD_REQUEST, "BadCollapseId");
    }
    let most = if is_voip { MOST_VOIP_BYTES } else { MOST_BYTES };
    if body.len() > most {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge");
    }
    let Ok(data @ Value::Object(_)) = serde_json::from_slice::<Value>(&body) else {
        return refused(StatusCode::BAD_REQUEST, "PayloadEmpty");
    };
    if pushes.is_gone(&device) {
        let gone = json!({ "reason": "Unregistered", "timestamp": pushes.clock.now().ms() });
        return (StatusCode::GONE, Json(gone)).into_response();
    }
    let names = [
        "apns-topic",
        "apns-push-type",
        "apns-priority",
        "apns-expiration",
        "apns-collapse-id",
    ];
    pushes.brought("apns", &device, told(&headers, &names), data);
    StatusCode::OK.into_response()
}

/// When the token of a sender was issued, if somebody known signed it.
fn issued_at(pushes: &Pushes, token: &str) -> Option<i64> {
    let head = part_of_token(token.split('.').next()?)?;
    let key = pushes.key(head["kid"].as_str()?)?;
    let (head, claims) = claims_of(token, &key, &ECDSA_P256_SHA256_FIXED)?;
    let good =
        head["alg"] == "ES256" && claims["iss"].as_str().is_some_and(|team| team.len() == 10);
    claims["iat"].as_i64().filter(|_| good)
}
