//! A service of a customer that is told what happens, on this machine. It checks what it is sent by
//! itself, from the text of the specification (Standard Webhooks), and fails when it is told to.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Something that it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
    /// The headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it came.
    pub raw: Vec<u8>,
    /// The body.
    pub body: Value,
    /// What was answered.
    pub answered: u16,
}

impl Sent {
    /// Whether one of its signatures was made with a secret (`whsec_…`).
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").expect("a secret");
        let key = BASE64.decode(key.as_bytes()).expect("base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = [
            format!("{}.{}.", self.id, self.timestamp).as_bytes(),
            &self.raw,
        ]
        .concat();
        self.signature.split(' ').any(|one| {
            let code = one.strip_prefix("v1,").map(|code| code.as_bytes());
            let code = code.and_then(|code| BASE64.decode(code).ok());
            code.is_some_and(|code| hmac::verify(&key, &signed, &code).is_ok())
        })
    }

    /// What it is about.
    pub fn event(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }
}

/// What it answers to what it is sent, by how often it was sent something.
type Says = dyn Fn(usize) -> (u16, Vec<(&'static str, String)>) + Send;

struct Inner {
    says: Box<Says>,
    sent: Vec<Sent>,
}

/// A running service.
pub struct Receiver {
    /// Where it is.
    pub url: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Starts one that takes everything.
    pub async fn start() -> Self {
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = TcpListener::bind(any).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Mutex::new(Inner {
            says: Box::new(|_| (204, Vec::new())),
            sent: Vec::new(),
        }));
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self {
            url: format!("http://{address}/hooks"),
            inner,
            task,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it answers with this status.
    pub fn answers(&self, status: u16) {
        self.lock().says = Box::new(move |_| (status, Vec::new()));
    }

    /// From now on it answers as it is told, by how often it was sent something before.
    pub fn answers_by(
        &self,
        says: impl Fn(usize) -> (u16, Vec<(&'static str, String)>) + Send + 'static,
    ) {
        self.lock().says = Box::new(says);
    }

    /// Everything that it was sent, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.lock().sent.clone()
    }

    /// The events of what it took, in order.
    pub fn taken(&self) -> Vec<String> {
        let sent = self.sent().into_iter();
        let taken = sent.filter(|one| (200..300).contains(&one.answered));
        taken.map(|one| one.event().to_owned()).collect()
    }
}

async fn answer(
    State(inner): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (status, answered) = (inner.says)(inner.sent.len());
    let all = headers.iter().map(|(name, value)| {
        let value = value.to_str().unwrap_or_default().to_owned();
        (name.as_str().to_owned(), value)
    });
    let sent = Sent {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap_or_default(),
        signature: header("webhook-signature"),
        headers: all.collect(),
        raw: body.to_vec(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        answered: status,
    };
    inner.sent.push(sent);
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = status.into_response();
    for (name, value) in answered {
        let value = value.parse().expect("a value");
        response.headers_mut().insert(name, value);
    }
    response
}
