//! Everything that lies in the tables, as text: for tests that ask what is left of something.

use reqwest::Client;
use serde_json::{Value, json};

use crate::Harness;

/// DynamoDB checks that a request is signed; the embedded one does not check by whom.
const SCOPE: &str = "20260115/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// What the keys of counts, and of their salt, open with.
const COUNTS: [&str; 2] = ["\"COUNTER#", "\"SALT#"];

impl Harness {
    /// The counts of limits, in DynamoDB's JSON.
    pub async fn counts(&self) -> Vec<String> {
        let all = self.all_items().await;
        let counts = all.into_iter().filter(|item| item.contains(COUNTS[0]));
        counts.collect()
    }

    /// Every item of every table, in DynamoDB's JSON. Without the counts of limits, which change with
    /// every try.
    pub async fn items(&self) -> Vec<String> {
        let all = self.all_items().await;
        let others = all
            .into_iter()
            .filter(|item| !COUNTS.iter().any(|kind| item.contains(kind)));
        others.collect()
    }

    async fn all_items(&self) -> Vec<String> {
        let mut items = Vec::new();
        let tables = self.dynamodb("ListTables", json!({})).await;
        for table in tables["TableNames"].as_array().expect("tables") {
            let mut start = Value::Null;
            loop {
                let mut request = json!({ "TableName": table });
                if !start.is_null() {
                    request["ExclusiveStartKey"] = start;
                }
                let mut page = self.dynamodb("Scan", request).await;
                let found = page["Items"].as_array().expect("items");
                items.extend(found.iter().map(Value::to_string));
                start = page["LastEvaluatedKey"].take();
                if start.is_null() {
                    break;
                }
            }
        }
        items
    }

    /// How many items hold this text anywhere, keys included.
    pub async fn items_with(&self, text: &str) -> usize {
        self.items()
            .await
            .iter()
            .filter(|item| item.contains(text))
            .count()
    }

    /// Every item of the data table whose partition key opens with this, as DynamoDB's JSON.
    pub async fn items_under(&self, partition: &str) -> Vec<Value> {
        let all = self.items().await;
        let items = all
            .iter()
            .filter_map(|item| serde_json::from_str::<Value>(item).ok());
        items
            .filter(|item| {
                item["pk"]["S"]
                    .as_str()
                    .is_some_and(|pk| pk.starts_with(partition))
            })
            .collect()
    }

    /// Every item of the table of keys, in DynamoDB's JSON.
    pub async fn items_of_keys(&self) -> Vec<Value> {
        let table = self.app_of("workspaces").config.keys_table.clone();
        let scanned = self.dynamodb("Scan", json!({ "TableName": table })).await;
        assert!(scanned["LastEvaluatedKey"].is_null(), "more than a page");
        scanned["Items"].as_array().expect("items").clone()
    }

    /// Makes these all that is in the table of keys.
    pub async fn replace_keys(&self, items: &[Value]) {
        let table = self.app_of("workspaces").config.keys_table.clone();
        for item in self.items_of_keys().await {
            let key = json!({ "pk": item["pk"], "sk": item["sk"] });
            let request = json!({ "TableName": table, "Key": key });
            self.dynamodb("DeleteItem", request).await;
        }
        for item in items {
            let request = json!({ "TableName": table, "Item": item });
            self.dynamodb("PutItem", request).await;
        }
    }

    /// Writes an item of the data table behind everybody's back, as whoever holds the table could.
    pub async fn forge(&self, item: Value) {
        let request = json!({ "TableName": self.data_table(), "Item": item });
        self.dynamodb("PutItem", request).await;
    }

    /// Takes an item of the data table away behind everybody's back.
    pub async fn steal(&self, item: &Value) {
        let key = json!({ "pk": item["pk"], "sk": item["sk"] });
        let request = json!({ "TableName": self.data_table(), "Key": key });
        self.dynamodb("DeleteItem", request).await;
    }

    fn data_table(&self) -> String {
        self.app_of("workspaces").config.data_table.clone()
    }

    async fn dynamodb(&self, operation: &str, request: Value) -> Value {
        let client = Client::builder().no_proxy().build().expect("a client");
        let key = &self.stack.wires.access_key;
        let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/{SCOPE}");
        let response = client
            .post(&self.stack.wires.dynamodb)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", authorization)
            .header("x-amz-date", "20260115T120000Z")
            .body(request.to_string())
            .send()
            .await
            .expect("an answer");
        let text = response.text().await.expect("text");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{operation}: {text}"))
    }
}
