//! `PATCH /v1/workspaces/{workspace}/webhooks/{webhook}`: another name, address, choice of events, or
//! whether it is told anything. What waits already goes to the new address.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Permission, WebhookId, WorkspaceId,
        text::{Name, Setting},
        webhook::HookEvent,
    },
    http::{
        AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned,
        json::{given, given_object},
    },
    store::{
        CommitError, Stored, Transaction, Unsealed,
        app::Label,
        audit::Deed,
        keys,
        webhook::{Payload, Webhook, WebhookHealth, WebhookStatus},
    },
};
use utoipa::ToSchema;

use crate::{
    filters::Filters,
    webhook::{self, WebhookView, check_address, distinct},
};

/// What to change of a webhook.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeWebhook {
    /// What the team calls it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Shop server")]
    name: Option<Name>,
    /// Where it is. Takes a factor that was proved in the last ten minutes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, format = "uri", nullable = false, example = "https://shop.example.com/hooks", max_length = 500)]
    url: Option<Setting>,
    /// What it is told of.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 13)]
    events: Option<Vec<HookEvent>>,
    /// Of which conversations, from now on: both lists, and one that is left out is empty.
    #[serde(default, deserialize_with = "given_object")]
    #[schema(nullable = false)]
    filters: Option<Filters>,
    /// How much. `full` takes a factor that was proved in the last ten minutes.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    payload: Option<Payload>,
    /// `enabled` or `paused`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    status: Option<WebhookStatus>,
}

/// Change a webhook.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/webhooks/{webhook}",
    operation_id = "change_webhook",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("webhook" = WebhookId, Path, description = "The webhook."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change. Without it: 428."),
    ),
    request_body = ChangeWebhook,
    responses((status = 200, description = "The webhook.", body = WebhookView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, WebhookId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeWebhook>,
) -> Result<Versioned<WebhookView>, Problem> {
    let wanted = vec![keys::webhook(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    let mut webhook = webhook::found(entry, workspace, id)?;
    if_match.required()?;
    if_match.check(webhook.rev)?;
    // Where data go, and how much of them, is changed by who has just proved who they are.
    if body.url.is_some() || body.payload == Some(Payload::Full) {
        member.proved()?;
    }
    if let Some(url) = &body.url {
        check_address(&app, url)?;
        webhook.address = Webhook::seal_address(&entry.tenant_key, (workspace, id), url.as_str())?;
    }
    let mut transaction = Transaction::new(entry.now);
    match body.status {
        None => {}
        Some(WebhookStatus::Disabled) => {
            let detail = "`enabled` or `paused`";
            return Err(Problem::invalid("#/status", "not_a_choice", detail));
        }
        Some(status) => {
            webhook.status = status;
            webhook.disabled_at = None;
            // Switched on, it begins anew: its five days count from the next failure.
            let health = WebhookHealth::good(workspace, id, entry.now);
            transaction.overwrite(&Stored::new(health, &entry.policy), &Unsealed)?;
        }
    }
    webhook.name = body.name.as_ref().map_or(webhook.name, Label::new);
    webhook.payload = body.payload.unwrap_or(webhook.payload);
    if let Some(events) = body.events {
        webhook.events = distinct(events)?;
    }
    if let Some(filters) = body.filters {
        filters.set(&app, entry, &mut webhook).await?;
    }
    let stored = Stored::next(webhook, &entry.policy);
    transaction.replace(&stored, &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Versioned {
            rev: stored.record().rev,
            view: WebhookView::new(stored.record(), entry)?,
        }),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
