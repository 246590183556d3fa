//! The SES v2 wire and the mailbox behind it: mail is caught here and goes nowhere.
//!
//! The mailbox is memory, always: mail holds addresses and codes in the clear, and the data folder
//! may hold neither. Its last [`MOST_MAILS`] mails end with the process.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{DefaultBodyLimit, State, rejection::BytesRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{
    Json, Router,
    routing::{get, post},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::app::Clock;
use shared::domain::Timestamp;

use crate::feedback::{self, Under};

/// How many mails are kept; the oldest make room.
pub const MOST_MAILS: usize = 500;
/// Most recipients of one mail, as on SES.
pub const MOST_RECIPIENTS: usize = 50;
/// Most bytes of one mail, as on SES.
pub const MOST_BYTES: usize = 40 * 1024 * 1024;

/// One caught mail.
#[derive(Clone, Serialize)]
pub struct Mail {
    /// Counts from 1 since the stack started.
    pub id: u64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The sender's address.
    pub from: String,
    /// Every recipient: to, cc and bcc.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text part; empty when there is none.
    pub text: String,
    /// The HTML part, if there is one.
    pub html: Option<String>,
    /// Headers beside the usual ones, by name.
    pub headers: BTreeMap<String, String>,
}

// A mail in a log or a failed assertion would be an address in a log.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("id", &self.id)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}

/// The caught mails. Clones share one mailbox.
#[derive(Clone)]
pub struct Mailbox {
    clock: Clock,
    mails: Arc<Mutex<Mails>>,
}

#[derive(Default)]
struct Mails {
    kept: VecDeque<Mail>,
    count: u64,
    /// What SES has to say about them and nobody has heard yet.
    feedback: VecDeque<Value>,
}

impl Mailbox {
    /// An empty mailbox that stamps mail with this clock.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            mails: Arc::default(),
        }
    }

    /// Every kept mail, oldest first.
    pub fn list(&self) -> Vec<Mail> {
        self.lock().kept.iter().cloned().collect()
    }

    /// The mails to one address, oldest first.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        let mut mails = self.list();
        mails.retain(|mail| mail.to.iter().any(|to| to.eq_ignore_ascii_case(address)));
        mails
    }

    /// One mail, if it is still kept.
    pub fn get(&self, id: u64) -> Option<Mail> {
        self.lock().kept.iter().find(|mail| mail.id == id).cloned()
    }

    /// The oldest event about a mail that nobody has taken yet.
    pub fn next_feedback(&self) -> Option<Value> {
        self.lock().feedback.pop_front()
    }

    /// Forgets every mail.
    pub fn clear(&self) {
        self.lock().kept.clear();
    }

    /// The SES v2 service that fills this mailbox, as an HTTP application.
    pub fn router(self) -> Router {
        Router::new()
            .route("/v2/email/outbound-emails", post(send))
            .route("/v2/email/account", get(account))
            .route("/v2/email/identities/{identity}", get(identity))
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .with_state(self)
    }

    fn push(&self, mut mail: Mail, under: &Under) -> u64 {
        let mut mails = self.lock();
        mails.count += 1;
        mail.id = mails.count;
        let told = feedback::events(&mail, under);
        mails.feedback.extend(told);
        // Where nobody listens, news are not kept for ever either.
        let too_many = mails.feedback.len().saturating_sub(MOST_MAILS);
        mails.feedback.drain(..too_many);
        mails.kept.push_back(mail);
        if mails.kept.len() > MOST_MAILS {
            mails.kept.pop_front();
        }
        mails.count
    }

    fn lock(&self) -> MutexGuard<'_, Mails> {
        // Nothing in here can be half done when a holder panics.
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    #[serde(default)]
    from_email_address: String,
    #[serde(default)]
    destination: Destination,
    content: Content,
    #[serde(default)]
    reply_to_addresses: Vec<String>,
    #[serde(flatten)]
    under: Under,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Part,
    body: Body,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Part>,
    html: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: String,
}

/// GetAccount: nothing leaves this machine, so nothing is kept back either.
async fn account() -> Json<Value> {
    let quota = json!({ "Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0 });
    Json(json!({
        "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": true, "SendingEnabled": true,
        "SendQuota": quota,
    }))
}

/// GetEmailIdentity: whoever sends here may.
async fn identity() -> Json<Value> {
    Json(json!({
        "IdentityType": "DOMAIN", "FeedbackForwardingStatus": false,
        "VerifiedForSendingStatus": true, "VerificationStatus": "SUCCESS",
        "DkimAttributes": { "SigningEnabled": true, "Status": "SUCCESS" },
        "MailFromAttributes": {
            "BehaviorOnMxFailure": "REJECT_MESSAGE", "MailFromDomain": "bounce.sotto.example",
            "MailFromDomainStatus": "SUCCESS",
        },
    }))
}

async fn send(State(mailbox): State<Mailbox>, body: Result<Bytes, BytesRejection>) -> Response {
    match body {
        Ok(body) => match accept(&mailbox, &body) {
            Ok(id) => Json(json!({ "MessageId": format!("embedded-{id:08}") })).into_response(),
            Err(message) => refusal("BadRequestException", &message),
        },
        Err(_) => refusal(
            "BadRequestException",
            "Message length is more than 41943040 bytes long",
        ),
    }
}

fn accept(mailbox: &Mailbox, body: &[u8]) -> Result<u64, String> {
    let request: SendEmail = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let Destination {
        to_addresses,
        cc_addresses,
        bcc_addresses,
    } = request.destination;
    let recipients = [to_addresses, cc_addresses, bcc_addresses].concat();
    if recipients.is_empty() || recipients.len() > MOST_RECIPIENTS {
        return Err(format!(
            "Recipient count must be between 1 and {MOST_RECIPIENTS}"
        ));
    }
    let is_address = |text: &String| {
        text.split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
    };
    if !is_address(&request.from_email_address) || !recipients.iter().all(is_address) {
        return Err("Invalid email address".into());
    }
    // A name that can never be (RFC 6761): so that a refused mail can be seen on a laptop.
    if recipients.iter().any(|to| to.ends_with(".invalid")) {
        return Err("Local address contains an unknown domain".into());
    }
    let simple = request
        .content
        .simple
        .ok_or("the embedded SES reads Simple content only")?;
    let reply_to = request.reply_to_addresses.into_iter().next();
    let mail = Mail {
        id: 0,
        sent_at: mailbox.clock.now(),
        from: request.from_email_address,
        to: recipients,
        subject: simple.subject.data,
        text: simple.body.text.map(|part| part.data).unwrap_or_default(),
        html: simple.body.html.map(|part| part.data),
        headers: simple
            .headers
            .into_iter()
            .map(|header| (header.name, header.value))
            .chain(reply_to.map(|address| ("Reply-To".to_owned(), address)))
            .collect(),
    };
    Ok(mailbox.push(mail, &request.under))
}

fn refusal(kind: &'static str, message: &str) -> Response {
    let body = Json(json!({ "message": message }));
    (StatusCode::BAD_REQUEST, [("x-amzn-errortype", kind)], body).into_response()
}
