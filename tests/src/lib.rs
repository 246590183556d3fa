//! The harness: a stack of its own for every test, a clock that tests move, and a typed client for
//! every actor.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use harness::Harness;
//!
//! let harness = Harness::start().await;
//! let owner = harness.sign_up("ada@example.com").await;
//! let workspace = owner.workspace("inbox").await;
//! let app = owner.app(&workspace).await;
//! let visitor = harness.visitor(&app).await;
//! let conversation = visitor.start("Hello").await;
//! owner.say(&workspace, &conversation, "Hello back").await;
//! # }
//! ```
//!
//! # How faults and retries meet
//! [`Harness::faults`] stands below the SDK: see [`local::faults`]. One planned fault is one
//! attempt, and the SDK makes up to three.

mod authenticator;
mod browser;
mod client;
pub mod contract;
pub mod files;
mod items;
mod log;
mod passkey;
mod program;
pub mod provider;
pub mod receiver;
pub mod routes;
pub mod server;
mod socket;
mod start;

use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use authenticator::Authenticators;
pub use browser::Browser;
pub use client::{Answer, Client, text};
pub use local::faults::{Fault, Faults, Kind};
pub use local::inbound::Found;
use local::mail::Mail;
pub use local::seed::random_uuid;
use local::seed::{find_code, find_token};
use local::stack::Stack;
use local::template::{FILE_NAME, Template};
pub use passkey::SecurityKey;
pub use program::{Program, repository};
use reqwest::Method;
use serde_json::{Value, json};
use shared::app::App;
use shared::domain::Timestamp;
pub use socket::Socket;

/// When every test begins: 2026-01-15T12:00:00Z.
pub const START: Timestamp = Timestamp::from_ms(1_768_478_400_000);
/// The origin of the pages that a test's widget runs on.
pub const ORIGIN: &str = "https://www.example.com";

/// A running stack that keeps nothing, and whose clock stands still until it is moved.
pub struct Harness {
    /// The stack, for what the harness has no word for.
    pub stack: Stack,
    /// The authenticator apps of those who have one.
    pub authenticators: Authenticators,
    client: Client,
    _log: log::Watched,
}

impl Harness {
    /// Somebody without any token.
    pub fn anonymous(&self) -> Anonymous {
        Anonymous {
            client: self.client.clone(),
        }
    }

