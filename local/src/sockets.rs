//! API Gateway's WebSocket API in this process: `$connect` before the handshake, a route by the
//! body of each frame, `@connections`, and the ends that the service puts to a connection.
//!
//! As on AWS, frames of one connection are worked on at the same time, and their answers may change
//! places. What differs: the ends by idleness and age come by the clock of the stack, a moment
//! after their time.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand;
use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use data_encoding::BASE64;
use serde_json::{Value, json};
use shared::app::Clock;
use shared::domain::Timestamp;
use tokio::sync::mpsc;

use crate::event::percent_decode;
use crate::functions::{Function, Functions};
use crate::template::{SocketApi, Template};

/// Most bytes of one frame that API Gateway takes.
pub const MOST_FRAME_BYTES: usize = 32 * 1024;
/// Most bytes of one message, in one frame or several, in both directions.
pub const MOST_MESSAGE_BYTES: usize = 128 * 1024;
/// How long a connection may be silent in both directions.
pub const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long a connection may last.
pub const LIFE: Duration = Duration::from_secs(2 * 60 * 60);

/// How often a connection looks at the clock.
const TICK: Duration = Duration::from_millis(100);
/// How many frames may wait for a slow client; what comes then finds the connection gone.
const MOST_WAITING: usize = 1_000;

const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const NO_STATUS: u16 = 1005;
const ABNORMAL: u16 = 1006;
const TOO_BIG: u16 = 1009;

/// The WebSocket API of one stack.
#[derive(Clone)]
pub struct Sockets(Arc<Inner>);

struct Inner {
    api: SocketApi,
    functions: BTreeMap<String, Function>,
    clock: Clock,
    open: Mutex<HashMap<String, Connection>>,
}

/// An open connection, as `@connections` knows it.
struct Connection {
    out: mpsc::Sender<Out>,
    source: IpAddr,
    user_agent: String,
    connected_at: Timestamp,
    last_active_at: Timestamp,
}

/// What is to leave through a connection.
enum Out {
    Frame(String),
    Close,
    Vanish,
}

/// What stays the same in every event of a connection.
#[derive(Clone)]
struct Opened {
    id: String,
    source: IpAddr,
    user_agent: String,
    host: String,
    connected_at: Timestamp,
}

impl Sockets {
    /// The WebSocket API of a template whose functions are running; none when it has none.
    pub fn new(template: &Template, functions: &Functions, clock: Clock) -> Option<Self> {
        let api = template.sockets.clone()?;
        let functions = api
            .routes
            .iter()
            .filter_map(|route| {
                Some((route.key.clone(), functions.by_id(&route.function)?.clone()))
            })
            .collect();
        Some(Self(Arc::new(Inner {
            api,
            functions,
            clock,
            open: Mutex::default(),
        })))
    }

    /// Where connections are opened, and where they are posted to.
    pub fn router(&self) -> Router {
        let stage = &self.0.api.stage;
        Router::new()
            .route(&format!("/{stage}"), any(open))
            .route(&format!("/{stage}/"), any(open))
            .route(
                &format!("/{stage}/@connections/{{connection}}"),
                get(show).post(post).delete(close),
            )
            .with_state(self.clone())
    }

    /// How many connections are open.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Cuts every connection without a word, as a broken network does.
    pub fn cut_all(&self) {
        self.lock().clear();
    }

