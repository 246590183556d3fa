//! A flow asks a server: the first try, as soon as the request is written.

use std::time::Duration;

use shared::{
    app::{App, bot::Round},
    lambda::stream::{Change, Record as Changed},
    store::{Record as _, Table, db::key_of, flow_request::FlowRequest},
};
use tokio::task::JoinSet;

use crate::image;

/// How long first tries may take together: mail waits for nobody's server.
const BUDGET: Duration = Duration::from_secs(10);

/// Tries the requests that were written, all at once. Never a reason for a batch to come again: what was not
/// tried here is due in a minute.
pub async fn try_first(app: &App, records: &[Changed]) {
    let mut trying = JoinSet::new();
    for record in records {
        let image = record.dynamodb.new_image.as_ref();
        let written = image.filter(|image| {
            let is_request = image::kind(image) == Some(FlowRequest::DECLARATION.name);
            is_request && record.event_name == Change::Insert
        });
        if let Some(place) = written.and_then(|item| key_of(Table::Data, item)) {
            let app = app.clone();
            trying.spawn(async move { app.ask_server(&place, Round::First).await });
        }
    }
    let all = async {
        while let Some(tried) = trying.join_next().await {
            match tried {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(cause = %error, "a request has to wait"),
                Err(_) => tracing::error!("a request crashed"),
            }
        }
    };
    if tokio::time::timeout(BUDGET, all).await.is_err() {
        tracing::warn!("requests took too long");
    }
}
