//! Functions behind the WebSocket API: a connection opens, says something, ends.
//!
//! The same function answers HTTP: what sockets are told of and what `/sync` shows are one matter,
//! with one set of permissions. The two kinds of events are told apart by the connection's id.

use std::collections::HashMap;

use lambda_http::{Adapter, Service, request::LambdaRequest};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{app::App, http::Routes, store::socket::ConnectionId};

/// An event of the WebSocket API, as much of it as we read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened, and on which connection.
    pub request_context: Context,
    /// Of the address that was opened; with `$connect` only.
    #[serde(default)]
    pub query_string_parameters: Option<HashMap<String, String>>,
    /// The frame.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether the frame was binary.
    #[serde(default)]
    pub is_base64_encoded: bool,
}

/// What happened, and on which connection.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// What happened.
    pub event_type: Happening,
    /// The connection.
    pub connection_id: String,
}

/// What happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Happening {
    /// Somebody wants to open it: `$connect`, before the handshake is answered.
    Connect,
    /// It ended: `$disconnect`, which may never come.
    Disconnect,
    /// A frame.
    Message,
}

/// What a function answers.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// To `$connect` the status of the handshake; anything but 200 refuses it.
    pub status_code: u16,
    /// A frame in reply, on routes that have a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Event {
    /// The connection.
    pub fn connection(&self) -> ConnectionId {
        ConnectionId::new(&self.request_context.connection_id)
    }

    /// A parameter of the address that was opened.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query_string_parameters
            .as_ref()?
            .get(name)
            .map(String::as_str)
    }

    /// The frame, when it was text.
    pub fn frame(&self) -> Option<&str> {
        self.body.as_deref().filter(|_| !self.is_base64_encoded)
    }

    /// Whether an event is one of these.
    pub fn is(event: &Value) -> bool {
        event["requestContext"]["connectionId"].is_string()
    }
}

impl Answer {
    /// A status, and nothing to say.
    pub const fn of(status_code: u16) -> Self {
        Self {
            status_code,
            body: None,
        }
    }

    /// A frame in reply.
    pub fn frame(frame: &impl Serialize) -> Self {
        match serde_json::to_string(frame) {
            Ok(body) => Self {
                status_code: 200,
                body: Some(body),
            },
            Err(_) => Self::of(500),
        }
    }
}

/// Serves `routes` and the events of sockets until the environment ends.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API goes away.
pub fn live<F>(routes: Routes, handler: F) -> Result<(), lambda_runtime::Error>
where
    F: AsyncFn(&App, Event) -> Answer,
{
    super::run(async {
        let app = super::app()?;
        app.warm().await;
        let router = routes.router(app.clone());
        let (app, router, handler) = (&app, &router, &handler);
        let serve = |event: LambdaEvent<Value>| async move {
            if Event::is(&event.payload) {
                let event = serde_json::from_value(event.payload)?;
                let answer = handler(app, event).await;
                return Ok::<_, lambda_runtime::Error>(serde_json::to_value(answer)?);
            }
            let request: LambdaRequest = serde_json::from_value(event.payload)?;
            let call = LambdaEvent::new(request, event.context);
            let answer = Adapter::from(router.clone()).call(call).await?;
            Ok(serde_json::to_value(answer)?)
        };
        lambda_runtime::run(service_fn(serve)).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_kinds_of_events_are_read() {
        let connect = serde_json::json!({
            "headers": { "Host": "x" }, "queryStringParameters": { "ticket": "tk" },
            "requestContext": { "routeKey": "$connect", "eventType": "CONNECT",
                "connectionId": "L0SM9cOFvHcCIhw=", "stage": "live" },
            "isBase64Encoded": false,
        });
        assert!(Event::is(&connect));
        let event: Event = serde_json::from_value(connect).expect("an event");
        assert_eq!(event.parameter("ticket"), Some("tk"));
        assert_eq!(event.request_context.event_type, Happening::Connect);
        let message = serde_json::json!({
            "requestContext": { "eventType": "MESSAGE", "connectionId": "a" },
            "body": "{}", "isBase64Encoded": false,
        });
        let event: Event = serde_json::from_value(message).expect("an event");
        assert_eq!(event.frame(), Some("{}"));
        assert!(!Event::is(
            &serde_json::json!({ "requestContext": { "http": {} } })
        ));
    }
}
