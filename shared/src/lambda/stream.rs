//! Functions behind the table stream: at least once, in order per item, failures by record. The same
//! function hears what became of the mails that it sent.

use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    feedback::{Feedback, Heard},
    schedule::{self, Report},
};
use crate::{
    app::App,
    domain::Timestamp,
    store::{Item, StoreError},
};

/// A batch of the table stream, as much of it as we read.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// The records, oldest first.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One change of one item.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// What happened.
    pub event_name: Change,
    /// The item, before and after.
    pub dynamodb: Images,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Change {
    /// It came.
    Insert,
    /// It changed.
    Modify,
    /// It went: deleted by us, or by TTL.
    Remove,
}

/// The item before and after, and the record's place in the stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Images {
    /// The place of the record; failures are named by it.
    pub sequence_number: String,
    /// When it was written, in seconds; the same whenever the record comes.
    #[serde(default)]
    approximate_creation_date_time: Option<f64>,
    /// After; absent when it went.
    #[serde(default, deserialize_with = "image")]
    pub new_image: Option<Item>,
    /// Before; absent when it came.
    #[serde(default, deserialize_with = "image")]
    pub old_image: Option<Item>,
}

impl Images {
    /// When the change was written, to the second; the same whenever its record comes.
    pub fn created_at(&self) -> Option<Timestamp> {
        let seconds = self
            .approximate_creation_date_time
            .filter(|at| at.is_finite())?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a time is far below the largest number"
        )]
        let ms = (seconds * 1000.0) as i64;
        Some(Timestamp::from_ms(ms))
    }
}

/// The records that must come again (`ReportBatchItemFailures`).
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Empty when all went well.
    pub batch_item_failures: Vec<Failure>,
    /// What is counted of the batch; for the log, and not for Lambda.
    #[serde(skip)]
    pub report: Report,
}

/// One record that must come again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The record's sequence number.
    pub item_identifier: String,
}

impl Answer {
    /// Everything from `record` on must come again: order is kept.
    pub fn retry_from(record: &Record) -> Self {
        let item_identifier = record.dynamodb.sequence_number.clone();
        Self {
            batch_item_failures: vec![Failure { item_identifier }],
            report: Report::default(),
        }
    }
}

/// Runs `changes` for every batch, and `feedback` for what is heard of mails, until the environment
/// ends.
///
/// # Errors
/// When the environment lacks a setting, or the runtime API goes away.
pub fn stream<F, G>(changes: F, feedback: G) -> Result<(), lambda_runtime::Error>
where
    F: AsyncFn(&App, Batch) -> Answer,
    G: AsyncFn(&App, &Json) -> Result<Heard, StoreError>,
{
    super::run(async {
        let app = super::app()?;
        let (app, changes, feedback) = (&app, &changes, &feedback);
        let serve = |event: LambdaEvent<Json>| async move {
            if Feedback::is(&event.payload) {
                let heard = feedback(app, &event.payload).await?;
                return Ok::<_, lambda_runtime::Error>(serde_json::to_value(heard)?);
            }
            let batch = serde_json::from_value(event.payload)?;
            let answer = changes(app, batch).await;
            if answer.report != Report::default() {
                schedule::log(&answer.report.metrics(app.clock.now()));
            }
            Ok(serde_json::to_value(answer)?)
        };
        lambda_runtime::run(service_fn(serve)).await
    })
}

/// An image in DynamoDB's own JSON (`{"S": "…"}`); of the types we store.
fn image<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Item>, D::Error> {
    let image = Option::<std::collections::HashMap<String, Value>>::deserialize(deserializer)?;
    Ok(image.map(|image| {
        image
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect()
    }))
}

#[derive(Deserialize)]
enum Value {
    B(Base64),
    #[serde(rename = "BOOL")]
    Bool(bool),
    L(Vec<Value>),
    N(String),
    #[serde(rename = "NULL")]
    Null(bool),
    S(String),
}

struct Base64(Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        data_encoding::BASE64
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|_| serde::de::Error::custom("base64"))
    }
}

impl From<Value> for crate::store::AttributeValue {
    fn from(value: Value) -> Self {
        match value {
            Value::B(bytes) => Self::B(bytes.0.into()),
            Value::Bool(value) => Self::Bool(value),
            Value::L(values) => Self::L(values.into_iter().map(Into::into).collect()),
            Value::N(number) => Self::N(number),
            Value::Null(value) => Self::Null(value),
            Value::S(text) => Self::S(text),
        }
    }
}
