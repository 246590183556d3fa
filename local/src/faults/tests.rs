//! Every kind of fault, through the unmodified SDK against the embedded DynamoDB.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem};
use aws_sdk_dynamodb::{Client, Config};
use shared::app::Clock;

use super::*;
use crate::data::Data;
use crate::kms::Kms;
use crate::mail::Mailbox;
use crate::objects::Objects;
use crate::template::Table;
use crate::wires::Wires;

const TABLE: &str = "things";

struct Bench {
    client: Client,
    faults: Faults,
    _wires: Wires,
}

impl Bench {
    /// A table, and a client that makes this many attempts without waiting in between.
    fn start(attempts: u32) -> Self {
        let clock = Clock::system();
        let data = Data::ephemeral(&clock).expect("memory");
        let table: Table = serde_json::from_value(json!({
            "TableName": TABLE,
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
        }))
        .expect("a table");
        data.prepare(&[table]).expect("the table");
        let kms = Kms::ephemeral(Vec::new()).expect("a key");
        let objects = Objects::ephemeral(Vec::new(), clock.clone());
        let wires = Wires::start(
            &data,
            kms,
            Mailbox::new(clock.clone()),
            objects,
            crate::pushes::Pushes::new(clock),
        )
        .expect("ports");
        let faults = Faults::default();
        let retry = RetryConfig::standard()
            .with_max_attempts(attempts)
            .with_initial_backoff(std::time::Duration::from_millis(1));
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(crate::REGION))
            .credentials_provider(Credentials::from_keys("embedded", "embedded", None))
            .http_client(faults.in_front_of(aws_smithy_http_client::Builder::new().build_http()))
            .endpoint_url(&wires.dynamodb)
            .retry_config(retry)
            .build();
        Self {
            client: Client::from_conf(config),
            faults,
            _wires: wires,
        }
    }

    async fn put(&self, pk: &str) -> Result<(), SdkError<impl std::error::Error>> {
        let put = self
            .client
            .put_item()
            .table_name(TABLE)
            .item("pk", text(pk));
        put.send().await.map(|_| ())
    }

    async fn exists(&self, pk: &str) -> bool {
        let get = self.client.get_item().table_name(TABLE).key("pk", text(pk));
        get.send().await.expect("get").item.is_some()
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

#[tokio::test]
async fn one_fault_is_healed_by_the_sdk_and_as_many_as_its_attempts_are_not() {
    for kind in [Kind::Throttle, Kind::ServerError, Kind::TimeoutBefore] {
        let bench = Bench::start(3);
        bench.faults.plan(Fault::new(kind).on("PutItem"));
        bench.put("a").await.expect("healed");
        assert_eq!(bench.faults.attempts("PutItem"), 2, "{kind:?}");

        bench.faults.plan(Fault::new(kind).on("PutItem").times(3));
        bench.put("b").await.expect_err("three in a row");
        assert_eq!(bench.faults.attempts("PutItem"), 5, "{kind:?}");
        assert!(!bench.exists("b").await, "{kind:?} writes nothing");
    }
}

#[tokio::test]
async fn a_throttle_is_the_exception_that_aws_sends() {
    let bench = Bench::start(1);
    bench.faults.plan(Fault::new(Kind::Throttle).after(1));
    bench.put("first").await.expect("let go by");
    let put = bench
        .client
        .put_item()
        .table_name(TABLE)
        .item("pk", text("second"));
    let error = put
        .send()
        .await
        .expect_err("throttled")
        .into_service_error();
    assert!(
        error.is_provisioned_throughput_exceeded_exception(),
        "{error:?}"
    );
    assert_eq!(bench.faults.spent(), 1);
}

#[tokio::test]
async fn a_timeout_after_the_commit_leaves_the_write() {
    let bench = Bench::start(1);
    bench.faults.plan(Fault::new(Kind::TimeoutAfter));
    let error = bench.put("kept").await.expect_err("no answer");
    assert!(
        matches!(&error, SdkError::DispatchFailure(failure) if failure.is_timeout()),
        "{error:?}"
    );
    assert!(bench.exists("kept").await);
}

#[tokio::test]
async fn a_conflict_cancels_the_transaction_with_its_reasons() {
    let bench = Bench::start(3);
    bench.faults.plan(Fault::new(Kind::Conflict));
    let entry = |pk: &str| {
        let put = Put::builder()
            .table_name(TABLE)
            .item("pk", text(pk))
            .build()
            .expect("put");
        TransactWriteItem::builder().put(put).build()
    };
    let transaction = bench.client.transact_write_items();
    let sent = transaction
        .transact_items(entry("a"))
        .transact_items(entry("b"))
        .send()
        .await;
    let error = sent.expect_err("a conflict").into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else {
        panic!("another error: {error:?}");
    };
    let codes: Vec<_> = canceled
        .cancellation_reasons()
        .iter()
        .filter_map(|reason| reason.code())
        .collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    assert_eq!(
        bench.faults.attempts("TransactWriteItems"),
        1,
        "the SDK does not retry it"
    );
    assert!(!bench.exists("a").await);
}

#[tokio::test]
async fn a_batch_comes_back_without_its_last_entry() {
    let bench = Bench::start(1);
    bench.put("a").await.expect("put");
    bench.put("b").await.expect("put");
    bench.faults.plan(Fault::new(Kind::Unprocessed));
    let key = |pk: &str| [("pk".to_owned(), text(pk))].into();
    let keys = KeysAndAttributes::builder()
        .keys(key("a"))
        .keys(key("b"))
        .consistent_read(true);
    let batch = bench
        .client
        .batch_get_item()
        .request_items(TABLE, keys.build().expect("keys"));
    let answer = batch.send().await.expect("half a batch");
    assert_eq!(answer.responses.expect("responses")[TABLE].len(), 1);
    let left = &answer.unprocessed_keys.expect("unprocessed")[TABLE];
    assert_eq!(left.keys()[0]["pk"], text("b"));
    assert_eq!(left.consistent_read(), Some(true));
}

#[tokio::test]
async fn a_condition_chooses_the_call() {
    let bench = Bench::start(1);
    bench
        .faults
        .plan(Fault::new(Kind::ServerError).when(|call| call.body["Item"]["pk"]["S"] == "chosen"));
    bench.put("other").await.expect("not chosen");
    bench.put("chosen").await.expect_err("chosen");
    bench.faults.reset();
    assert_eq!(bench.faults.all_attempts(), 0);
}
