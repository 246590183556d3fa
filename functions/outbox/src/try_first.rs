//! The first try of what was written to be tried: deliveries to services, notifications, requests to servers.

use std::{future::Future, time::Duration};

use shared::{
    lambda::stream::{Change, Record as Changed},
    store::{Key, StoreError, Table, db::key_of},
};
use tokio::task::JoinSet;

use crate::image;

/// How long the first tries of one kind may take together: mail waits for nobody else's server.
const BUDGET: Duration = Duration::from_secs(10);

/// Tries everything of a kind that a batch says was written, all at once. Never a reason for the batch to come
/// again: what was not tried here is due in a minute.
pub async fn all<F, T>(records: &[Changed], kind: &'static str, attempt: impl Fn(Key) -> F)
where
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    let mut trying = JoinSet::new();
    for record in records {
        let image = record.dynamodb.new_image.as_ref();
        let written = image.filter(|image| {
            record.event_name == Change::Insert && image::kind(image) == Some(kind)
        });
        if let Some(place) = written.and_then(|item| key_of(Table::Data, item)) {
            trying.spawn(attempt(place));
        }
    }
    let ended = async {
        while let Some(tried) = trying.join_next().await {
            match tried {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(kind, cause = %error, "a first try has to wait"),
                Err(_) => tracing::error!(kind, "a first try crashed"),
            }
        }
    };
    if tokio::time::timeout(BUDGET, ended).await.is_err() {
        tracing::warn!(kind, "first tries took too long");
    }
}
