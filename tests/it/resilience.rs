//! Faults at the SDK's own connection, because no emulator makes them: whatever goes wrong, an
//! acknowledged message is there once, and a repeated request settles what is not known.

use harness::{Fault, Harness, Kind, message};
use reqwest::Method;

/// Every kind of fault, at the `k`-th call of a send.
const KINDS: [Kind; 6] = [
    Kind::Throttle,
    Kind::ServerError,
    Kind::TimeoutBefore,
    Kind::TimeoutAfter,
    Kind::Conflict,
    Kind::Unprocessed,
];

#[tokio::test]
async fn a_send_converges_whatever_fails_at_whichever_call() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("first").await;
    let path = format!("/v1/widget/conversations/{}/messages", conversation.id);
    visitor.say(&conversation, "warm").await;

    let mut sent = 2;
    for kind in KINDS {
        for call in 0..3 {
            let body = message(&format!("{kind:?} at {call}"));
            // Three in a row: more than the SDK's own retries heal.
            harness.faults().plan(Fault::new(kind).after(call).times(3));
            let first = visitor.send(Method::POST, &path, Some(body.clone())).await;
            harness.faults().reset();
            assert!(
                [200, 201, 503].contains(&first.status),
                "{kind:?} at {call}: {}",
                first.text
            );
            if first.status == 503 {
                assert_eq!(first.header("retry-after"), "1");
            }
            // The client does not know; it asks again with the same id.
            let again = visitor.send(Method::POST, &path, Some(body)).await;
            assert!(
                [200, 201].contains(&again.status),
                "{kind:?} at {call}: {}",
                again.text
            );
            sent += 1;
            let seen = visitor.read(&conversation).await;
            assert_eq!(seen.len(), sent, "{kind:?} at {call}: lost or doubled");
            let numbers: Vec<u64> = seen.iter().filter_map(|m| m["seq"].as_u64()).collect();
            assert_eq!(numbers, (1..=sent as u64).collect::<Vec<u64>>());
        }
    }
}

#[tokio::test]
async fn unprocessed_keys_are_asked_for_again_and_a_throttled_read_is_503_never_absent() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("first").await;
    let path = format!("{}/conversations/{}", workspace.path, conversation.id);
    harness.faults().plan(Fault::new(Kind::Unprocessed));
    owner.get(&path, 200).await;
    assert_eq!(harness.faults().spent(), 1, "nothing was left unprocessed");
    harness.faults().plan(Fault::new(Kind::Throttle).times(3));
    owner
        .refused(Method::GET, &path, None, 503, "unavailable")
        .await;
    owner.get(&path, 200).await;
}
