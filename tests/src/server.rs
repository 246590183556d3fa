//! A server of a customer that flows ask, on this machine. It remembers what it was asked, and answers as it is
//! told.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Something that it was asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The method.
    pub method: String,
    /// The path with its query, as it came.
    pub path: String,
    /// The headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; null where it is no JSON.
    pub body: Value,
}

/// What it answers, by how often it was asked before.
type Says = dyn Fn(usize) -> (u16, String) + Send;

struct Inner {
    says: Box<Says>,
    asked: Vec<Question>,
}

/// A running server.
pub struct Server {
    /// Where it is, without a slash at the end.
    pub url: String,
    /// Its host with its port.
    pub host: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts one that answers with an empty object.
    pub async fn start() -> Self {
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = TcpListener::bind(any).await.expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let inner = Arc::new(Mutex::new(Inner {
            says: Box::new(|_| (200, "{}".to_owned())),
            asked: Vec::new(),
        }));
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("a server");
        });
        Self {
            url: format!("http://{host}"),
            host,
            inner,
            task,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it answers so, by how often it was asked before.
    pub fn says(&self, says: impl Fn(usize) -> (u16, String) + Send + 'static) {
        self.lock().says = Box::new(says);
    }

    /// Everything that it was asked, in order.
    pub fn asked(&self) -> Vec<Question> {
        self.lock().asked.clone()
    }
}

async fn answer(
    State(inner): State<Arc<Mutex<Inner>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
    let all = headers.iter().map(|(name, value)| {
        let value = value.to_str().unwrap_or_default().to_owned();
        (name.as_str().to_owned(), value)
    });
    let (status, said) = (inner.says)(inner.asked.len());
    let question = Question {
        method: method.to_string(),
        path: uri.to_string(),
        headers: all.collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    inner.asked.push(question);
    let status = StatusCode::from_u16(status).expect("a status");
    (status, said).into_response()
}
