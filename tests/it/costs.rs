//! What operations cost: round trips and capacity units, counted by the store.
//!
//! Some of the numbers stand in docs/performance.md: a change that makes one larger
//! is a decision, and this is where it is written down.

mod guide;

use harness::{Harness, message};
use shared::store::meter::Reading;

/// The strongly consistent read, five items of less than 4 KB.
const ENTRY_UNITS: f64 = 5.0;
/// Head, message and dedupe in a transaction (2 units each), and one moving index entry (2).
const SEND_UNITS: f64 = 8.0;

fn assert_all_consistent(reading: &Reading) {
    assert!(
        reading.calls.iter().all(|call| call.consistent),
        "{reading:?}"
    );
}

#[tokio::test]
async fn token_check_and_send_are_two_round_trips_and_one_kms_call_more_when_the_key_is_cold() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("one").await;
    let meter = &harness.app_of("messages").meter;

    meter.take();
    owner.say(&workspace, &conversation, "two").await;
    let cold = meter.take();
    assert_eq!(
        cold.operations(),
        ["BatchGetItem", "Decrypt", "TransactWriteItems"]
    );
    assert_eq!(cold.sequential_round_trips(), 3);

    harness.advance(std::time::Duration::from_millis(1));
    owner.say(&workspace, &conversation, "three").await;
    let warm = meter.take();
    assert_eq!(warm.operations(), ["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(warm.sequential_round_trips(), 2);
    assert_eq!(warm.read_units(), ENTRY_UNITS);
    assert_eq!(warm.write_units(), SEND_UNITS);
    assert_all_consistent(&warm);

    harness.advance(std::time::Duration::from_millis(1));
    visitor.say(&conversation, "four").await;
    let visitors = meter.take();
    assert_eq!(
        visitors.operations(),
        ["BatchGetItem", "TransactWriteItems"]
    );
    // One more than a member: whether a flow leads is read with the rest.
    assert_eq!(visitors.read_units(), ENTRY_UNITS + 1.0);
    assert_eq!(visitors.write_units(), SEND_UNITS);

    // Five minutes later the key is unwrapped again, and only then.
    harness.advance(std::time::Duration::from_secs(5 * 60));
    owner.say(&workspace, &conversation, "five").await;
    assert_eq!(
        meter.take().operations(),
        ["BatchGetItem", "Decrypt", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn a_send_whose_condition_fails_is_three_round_trips() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("one").await;
    let path = format!("/v1/widget/conversations/{}/messages", conversation.id);
    let body = message("two");
    visitor.post(&path, body.clone(), 201).await;
    let meter = &harness.app_of("messages").meter;
    meter.take();
    visitor.post(&path, body, 200).await;
    let replay = meter.take();
    assert_eq!(
        replay.operations(),
        ["BatchGetItem", "TransactWriteItems", "BatchGetItem"]
    );
    assert_eq!(replay.sequential_round_trips(), 3);
}

#[tokio::test]
async fn a_list_of_thirty_messages_is_one_query_besides_the_batch_read() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("0").await;
    for n in 1..30 {
        visitor.say(&conversation, &n.to_string()).await;
    }
    let meter = &harness.app_of("messages").meter;
    meter.take();
    let path = format!(
        "{}/conversations/{}/messages",
        workspace.path, conversation.id
    );
    owner.get(&format!("{path}?limit=30"), 200).await;
    let reading = meter.take();
    assert_eq!(reading.operations(), ["BatchGetItem", "Query"]);
    assert_eq!(reading.sequential_round_trips(), 2);
    assert_all_consistent(&reading);
}

#[tokio::test]
async fn a_page_of_the_inbox_is_three_round_trips_whatever_its_length() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    for n in 0..25 {
        visitor.start(&n.to_string()).await;
    }
    let path = format!("{}/conversations", workspace.path);
    owner.get(&path, 200).await;
    let meter = &harness.app_of("conversations").meter;
    meter.take();
    owner.get(&path, 200).await;
    let reading = meter.take();
    assert_eq!(
        reading.sequential_round_trips(),
        3,
        "{:?}",
        reading.operations()
    );
    // One batch on entry, four shards, one batch of heads with read marks.
    assert_eq!(reading.calls.len(), 6);
}
