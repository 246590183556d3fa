//! The stack from the inside: every call from a network of its own, so that no limit is reached.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::stack::Stack;

/// A way in without a socket.
#[derive(Clone)]
pub struct Door {
    router: Router,
    networks: Arc<AtomicU32>,
    origin: String,
}

impl Door {
    /// Into a stack.
    pub fn of(stack: &Stack) -> Self {
        Self {
            router: stack.router(),
            networks: Arc::default(),
            origin: stack.api.clone(),
        }
    }

    /// The answer to a body, as whoever a bearer says.
    ///
    /// # Errors
    /// One line, when it is not a success.
    pub async fn post(
        &self,
        path: &str,
        bearer: Option<&str>,
        body: &Value,
    ) -> Result<Value, String> {
        // A /24 for each call: the second and the third byte count up.
        let [_, _, high, low] = self.networks.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let from = Ipv4Addr::new(10, high, low, 1);
        let peer = SocketAddr::new(IpAddr::V4(from), 443);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "127.0.0.1")
            .header(header::ORIGIN, &self.origin)
            .header(header::CONTENT_TYPE, "application/json")
            .extension(ConnectInfo(peer));
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let request = request
            .body(Body::from(body.to_string()))
            .map_err(|error| error.to_string())?;
        let answer = match self.router.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(impossible) => match impossible {},
        };
        let status = answer.status();
        let bytes = answer.into_body().collect().await;
        let bytes = bytes.map_err(|error| error.to_string())?.to_bytes();
        let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match status.is_success() {
            true => Ok(said),
            false => Err(format!("POST {path} answered {status} {}", said["code"])),
        }
    }
}
