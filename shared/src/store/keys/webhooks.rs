//! Keys of what services of a customer are told.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | endpoint, and how it does | data | `HOOK#<ws>` | `E#<webhook>`, `H#<webhook>` |
//! | delivery | data | `HOOKED#<ws>#<webhook>` | `<delivery>` |

use uuid::Uuid;

use super::{IndexKey, Key, data};
use crate::domain::{DeliveryId, Timestamp, WebhookId, WorkspaceId};

/// What the sort keys of endpoints open with.
pub const WEBHOOK: &str = "E#";

/// An endpoint.
pub fn webhook(workspace: WorkspaceId, id: WebhookId) -> Key {
    data(webhooks(workspace), format!("{WEBHOOK}{id}"))
}

/// How an endpoint does.
pub fn webhook_health(workspace: WorkspaceId, id: WebhookId) -> Key {
    data(webhooks(workspace), format!("H#{id}"))
}

/// The partition of all endpoints of a workspace.
pub fn webhooks(workspace: WorkspaceId) -> String {
    format!("HOOK#{workspace}")
}

/// A delivery to an endpoint.
pub fn delivery(workspace: WorkspaceId, webhook: WebhookId, id: DeliveryId) -> Key {
    data(deliveries(workspace, webhook), id.to_string())
}

/// The partition of all deliveries to an endpoint, oldest first.
pub fn deliveries(workspace: WorkspaceId, webhook: WebhookId) -> String {
    format!("HOOKED#{workspace}#{webhook}")
}

/// Which delivery of which endpoint this is.
pub fn delivery_of(key: &Key) -> Option<(WorkspaceId, WebhookId, DeliveryId)> {
    let (workspace, webhook) = key.pk.strip_prefix("HOOKED#")?.split_once('#')?;
    Some((
        workspace.parse().ok()?,
        webhook.parse().ok()?,
        key.sk.parse().ok()?,
    ))
}

/// How many partitions deliveries have in the index of deadlines. They are not those of everything
/// else: a service that does not answer must not hold up the end of a snooze.
pub const DELIVERY_SHARDS: u8 = 4;

/// One shard of the deliveries that wait.
pub fn delivery_shard(shard: u8) -> String {
    format!("DUE#H{shard}")
}

/// The place of a delivery among those that wait.
pub fn delivery_due(
    workspace: WorkspaceId,
    webhook: WebhookId,
    id: DeliveryId,
    next_attempt_at: Option<Timestamp>,
) -> Option<IndexKey> {
    let partition = deliveries(workspace, webhook);
    deliveries_due(id.uuid(), &partition, &id.to_string(), next_attempt_at)
}

/// The place of what is told to somebody outside, spread over [`DELIVERY_SHARDS`] by its id.
pub(super) fn deliveries_due(
    uuid: Uuid,
    partition: &str,
    id: &str,
    next_attempt_at: Option<Timestamp>,
) -> Option<IndexKey> {
    let at = next_attempt_at?;
    let shard = uuid.as_bytes()[15] % DELIVERY_SHARDS;
    Some(IndexKey {
        pk: delivery_shard(shard),
        sk: format!("{:015}#{partition}#{id}", at.ms()),
    })
}
