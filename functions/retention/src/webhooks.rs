//! What services of the customer and devices are told, when it is due: what `outbox` could not bring to them at
//! once, what failed, and what was asked for again.

use std::time::Duration;

use shared::{
    app::{
        App,
        webhook::{Told, Turn},
    },
    lambda::schedule::Report,
    store::{StoreError, keys},
};

use crate::due;

/// How long new attempts are begun: the last ones take fifteen seconds, and the next run begins after a
/// minute.
const BUDGET: Duration = Duration::from_secs(40);

/// Tries every delivery that is due.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    report.add("webhooks_taken", 0);
    report.add("webhooks_failed", 0);
    let shards = (0..keys::DELIVERY_SHARDS).map(keys::delivery_shard);
    let attempt = |place| {
        let app = app.clone();
        async move {
            match keys::notification_of(&place) {
                Some(_) => app.notify(&place, Turn::Due).await,
                None => app.deliver(&place, Turn::Due).await,
            }
        }
    };
    let count = |told| {
        match told {
            Told::Taken => report.add("webhooks_taken", 1),
            Told::Failed => report.add("webhooks_failed", 1),
            Told::Nothing => return false,
        }
        true
    };
    due::try_all(app, shards, BUDGET, attempt, count).await
}
