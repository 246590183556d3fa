//! `POST /v1/workspaces/{workspace}/webhooks`: a service of the customer is told what happens.
//!
//! The secret is in this reply and in no other. It follows from the id under the key of the workspace
//! and is stored nowhere; whoever loses the reply asks for another secret.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Permission, WebhookId, WorkspaceId,
        text::{Name, Setting},
        webhook::HookEvent,
    },
    http::{AccessToken, Code, Json, Path, Problem, Problems, json::object},
    store::{
        CommitError, Stored, Transaction, Unsealed,
        app::Label,
        audit::Deed,
        keys,
        webhook::{MOST_WEBHOOKS, Payload, Webhook, WebhookStatus},
    },
};
use utoipa::ToSchema;

use crate::{
    filters::Filters,
    webhook::{WebhookView, check_address, distinct},
};

/// An endpoint to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// What the team calls it.
    #[schema(example = "Shop server")]
    name: Name,
    /// Where it is: `https`, a public host by its name, port 443.
    #[schema(value_type = String, format = "uri", example = "https://shop.example.com/hooks", max_length = 500)]
    url: Setting,
    /// What it is told of.
    #[schema(max_items = 13, example = json!(["message.created", "conversation.closed"]))]
    events: Vec<HookEvent>,
    /// Of which conversations: of all unless it says otherwise.
    #[serde(default, deserialize_with = "object")]
    #[schema(required = false)]
    filters: Filters,
    /// How much it is told: `thin` unless it says otherwise. With `full` the receiver processes
    /// personal data.
    #[serde(default = "thin")]
    #[schema(default = "thin")]
    payload: Payload,
}

const fn thin() -> Payload {
    Payload::Thin
}

/// Create a webhook.
///
/// Takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/webhooks",
    operation_id = "create_webhook",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = CreateWebhook,
    responses((status = 201, description = "Made, with its secret.", body = WebhookView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<CreateWebhook>,
) -> Result<(StatusCode, Json<WebhookView>), Problem> {
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, Vec::new())
        .await?;
    member.proved()?;
    let entry = &member.entry;
    check_address(&app, &body.url)?;
    let events = distinct(body.events)?;
    let there = app.store.webhooks(workspace, entry.lens()).await?;
    if there.len() >= usize::from(MOST_WEBHOOKS) {
        let detail = format!("a workspace has at most {MOST_WEBHOOKS} webhooks; delete one");
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    let id = WebhookId::new(entry.now);
    let address = Webhook::seal_address(&entry.tenant_key, (workspace, id), body.url.as_str())?;
    let mut webhook = Webhook {
        id,
        workspace,
        name: Label::new(&body.name),
        address,
        events,
        app_ids: None,
        team_ids: None,
        payload: body.payload,
        status: WebhookStatus::Enabled,
        disabled_at: None,
        secret_number: 1,
        overlap_until: None,
        created_at: entry.now,
        rev: 1,
    };
    body.filters.set(&app, entry, &mut webhook).await?;
    let stored = Stored::new(webhook, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    transaction.check_live(keys::policy(workspace));
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = WebhookView::new(stored.record(), entry)?;
            let view = view.with_secret(stored.record(), entry);
            Ok((StatusCode::CREATED, Json(view)))
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
