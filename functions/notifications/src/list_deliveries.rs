//! `GET /v1/workspaces/{workspace}/webhooks/{webhook}/deliveries`: what an endpoint was told in the last
//! seven days, the newest event first.
//!
//! With a filter a page may hold fewer than were asked for, and still lead on: the log is read to a
//! bound, not to its end.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{DeliveryId, Permission, WebhookId, WorkspaceId, page::Limit},
    http::{AccessToken, Json, Page, Path, Problem, Problems, Query, cursor::List},
    store::{
        self, Unsealed, keys,
        record::read_item,
        webhook::{Delivery, DeliveryState},
    },
};

use crate::{delivery::DeliveryView, webhook};

/// How many are read at once.
const READ: u16 = 200;
/// How many are looked at for one page of a filtered list.
const MOST_LOOKED_AT: usize = 1000;

/// Which part of the log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
    state: Option<DeliveryState>,
}

/// List the deliveries of a webhook.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/webhooks/{webhook}/deliveries",
    operation_id = "list_deliveries",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("webhook" = WebhookId, Path, description = "The webhook."),
        ("limit" = Option<u16>, Query, description = "How many: 1 to 100, 25 unless asked otherwise.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "Where an earlier page of the same list said it goes on."),
        ("state" = Option<DeliveryState>, Query, description = "Only those that are this far."),
    ),
    responses((status = 200, description = "A page.", body = Page<DeliveryView>), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, WebhookId)>,
    Query(which): Query<Which>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let wanted = vec![keys::webhook(workspace, id)];
    let member = app
        .member(&token, workspace, Permission::WorkspaceManage, wanted)
        .await?;
    let entry = &member.entry;
    webhook::found(entry, workspace, id)?;
    let (principal, name) = (
        member.account.to_string(),
        format!("deliveries:{workspace}:{id}:{:?}", which.state),
    );
    let list = List {
        key: &entry.tenant_key,
        principal: &principal,
        name: &name,
    };
    let after = which.cursor.as_ref();
    let after = after.map(|cursor| list.read::<DeliveryId>(cursor, entry.now));
    let mut after = after.transpose()?;
    let limit = usize::from(which.limit.get());
    let (mut views, mut looked_at) = (Vec::new(), 0);
    let next = loop {
        let mut query = store::Query::partition(keys::deliveries(workspace, id))
            .newest_first()
            .limit(READ);
        if let Some(last) = after {
            query = query.after(keys::delivery(workspace, id, last), String::new());
        }
        let page = app.store.page(query).await?;
        let (count, mut done) = (page.items.len(), 0);
        for item in &page.items {
            // Behind a full page there is at least this one.
            if views.len() == limit {
                break;
            }
            (looked_at, done) = (looked_at + 1, done + 1);
            let place = item.get("sk").and_then(|place| place.as_s().ok());
            after = place.and_then(|place| place.parse().ok()).or(after);
            let found = read_item::<Delivery>(item, &Unsealed, entry.lens())?;
            let fits = |one: &Delivery| which.state.is_none_or(|state| one.delivery_state == state);
            views.extend(found.filter(fits).as_ref().map(DeliveryView::new));
        }
        if count == 0 || (done == count && !page.more) {
            break None;
        }
        if views.len() == limit || looked_at >= MOST_LOOKED_AT {
            break after;
        }
    };
    let next = next.map(|last| list.cursor(last, entry.now));
    Ok(Json(Page::new(views, next.transpose()?)))
}
