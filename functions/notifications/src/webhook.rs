//! An endpoint as the team sees it.

use serde::Serialize;
use shared::{
    app::{App, webhook::secret_text},
    domain::{Timestamp, WebhookId, WorkspaceId, text::Setting, webhook::HookEvent},
    http::{Code, Problem, actor::Entry},
    store::{
        keys,
        webhook::{Payload, Webhook, WebhookHealth, WebhookStatus},
    },
};
use utoipa::ToSchema;

use crate::filters::Filters;

/// A service of the customer that is told what happens.
#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    id: WebhookId,
    /// What the team calls it.
    #[schema(example = "Shop server")]
    name: String,
    /// Where it is.
    #[schema(example = "https://shop.example.com/hooks")]
    url: String,
    /// What it is told of; besides, every endpoint is told of `contact.deleted`.
    events: Vec<HookEvent>,
    /// Of which conversations.
    filters: Filters,
    /// How much it is told.
    payload: Payload,
    /// Whether it is told anything.
    status: WebhookStatus,
    /// Since when it is not, if it failed.
    disabled_at: Option<Timestamp>,
    /// Since when nothing has arrived there and something has failed. Absent in replies to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    /// What its deliveries are signed with. Only in the reply to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
    )]
    secret: Option<String>,
    /// Until when the secret before is signed with as well.
    overlap_until: Option<Timestamp>,
    /// When it was made.
    created_at: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl WebhookView {
    /// The view of an endpoint.
    pub fn new(webhook: &Webhook, entry: &Entry) -> Result<Self, Problem> {
        Ok(Self {
            id: webhook.id,
            name: webhook.name.as_str().to_owned(),
            url: webhook.address(&entry.tenant_key)?,
            events: webhook.events.clone(),
            filters: Filters::of(webhook),
            payload: webhook.payload,
            status: webhook.status,
            disabled_at: webhook.disabled_at,
            failing_since: None,
            secret: None,
            overlap_until: webhook.overlap_until.filter(|until| *until > entry.now),
            created_at: webhook.created_at,
            rev: webhook.rev,
        })
    }

    /// The same with how it does.
    pub fn with_health(self, health: Option<&WebhookHealth>) -> Self {
        Self {
            failing_since: health.and_then(|health| health.failing_since),
            ..self
        }
    }

    /// The same with the secret that was just made.
    pub fn with_secret(self, webhook: &Webhook, entry: &Entry) -> Self {
        let secret = webhook.secret(&entry.tenant_key);
        Self {
            secret: Some(secret_text(secret.as_slice())),
            ..self
        }
    }
}

/// The endpoint of a path, read with the request.
pub fn found(entry: &Entry, workspace: WorkspaceId, id: WebhookId) -> Result<Webhook, Problem> {
    let found = entry.open::<Webhook>(&keys::webhook(workspace, id))?;
    found.ok_or_else(|| Problem::new(Code::NotFound))
}

/// An address that may be connected to, as far as can be said before its name is looked up.
pub fn check_address(app: &App, url: &Setting) -> Result<(), Problem> {
    match app.egress.address(url.as_str()) {
        Ok(_) => Ok(()),
        Err(_) => {
            let detail =
                "an address that begins with https, of a public host by its name, on port 443";
            Err(Problem::invalid("#/url", "bad_address", detail))
        }
    }
}

/// The events, each once, if an endpoint can choose them.
pub fn distinct(events: Vec<HookEvent>) -> Result<Vec<HookEvent>, Problem> {
    for (place, event) in events.iter().enumerate() {
        if !event.is_choice() {
            let pointer = format!("#/events/{place}");
            let detail = "an event that happens";
            return Err(Problem::invalid(&pointer, "not_a_choice", detail));
        }
    }
    let chosen = HookEvent::ALL.iter().copied();
    Ok(chosen.filter(|event| events.contains(event)).collect())
}
