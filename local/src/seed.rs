//! The demo workspace, made through the stack's own API as any client would make it.
//!
//! The data folder remembers ids only. Whoever the demo's people are is a constant of this file;
//! their rows in the tables are sealed like everyone's.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::app::Clock;
use shared::domain::Timestamp;
use tokio::sync::Mutex;
use tower::ServiceExt;

use crate::mail::Mailbox;
use crate::samples::{self, DemoFlow};
use crate::stack::Stack;

/// The file of the data folder that remembers the demo's ids.
const DEMO_FILE: &str = "demo.json";
const OWNER: &str = "demo@example.com";
const TEAMMATE: &str = "teammate@example.com";
/// The token is renewed when it has less than this left.
const RENEW_BEFORE: Duration = Duration::from_secs(3 * 60);
const MOST_ANSWER_BYTES: usize = 1024 * 1024;

/// Why there is no demo; one line, without anything that was sent.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The API answered otherwise than the demo needs.
    #[error("{method} {path} answered {status} {code}")]
    Answer {
        /// The method.
        method: Method,
        /// The path.
        path: String,
        /// The status.
        status: StatusCode,
        /// The problem's code.
        code: String,
    },
    /// No mail came with what the demo waits for.
    #[error("no mail came to the demo account")]
    NoMail,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// The ids of the demo. None of them is personal.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DemoIds {
    /// The workspace.
    pub workspace_id: String,
    /// Its web app.
    pub app_id: String,
    /// The app's public key.
    pub app_key: String,
    /// The owner's membership.
    pub member_id: String,
    /// Its flows, which visitors can begin with.
    #[serde(default)]
    pub flows: Vec<DemoFlow>,
}

/// The demo as this process knows it. Clones share the owner's session.
#[derive(Clone)]
pub struct Demo {
    /// The ids.
    pub ids: DemoIds,
    /// A conversation that is open now.
    pub conversation_id: String,
    /// A visitor's session token, good for half an hour.
    pub visitor_token: String,
    client: Client,
    clock: Clock,
    session: Arc<Mutex<Session>>,
}

/// The owner's tokens, in memory only.
#[derive(Deserialize)]
struct Session {
    access_token: String,
    refresh_token: String,
    expires_in: u64,
    #[serde(skip, default = "long_ago")]
    expires_at: Timestamp,
}

fn long_ago() -> Timestamp {
    Timestamp::from_ms(0)
}

impl Session {
    fn of(answer: Value, clock: &Clock) -> Result<Self, SeedError> {
        let mut session: Self =
            serde_json::from_value(answer).map_err(|error| SeedError::Other(error.to_string()))?;
        session.expires_at = clock.now().plus(Duration::from_secs(session.expires_in));
        Ok(session)
    }
}

impl Demo {
    /// Signs the owner in, and makes what is missing of the demo workspace.
    ///
    /// # Errors
    /// When the API does not do what the demo needs.
    pub async fn prepare(stack: &Stack) -> Result<Self, SeedError> {
        let client = Client {
            router: stack.router(),
        };
        let session = sign_in(stack, &client, OWNER).await?;
        let remembered: Option<DemoIds> = match &stack.folder {
            Some(folder) => folder.read_json(DEMO_FILE).map_err(other)?,
            None => None,
        };
        let token = session.access_token.as_str();
        let ids = match remembered {
            Some(ids) if client.knows(token, &ids.workspace_id).await? => ids,
            _ => {
                let ids = make_workspace(stack, &client, token).await?;
                if let Some(folder) = &stack.folder {
                    folder.write_json(DEMO_FILE, &ids).map_err(other)?;
                }
                ids
            }
        };
        allow_own_pages(stack, &client, token, &ids).await?;
        let visitor = client
            .send(
                Call::post("/v1/widget/sessions", json!({ "app_key": ids.app_key }))
                    .from(&stack.api),
            )
            .await?;
        let visitor_token = text(&visitor, "session_token");
        let conversation_id = match first_conversation(&client, token, &ids).await? {
            Some(id) => id,
            None => start_conversation(&client, &visitor_token, &stack.api).await?,
        };
        Ok(Self {
            ids,
            conversation_id,
            visitor_token,
            client,
            clock: stack.clock.clone(),
            session: Arc::new(Mutex::new(session)),
        })
    }

    /// The owner's access token, renewed when it is about to end.
    ///
    /// # Errors
    /// When the session is over: the stack was signed out, or slept for too long.
    pub async fn member_token(&self) -> Result<String, SeedError> {
        let mut session = self.session.lock().await;
        if session.expires_at.minus(RENEW_BEFORE) <= self.clock.now() {
            let body = json!({ "refresh_token": session.refresh_token });
            let answer = self
                .client
                .send(Call::post("/v1/auth/refresh", body))
                .await?;
            *session = Session::of(answer, &self.clock)?;
        }
        Ok(session.access_token.clone())
    }
}