    /// Ends every connection without telling anybody, as when `$disconnect` does not come.
    pub fn vanish(&self) {
        for (_, connection) in self.lock().drain() {
            let _ = connection.out.try_send(Out::Vanish);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Connection>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that something passed; `None` when the connection is gone.
    fn touch(&self, id: &str) -> Option<mpsc::Sender<Out>> {
        let now = self.0.clock.now();
        let mut open = self.lock();
        let connection = open.get_mut(id)?;
        connection.last_active_at = now;
        Some(connection.out.clone())
    }

    /// Whether the service itself ends a connection now.
    fn is_over(&self, id: &str) -> bool {
        let now = self.0.clock.now();
        self.lock().get(id).is_some_and(|connection| {
            connection.last_active_at.plus(IDLE) <= now || connection.connected_at.plus(LIFE) <= now
        })
    }

    /// Invokes what answers a route; its answer.
    async fn invoke(&self, route: &str, event: Value) -> Option<Value> {
        let function = self.0.functions.get(route)?;
        let request_id = event["requestContext"]["requestId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let answer = function
            .invoke(event.to_string().into_bytes(), &request_id)
            .await
            .ok()?;
        serde_json::from_slice(&answer).ok()
    }

    /// The part of every event that says on which connection what happened.
    fn context(&self, opened: &Opened, route: &str, kind: &str) -> Value {
        let now = self.0.clock.now();
        let request_id = random_id();
        json!({
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": request_id,
            "requestTime": jiff::Timestamp::from_millisecond(now.ms())
                .map(|time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
                .unwrap_or_default(),
            "messageDirection": "IN",
            "stage": self.0.api.stage,
            "connectedAt": opened.connected_at.ms(),
            "requestTimeEpoch": now.ms(),
            "identity": { "sourceIp": opened.source, "userAgent": opened.user_agent },
            "requestId": request_id,
            "domainName": opened.host,
            "connectionId": opened.id,
            "apiId": "embedded",
        })
    }

    async fn serve(self, mut socket: WebSocket, opened: Opened, mut out: mpsc::Receiver<Out>) {
        let id = opened.id.clone();
        let mut tick = tokio::time::interval(TICK);
        let (status, reason) = loop {
            tokio::select! {
                frame = socket.recv() => match frame {
                    Some(Ok(Message::Text(text))) => self.take(&opened, text.to_string(), false),
                    Some(Ok(Message::Binary(bytes))) => self.take(&opened, BASE64.encode(&bytes), true),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(frame))) => {
                        break match frame {
                            Some(frame) => (frame.code, frame.reason.to_string()),
                            None => (NO_STATUS, "Client-side close frame status not set".to_owned()),
                        };
                    }
                    Some(Err(error)) if is_too_big(&error) => {
                        say_goodbye(&mut socket, TOO_BIG, "Message too big").await;
                        break (TOO_BIG, "Message too big".to_owned());
                    }
                    Some(Err(_)) | None => break (ABNORMAL, "Connection closed abnormally".to_owned()),
                },
                leaving = out.recv() => match leaving {
                    Some(Out::Frame(text)) => {
                        if socket.send(Message::Text(text.into())).await.is_err() {
                            break (ABNORMAL, "Connection closed abnormally".to_owned());
                        }
                    }
                    Some(Out::Close) => {
                        say_goodbye(&mut socket, NORMAL, "Connection closed normally").await;
                        break (NORMAL, "Connection closed normally".to_owned());
                    }
                    Some(Out::Vanish) => return,
                    // Cut: the socket goes without a close frame.
                    None => break (ABNORMAL, "Connection closed abnormally".to_owned()),
                },
                _ = tick.tick() => {
                    if self.is_over(&id) {
                        say_goodbye(&mut socket, GOING_AWAY, "Going away").await;
                        break (GOING_AWAY, "Going away".to_owned());
                    }
                }
            }
        };
        self.lock().remove(&id);
        drop(socket);
        let mut context = self.context(&opened, "$disconnect", "DISCONNECT");
        context["disconnectStatusCode"] = status.into();
        context["disconnectReason"] = reason.into();
        let event = json!({ "headers": {}, "requestContext": context, "isBase64Encoded": false });
        self.invoke("$disconnect", event).await;
    }

    /// Hands a message to the function of its route, without waiting for it.
    fn take(&self, opened: &Opened, body: String, is_binary: bool) {
        let Some(out) = self.touch(&opened.id) else {
            return;
        };
        let (sockets, opened) = (self.clone(), opened.clone());
        tokio::spawn(async move {
            if let Some(answer) = sockets.message(&opened, body, is_binary).await {
                // Whoever has gone meanwhile gets no answer.
                let _ = out.try_send(Out::Frame(answer));
                sockets.touch(&opened.id);
            }
        });
    }

    /// What a message is answered with.
    async fn message(&self, opened: &Opened, body: String, is_binary: bool) -> Option<String> {
        let api = &self.0.api;
        let selected = if is_binary {
            None
        } else {
            select(&api.selection, &body)
        };
        let route = api
            .routes
            .iter()
            .find(|route| selected.as_deref() == Some(&route.key))
            .or_else(|| api.routes.iter().find(|route| route.key == "$default"));
        let context = |key: &str| self.context(opened, key, "MESSAGE");
        let refuse = |message: &str, context: &Value| {
            let ids = (&context["connectionId"], &context["requestId"]);
            json!({ "message": message, "connectionId": ids.0, "requestId": ids.1 }).to_string()
        };
        let Some(route) = route else {
            return Some(refuse("Forbidden", &context("$default")));
        };
        let context = context(&route.key);
        let event =
            json!({ "requestContext": context, "body": body, "isBase64Encoded": is_binary });
        let Some(answer) = self.invoke(&route.key, event).await else {
            return Some(refuse("Internal server error", &context));
        };
        if !answer["statusCode"].is_number() {
            return Some(refuse("Internal server error", &context));
        }
        // Without a route response the service drops what the function says.
        answer["body"]
            .as_str()
            .filter(|_| route.answers)
            .map(str::to_owned)
    }
}

/// The route of a message: `$request.body.<field>`, when the body is an object with it.
fn select(selection: &str, body: &str) -> Option<String> {
    let field = selection.strip_prefix("$request.body.")?;
    let body: Value = serde_json::from_str(body).ok()?;
    let key = body[field].as_str()?;
    // The service's own routes are not for clients to choose.
    (!key.starts_with('$')).then(|| key.to_owned())
}

fn is_too_big(error: &axum::Error) -> bool {
    let mut source = Some(error as &dyn std::error::Error);
    while let Some(error) = source {
        if error.to_string().contains("too long") || error.to_string().contains("too big") {
            return true;
        }
        source = error.source();
    }
    false
}

async fn say_goodbye(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let close = socket.send(Message::Close(Some(frame)));
    if tokio::time::timeout(Duration::from_secs(1), close)
        .await
        .is_err()
    {
        tracing::debug!("a client did not hear that its connection ends");
    }
}

/// `$connect`, and only then the handshake.
async fn open(
    State(sockets): State<Sockets>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
    request: axum::extract::Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let Ok(upgrade) = upgrade else {
        // A plain request to a WebSocket API.
        return edge(StatusCode::FORBIDDEN, "Forbidden");
    };
    let header = |name: HeaderName| {
        let text = parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        text.unwrap_or_default().to_owned()
    };
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let opened = Opened {
        id: random_id(),
        source: peer.map_or(Ipv4Addr::LOCALHOST.into(), |ConnectInfo(peer)| peer.ip()),
        user_agent: header(header::USER_AGENT),
        host: header(header::HOST),
        connected_at: sockets.0.clock.now(),
    };
    if sockets.0.functions.contains_key("$connect") {
        let mut event = connect_event(&parts);
        event["requestContext"] = sockets.context(&opened, "$connect", "CONNECT");
        let status = match sockets.invoke("$connect", event).await {
            Some(answer) => answer["statusCode"]
                .as_u64()
                .and_then(|n| u16::try_from(n).ok()),
            None => None,
        };
        let status = status.and_then(|n| StatusCode::from_u16(n).ok());
        match status {
            Some(status) if status.is_success() => {}
            Some(status) => return edge(status, status.canonical_reason().unwrap_or_default()),
            None => return edge(StatusCode::BAD_GATEWAY, "Internal server error"),
        }
    }
    upgrade
        .max_frame_size(MOST_FRAME_BYTES)
        .max_message_size(MOST_MESSAGE_BYTES)
        .on_upgrade(move |socket| async move {
            let (out, leaving) = mpsc::channel(MOST_WAITING);
            let connection = Connection {
                out,
                source: opened.source,
                user_agent: opened.user_agent.clone(),
                connected_at: opened.connected_at,
                last_active_at: sockets.0.clock.now(),
            };
            sockets.lock().insert(opened.id.clone(), connection);
            sockets.serve(socket, opened, leaving).await;
        })
}

/// The event of `$connect`, without its context: headers in their own case, and the query.
fn connect_event(parts: &Parts) -> Value {
    let mut headers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str()).or_default().push(value);
    }
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| percent_decode(&text.replace('+', " "));
        query.entry(decode(name)).or_default().push(decode(value));
    }
    // Of a repeated name the single form has the last value.
    let last =
        |(name, values): (&String, &Vec<String>)| (name.clone(), values.last().cloned().into());
    let single: serde_json::Map<String, Value> = query.iter().map(last).collect();
    let header: serde_json::Map<String, Value> = headers
        .iter()
        .map(|(name, values)| ((*name).to_owned(), values.last().cloned().into()))
        .collect();
    let mut event = json!({
        "headers": header, "multiValueHeaders": headers, "isBase64Encoded": false,
    });
    if !query.is_empty() {
        event["queryStringParameters"] = Value::Object(single);
        event["multiValueQueryStringParameters"] = json!(query);
    }
    event
}

