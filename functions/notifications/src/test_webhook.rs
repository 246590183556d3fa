//! `POST /v1/workspaces/{workspace}/webhooks/{webhook}/test`: the endpoint is sent `webhook.test`, which the log
//! of its deliveries then tells about.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::App,
    domain::{DeliveryId, Permission, WebhookId, WorkspaceId, webhook::HookEvent},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, keys,
        webhook::{Delivery, WebhookStatus},
    },
};

use crate::{delivery::DeliveryView, webhook};

/// Send a test to a webhook.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/webhooks/{webhook}/test",
    operation_id = "test_webhook",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("webhook" = WebhookId, Path, description = "The webhook."),
    ),
    responses((status = 202, description = "It is on its way.", body = DeliveryView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, WebhookId)>,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let wanted = vec![keys::webhook(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    let webhook = webhook::found(entry, workspace, id)?;
    if webhook.status != WebhookStatus::Enabled {
        let detail = "switch it on first";
        return Err(Problem::new(Code::NotChangeable).with_detail(detail.to_owned()));
    }
    let delivery = Delivery::new(
        &webhook,
        DeliveryId::new(entry.now),
        HookEvent::WebhookTest,
        (entry.now, entry.now),
    );
    let stored = Stored::new(delivery, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.create(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((
            StatusCode::ACCEPTED,
            Json(DeliveryView::new(stored.record())),
        )),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}
