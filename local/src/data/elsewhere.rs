//! Tables that another DynamoDB holds, over its wire: a test holds the embedded one against it.
//!
//! The other one goes by the clock on the wall and the tests by one that they move. So TTL is not switched on there:
//! what is due is deleted here, as the service would have, and its stream says so; and a record of a stream was written
//! when it was first read.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::app::Clock;

use super::DataError;
use crate::REGION;
use crate::seed::random_uuid;
use crate::template::{Table, stream_arn};

const DATA: &str = "DynamoDB_20120810";
const STREAMS: &str = "DynamoDBStreams_20120810";
/// Whoever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What of another DynamoDB is ours.
pub(super) struct Elsewhere {
    url: String,
    account: String,
    clock: Clock,
    seen: Mutex<Seen>,
}

/// What the other one does not know.
#[derive(Default)]
struct Seen {
    /// The tables, each with the attribute that says when an item goes, and its stream.
    tables: HashMap<String, (Option<String>, Option<String>)>,
    /// The images of items that went because their time had come.
    swept: HashSet<String>,
    /// When a record was first read, by its number, in seconds.
    read_at: HashMap<String, i64>,
}

impl Elsewhere {
    pub(super) fn new(url: &str, clock: Clock) -> Self {
        // Twelve digits: an account of its own, in which no other stack's tables are.
        let digits = random_uuid().bytes().fold(0_u64, |sum, byte| {
            (sum * 131 + u64::from(byte)) % 1_000_000_000_000
        });
        Self {
            url: url.trim_end_matches('/').to_owned(),
            account: format!("{digits:012}"),
            clock,
            seen: Mutex::default(),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn account(&self) -> &str {
        &self.account
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates the tables.
    pub(super) fn prepare(&self, tables: &[Table]) -> Result<(), DataError> {
        for table in tables {
            let made = self.ask(DATA, "CreateTable", &serde_json::to_value(table)?)?;
            let stream = made["TableDescription"]["LatestStreamArn"].as_str();
            let known = (table.ttl_attribute.clone(), stream.map(str::to_owned));
            self.seen().tables.insert(table.name.clone(), known);
        }
        Ok(())
    }

    /// Deletes what is due by our clock, unless it changes meanwhile; says how many items went.
    pub(super) fn sweep_ttl(&self) -> Result<usize, DataError> {
        let now = self.clock.now().seconds();
        let tables: Vec<(String, String)> = self
            .seen()
            .tables
            .iter()
            .filter_map(|(name, (ttl, _))| Some((name.clone(), ttl.clone()?)))
            .collect();
        let mut gone = 0;
        for (table, ttl) in tables {
            let due = json!({
                "TableName": table,
                "ConditionExpression": "#ttl <= :now",
                "ExpressionAttributeNames": { "#ttl": ttl },
                "ExpressionAttributeValues": { ":now": { "N": now.to_string() } },
            });
            let mut scan = due.clone();
            rename(&mut scan, "ConditionExpression", "FilterExpression");
            loop {
                let mut page = self.ask(DATA, "Scan", &scan)?;
                for item in page["Items"].as_array_mut().into_iter().flatten() {
                    let mut delete = due.clone();
                    delete["Key"] = json!({ "pk": item["pk"], "sk": item["sk"] });
                    self.seen().swept.insert(item.to_string());
                    self.ask(DATA, "DeleteItem", &delete)?;
                    gone += 1;
                }
                match page["LastEvaluatedKey"].take() {
                    Value::Null => break,
                    last => scan["ExclusiveStartKey"] = last,
                }
            }
        }
        Ok(gone)
    }

    /// The records of a table's stream after a position, at most `limit`, as a function receives them.
    pub(super) fn stream_records(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>, DataError> {
        let stream = self.seen().tables.get(table).cloned();
        let stream = stream.and_then(|(_, stream)| stream);
        let stream = stream.ok_or_else(|| DataError::Engine(format!("{table} has no stream")))?;
        let described = json!({ "StreamArn": stream });
        let described = self.ask(STREAMS, "DescribeStream", &described)?;
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let mut position = json!({
            "StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON",
        });
        if let Some(number) = after {
            position["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER".into();
            position["SequenceNumber"] = number.into();
        }
        let iterator = self.ask(STREAMS, "GetShardIterator", &position)?;
        let page = json!({ "ShardIterator": iterator["ShardIterator"], "Limit": limit });
        let mut page = self.ask(STREAMS, "GetRecords", &page)?;
        let Value::Array(mut records) = page["Records"].take() else {
            return Ok(Vec::new());
        };
        let now = self.clock.now().seconds();
        let mut seen = self.seen();
        for record in &mut records {
            record["eventSourceARN"] = stream_arn(table).into();
            record["awsRegion"] = REGION.into();
            let number = record["dynamodb"]["SequenceNumber"].to_string();
            let at = *seen.read_at.entry(number).or_insert(now);
            record["dynamodb"]["ApproximateCreationDateTime"] = at.into();
            let swept = record["eventName"] == "REMOVE"
                && seen
                    .swept
                    .contains(&record["dynamodb"]["OldImage"].to_string());
            if swept {
                record["userIdentity"] =
                    json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
            }
        }
        Ok(records)
    }

    /// One request, and its answer.
    fn ask(&self, service: &str, operation: &str, body: &Value) -> Result<Value, DataError> {
        let refused = |why: String| DataError::Engine(format!("{operation} elsewhere: {why}"));
        let sent = self.send(&format!("{service}.{operation}"), &body.to_string());
        let answer = sent.map_err(|error| refused(error.to_string()))?;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if head.split(' ').nth(1) != Some("200") {
            return Err(refused(text.to_owned()));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// By HTTP/1.0, so that the answer ends with the connection.
    fn send(&self, target: &str, body: &str) -> std::io::Result<String> {
        let host = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "POST / HTTP/1.0\r\nhost: {host}\r\nx-amz-target: {target}\r\n\
             content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={}/20260115/{REGION}/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\nx-amz-date: 20260115T120000Z\r\n\r\n{body}",
            body.len(),
            self.account,
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

fn rename(body: &mut Value, from: &str, to: &str) {
    let fields: Option<&mut Map<String, Value>> = body.as_object_mut();
    if let Some(fields) = fields
        && let Some(value) = fields.remove(from)
    {
        fields.insert(to.to_owned(), value);
    }
}
