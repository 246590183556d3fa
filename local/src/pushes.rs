//! Those who bring notifications to devices, on this machine: what they are sent is checked as they would
//! check it, shown on a page, and goes nowhere.
//!
//! Devices are made here too: a browser is a pair of keys, so what is sent to it can be read here and by
//! nobody on the way. The libraries that the providers' own customers use talk to these services in
//! `tests/outside/push`, so that what they take is what the providers take.

mod apns;
mod expo;
mod fcm;
mod web;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, put};
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::Serialize;
use serde_json::{Value, json};
use shared::app::Clock;
use shared::domain::Timestamp;

/// How many pushes are kept; the oldest make room.
pub const MOST_PUSHES: usize = 500;

/// Something that was brought to a device.
#[derive(Clone, Debug, Serialize)]
pub struct Push {
    /// Counts from 1 since the stack started.
    pub id: u64,
    /// When it came.
    pub sent_at: Timestamp,
    /// By whom.
    pub provider: &'static str,
    /// To which device.
    pub device: String,
    /// What its provider was told besides, in lower-case names.
    pub headers: BTreeMap<String, String>,
    /// What the device reads.
    pub data: Value,
}

/// What is left to go wrong: a status for each of the next messages.
type Planned = VecDeque<u16>;

#[derive(Default)]
struct Inner {
    pushes: VecDeque<Push>,
    count: u64,
    planned: Planned,
    browsers: BTreeMap<String, web::Browser>,
    /// Devices that are gone, by their tokens.
    gone: BTreeSet<String>,
    /// The keys that senders sign with, by their names.
    keys: BTreeMap<String, String>,
}

/// The services. Clones share what they were sent.
#[derive(Clone)]
pub struct Pushes {
    clock: Clock,
    inner: Arc<Mutex<Inner>>,
}

impl Pushes {
    /// Services without a device.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            inner: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was brought somewhere, oldest first.
    pub fn list(&self) -> Vec<Push> {
        self.lock().pushes.iter().cloned().collect()
    }

    /// What was brought to one device.
    pub fn to(&self, device: &str) -> Vec<Push> {
        let mut pushes = self.list();
        pushes.retain(|push| push.device == device);
        pushes
    }

    /// Lets the next messages be answered with these statuses.
    pub fn plan(&self, statuses: &[u16]) {
        self.lock().planned.extend(statuses);
    }

    /// How many planned answers nobody has got.
    pub fn planned_left(&self) -> usize {
        self.lock().planned.len()
    }

    fn planned(&self) -> Option<StatusCode> {
        let status = self.lock().planned.pop_front()?;
        StatusCode::from_u16(status).ok()
    }

    fn brought(
        &self,
        provider: &'static str,
        device: &str,
        headers: BTreeMap<String, String>,
        data: Value,
    ) {
        let sent_at = self.clock.now();
        let mut inner = self.lock();
        inner.count += 1;
        let push = Push {
            id: inner.count,
            sent_at,
            provider,
            device: device.to_owned(),
            headers,
            data,
        };
        inner.pushes.push_back(push);
        if inner.pushes.len() > MOST_PUSHES {
            inner.pushes.pop_front();
        }
    }

    /// The services as an HTTP application.
    pub fn router(self) -> Router {
        Router::new()
            .merge(web::router())
            .nest("/apns", apns::router())
            .nest("/expo", expo::router())
            .nest("/fcm", fcm::router())
            .route("/keys/{name}", put(know))
            .route("/devices/{token}", delete(uninstall))
            .with_state(self)
    }
}

impl Pushes {
    /// Knows a public key that a sender signs with: PEM.
    pub fn know(&self, name: &str, pem: &str) {
        self.lock().keys.insert(name.to_owned(), pem.to_owned());
    }

    /// Lets an app be taken off a device.
    pub fn uninstall(&self, token: &str) {
        self.lock().gone.insert(token.to_owned());
    }

    fn is_gone(&self, token: &str) -> bool {
        self.lock().gone.contains(token)
    }

    /// The key of a name, as the bytes that signatures are checked with.
    fn key(&self, name: &str) -> Option<Vec<u8>> {
        let pem = self.lock().keys.get(name)?.clone();
        let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----")?;
        let (key, _) = rest.split_once("-----END PUBLIC KEY-----")?;
        let key: String = key.split_ascii_whitespace().collect();
        BASE64.decode(key.as_bytes()).ok()
    }
}

/// Somebody brings the public key that they sign with, as they would at the real service.
async fn know(State(pushes): State<Pushes>, Path(name): Path<String>, pem: String) -> StatusCode {
    pushes.know(&name, &pem);
    StatusCode::NO_CONTENT
}

async fn uninstall(State(pushes): State<Pushes>, Path(token): Path<String>) -> StatusCode {
    pushes.uninstall(&token);
    StatusCode::NO_CONTENT
}

/// The head and the claims of a token, if `key` signed it.
fn claims_of(
    token: &str,
    key: &[u8],
    algorithm: &'static dyn VerificationAlgorithm,
) -> Option<(Value, Value)> {
    let (signed, code) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let code = BASE64URL_NOPAD.decode(code.as_bytes()).ok()?;
    UnparsedPublicKey::new(algorithm, key)
        .verify(signed.as_bytes(), &code)
        .ok()?;
    Some((part_of_token(head)?, part_of_token(claims)?))
}

/// The headers that say how something is brought.
fn told(headers: &HeaderMap, names: &[&str]) -> BTreeMap<String, String> {
    let value = |name: &&str| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.to_owned()))
    };
    names.iter().filter_map(value).collect()
}

/// A part of a token, base64url of JSON.
fn part_of_token(part: &str) -> Option<Value> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "reason": why }))).into_response()
}
