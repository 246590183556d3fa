//! What DynamoDB forgets when it restores a table: TTL, stream, point-in-time recovery and deletion
//! protection. They are set again, as the template sets them.

use aws_sdk_dynamodb::{
    Client,
    error::DisplayErrorContext,
    types::{
        PointInTimeRecoverySpecification, StreamSpecification, StreamViewType, TableDescription,
        TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
    },
};
use shared::domain::retention::{DATA_PITR_DAYS, erasure_days::KEYS_PITR};

/// The attribute whose time deletes an item.
const TTL: &str = "ttl";

/// What a table has to be like.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Its indexes.
    indexes: &'static [&'static str],
    /// Whether changes of it are told.
    stream: Option<StreamView>,
    /// For how many days it can be brought back.
    recovery_days: u32,
}

/// What a stream shows.
#[derive(Clone, Copy, Debug)]
enum StreamView {
    /// Items as they were and as they are.
    NewAndOld,
}

impl Settings {
    /// Of the table `data`.
    pub const DATA: Self = Self {
        indexes: &["changes", "lists", "due"],
        stream: Some(StreamView::NewAndOld),
        recovery_days: DATA_PITR_DAYS,
    };
    /// Of the table `keys`: no stream, and seven days, because a backup of a key undoes an erasure.
    pub const KEYS: Self = Self {
        indexes: &[],
        stream: None,
        recovery_days: KEYS_PITR,
    };

    /// Its indexes.
    pub const fn indexes(self) -> &'static [&'static str] {
        self.indexes
    }

    /// Whether changes of it are told.
    pub const fn streams(self) -> bool {
        self.stream.is_some()
    }

    /// For how many days it can be brought back.
    pub const fn recovery_days(self) -> u32 {
        self.recovery_days
    }
}

fn failed<E: std::error::Error>(error: E) -> String {
    DisplayErrorContext(error).to_string()
}

/// Gives a restored table its settings; says the ARN of its stream, if it has one. Safe to run again.
///
/// # Errors
/// When the table is not one that may be served from, or DynamoDB refuses.
pub async fn apply(
    client: &Client,
    table: &str,
    settings: Settings,
) -> Result<Option<String>, String> {
    let found = describe(client, table).await?;
    if found.table_status() != Some(&TableStatus::Active) {
        return Err(format!("{table} is not active yet: wait until it is"));
    }
    let names = found.global_secondary_indexes().iter();
    let names: Vec<&str> = names.filter_map(|index| index.index_name()).collect();
    if let Some(missing) = settings.indexes.iter().find(|name| !names.contains(name)) {
        return Err(format!(
            "{table} was restored without the index {missing}: restore it again, with all indexes"
        ));
    }
    let sealed = found
        .sse_description()
        .and_then(|sse| sse.kms_master_key_arn());
    if sealed.is_none() {
        return Err(format!(
            "{table} was restored without the deployment's KMS key: restore it again, with that key"
        ));
    }
    expire(client, table).await?;
    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .recovery_period_in_days(i32::try_from(settings.recovery_days).unwrap_or(i32::MAX))
        .build()
        .map_err(failed)?;
    client
        .update_continuous_backups()
        .table_name(table)
        .point_in_time_recovery_specification(recovery)
        .send()
        .await
        .map_err(failed)?;
    if found.deletion_protection_enabled() != Some(true) {
        client
            .update_table()
            .table_name(table)
            .deletion_protection_enabled(true)
            .send()
            .await
            .map_err(failed)?;
    }
    let Some(StreamView::NewAndOld) = settings.stream else {
        return Ok(None);
    };
    if found.latest_stream_arn().is_none() {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()
            .map_err(failed)?;
        client
            .update_table()
            .table_name(table)
            .stream_specification(stream)
            .send()
            .await
            .map_err(failed)?;
    }
    let found = describe(client, table).await?;
    let arn = found.latest_stream_arn().map(str::to_owned);
    arn.map(Some)
        .ok_or_else(|| format!("{table} has no stream yet: run this again in a minute"))
}

async fn describe(client: &Client, table: &str) -> Result<TableDescription, String> {
    let answer = client.describe_table().table_name(table).send().await;
    let found = answer.map_err(failed)?.table;
    found.ok_or_else(|| format!("DynamoDB does not describe {table}"))
}

