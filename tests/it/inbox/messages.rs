//! Messages that change after they were sent, and drafts of those that were not.

use std::time::Duration;

use harness::message;
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, numbers};

#[tokio::test]
async fn a_writer_edits_within_fifteen_minutes_and_the_old_words_are_nowhere() {
    let mut world = World::new().await;
    let said = world
        .owner
        .say(&world.workspace, &world.conversation, "It arives CANARY")
        .await;
    let path = world.at("/messages/2");
    let better = json!({ "text": "It arrives today." });
    let edited = world.owner.patch(&path, better.clone(), 200).await;
    assert_eq!(
        (&edited["text"], &edited["rev"], &edited["id"]),
        (&better["text"], &json!(2), &said["id"])
    );
    assert!(edited["edited_at"].is_string());
    assert_eq!(
        world.owner.patch(&path, better.clone(), 200).await,
        edited,
        "a repeat changes nothing"
    );
    // Both sides see it, and a line that says which message to read again.
    for lines in [
        world.visitor.read(&world.conversation).await,
        world
            .owner
            .read(&world.workspace, &world.conversation)
            .await,
    ] {
        assert_eq!(lines[1]["text"], better["text"]);
        assert_eq!(
            (&lines[2]["event"], &lines[2]["subject_seq"]),
            (&json!("message_edited"), &json!(2))
        );
        assert_eq!(numbers(&lines), [1, 2, 3]);
    }
    // An old version, another writer, a line of the system, what is not there, and too late.
    let other = json!({ "text": "Never." });
    let refused = async |member: &harness::Client, path: &str, status: u16, code: &str| {
        member
            .refused(Method::PATCH, path, Some(other.clone()), status, code)
            .await
    };
    refused(
        &world.owner.with_header("if-match", "\"1\""),
        &path,
        409,
        "conflict",
    )
    .await;
    refused(&world.agent, &path, 403, "forbidden").await;
    refused(&world.owner, &world.at("/messages/1"), 403, "forbidden").await;
    refused(
        &world.owner,
        &world.at("/messages/3"),
        409,
        "not_changeable",
    )
    .await;
    refused(&world.owner, &world.at("/messages/9"), 404, "not_found").await;
    refused(&world.owner, &world.at("/messages/x"), 404, "not_found").await;
    world.pass(Duration::from_secs(15 * 60)).await;
    refused(&world.owner, &path, 409, "not_changeable").await;
    assert_eq!(
        world
            .owner
            .read(&world.workspace, &world.conversation)
            .await[1]["text"],
        better["text"]
    );
}

#[tokio::test]
async fn a_repeated_send_finds_its_message_even_when_that_was_changed_meanwhile() {
    let world = World::new().await;
    let body = message("first words");
    let path = world.at("/messages");
    world.owner.post(&path, body.clone(), 201).await;
    let edited = world
        .owner
        .patch(
            &world.at("/messages/2"),
            json!({ "text": "better words" }),
            200,
        )
        .await;
    assert_eq!(world.owner.post(&path, body.clone(), 200).await, edited);
    let deleted = world.owner.delete(&world.at("/messages/2"), 200).await;
    assert_eq!(world.owner.post(&path, body, 200).await, deleted);
}

