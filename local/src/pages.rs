//! The pages of the embedded stack: start, mailbox, demo, and those of calls. They live in this process's gateway
//! only; a deployment has none of these paths.
//!
//! They show codes and hand out a token without asking who is there, because whoever can open them
//! sits at this machine and owns its data folder. Two things keep it so: the stack listens on
//! loopback only, and these pages answer only to loopback names, so that a page on the internet
//! cannot reach them by pointing its own name here (DNS rebinding). They send no CORS headers, so
//! that it cannot read them across origins either.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{
    Form, Json, Router,
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::inbound::{self, Bounced, Found, Received};
use crate::mail::{Mail, Mailbox};
use crate::objects::Objects;
use crate::pushes::{Push, Pushes};
use crate::seed::{Demo, random_uuid};

/// Mail as it was sent: its own styles, no scripts, nothing from elsewhere, only in our frame.
const MAIL_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// What the pages know. Clones share it.
#[derive(Clone)]
pub struct Desk {
    api: String,
    policy: HeaderValue,
    mailbox: Mailbox,
    pushes: Pushes,
    demo: Arc<Mutex<Option<Demo>>>,
    /// Where mail that is written here lies until it is read.
    intake: Arc<OnceLock<(Objects, String)>>,
}

impl Desk {
    /// A desk without a demo.
    pub fn new(api: &str, mailbox: Mailbox, pushes: Pushes) -> Self {
        Self {
            api: api.to_owned(),
            policy: policy(api),
            mailbox,
            pushes,
            demo: Arc::default(),
            intake: Arc::default(),
        }
    }

    /// Puts a demo workspace on the pages.
    pub fn show(&self, demo: Demo) {
        *self.demo.lock().unwrap_or_else(PoisonError::into_inner) = Some(demo);
    }

    /// Lets mail be written on the mailbox page, into this bucket.
    pub(crate) fn take_mail(&self, objects: Objects, bucket: String) {
        // Said once, when the functions start.
        let _ = self.intake.set((objects, bucket));
    }

    fn demo(&self) -> Option<Demo> {
        self.demo
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Desk {
    /// Takes a mail in. A page elsewhere, which a browser names, writes none.
    // The refusal is an answer that is sent at once.
    #[expect(clippy::result_large_err, reason = "an answer, made once")]
    fn receive(&self, headers: &HeaderMap, mail: &[u8]) -> Result<Vec<Received>, Response> {
        let site = headers.get("sec-fetch-site");
        if site.is_some_and(|site| site != "same-origin") {
            return Err((StatusCode::FORBIDDEN, "from this page only").into_response());
        }
        let Some((objects, bucket)) = self.intake.get() else {
            return Err((StatusCode::NOT_FOUND, "nobody takes mail here").into_response());
        };
        inbound::receive(objects, bucket, mail, Found::default()).map_err(|bounced| {
            let status = match bounced {
                Bounced::NoDesk => StatusCode::NOT_FOUND,
                Bounced::NoMail => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, bounced.to_string()).into_response()
        })
    }
}

/// Everything from this origin only. The socket is named besides: not every browser counts `ws:`
/// as the page's own origin, and a page may be open under the other loopback name.
fn policy(api: &str) -> HeaderValue {
    let socket = api.replacen("http", "ws", 1);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {socket}; \
         media-src 'self' blob:; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    // An address is always a header's value; without it nothing loads, which is safe.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The pages as an HTTP application.
pub fn router(desk: Desk) -> Router {
    let script = |text: &'static str| get(move || async move { file(JAVASCRIPT, text) });
    let page = |text: &'static str| get(move || async move { Html(text) });
    Router::new()
        .route("/", page(include_str!("../pages/start.html")))
        .route("/demo", page(include_str!("../pages/demo.html")))
        .route("/demo/visitor", page(include_str!("../pages/visitor.html")))
        .route("/demo/member", page(include_str!("../pages/member.html")))
        .route("/call", page(include_str!("../../web/call/guest.html")))
        .route("/call/desk", page(include_str!("../../web/call/desk.html")))
        .route(
            "/call/call.css",
            get(|| async { file(CSS, include_str!("../../web/call/call.css")) }),
        )
        .route(
            "/call/call.js",
            script(include_str!("../../web/call/call.js")),
        )
        .route(
            "/call/room.js",
            script(include_str!("../../web/call/room.js")),
        )
        .route(
            "/call/guest.js",
            script(include_str!("../../web/call/guest.js")),
        )
        .route(
            "/call/desk.js",
            script(include_str!("../../web/call/desk.js")),
        )
        .route("/demo/config.json", get(config))
        .route("/demo/start.js", script(include_str!("../pages/start.js")))
        .route(
            "/demo/sotto.js",
            script(include_str!("../../web/client/sotto.js")),
        )
        .route("/demo/talk.js", script(include_str!("../pages/talk.js")))
        .route(
            "/demo/visitor.js",
            script(include_str!("../pages/visitor.js")),
        )
        .route(
            "/demo/member.js",
            script(include_str!("../pages/member.js")),
        )
        .route(
            "/demo/page.css",
            get(|| async { file(CSS, include_str!("../pages/page.css")) }),
        )
        .route("/mailbox", get(mailbox).post(write))
        .route("/mailbox/raw", post(write_raw))
        .route("/mailbox.json", get(mailbox_json))
        .route("/pushes", get(pushes))
        .route("/pushes.json", get(pushes_json))
        .route("/mailbox/{id}", get(mail))
        .route("/mailbox/{id}/html", get(mail_html))
        .layer(middleware::from_fn_with_state(desk.clone(), guard))
        .with_state(desk)
}

/// Answers to loopback names only, and sets the headers of every page.
async fn guard(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    if !matches!(name, Some("127.0.0.1" | "localhost")) {
        return (
            StatusCode::FORBIDDEN,
            "these pages answer to 127.0.0.1 and localhost only",
        )
            .into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = headers.entry(header::CONTENT_SECURITY_POLICY);
    policy.or_insert(desk.policy);
    response
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Ids and tokens for the demo pages: 503 until the demo workspace is there.
async fn config(State(desk): State<Desk>) -> Response {
    let Some(demo) = desk.demo() else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "demo": null })),
        )
            .into_response();
    };
    match demo.member_token().await {
        Ok(token) => Json(json!({
            "api": desk.api,
            "workspace_id": demo.ids.workspace_id,
            "app_key": demo.ids.app_key,
            "member_id": demo.ids.member_id,
            "flows": demo.ids.flows,
            "member_token": token,
        }))
        .into_response(),
        Err(error) => {
            tracing::error!(%error, "the demo member cannot sign in");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn pushes_json(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({ "data": desk.pushes.list() }))
}

async fn pushes(State(desk): State<Desk>) -> Html<String> {
    let pushes = desk.pushes.list();
    let rows: String = pushes.iter().rev().map(push_row).collect();
    let list = match rows.is_empty() {
        true => "<p>Nothing was brought to a device yet.</p>".into(),
        false => format!(
            "<table><thead><tr><th>Sent</th><th>By</th><th>Device</th><th>It reads</th></tr></thead>\
             <tbody>{rows}</tbody></table>"
        ),
    };
    Html(include_str!("../pages/pushes.html").replace("<!-- content -->", &list))
}

fn push_row(push: &Push) -> String {
    format!(
        "<tr><td><time>{}</time></td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
        push.sent_at,
        push.provider,
        escape(&push.device),
        escape(&push.data.to_string()),
    )
}

async fn mailbox_json(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({ "data": desk.mailbox.list() }))
}

/// A mail as somebody writes it on the mailbox page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    from: String,
    to: String,
    subject: String,
    text: String,
}

