//! `POST /v1/workspaces/{workspace}/webhooks/{webhook}/replay`: what an endpoint was told is sent once more, under
//! the same ids: one delivery, or those of a span of time.
//!
//! What waits already is left as it is, so a repeated request sends nothing twice. What comes again is due
//! at once, and the schedule of the minute sends it.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{DeliveryId, Permission, Timestamp, WebhookId, WorkspaceId},
    http::{AccessToken, Code, Json, Path, Problem, Problems, actor::Entry},
    store::{
        self, CommitError, Stored, Transaction, Unsealed, keys,
        record::read_item,
        webhook::{Delivery, DeliveryState, WebhookStatus},
    },
};
use utoipa::ToSchema;

use crate::webhook;

/// How many are sent again by one request.
const MOST_AT_ONCE: usize = 200;
/// How many are read at once.
const READ: u16 = 100;
/// How many are looked at by one request.
const MOST_LOOKED_AT: usize = 2000;

/// What to send again: one delivery, or a span.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWebhook {
    /// The one delivery.
    delivery_id: Option<DeliveryId>,
    /// What happened from here on.
    from: Option<Timestamp>,
    /// What happened before this.
    to: Option<Timestamp>,
    /// Of a span only those that were `delivered`, or only those that `failed`.
    state: Option<DeliveryState>,
}

/// What was sent again.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    /// How many wait now to be sent again.
    #[schema(example = 12)]
    queued: u64,
    /// Where the span goes on that was too long for one request: repeat it with this as `from`.
    continue_from: Option<Timestamp>,
}

enum Which {
    One(DeliveryId),
    Span(Timestamp, Timestamp),
}

/// Send deliveries of a webhook again.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/webhooks/{webhook}/replay",
    operation_id = "replay_webhook",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("webhook" = WebhookId, Path, description = "The webhook."),
    ),
    request_body = ReplayWebhook,
    responses((status = 202, description = "They are on their way.", body = Replayed), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, WebhookId)>,
    Json(body): Json<ReplayWebhook>,
) -> Result<(StatusCode, Json<Replayed>), Problem> {
    let mut wanted = vec![keys::webhook(workspace, id)];
    wanted.extend(
        body.delivery_id
            .map(|one| keys::delivery(workspace, id, one)),
    );
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    let webhook = webhook::found(entry, workspace, id)?;
    let which = which(&body)?;
    if webhook.status != WebhookStatus::Enabled {
        let detail = "switch it on first";
        return Err(Problem::new(Code::NotChangeable).with_detail(detail.to_owned()));
    }
    let replayed = match which {
        Which::One(one) => {
            let place = keys::delivery(workspace, id, one);
            let found = entry.open::<Delivery>(&place)?;
            let found = found.ok_or_else(|| Problem::new(Code::NotFound))?;
            Replayed {
                queued: u64::from(again(&app, entry, found).await?),
                continue_from: None,
            }
        }
        Which::Span(from, to) => {
            let state = body.state;
            span(&app, entry, (workspace, id), (from, to), state).await?
        }
    };
    Ok((StatusCode::ACCEPTED, Json(replayed)))
}

fn which(body: &ReplayWebhook) -> Result<Which, Problem> {
    match (body.delivery_id, body.from, body.to) {
        (Some(one), None, None) if body.state.is_none() => Ok(Which::One(one)),
        (None, Some(from), Some(to)) if from < to => Ok(Which::Span(from, to)),
        (None, Some(_), Some(_)) => {
            let detail = "a time after `from`";
            Err(Problem::invalid("#/to", "out_of_range", detail))
        }
        _ => {
            let detail = "either `delivery_id`, or `from` and `to`";
            Err(Problem::invalid("#/delivery_id", "required", detail))
        }
    }
}

async fn span(
    app: &App,
    entry: &Entry,
    (workspace, id): (WorkspaceId, WebhookId),
    (from, to): (Timestamp, Timestamp),
    state: Option<DeliveryState>,
) -> Result<Replayed, Problem> {
    let (mut queued, mut looked_at, mut after) = (0, 0, None);
    loop {
        // Ids begin with the time at which it happened.
        let low = DeliveryId::derived(from, &[0; 32]).to_string();
        let high = DeliveryId::derived(to, &[0; 32]).to_string();
        let mut query = store::Query::partition(keys::deliveries(workspace, id))
            .between(low, high)
            .limit(READ);
        if let Some(last) = after {
            query = query.after(keys::delivery(workspace, id, last), String::new());
        }
        let page = app.store.page(query).await?;
        for item in &page.items {
            let Some(found) = read_item::<Delivery>(item, &Unsealed, entry.lens())? else {
                continue;
            };
            if queued == MOST_AT_ONCE as u64 || looked_at == MOST_LOOKED_AT {
                return Ok(Replayed {
                    queued,
                    continue_from: Some(found.happened_at),
                });
            }
            looked_at += 1;
            after = Some(found.id);
            if state.is_none_or(|state| found.delivery_state == state) {
                queued += u64::from(again(app, entry, found).await?);
            }
        }
        if !page.more {
            return Ok(Replayed {
                queued,
                continue_from: None,
            });
        }
    }
}

/// Makes one wait again, unless it does.
async fn again(app: &App, entry: &Entry, delivery: Delivery) -> Result<bool, Problem> {
    if delivery.delivery_state == DeliveryState::Pending {
        return Ok(false);
    }
    let stored = Stored::next(delivery.again(entry.now), &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&stored, &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(true),
        // Somebody else made it wait, or it has ended since.
        Err(CommitError::Refused(_)) => Ok(false),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