#[tokio::test]
async fn a_deleted_message_keeps_its_number_and_nothing_else() {
    let world = World::new().await;
    world
        .agent
        .say(&world.workspace, &world.conversation, "the agent's")
        .await;
    let path = world.at("/messages/1");
    world
        .agent
        .refused(Method::DELETE, &path, None, 403, "forbidden")
        .await;
    let stale = world.owner.with_header("if-match", "\"7\"");
    stale
        .refused(Method::DELETE, &path, None, 409, "conflict")
        .await;
    let deleted = world.owner.delete(&path, 200).await;
    assert_eq!(
        (&deleted["text"], &deleted["seq"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(world.owner.delete(&path, 200).await, deleted);
    assert!(world.agent.delete(&world.at("/messages/2"), 200).await["deleted_at"].is_string());
    assert_eq!(world.events().await, ["message_deleted", "message_deleted"]);
    let seen = world.visitor.read(&world.conversation).await;
    assert_eq!(
        (&seen[0]["text"], &seen[0]["author"]["type"]),
        (&Value::Null, &json!("visitor"))
    );
    assert_eq!(numbers(&seen), [1, 2, 3, 4]);
    let line = world.at("/messages/3");
    world
        .owner
        .refused(Method::DELETE, &line, None, 409, "not_changeable")
        .await;
    let edit = Some(json!({ "text": "back" }));
    world
        .agent
        .refused(
            Method::PATCH,
            &world.at("/messages/2"),
            edit,
            409,
            "not_changeable",
        )
        .await;
    // Unread counts are what they were: a deleted message was a message.
    assert_eq!(world.shown().await["in_seq"], 1);
}

#[tokio::test]
async fn redaction_blacks_characters_out_for_good() {
    let world = World::new().await;
    world
        .visitor
        .say(&world.conversation, "käse 4711 0815!")
        .await;
    let path = world.at("/messages/2/redact");
    let parts = json!({ "ranges": [{ "start": 5, "end": 9 }, { "start": 10, "end": 14 }] });
    let redacted = world.agent.post(&path, parts.clone(), 200).await;
    assert_eq!(
        (&redacted["text"], &redacted["redacted"]),
        (&json!("käse ████ ████!"), &json!(true))
    );
    assert_eq!(world.agent.post(&path, parts, 200).await, redacted);
    assert_eq!(
        world.visitor.read(&world.conversation).await[1]["text"],
        "käse ████ ████!"
    );
    assert_eq!(world.events().await, ["message_redacted"]);
    for bad in [
        json!([]),
        json!([{ "start": 3, "end": 3 }]),
        json!([{ "start": 0, "end": 16 }]),
        json!([{ "start": 0, "end": 1 }, { "start": 9, "end": 2 }]),
    ] {
        let body = Some(json!({ "ranges": bad }));
        world
            .agent
            .refused(Method::POST, &path, body, 422, "validation_failed")
            .await;
    }
    let negative = Some(json!({ "ranges": [{ "start": -1, "end": 2 }] }));
    world
        .agent
        .refused(Method::POST, &path, negative, 422, "validation_failed")
        .await;
    assert_eq!(
        world.visitor.read(&world.conversation).await[1]["text"],
        "käse ████ ████!"
    );
}

#[tokio::test]
async fn a_changed_note_is_told_to_the_team_only() {
    let world = World::new().await;
    let mut note = message("difficult");
    note["kind"] = "note".into();
    world.owner.post(&world.at("/messages"), note, 201).await;
    world
        .owner
        .patch(
            &world.at("/messages/2"),
            json!({ "text": "demanding" }),
            200,
        )
        .await;
    let seen = world.visitor.read(&world.conversation).await;
    let hidden = |seq: u64| json!({ "seq": seq, "kind": "internal" });
    assert_eq!(seen[1..], [hidden(2), hidden(3)]);
}

#[tokio::test]
async fn edits_and_sends_at_once_leave_no_gap_and_lose_no_edit() {
    let world = World::new().await;
    for n in 0..4 {
        world
            .owner
            .say(&world.workspace, &world.conversation, &format!("draft {n}"))
            .await;
    }
    let mut tasks = Vec::new();
    for n in 0..4u64 {
        let (owner, path) = (
            world.owner.clone(),
            world.at(&format!("/messages/{}", n + 2)),
        );
        tasks.push(tokio::spawn(async move {
            owner
                .patch(&path, json!({ "text": format!("final {n}") }), 200)
                .await;
        }));
        let visitor = world.visitor.clone();
        let path = format!(
            "/v1/widget/conversations/{}/messages",
            world.conversation.id
        );
        tasks.push(tokio::spawn(async move {
            visitor.post(&path, message("meanwhile"), 201).await;
        }));
    }
    for task in tasks {
        task.await.expect("a writer");
    }
    let lines = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    assert_eq!(numbers(&lines), (1..=13).collect::<Vec<u64>>());
    for n in 0..4 {
        assert_eq!(lines[n + 1]["text"], format!("final {n}"));
    }
}

#[tokio::test]
async fn a_draft_waits_for_its_writer_and_for_nobody_else() {
    let world = World::new().await;
    let path = world.at("/draft");
    world
        .owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    world
        .owner
        .put(&path, json!({ "text": "Dear CANARY" }), 200)
        .await;
    world
        .owner
        .put(&path, json!({ "text": "Dear Ada" }), 200)
        .await;
    assert_eq!(world.owner.get(&path, 200).await["text"], "Dear Ada");
    world
        .agent
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    assert_eq!(
        world.harness.items_with("Dear").await,
        0,
        "a draft lies in the open"
    );
    assert_eq!(
        world.shown().await["rev"],
        1,
        "a draft changes nobody's conversation"
    );
    world.owner.delete(&path, 204).await;
    world.owner.delete(&path, 204).await;
    world
        .owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    let empty = Some(json!({ "text": "" }));
    world
        .owner
        .refused(Method::PUT, &path, empty, 422, "validation_failed")
        .await;
}