async fn sign_in(stack: &Stack, client: &Client, address: &str) -> Result<Session, SeedError> {
    // Known or not, the answer is the same; only the mail tells. An account that expired while
    // the stack was off is made anew.
    let asking = json!({ "email": address });
    let joining = json!({ "email": address, "adult": true });
    for (path, body) in [("/v1/auth/otp", asking), ("/v1/auth/signup", joining)] {
        stack.drain().await.map_err(other)?;
        let before = stack.mailbox.to(address).len();
        let challenge = client.send(Call::post(path, body)).await?;
        stack.drain().await.map_err(other)?;
        let mail = newest_text(&stack.mailbox, address, before);
        let Some(code) = mail.as_deref().and_then(find_code) else {
            continue;
        };
        let body = json!({ "challenge_id": challenge["challenge_id"], "code": code });
        let answer = client.send(Call::post("/v1/auth/otp/verify", body)).await?;
        return Session::of(answer, &stack.clock);
    }
    Err(SeedError::NoMail)
}

async fn make_workspace(stack: &Stack, client: &Client, token: &str) -> Result<DemoIds, SeedError> {
    let body = json!({ "name": "Demo", "profile": "inbox", "member_name": "Dana" });
    let workspace = client
        .send(Call::post("/v1/workspaces", body).by(token))
        .await?;
    let workspace_id = text(&workspace, "id");
    let path = format!("/v1/workspaces/{workspace_id}/apps");
    let body = json!({
        "name": "Demo page", "platform": "web", "identity": "optional",
        "origins": own_origins(&stack.api),
    });
    let app = client.send(Call::post(&path, body).by(token)).await?;
    invite_teammate(stack, client, token, &workspace_id).await?;
    Ok(DemoIds {
        flows: publish_samples(client, token, &workspace_id).await?,
        workspace_id,
        app_id: text(&app, "id"),
        app_key: text(&app, "public_key"),
        member_id: text(&workspace, "member_id"),
    })
}

/// Makes the flows that come with the program, and takes them into use.
async fn publish_samples(
    client: &Client,
    token: &str,
    workspace_id: &str,
) -> Result<Vec<DemoFlow>, SeedError> {
    let flows = format!("/v1/workspaces/{workspace_id}/flows");
    let mut made = Vec::new();
    for sample in samples::all().map_err(|error| SeedError::Other(error.to_string()))? {
        let body = json!({ "name": sample.name, "document": sample.document });
        let flow = client.send(Call::post(&flows, body).by(token)).await?;
        let path = format!("{flows}/{}", text(&flow, "id"));
        let tests = json!({ "tests": sample.tests, "tests_required": true });
        let mut keep = Call::post(&path, tests).by(token);
        keep.method = Method::PATCH;
        keep.if_match = Some("\"1\"".to_owned());
        client.send(keep).await?;
        let versions = Call::post(&format!("{path}/versions"), json!({})).by(token);
        let version = client.send(versions).await?["version"].clone();
        let body = json!({ "version": version });
        let mut live = Call::post(&format!("{path}/environments/live"), body).by(token);
        live.method = Method::PUT;
        client.send(live).await?;
        made.push(DemoFlow {
            id: text(&flow, "id"),
            name: sample.name,
        });
    }
    Ok(made)
}

async fn invite_teammate(
    stack: &Stack,
    client: &Client,
    token: &str,
    workspace_id: &str,
) -> Result<(), SeedError> {
    let path = format!("/v1/workspaces/{workspace_id}/invitations");
    let before = stack.mailbox.to(TEAMMATE).len();
    let body = json!({ "email": TEAMMATE, "role": "agent" });
    client.send(Call::post(&path, body).by(token)).await?;
    stack.drain().await.map_err(other)?;
    let mail = newest_text(&stack.mailbox, TEAMMATE, before).ok_or(SeedError::NoMail)?;
    let invitation = find_token(&mail).ok_or(SeedError::NoMail)?;
    let teammate = sign_in(stack, client, TEAMMATE).await?;
    let body = json!({ "token": invitation, "name": "Tariq" });
    client
        .send(Call::post("/v1/invitations/accept", body).by(&teammate.access_token))
        .await?;
    Ok(())
}

/// The pages' own origins belong to the app, and they change with the port.
async fn allow_own_pages(
    stack: &Stack,
    client: &Client,
    token: &str,
    ids: &DemoIds,
) -> Result<(), SeedError> {
    let path = format!("/v1/workspaces/{}/apps", ids.workspace_id);
    let apps = client.send(Call::get(&path).by(token)).await?;
    let all = apps["data"].as_array().into_iter().flatten();
    let app = all.into_iter().find(|app| app["id"] == ids.app_id.as_str());
    let origins = json!(own_origins(&stack.api));
    if app.is_some_and(|app| app["origins"] != origins) {
        let path = format!("{path}/{}", ids.app_id);
        let change = Call::new(Method::PATCH, &path, json!({ "origins": origins }));
        client.send(change.by(token)).await?;
    }
    Ok(())
}

