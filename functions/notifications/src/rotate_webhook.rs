//! `POST /v1/workspaces/{workspace}/webhooks/{webhook}/secret`: another secret. For as long as is asked for,
//! deliveries are signed with the one before as well, so that no service has to change over in a moment.

use std::time::Duration;

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, WebhookId, WorkspaceId},
    http::{AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned},
    store::{CommitError, Stored, Transaction, Unsealed, audit::Deed, keys},
};
use utoipa::ToSchema;

use crate::webhook::{self, WebhookView};

/// The longest overlap: a week.
const MOST_HOURS: u64 = 168;
const HOUR_SECONDS: u64 = 60 * 60;

/// How the secret is changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateWebhook {
    /// How many hours the secret before is signed with as well: 0 to 168.
    #[serde(default = "day")]
    #[schema(default = 24, minimum = 0, maximum = 168, example = 24)]
    overlap_hours: u64,
}

const fn day() -> u64 {
    24
}

/// Rotate the secret of a webhook.
///
/// Takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/webhooks/{webhook}/secret",
    operation_id = "rotate_webhook",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("webhook" = WebhookId, Path, description = "The webhook."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change. Without it: 428, so that a repeated request does not rotate twice."),
    ),
    request_body = RotateWebhook,
    responses((status = 200, description = "The webhook, with its new secret.", body = WebhookView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, WebhookId)>,
    if_match: IfMatch,
    Json(body): Json<RotateWebhook>,
) -> Result<Versioned<WebhookView>, Problem> {
    let wanted = vec![keys::webhook(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    member.proved()?;
    let entry = &member.entry;
    let mut webhook = webhook::found(entry, workspace, id)?;
    if_match.required()?;
    if_match.check(webhook.rev)?;
    if body.overlap_hours > MOST_HOURS {
        let detail = format!("0 to {MOST_HOURS}");
        return Err(Problem::invalid("#/overlap_hours", "out_of_range", &detail));
    }
    let overlap = Duration::from_secs(body.overlap_hours * HOUR_SECONDS);
    webhook.secret_number += 1;
    webhook.overlap_until = (!overlap.is_zero()).then(|| entry.now.plus(overlap));
    let stored = Stored::next(webhook, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &Unsealed)?;
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => {
            let view = WebhookView::new(stored.record(), entry)?;
            Ok(Versioned {
                rev: stored.record().rev,
                view: view.with_secret(stored.record(), entry),
            })
        }
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