impl Written {
    /// The mail on the wire. A line break in a header would begin another one.
    fn mail(&self) -> String {
        let line = |text: &str| text.replace(['\r', '\n'], " ");
        format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@mailbox.example>\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
            line(&self.from),
            line(&self.to),
            line(&self.subject),
            random_uuid(),
            self.text,
        )
    }
}

/// Somebody writes to a desk, on the mailbox page.
async fn write(
    State(desk): State<Desk>,
    headers: HeaderMap,
    Form(mail): Form<Written>,
) -> Response {
    match desk.receive(&headers, mail.mail().as_bytes()) {
        Ok(_) => Redirect::to("/mailbox").into_response(),
        Err(refusal) => refusal,
    }
}

/// The same with a whole mail as it stands on the wire (RFC 5322), for programs.
async fn write_raw(State(desk): State<Desk>, headers: HeaderMap, mail: Bytes) -> Response {
    match desk.receive(&headers, &mail) {
        Ok(received) => (StatusCode::ACCEPTED, Json(json!({ "data": received }))).into_response(),
        Err(refusal) => refusal,
    }
}

async fn mailbox(State(desk): State<Desk>) -> Html<String> {
    let mails = desk.mailbox.list();
    let rows: String = mails.iter().rev().map(mail_row).collect();
    let list = match rows.is_empty() {
        true => "<p>No mail yet. Sign up through the API or open the demo, then reload.</p>".into(),
        false => format!(
            "<table><thead><tr><th>Sent</th><th>To</th><th>Subject</th></tr></thead>\
             <tbody>{rows}</tbody></table>"
        ),
    };
    let desks: String = inbound::desks()
        .map(|desk| format!("<option value=\"{desk}\">{desk}</option>"))
        .collect();
    let form = include_str!("../pages/write.html").replace("<!-- desks -->", &desks);
    let content = format!("{list}{form}");
    Html(include_str!("../pages/mailbox.html").replace("<!-- content -->", &content))
}

fn mail_row(mail: &Mail) -> String {
    format!(
        "<tr><td><time>{}</time></td><td>{}</td><td><a href=\"/mailbox/{}\">{}</a></td></tr>",
        mail.sent_at,
        escape(&mail.to.join(", ")),
        mail.id,
        escape(&mail.subject),
    )
}

async fn mail(State(desk): State<Desk>, Path(id): Path<u64>) -> Response {
    let Some(mail) = desk.mailbox.get(id) else {
        return (StatusCode::NOT_FOUND, "no such mail").into_response();
    };
    let html = mail.html.as_ref().map(|_| {
        format!("<iframe sandbox title=\"The mail as HTML\" src=\"/mailbox/{id}/html\"></iframe>")
    });
    let content = format!(
        "<article><h2>{}</h2><dl><dt>From</dt><dd>{}</dd><dt>To</dt><dd>{}</dd><dt>Sent</dt>\
         <dd><time>{}</time></dd></dl><pre>{}</pre>{}</article>\
         <p><a href=\"/mailbox\">All mail</a></p>",
        escape(&mail.subject),
        escape(&mail.from),
        escape(&mail.to.join(", ")),
        mail.sent_at,
        escape(&mail.text),
        html.unwrap_or_default(),
    );
    let page = include_str!("../pages/mailbox.html").replace("<!-- content -->", &content);
    Html(page).into_response()
}

async fn mail_html(State(desk): State<Desk>, Path(id): Path<u64>) -> Response {
    match desk.mailbox.get(id).and_then(|mail| mail.html) {
        Some(html) => {
            ([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)], Html(html)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Text that cannot become markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}