async fn expire(client: &Client, table: &str) -> Result<(), String> {
    let answer = client
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await;
    let found = answer.map_err(failed)?.time_to_live_description;
    let status = found.and_then(|found| found.time_to_live_status);
    // Setting it twice is an error.
    if let Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling) = status {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(TTL)
        .enabled(true)
        .build()
        .map_err(failed)?;
    client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map(|_| ())
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
    use serde_json::{Value, json};
    use shared::app::{Config, clients};

    use super::*;

    type Calls = Arc<Mutex<Vec<(String, Value)>>>;

    /// A DynamoDB that says what was restored, and remembers what it was told.
    async fn restored(table: Value) -> (Client, Calls) {
        let calls = Calls::default();
        let heard = calls.clone();
        let answer = move |headers: HeaderMap, body: Bytes| {
            let heard = heard.clone();
            let table = table.clone();
            async move {
                let target = headers["x-amz-target"].to_str().expect("text");
                let name = target.rsplit('.').next().expect("a name").to_owned();
                let body: Value = serde_json::from_slice(&body).expect("JSON");
                heard.lock().expect("calls").push((name.clone(), body));
                match name.as_str() {
                    "DescribeTable" => json!({ "Table": table }).to_string(),
                    "DescribeTimeToLive" => {
                        json!({ "TimeToLiveDescription": { "TimeToLiveStatus": "DISABLED" } })
                            .to_string()
                    }
                    _ => "{}".to_owned(),
                }
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut vars: std::collections::HashMap<String, String> = Config::VARIABLES
            .iter()
            .map(|name| ((*name).to_owned(), "x".to_owned()))
            .collect();
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            vars.insert(name.to_owned(), "test".to_owned());
        }
        vars.remove("BILLING_PLANS");
        vars.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), url);
        let config = Config::from_vars(&vars).expect("settings");
        let http = aws_smithy_http_client::Builder::new().build_http();
        (clients::dynamodb(&config, http), calls)
    }

    fn table() -> Value {
        let index = |name: &str| json!({ "IndexName": name });
        json!({
            "TableName": "restored", "TableStatus": "ACTIVE",
            "GlobalSecondaryIndexes": [index("changes"), index("lists"), index("due")],
            "SSEDescription": { "Status": "ENABLED", "KMSMasterKeyArn": "arn:key" },
            "LatestStreamArn": "arn:stream",
        })
    }

    fn told(calls: &Calls, name: &str) -> Vec<Value> {
        let calls = calls.lock().expect("calls");
        let of = calls.iter().filter(|(call, _)| call == name);
        of.map(|(_, body)| body.clone()).collect()
    }

    #[tokio::test]
    async fn a_restored_table_gets_back_what_dynamodb_forgot() {
        let mut without = table();
        without["LatestStreamArn"] = Value::Null;
        let (client, calls) = restored(without).await;
        // The one that answers here never has a stream, which is said.
        let error = apply(&client, "restored", Settings::DATA).await;
        assert!(error.expect_err("no stream").contains("no stream yet"));
        let ttl = &told(&calls, "UpdateTimeToLive")[0]["TimeToLiveSpecification"];
        assert_eq!(*ttl, json!({ "AttributeName": "ttl", "Enabled": true }));
        let recovery = &told(&calls, "UpdateContinuousBackups")[0];
        let recovery = &recovery["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["RecoveryPeriodInDays"], 30);
        let updates = told(&calls, "UpdateTable");
        assert_eq!(updates[0]["DeletionProtectionEnabled"], true);
        let stream = &updates[1]["StreamSpecification"];
        assert_eq!(stream["StreamViewType"], "NEW_AND_OLD_IMAGES");
    }

    #[tokio::test]
    async fn the_table_of_keys_gets_seven_days_and_no_stream() {
        let (client, calls) = restored(table()).await;
        let arn = apply(&client, "restored", Settings::KEYS).await;
        assert_eq!(arn.expect("applied"), None);
        let recovery = &told(&calls, "UpdateContinuousBackups")[0];
        let recovery = &recovery["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["RecoveryPeriodInDays"], 7);
        assert_eq!(told(&calls, "UpdateTable").len(), 1);
    }

    #[tokio::test]
    async fn a_table_without_its_indexes_or_its_key_is_refused() {
        for (field, word) in [
            ("GlobalSecondaryIndexes", "index"),
            ("SSEDescription", "KMS"),
            ("TableStatus", "active"),
        ] {
            let mut table = table();
            table[field] = Value::Null;
            let (client, calls) = restored(table).await;
            let refused = apply(&client, "restored", Settings::DATA).await;
            assert!(refused.expect_err("refused").contains(word), "{field}");
            assert!(told(&calls, "UpdateTimeToLive").is_empty());
        }
    }
}
