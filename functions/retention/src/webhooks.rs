//! What services of the customer are told, when it is due: what `outbox` could not bring to them at once,
//! what failed, and what was asked for again.

use std::time::Duration;

use shared::{
    app::{
        App,
        webhook::{Told, Turn},
    },
    lambda::schedule::Report,
    store::{Query, StoreError, Table, db::key_of, keys},
};
use tokio::task::JoinSet;

/// How long new attempts are begun: the last ones take fifteen seconds, and the next run begins after a
/// minute.
const BUDGET: Duration = Duration::from_secs(40);
/// How many are tried at once.
const AT_ONCE: u16 = 20;

/// Tries every delivery that is due.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    report.add("webhooks_taken", 0);
    report.add("webhooks_failed", 0);
    let begun = app.clock.now();
    let mut failed = None;
    'shards: for shard in 0..keys::DELIVERY_SHARDS {
        loop {
            let now = app.clock.now();
            if now >= begun.plus(BUDGET) {
                break 'shards;
            }
            let due = Query::due(keys::delivery_shard(shard))
                .between("0", keys::until(now))
                .limit(AT_ONCE);
            let items = app.store.query(due).await?;
            let mut trying = JoinSet::new();
            for place in items.iter().filter_map(|item| key_of(Table::Data, item)) {
                let app = app.clone();
                trying.spawn(async move {
                    match keys::notification_of(&place) {
                        Some(_) => app.notify(&place, Turn::Due).await,
                        None => app.deliver(&place, Turn::Due).await,
                    }
                });
            }
            let mut went_on = false;
            while let Some(tried) = trying.join_next().await {
                match tried {
                    Ok(Ok(Told::Taken)) => report.add("webhooks_taken", 1),
                    Ok(Ok(Told::Failed)) => report.add("webhooks_failed", 1),
                    Ok(Ok(Told::Nothing)) => continue,
                    // One that fails must not hold up the others.
                    Ok(Err(error)) => {
                        failed = Some(error);
                        continue;
                    }
                    Err(_) => continue,
                }
                went_on = true;
            }
            // What was tried has left the index.
            if items.len() < usize::from(AT_ONCE) || !went_on {
                break;
            }
        }
    }
    failed.map_or(Ok(()), Err)
}
