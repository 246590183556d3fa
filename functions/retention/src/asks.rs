//! What flows ask of servers, when it is due: what `outbox` could not ask at once or not that long, and what
//! failed.

use std::time::Duration;

use shared::{
    app::{
        App,
        bot::{Asked, Round},
    },
    lambda::schedule::Report,
    store::{Query, StoreError, Table, db::key_of, keys},
};
use tokio::task::JoinSet;

/// How long new tries are begun: the last ones take half a minute, and the next run begins after a minute.
const BUDGET: Duration = Duration::from_secs(25);
/// How many are made at once.
const AT_ONCE: u16 = 20;

/// Tries every request that is due.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    report.add("flow_requests", 0);
    let begun = app.clock.now();
    let mut failed = None;
    'shards: for shard in 0..keys::FLOW_REQUEST_SHARDS {
        loop {
            let now = app.clock.now();
            if now >= begun.plus(BUDGET) {
                break 'shards;
            }
            let due = Query::due(keys::flow_request_shard(shard))
                .between("0", keys::until(now))
                .limit(AT_ONCE);
            let items = app.store.query(due).await?;
            let mut trying = JoinSet::new();
            for place in items.iter().filter_map(|item| key_of(Table::Data, item)) {
                let app = app.clone();
                trying.spawn(async move { app.ask_server(&place, Round::Due).await });
            }
            let mut went_on = false;
            while let Some(tried) = trying.join_next().await {
                match tried {
                    Ok(Ok(Asked::Answered | Asked::Failed)) => {
                        report.add("flow_requests", 1);
                        went_on = true;
                    }
                    Ok(Ok(Asked::Nothing)) | Err(_) => {}
                    // One that fails must not hold up the others.
                    Ok(Err(error)) => failed = Some(error),
                }
            }
            // What was tried has left the index.
            if items.len() < usize::from(AT_ONCE) || !went_on {
                break;
            }
        }
    }
    failed.map_or(Ok(()), Err)
}
