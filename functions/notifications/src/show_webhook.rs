//! `GET /v1/workspaces/{workspace}/webhooks/{webhook}`: one of them, and since when it fails.

use axum::extract::State;
use shared::{
    app::App,
    domain::{Permission, WebhookId, WorkspaceId},
    http::{AccessToken, Path, Problem, Problems, Versioned},
    store::{keys, webhook::WebhookHealth},
};

use crate::webhook::{self, WebhookView};

/// Show a webhook.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/webhooks/{webhook}",
    operation_id = "show_webhook",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("webhook" = WebhookId, Path, description = "The webhook."),
    ),
    responses((status = 200, description = "The webhook, without its secret.", body = WebhookView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, WebhookId)>,
) -> Result<Versioned<WebhookView>, Problem> {
    let at_health = keys::webhook_health(workspace, id);
    let wanted = vec![keys::webhook(workspace, id), at_health.clone()];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    let found = webhook::found(entry, workspace, id)?;
    let health = entry.open::<WebhookHealth>(&at_health)?;
    Ok(Versioned {
        rev: found.rev,
        view: WebhookView::new(&found, entry)?.with_health(health.as_ref()),
    })
}
