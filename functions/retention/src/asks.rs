//! What flows ask of servers, when it is due: what `outbox` could not ask at once or not that long, and what
//! failed.

use std::time::Duration;

use shared::{
    app::{
        App,
        bot::{Asked, Round},
    },
    lambda::schedule::Report,
    store::{StoreError, keys},
};

use crate::due;

/// How long new tries are begun: the last ones take half a minute, and the next run begins after a minute.
const BUDGET: Duration = Duration::from_secs(25);

/// Tries every request that is due.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    report.add("flow_requests", 0);
    let shards = (0..keys::FLOW_REQUEST_SHARDS).map(keys::flow_request_shard);
    let attempt = |place| {
        let app = app.clone();
        async move { app.ask_server(&place, Round::Due).await }
    };
    let count = |asked| {
        let was_tried = matches!(asked, Asked::Answered | Asked::Failed);
        report.add("flow_requests", u64::from(was_tried));
        was_tried
    };
    due::try_all(app, shards, BUDGET, attempt, count).await
}
