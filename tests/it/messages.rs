//! Messages: numbers without gaps, sends that may be repeated, parts of a thread.

use harness::{Answer, Conversation, Harness, Member, Visitor, Workspace, message, random_uuid};
use reqwest::Method;
use serde_json::{Value, json};

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
}

async fn world() -> World {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("m1").await;
    World {
        harness,
        owner,
        workspace,
        visitor,
        conversation,
    }
}

impl World {
    fn path(&self) -> String {
        format!(
            "{}/conversations/{}/messages",
            self.workspace.path, self.conversation.id
        )
    }

    fn widget_path(&self) -> String {
        format!("/v1/widget/conversations/{}/messages", self.conversation.id)
    }
}

/// Sends as a client must: 503 says that nothing is known, and the same id settles it.
async fn send_until_settled(visitor: &Visitor, path: &str, body: &Value) -> Answer {
    for _ in 0..10 {
        let answer = visitor.send(Method::POST, path, Some(body.clone())).await;
        if answer.status != 503 {
            return answer;
        }
    }
    panic!("ten times 503");
}

fn numbers(part: &Value) -> Vec<u64> {
    part["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|m| m["seq"].as_u64())
        .collect()
}

#[tokio::test]
async fn a_repeated_send_answers_200_with_the_same_message() {
    let world = world().await;
    let body = message("once");
    let first = world
        .visitor
        .post(&world.widget_path(), body.clone(), 201)
        .await;
    let again = world
        .visitor
        .post(&world.widget_path(), body.clone(), 200)
        .await;
    assert_eq!(first, again);
    let mut other = body.clone();
    other["text"] = "twice".into();
    let path = world.widget_path();
    world
        .visitor
        .refused(Method::POST, &path, Some(other), 409, "message_id_reused")
        .await;
    // The same id of another author is another message.
    world.owner.post(&world.path(), body.clone(), 201).await;
    // The same id as a note is another content.
    let mut note = body;
    note["kind"] = "note".into();
    let path = world.path();
    world
        .owner
        .refused(Method::POST, &path, Some(note), 409, "message_id_reused")
        .await;
    assert_eq!(world.visitor.read(&world.conversation).await.len(), 3);
}

#[tokio::test]
async fn sends_at_once_with_repeats_are_numbered_without_a_gap_and_never_doubled() {
    let world = world().await;
    let mut tasks = Vec::new();
    for writer in 0..8 {
        let (visitor, path) = (world.visitor.clone(), world.widget_path());
        tasks.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0..5 {
                let body = message(&format!("{writer}-{n}"));
                let mut answers = Vec::new();
                for _ in 0..1 + (writer + n) % 2 {
                    answers.push(send_until_settled(&visitor, &path, &body).await);
                }
                assert!(
                    answers.iter().all(|a| a.status == 201 || a.status == 200),
                    "{answers:?}"
                );
                assert!(answers.iter().all(|a| a.body == answers[0].body));
                acknowledged.push(answers[0].body["id"].clone());
            }
            acknowledged
        }));
    }
    let mut acknowledged = Vec::new();
    for task in tasks {
        acknowledged.extend(task.await.expect("a writer"));
    }
    let seen = world.visitor.read(&world.conversation).await;
    let numbers: Vec<u64> = seen.iter().filter_map(|m| m["seq"].as_u64()).collect();
    assert_eq!(numbers, (1..=41).collect::<Vec<u64>>());
    for id in &acknowledged {
        assert_eq!(seen.iter().filter(|m| m["id"] == *id).count(), 1);
    }
    let head = format!("/v1/widget/conversations/{}", world.conversation.id);
    assert_eq!(world.visitor.get(&head, 200).await["in_seq"], 41);
}

#[tokio::test]
async fn a_thread_is_read_forwards_backwards_and_around() {
    let world = world().await;
    for n in 2..=20 {
        world
            .visitor
            .say(&world.conversation, &format!("m{n}"))
            .await;
    }
    let path = world.path();
    let get = async |query: &str| world.owner.get(&format!("{path}?{query}"), 200).await;

    let newest = get("limit=5").await;
    assert_eq!(numbers(&newest), [16, 17, 18, 19, 20]);
    assert_eq!(
        (&newest["head_seq"], &newest["min_seq"]),
        (&json!(20), &Value::Null)
    );
    let all = get("limit=100").await;
    assert_eq!(numbers(&all).len(), 20);
    assert_eq!(all["min_seq"], 1);
    assert_eq!(numbers(&get("after_seq=17").await), [18, 19, 20]);
    assert_eq!(numbers(&get("after_seq=0&limit=3").await), [1, 2, 3]);
    assert_eq!(numbers(&get("after_seq=20").await), [] as [u64; 0]);
    assert_eq!(numbers(&get("before_seq=4").await), [1, 2, 3]);
    assert_eq!(numbers(&get("before_seq=10&limit=2").await), [8, 9]);
    assert_eq!(numbers(&get("around_seq=10&limit=4").await), [8, 9, 10, 11]);
    assert_eq!(numbers(&get("around_seq=1&limit=4").await), [1, 2, 3, 4]);

    let both = format!("{path}?after_seq=1&before_seq=3");
    world
        .owner
        .refused(Method::GET, &both, None, 422, "validation_failed")
        .await;
}

#[tokio::test]
async fn a_message_says_when_it_was_sent_and_when_it_will_be_gone() {
    let world = world().await;
    let message = world.visitor.say(&world.conversation, "hello").await;
    assert_eq!(message["sent_at"], "2026-01-15T12:00:00.000Z");
    // 760 days, the default of profile `inbox` (CHAT-18).
    assert_eq!(message["expires_at"], "2028-02-14T12:00:00.000Z");
    let _ = &world.harness;
}

#[tokio::test]
async fn a_viewer_reads_and_does_not_write() {
    let world = world().await;
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "eve@example.com", "viewer")
        .await;
    assert_eq!(
        viewer
            .read(&world.workspace, &world.conversation)
            .await
            .len(),
        1
    );
    let body = Some(json!({ "client_message_id": random_uuid(), "text": "hi" }));
    viewer
        .refused(Method::POST, &world.path(), body, 403, "forbidden")
        .await;
    assert_eq!(world.visitor.read(&world.conversation).await.len(), 1);
}
