//! Expo's push service, as its documentation has it ("Send notifications with the Expo Push Service"): one message or
//! up to a hundred, a ticket for each, and receipts.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Pushes, told};

/// The most messages of a request.
const MOST: usize = 100;
/// The largest message, without its token.
const MOST_BYTES: usize = 4096;

/// The service as an HTTP application.
pub(super) fn router() -> Router<Pushes> {
    Router::new()
        .route("/--/api/v2/push/send", post(take))
        .route("/--/api/v2/push/getReceipts", post(receipts))
}

fn refused(status: StatusCode, code: &str) -> Response {
    let errors = json!([{ "code": code, "message": "refused", "isTransient": false }]);
    (status, Json(json!({ "errors": errors }))).into_response()
}

async fn take(State(pushes): State<Pushes>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(status) = pushes.planned() {
        return refused(status, "SERVICE_UNAVAILABLE");
    }
    let bearer = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let wanted = pushes.lock().keys.get("expo").cloned();
    if wanted.is_some_and(|token| bearer != Some(&format!("Bearer {token}"))) {
        return refused(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let sent: Value = match serde_json::from_slice(&body) {
        Ok(sent) => sent,
        Err(_) => return refused(StatusCode::BAD_REQUEST, "VALIDATION_ERROR"),
    };
    let (messages, is_one) = match sent {
        Value::Array(messages) => (messages, false),
        message => (vec![message], true),
    };
    if messages.is_empty() || messages.len() > MOST {
        return refused(StatusCode::BAD_REQUEST, "PUSH_TOO_MANY_NOTIFICATIONS");
    }
    let mut tickets: Vec<Value> = messages
        .into_iter()
        .map(|message| ticket(&pushes, &headers, message))
        .collect();
    let data = match is_one {
        true => tickets.pop().unwrap_or_default(),
        false => tickets.into(),
    };
    Json(json!({ "data": data })).into_response()
}

fn ticket(pushes: &Pushes, headers: &HeaderMap, mut message: Value) -> Value {
    let to = match &message["to"] {
        Value::Array(to) => to.first().cloned().unwrap_or_default(),
        to => to.clone(),
    };
    let to = to.as_str().unwrap_or_default().to_owned();
    let fails = |error: &str| {
        json!({
            "status": "error", "message": "refused",
            "details": { "error": error, "expoPushToken": to },
        })
    };
    let is_token = ["ExponentPushToken[", "ExpoPushToken["]
        .iter()
        .any(|kind| to.starts_with(kind) && to.ends_with(']'));
    if !is_token || pushes.is_gone(&to) {
        return fails("DeviceNotRegistered");
    }
    if let Some(message) = message.as_object_mut() {
        message.remove("to");
    }
    if message.to_string().len() > MOST_BYTES {
        return fails("MessageTooBig");
    }
    pushes.brought("expo", &to, told(headers, &[]), message);
    json!({ "status": "ok", "id": crate::seed::random_uuid() })
}

async fn receipts(body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let ids = asked["ids"].as_array().cloned().unwrap_or_default();
    let all = ids.iter().filter_map(Value::as_str);
    let receipt = |id: &str| (id.to_owned(), json!({ "status": "ok" }));
    let found: serde_json::Map<String, Value> = all.map(receipt).collect();
    Json(json!({ "data": found })).into_response()
}