async fn first_conversation(
    client: &Client,
    token: &str,
    ids: &DemoIds,
) -> Result<Option<String>, SeedError> {
    let path = format!("/v1/workspaces/{}/conversations?limit=1", ids.workspace_id);
    let list = client.send(Call::get(&path).by(token)).await?;
    Ok(list["data"][0]["id"].as_str().map(str::to_owned))
}

async fn start_conversation(
    client: &Client,
    visitor_token: &str,
    api: &str,
) -> Result<String, SeedError> {
    let message = json!({ "client_message_id": random_uuid(), "text": "Hello! Is anybody there?" });
    let body = json!({ "first_message": message });
    let call = Call::post("/v1/widget/conversations", body)
        .by(visitor_token)
        .from(api);
    Ok(text(&client.send(call).await?["conversation"], "id"))
}

/// Both names under which a browser may open the pages.
fn own_origins(api: &str) -> [String; 2] {
    [api.to_owned(), api.replace("127.0.0.1", "localhost")]
}

fn newest_text(mailbox: &Mailbox, address: &str, before: usize) -> Option<String> {
    mailbox
        .to(address)
        .into_iter()
        .skip(before)
        .next_back()
        .map(|mail| mail.text)
}

/// The mailed code: eight digits, alone on a line.
pub fn find_code(text: &str) -> Option<&str> {
    let is_code = |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
    text.lines().map(str::trim).find(is_code)
}

/// The mailed invitation token: `prefix_place.secret`, alone on a line.
pub fn find_token(text: &str) -> Option<&str> {
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_token = |line: &&str| {
        line.split_once('.')
            .is_some_and(|(place, secret)| place.contains('_') && is_word(place) && is_word(secret))
    };
    text.lines().map(str::trim).find(is_token)
}

/// A random UUID (version 4).
pub fn random_uuid() -> String {
    let mut bytes = [0; 16];
    // Message ids need to differ, not to be secret.
    let _ = rand::fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn other(error: impl std::fmt::Display) -> SeedError {
    SeedError::Other(error.to_string())
}

/// A client of the gateway in this process.
#[derive(Clone)]
struct Client {
    router: Router,
}

struct Call {
    method: Method,
    path: String,
    token: Option<String>,
    origin: Option<String>,
    /// The version that is changed.
    if_match: Option<String>,
    body: Option<Value>,
}

impl Call {
    fn new(method: Method, path: &str, body: Value) -> Self {
        Self {
            method,
            path: path.to_owned(),
            token: None,
            origin: None,
            if_match: None,
            body: Some(body),
        }
    }

    fn post(path: &str, body: Value) -> Self {
        Self::new(Method::POST, path, body)
    }

    fn get(path: &str) -> Self {
        Self {
            body: None,
            ..Self::new(Method::GET, path, Value::Null)
        }
    }

    fn by(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    fn from(mut self, origin: &str) -> Self {
        self.origin = Some(origin.to_owned());
        self
    }
}

impl Client {
    async fn knows(&self, token: &str, workspace_id: &str) -> Result<bool, SeedError> {
        let path = format!("/v1/workspaces/{workspace_id}");
        match self.send(Call::get(&path).by(token)).await {
            Ok(_) => Ok(true),
            Err(SeedError::Answer {
                status: StatusCode::NOT_FOUND,
                ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, call: Call) -> Result<Value, SeedError> {
        let mut request = Request::builder()
            .method(&call.method)
            .uri(&call.path)
            .header(header::HOST, "127.0.0.1")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &call.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(origin) = &call.origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(version) = &call.if_match {
            request = request.header(header::IF_MATCH, version);
        }
        let body = call.body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.body(Body::from(body)).map_err(other)?;
        let answer = self.router.clone().oneshot(request).await.map_err(other)?;
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), MOST_ANSWER_BYTES).await;
        let body: Value = serde_json::from_slice(&bytes.map_err(other)?).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let Call { method, path, .. } = call;
        Err(SeedError::Answer {
            method,
            path,
            status,
            code: text(&body, "code"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_tokens_are_found_alone_on_their_line() {
        let mail = "Your code is below.\n\n  12345678\n\nIt ends in 10 minutes: 87654321.";
        assert_eq!(find_code(mail), Some("12345678"));
        assert_eq!(
            find_token("Join us. Now:\r\nit_01j.secret\r\n"),
            Some("it_01j.secret")
        );
        assert_eq!(find_code("1234567\n123456789"), None);
    }

    #[test]
    fn uuids_have_their_shape() {
        let uuid = random_uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert_ne!(uuid, random_uuid());
    }
}
