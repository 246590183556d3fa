//! `sotto announce`: one text to many accounts, over the operator's two routes.
//!
//! First it is rehearsed: the deployment counts whom it would reach, and writes to nobody. The operator
//! sees the number and says yes or no. A run that was cut off is repeated with the same words and
//! writes to nobody twice: the key of the request follows from what it says.

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use shared::domain::receipt::hash;

use crate::egress;

/// Where announcements are made.
const PATH: &str = "/v1/operator/announcements";

/// What is announced, as the API takes it.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// `marketing`, `service` or `material_change`.
    pub class: String,
    /// The subject of the mail.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Only to members of these.
    pub workspaces: Vec<String>,
    /// Of a change that matters: the day of the version.
    pub version: Option<String>,
    /// Of a change that matters: from when on it holds.
    pub effective_at: Option<String>,
}

/// Whether letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are counted.
    Rehearse,
    /// They are written.
    Send,
}

impl Mode {
    const fn word(self) -> &'static str {
        match self {
            Self::Rehearse => "rehearse",
            Self::Send => "send",
        }
    }
}

/// How far an announcement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its id.
    pub id: String,
    /// Whether everybody was looked at.
    pub done: bool,
    /// How many accounts were looked at.
    pub looked_at: u64,
    /// How many letters were written, or would have been.
    pub letters: u64,
}

impl Progress {
    fn of(answer: &Value) -> Option<Self> {
        Some(Self {
            id: answer["id"].as_str()?.to_owned(),
            // One of a change that matters waits for new owners until the change holds.
            done: answer["state"] == "done" || !answer["finished_at"].is_null(),
            looked_at: answer["looked_at"].as_u64()?,
            letters: answer["letters"].as_u64()?,
        })
    }
}

impl Announcement {
    fn body(&self, mode: Mode) -> Value {
        let mut body = json!({
            "class": self.class, "subject": self.subject, "text": self.text,
            "workspaces": self.workspaces, "mode": mode.word(),
        });
        if let Some(version) = &self.version {
            body["version"] = version.as_str().into();
        }
        if let Some(at) = &self.effective_at {
            body["effective_at"] = at.as_str().into();
        }
        body
    }
}

/// The API of a deployment, as its operator uses it.
pub struct Operator {
    api: String,
    token: String,
    connector: SharedHttpConnector,
}

impl Operator {
    /// The operator who holds `token`, an access token of ten minutes, at the deployment `api`.
    pub fn new(api: &str, token: &str) -> Self {
        Self {
            api: api.trim_end_matches('/').to_owned(),
            token: token.trim().to_owned(),
            connector: egress::everywhere(),
        }
    }

    /// Announces something, or rehearses it. The same words twice are the same announcement for a day.
    ///
    /// # Errors
    /// One line that says why not.
    pub async fn announce(
        &self,
        announcement: &Announcement,
        mode: Mode,
    ) -> Result<Progress, String> {
        let body = announcement.body(mode).to_string();
        let key = hash(body.as_bytes());
        self.ask("POST", PATH, Some((body, key))).await
    }

    /// How far an announcement is.
    ///
    /// # Errors
    /// One line that says why it cannot be told.
    pub async fn progress(&self, id: &str) -> Result<Progress, String> {
        self.ask("GET", &format!("{PATH}/{id}"), None).await
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<(String, String)>,
    ) -> Result<Progress, String> {
        let mut request = HttpRequest::new(match &body {
            Some((body, _)) => SdkBody::from(body.as_str()),
            None => SdkBody::empty(),
        });
        let failed = |what: &str| format!("{}{path}: {what}", self.api);
        request
            .set_method(method)
            .and_then(|()| request.set_uri(format!("{}{path}", self.api)))
            .map_err(|_| failed("no address"))?;
        let headers = request.headers_mut();
        let bearer = format!("Bearer {}", self.token);
        if headers.try_insert("authorization", bearer).is_err() {
            return Err("the token is none: an access token is one line".to_owned());
        }
        if let Some((_, key)) = body {
            headers.insert("content-type", "application/json");
            headers.insert("idempotency-key", key);
        }
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| failed(&error.to_string()))?;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await;
        let bytes = bytes.map_err(|error| failed(&error.to_string()))?;
        let answer: Value = serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default();
        if (200..300).contains(&status) {
            let form = || failed("an answer that is none of an announcement");
            return Progress::of(&answer).ok_or_else(form);
        }
        let code = answer["code"].as_str().unwrap_or("no code");
        Err(match (status, code) {
            (401, _) => "the token is good no more: sign in again, with both factors".to_owned(),
            (403, "step_up_required") => {
                "the proof is older than ten minutes: sign in again, with both factors".to_owned()
            }
            (403 | 404, _) => "only the operator of the deployment announces".to_owned(),
            _ => {
                let at = answer["errors"][0]["pointer"].as_str().unwrap_or_default();
                failed(&format!("{status} {code} {at}"))
            }
        })
    }
}
