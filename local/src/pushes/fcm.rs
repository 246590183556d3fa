//! Firebase Cloud Messaging, HTTP v1, and what gives out the tokens for it (RFC 7523).

use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Form, Json, Router};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Pushes, claims_of, part_of_token, told};

/// What somebody asks for a token with.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// What a token is good for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// What tokens open with that are given out here.
const PREFIX: &str = "ya29.";
/// The largest message.
const MOST_BYTES: usize = 4096;

/// The service as an HTTP application. Google answers `messages:send` under one segment with the name.
pub(super) fn router() -> Router<Pushes> {
    Router::new()
        .route("/token", post(give))
        .route("/v1/projects/{project}/{action}", post(take))
}

#[derive(Deserialize)]
struct Asked {
    grant_type: String,
    assertion: String,
}

async fn give(State(pushes): State<Pushes>, Form(asked): Form<Asked>) -> Response {
    let refused = |error: &str| {
        let body = json!({ "error": error, "error_description": "refused" });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    if asked.grant_type != GRANT {
        return refused("unsupported_grant_type");
    }
    let claims = asked.assertion.split('.').nth(1).and_then(part_of_token);
    let issuer = claims.as_ref().and_then(|claims| claims["iss"].as_str());
    let Some(key) = issuer.and_then(|issuer| pushes.key(issuer)) else {
        return refused("invalid_grant");
    };
    let signed = claims_of(&asked.assertion, &key, &RSA_PKCS1_2048_8192_SHA256);
    let Some((head, claims)) = signed else {
        return refused("invalid_grant");
    };
    let now = pushes.clock.now().seconds();
    let ends = claims["exp"].as_i64().unwrap_or(0) - now;
    let to_us = claims["aud"]
        .as_str()
        .is_some_and(|aud| aud.ends_with("/token"));
    let scopes = claims["scope"].as_str().unwrap_or_default();
    let good = head["alg"] == "RS256" && to_us && (1..=3600).contains(&ends);
    if !good || !scopes.split(' ').any(|scope| scope == SCOPE) {
        return refused("invalid_grant");
    }
    let token = format!("{PREFIX}{}", crate::seed::random_uuid());
    pushes.know(&token, issuer.unwrap_or_default());
    let given = json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" });
    Json(given).into_response()
}

fn error(status: StatusCode, word: &str, code: Option<&str>) -> Response {
    let details = code.map(|code| {
        json!([{
            "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
            "errorCode": code,
        }])
    });
    let error = json!({
        "code": status.as_u16(), "status": word, "message": "refused",
        "details": details.unwrap_or(json!([])),
    });
    (status, Json(json!({ "error": error }))).into_response()
}

async fn take(
    State(pushes): State<Pushes>,
    Path((project, action)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(status) = pushes.planned() {
        return error(status, "UNAVAILABLE", Some("UNAVAILABLE"));
    }
    if action != "messages:send" {
        return error(StatusCode::NOT_FOUND, "NOT_FOUND", None);
    }
    let bearer = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let known = bearer.filter(|token| token.starts_with(PREFIX));
    if known.is_none_or(|token| !pushes.lock().keys.contains_key(token)) {
        return error(
            StatusCode::UNAUTHORIZED,
            "UNAUTHENTICATED",
            Some("THIRD_PARTY_AUTH_ERROR"),
        );
    }
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = &sent["message"];
    let Some(device) = message["token"].as_str().filter(|_| is_message(message)) else {
        return error(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            Some("INVALID_ARGUMENT"),
        );
    };
    if body.len() > MOST_BYTES {
        return error(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            Some("INVALID_ARGUMENT"),
        );
    }
    if pushes.is_gone(device) {
        return error(StatusCode::NOT_FOUND, "NOT_FOUND", Some("UNREGISTERED"));
    }
    let mut message = message.clone();
    let device = device.to_owned();
    if let Some(message) = message.as_object_mut() {
        message.remove("token");
    }
    pushes.brought("fcm", &device, told(&headers, &[]), message);
    let name = format!("projects/{project}/messages/{}", crate::seed::random_uuid());
    Json(json!({ "name": name })).into_response()
}

/// Whether it is a message of the reference: no name that is none, and only texts as data.
fn is_message(message: &Value) -> bool {
    let known = [
        "android",
        "apns",
        "condition",
        "data",
        "fcm_options",
        "fcmOptions",
        "name",
        "notification",
        "token",
        "topic",
        "webpush",
    ];
    let Some(message) = message.as_object() else {
        return false;
    };
    let texts = match message.get("data") {
        Some(Value::Object(data)) => data.values().all(Value::is_string),
        Some(_) => false,
        None => true,
    };
    texts && message.keys().all(|name| known.contains(&name.as_str()))
}