/// `POST @connections/{connection}`: a frame.
async fn post(
    State(sockets): State<Sockets>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refused) = unsigned(&headers) {
        return refused;
    }
    if body.len() > MOST_MESSAGE_BYTES {
        return exception(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException");
    }
    // Posted frames are text.
    let Ok(text) = String::from_utf8(body.to_vec()) else {
        return exception(StatusCode::BAD_REQUEST, "BadRequestException");
    };
    let Some(out) = sockets.touch(&connection) else {
        return gone();
    };
    match out.try_send(Out::Frame(text)) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(_) => gone(),
    }
}

/// `GET @connections/{connection}`: since when, and when last.
async fn show(
    State(sockets): State<Sockets>,
    Path(connection): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = unsigned(&headers) {
        return refused;
    }
    let open = sockets.lock();
    let Some(found) = open.get(&connection) else {
        return gone();
    };
    axum::Json(json!({
        "connectedAt": found.connected_at,
        "identity": { "sourceIp": found.source, "userAgent": found.user_agent },
        "lastActiveAt": found.last_active_at,
    }))
    .into_response()
}

/// `DELETE @connections/{connection}`: the end.
async fn close(
    State(sockets): State<Sockets>,
    Path(connection): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = unsigned(&headers) {
        return refused;
    }
    let Some(found) = sockets.lock().remove(&connection) else {
        return gone();
    };
    // A client that reads nothing is cut when the connection's own task sees the way out closed.
    let _ = found.out.try_send(Out::Close);
    StatusCode::NO_CONTENT.into_response()
}

/// Requests to `@connections` are signed; by whom is not checked here.
fn unsigned(headers: &HeaderMap) -> Option<Response> {
    let signed = headers.get(header::AUTHORIZATION).is_some_and(|value| {
        value
            .to_str()
            .is_ok_and(|value| value.starts_with("AWS4-HMAC-SHA256 "))
    });
    (!signed).then(|| edge(StatusCode::FORBIDDEN, "Missing Authentication Token"))
}

fn gone() -> Response {
    exception(StatusCode::GONE, "GoneException")
}

fn exception(status: StatusCode, kind: &'static str) -> Response {
    let mut response = edge(status, kind);
    let name = HeaderName::from_static("x-amzn-errortype");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(kind));
    response
}

fn edge(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "message": message }))).into_response()
}

/// Sixteen characters that end with `=`, as API Gateway's own.
fn random_id() -> String {
    let mut random = [0; 11];
    // Connections with the same id would be taken for one another; without random bytes nothing
    // else works either.
    let _ = rand::fill(&mut random);
    data_encoding::BASE64URL.encode(&random)
}

#[cfg(test)]
mod tests;