    /// A security key of somebody whose browser is on our pages.
    pub fn security_key(&self) -> SecurityKey {
        SecurityKey::new(&self.stack.api.replace("127.0.0.1", "localhost"))
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.stack.api)
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.stack.clock.now()
    }

    /// A browser that lets itself be told things, bound to a key: its name, and its subscription.
    pub fn subscription(&self, bound_to: Option<&str>) -> (String, Value) {
        let made = self
            .stack
            .pushes
            .browser(&self.stack.wires.pushes, bound_to);
        made.expect("a key")
    }

    /// Moves the time of everything.
    pub fn advance(&self, by: Duration) {
        self.stack.clock.advance(by);
    }

    /// What goes wrong between the functions and the services.
    pub fn faults(&self) -> &Faults {
        &self.stack.faults
    }

    /// What a function's crate works with: `harness.app_of("messages").meter.take()`.
    pub fn app_of(&self, crate_name: &str) -> &App {
        let app = self.stack.app(crate_name);
        app.unwrap_or_else(|| panic!("the template has no function of the crate {crate_name}"))
    }

    /// Delivers the table stream to `outbox`, all of it. Fails when a record was given up.
    pub async fn drain(&self) {
        let drained = self
            .stack
            .drain()
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            drained.given_up, 0,
            "outbox gave records up; the log says why"
        );
    }

    /// Lets TTL delete what is due; says how many items went.
    pub async fn sweep_ttl(&self) -> usize {
        self.stack
            .sweep_ttl()
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Lets a schedule of the template call its function, and returns what it reported.
    pub async fn run_schedule(&self, name: &str) -> Value {
        let answer = self.try_schedule(name).await;
        answer.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same, where the function may fail.
    ///
    /// # Errors
    /// When it did.
    pub async fn try_schedule(&self, name: &str) -> Result<Value, String> {
        let answer = self
            .stack
            .run_schedule(name)
            .await
            .map_err(|error| error.to_string())?;
        serde_json::from_slice(&answer).map_err(|error| error.to_string())
    }

    /// Delivers the stream, then returns every mail to this address, oldest first.
    pub async fn mails(&self, address: &str) -> Vec<Mail> {
        self.drain().await;
        self.stack.mailbox.to(address)
    }

    /// The newest code that was mailed to this address.
    pub async fn mail_code(&self, address: &str) -> String {
        let mails = self.mails(address).await;
        let found = mails
            .last()
            .and_then(|mail| find_code(&mail.text))
            .map(str::to_owned);
        found.unwrap_or_else(|| panic!("no code in the last of {} mails", mails.len()))
    }

    /// The newest invitation token that was mailed to this address.
    pub async fn mail_token(&self, address: &str) -> String {
        let mails = self.mails(address).await;
        let found = mails
            .last()
            .and_then(|mail| find_token(&mail.text))
            .map(str::to_owned);
        found.unwrap_or_else(|| panic!("no token in the last of {} mails", mails.len()))
    }

    /// Makes an account, through the mailed code.
    pub async fn sign_up(&self, email: &str) -> Member {
        self.enter("/v1/auth/signup", email).await
    }

    /// Signs in to an account, through the mailed code.
    pub async fn sign_in(&self, email: &str) -> Member {
        self.enter("/v1/auth/otp", email).await
    }

    /// Signs somebody up and makes them a member of a workspace, through the mailed invitation.
    pub async fn join(
        &self,
        owner: &Member,
        workspace: &Workspace,
        email: &str,
        role: &str,
    ) -> Member {
        let path = format!("{}/invitations", workspace.path);
        owner
            .post(&path, json!({ "email": email, "role": role }), 202)
            .await;
        let token = self.mail_token(email).await;
        let member = self.sign_up(email).await;
        let name = email.split('@').next().unwrap_or(email);
        member
            .post(
                "/v1/invitations/accept",
                json!({ "token": token, "name": name }),
                200,
            )
            .await;
        member
    }

    /// An anonymous visitor on a page that the app may be used from.
    pub async fn visitor(&self, app: &WidgetApp) -> Visitor {
        self.visitor_with(app, json!({})).await
    }

    /// A visitor whose session request says more: an identity token, a context.
    pub async fn visitor_with(&self, app: &WidgetApp, more: Value) -> Visitor {
        let answer = self.try_session(app, more).await;
        assert_eq!(answer.status, 201, "no session: {}", answer.text);
        self.visitor_of(&answer.body)
    }

    /// The same, where the session may be refused.
    pub async fn try_visitor(&self, app: &WidgetApp, more: Value) -> Option<Visitor> {
        let answer = self.try_session(app, more).await;
        (answer.status == 201).then(|| self.visitor_of(&answer.body))
    }

    async fn try_session(&self, app: &WidgetApp, more: Value) -> Answer {
        let mut body = json!({ "app_key": app.key });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        let page = self.client.with_header("origin", ORIGIN);
        page.send(Method::POST, "/v1/widget/sessions", Some(body))
            .await
    }

    fn visitor_of(&self, answer: &Value) -> Visitor {
        let page = self.client.with_header("origin", ORIGIN);
        Visitor {
            client: page.with_token(&text(answer, "session_token")),
            contact_id: text(&answer["visitor"], "contact_id"),
            resume_token: text(answer, "resume_token"),
            session_token: text(answer, "session_token"),
        }
    }

    /// Stops the stack, and waits until it has. A test that just ends needs not do so.
    pub async fn stop(self) {
        self.stack.stop().await;
    }

    async fn enter(&self, path: &str, email: &str) -> Member {
        let challenge = self.client.post(path, asking(path, email), 202).await;
        let code = self.mail_code(email).await;
        let body = json!({ "challenge_id": challenge["challenge_id"], "code": code });
        let answer = self.client.post("/v1/auth/otp/verify", body, 200).await;
        let answer = self.authenticators.pass(&self.client, email, answer).await;
        Member::of(&self.client, email, &answer, &self.authenticators)
    }
}

/// The repository's template, read once.
pub fn template() -> Arc<Template> {
    static TEMPLATE: OnceLock<Arc<Template>> = OnceLock::new();
    let path = repository().join(FILE_NAME);
    let load = || Template::load(&path).unwrap_or_else(|error| panic!("{error}"));
    Arc::clone(TEMPLATE.get_or_init(|| Arc::new(load())))
}

/// Somebody without any token.
#[derive(Clone, Debug)]
pub struct Anonymous {
    client: Client,
}

/// Somebody with an account, signed in.
#[derive(Clone, Debug)]
pub struct Member {
    client: Client,
    authenticators: Authenticators,
    /// The address of the account.
    pub email: String,
    /// The account.
    pub account_id: String,
    /// The access token that every call carries; good for ten minutes of the stack's clock.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
}

/// Somebody on a website or in an app, with a widget session.
#[derive(Clone, Debug)]
pub struct Visitor {
    client: Client,
    /// The contact.
    pub contact_id: String,
    /// The token that a later session resumes with.
    pub resume_token: String,
    /// The session token that every call carries.
    pub session_token: String,
}

// Every actor speaks through its client: `member.post(…)`, `visitor.get(…)`.
impl Deref for Anonymous {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Deref for Member {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Deref for Visitor {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A workspace, as its owner made it.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its id.
    pub id: String,
    /// The owner's membership.
    pub member_id: String,
    /// `/v1/workspaces/{id}`.
    pub path: String,
    /// The whole answer.
    pub body: Value,
}

/// An app of a workspace.
#[derive(Clone, Debug)]
pub struct WidgetApp {
    /// Its id.
    pub id: String,
    /// The public key that a widget starts with.
    pub key: String,
    /// The secret that signs visitors' identities; shown when the app is made, never again.
    pub identity_secret: String,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// The conversation and its first message, as they were answered.
    pub body: Value,
}

impl Member {
    fn of(client: &Client, email: &str, answer: &Value, authenticators: &Authenticators) -> Self {
        let access_token = text(answer, "access_token");
        Self {
            client: client.with_token(&access_token),
            authenticators: authenticators.clone(),
            email: email.to_owned(),
            account_id: text(&answer["account"], "id"),
            access_token,
            refresh_token: text(answer, "refresh_token"),
        }
    }

    /// Fresh tokens for this member's session, by its refresh token.
    pub async fn refresh(&self) -> Self {
        let body = json!({ "refresh_token": self.refresh_token });
        let answer = self.client.post("/v1/auth/refresh", body, 200).await;
        Self::of(&self.client, &self.email, &answer, &self.authenticators)
    }

    /// Sets up a second factor, unless there is one: returns the recovery codes.
    pub async fn enrol(&self) -> Vec<String> {
        self.authenticators.enrol(&self.client, &self.email).await
    }

    /// Opens a socket, with a ticket of its own.
    pub async fn socket(&self, workspace: &Workspace) -> Socket {
        let path = format!("{}/realtime/tickets", workspace.path);
        let ticket = self.post(&path, json!({}), 201).await;
        Socket::open(&text(&ticket, "url")).await
    }

    /// Makes a workspace with this profile, and a second factor where the profile asks for one.
    pub async fn workspace(&self, profile: &str) -> Workspace {
        let mut body = json!({ "name": "Test", "profile": profile });
        // Flows have no people in them, so their owner has no name.
        if profile != "flows" {
            body["member_name"] = "Ada".into();
        }
        if profile == "flows" {
            self.enrol().await;
        }
        let body = self.post("/v1/workspaces", body, 201).await;
        let id = text(&body, "id");
        let path = format!("/v1/workspaces/{id}");
        Workspace {
            member_id: text(&body, "member_id"),
            id,
            path,
            body,
        }
    }

    /// Makes a web app that may be used from [`ORIGIN`].
    pub async fn app(&self, workspace: &Workspace) -> WidgetApp {
        let more = json!({ "platform": "web", "origins": [ORIGIN], "identity": "optional" });
        self.app_with(workspace, more).await
    }

    /// Makes an app of any kind.
    pub async fn app_with(&self, workspace: &Workspace, mut body: Value) -> WidgetApp {
        body["name"] = "Site".into();
        let answer = self
            .post(&format!("{}/apps", workspace.path), body, 201)
            .await;
        WidgetApp {
            id: text(&answer, "id"),
            key: text(&answer, "public_key"),
            identity_secret: text(&answer, "identity_secret"),
        }
    }

    /// Makes a flow that says hello and ends, and publishes it: version 1, at revision 2.
    pub async fn flow(&self, workspace: &Workspace) -> String {
        let flows = format!("{}/flows", workspace.path);
        let made = self.post(&flows, json!({ "name": "Hello" }), 201).await;
        let id = text(&made, "id");
        let versions = format!("{flows}/{id}/versions");
        let published = self.send(method("POST"), &versions, None).await;
        assert_eq!(published.status, 201, "{}", published.text);
        id
    }

    /// Writes into a conversation; returns the message.
    pub async fn say(
        &self,
        workspace: &Workspace,
        conversation: &Conversation,
        words: &str,
    ) -> Value {
        let path = format!(
            "{}/conversations/{}/messages",
            workspace.path, conversation.id
        );
        self.post(&path, message(words), 201).await
    }

    /// The messages of a conversation, from the first on.
    pub async fn read(&self, workspace: &Workspace, conversation: &Conversation) -> Vec<Value> {
        let path = format!(
            "{}/conversations/{}/messages",
            workspace.path, conversation.id
        );
        list(
            self.get(&format!("{path}?after_seq=0&limit=100"), 200)
                .await,
        )
    }
}

impl Visitor {
    /// Opens a socket, with a ticket of its own.
    pub async fn socket(&self) -> Socket {
        let ticket = self
            .post("/v1/widget/realtime/tickets", json!({}), 201)
            .await;
        Socket::open(&text(&ticket, "url")).await
    }

    /// Starts a conversation with a first message.
    pub async fn start(&self, words: &str) -> Conversation {
        let body = json!({ "first_message": message(words) });
        let body = self.post("/v1/widget/conversations", body, 201).await;
        Conversation {
            id: text(&body["conversation"], "id"),
            body,
        }
    }

    /// Writes into a conversation; returns the message.
    pub async fn say(&self, conversation: &Conversation, words: &str) -> Value {
        let path = format!("/v1/widget/conversations/{}/messages", conversation.id);
        self.post(&path, message(words), 201).await
    }

    /// The messages of a conversation as this visitor sees them, from the first on.
    pub async fn read(&self, conversation: &Conversation) -> Vec<Value> {
        let path = format!("/v1/widget/conversations/{}/messages", conversation.id);
        list(
            self.get(&format!("{path}?after_seq=0&limit=100"), 200)
                .await,
        )
    }
}

/// What is sent to ask for a code: who signs up says that they are of age.
pub fn asking(path: &str, email: &str) -> Value {
    if path.ends_with("/signup") {
        json!({ "email": email, "adult": true })
    } else {
        json!({ "email": email })
    }
}

/// The body of a message with an id of its own.
pub fn message(words: &str) -> Value {
    json!({ "client_message_id": random_uuid(), "text": words })
}

/// A method by its name, as the template writes it.
pub fn method(name: &str) -> Method {
    name.parse()
        .unwrap_or_else(|_| panic!("{name} is no method"))
}

fn list(mut answer: Value) -> Vec<Value> {
    match answer["data"].take() {
        Value::Array(items) => items,
        other => panic!("a list must have data, not {other}"),
    }
}
