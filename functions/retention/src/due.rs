//! What stands in the shards of an index until it is due, and is tried then: many at once, for as long as one run
//! may take.

use std::{future::Future, time::Duration};

use shared::{
    app::App,
    store::{Key, Query, StoreError, Table, db::key_of, keys},
};
use tokio::task::JoinSet;

/// How many are tried at once.
const AT_ONCE: u16 = 20;

/// Tries what is due in these shards, and tells `count` what became of each. `count` says whether it has left the
/// index, so that there may be more behind it.
///
/// New tries are begun within `budget`.
///
/// # Errors
/// The last failure of storage. One that fails does not hold up the others.
pub async fn try_all<F, T>(
    app: &App,
    shards: impl Iterator<Item = String>,
    budget: Duration,
    attempt: impl Fn(Key) -> F,
    mut count: impl FnMut(T) -> bool,
) -> Result<(), StoreError>
where
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    let stop_at = app.clock.now().plus(budget);
    let mut failed = None;
    'shards: for shard in shards {
        loop {
            let now = app.clock.now();
            if now >= stop_at {
                break 'shards;
            }
            let due = Query::due(shard.clone())
                .between("0", keys::until(now))
                .limit(AT_ONCE);
            let items = app.store.query(due).await?;
            let mut trying = JoinSet::new();
            for place in items.iter().filter_map(|item| key_of(Table::Data, item)) {
                trying.spawn(attempt(place));
            }
            let mut went_on = false;
            while let Some(tried) = trying.join_next().await {
                match tried {
                    Ok(Ok(became)) => went_on |= count(became),
                    Ok(Err(error)) => failed = Some(error),
                    Err(_) => tracing::error!("a try of what is due crashed"),
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
