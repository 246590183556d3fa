//! Data ends: reads say so at once, TTL alone takes it away, and its keys go with it.

use std::time::Duration;

use harness::{Harness, message};
use reqwest::Method;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A flows workspace (90 days, FLOW-33) with a conversation module, and a thread in it.
async fn a_thread_of_ninety_days() -> (
    Harness,
    harness::Member,
    harness::Workspace,
    harness::Visitor,
    harness::Conversation,
) {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("flows").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("first").await;
    (harness, owner, workspace, visitor, conversation)
}

#[tokio::test]
async fn an_expired_conversation_is_gone_for_everybody_to_the_millisecond() {
    let (harness, owner, workspace, _visitor, conversation) = a_thread_of_ninety_days().await;
    let path = format!("{}/conversations/{}", workspace.path, conversation.id);

    harness.advance(DAY * 90 - Duration::from_millis(1));
    let owner = harness.sign_in(&owner.email).await;
    assert_eq!(owner.get(&path, 200).await["status"], "open");
    harness.advance(Duration::from_millis(1));

    owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    let messages = format!("{path}/messages");
    owner
        .refused(Method::GET, &messages, None, 404, "not_found")
        .await;
    let body = Some(message("too late"));
    owner
        .refused(Method::POST, &messages, body, 404, "not_found")
        .await;
    let list = owner
        .get(&format!("{}/conversations", workspace.path), 200)
        .await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn a_busy_thread_loses_its_old_messages_and_keeps_the_new_ones() {
    let (harness, owner, workspace, visitor, conversation) = a_thread_of_ninety_days().await;
    let (mut owner, mut visitor) = (owner, visitor);
    let messages = format!(
        "{}/conversations/{}/messages",
        workspace.path, conversation.id
    );
    for _ in 0..4 {
        harness.advance(DAY * 25);
        owner = harness.sign_in(&owner.email).await;
        owner.post(&messages, message("still here"), 201).await;
    }
    // Day 100: the first message (day 0) is past its ninety days, that of day 25 is not.
    let part = owner.get(&format!("{messages}?after_seq=0"), 200).await;
    let numbers: Vec<u64> = part["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|m| m["seq"].as_u64())
        .collect();
    assert_eq!(numbers, [2, 3, 4, 5]);
    assert_eq!(
        (part["min_seq"].as_u64(), part["head_seq"].as_u64()),
        (Some(2), Some(5))
    );
    let backwards = owner.get(&messages, 200).await;
    assert_eq!(backwards["min_seq"], 2);
    let _ = &mut visitor;
}

#[tokio::test]
async fn ttl_alone_deletes_a_conversation_with_its_messages_its_key_and_its_edge() {
    let (harness, owner, workspace, visitor, conversation) = a_thread_of_ninety_days().await;
    visitor.say(&conversation, "second").await;
    harness.drain().await;
    // Head, two messages, two dedupe items, idempotency, edge and data key.
    assert_eq!(harness.items_with(&conversation.id).await, 8);

    harness.advance(DAY * 90 + Duration::from_secs(1));
    assert!(harness.sweep_ttl().await > 0);
    harness.drain().await;
    assert_eq!(
        harness.items_with(&conversation.id).await,
        0,
        "something outlived its conversation"
    );
    assert_eq!(
        harness.items_with(&visitor.contact_id).await,
        0,
        "something outlived its contact"
    );
    // The workspace and its owner live on.
    assert!(harness.items_with(&workspace.id).await > 0);
    harness
        .sign_in(&owner.email)
        .await
        .get(&workspace.path, 200)
        .await;
}

#[tokio::test]
async fn a_mailed_code_and_its_key_are_gone_after_ten_minutes() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let body = serde_json::json!({ "email": "ada@example.com", "adult": true });
    let answer = anonymous.post("/v1/auth/signup", body, 202).await;
    let challenge = harness::text(&answer, "challenge_id");
    harness.drain().await;
    let left = harness.items_with(&challenge).await;
    assert_eq!(left, 2, "the row and its key");
    harness.advance(Duration::from_secs(601));
    harness.sweep_ttl().await;
    harness.drain().await;
    let left = harness.items_with(&challenge).await;
    assert_eq!(left, 0);
}
