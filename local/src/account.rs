//! What the embedded stack says of its account: Lambda's quota, and that SES takes mail in by rules of a set. Stands
//! beside the mail, at its address.

use axum::Json;
use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::{Value, json};

/// GetAccountSettings of Lambda, and DescribeActiveReceiptRuleSet of SES's older wire, the only action of it.
pub fn router() -> Router {
    Router::new()
        .route("/2016-08-19/account-settings/", get(settings))
        .route("/", post(active_rules))
}

async fn settings() -> Json<Value> {
    Json(json!({ "AccountLimit": { "ConcurrentExecutions": 1_000 }, "AccountUsage": {} }))
}

/// Mail to the contacts comes in here: they are all of one domain (`inbound`).
async fn active_rules() -> impl IntoResponse {
    let xml = "<DescribeActiveReceiptRuleSetResponse><DescribeActiveReceiptRuleSetResult>\
        <Metadata><Name>embedded</Name></Metadata><Rules><member><Recipients><member>example.com</member>\
        </Recipients></member></Rules></DescribeActiveReceiptRuleSetResult></DescribeActiveReceiptRuleSetResponse>";
    ([(header::CONTENT_TYPE, "text/xml")], xml)
}
