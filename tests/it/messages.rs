//! Messages: numbers without gaps, sends that may be repeated, parts of a thread.

use harness::{
    Answer, Conversation, Harness, Member, Visitor, Workspace, message, random_uuid, text,
};
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

#[tokio::test]
async fn an_answer_names_an_earlier_message_that_everybody_who_reads_it_may_read() {
    let world = world().await;
    let (ours, theirs) = (world.path(), world.widget_path());
    let to = |seq: u64| {
        let mut body = message("In answer");
        body["reply_to_seq"] = seq.into();
        body
    };
    let mut note = message("Between us");
    note["kind"] = "note".into();
    world.owner.post(&ours, note, 201).await;
    world.owner.post(&ours, message("Here"), 201).await;
    // Thread: 1 the visitor's, 2 a note, 3 the team's.
    let body = to(3);
    let said = world.visitor.post(&theirs, body.clone(), 201).await;
    assert_eq!(said["reply_to_seq"], 3);
    assert_eq!(world.visitor.post(&theirs, body.clone(), 200).await, said);
    let mut other = body;
    other["reply_to_seq"] = 1.into();
    world
        .visitor
        .refused(Method::POST, &theirs, Some(other), 409, "message_id_reused")
        .await;
    let said = world.owner.post(&ours, to(1), 201).await;
    assert_eq!(said["reply_to_seq"], 1);
    let mut note = to(2);
    note["kind"] = "note".into();
    assert_eq!(world.owner.post(&ours, note, 201).await["reply_to_seq"], 2);
    let seen = world.visitor.read(&world.conversation).await;
    let answers: Vec<&Value> = seen.iter().map(|one| &one["reply_to_seq"]).collect();
    // Of notes they see the numbers, and nothing of what is answered there.
    let none = &Value::Null;
    assert_eq!(answers, [none, none, none, &json!(3), &json!(1), none]);
    // A note is nothing that a visitor could answer, nor what is said to them; a line of the system is
    // nobody's; the others are not there.
    let close = ours.replace("/messages", "/close");
    world.owner.post(&close, json!({}), 200).await;
    for seq in [0, 2, 7, 99, 10_000_000_000] {
        for (client, path) in [
            (&*world.visitor, theirs.as_str()),
            (&*world.owner, ours.as_str()),
        ] {
            let answer = client.send(Method::POST, path, Some(to(seq))).await;
            assert_eq!(answer.status, 422, "{seq}: {}", answer.text);
            assert_eq!(answer.body["errors"][0]["pointer"], "#/reply_to_seq");
        }
    }
    // What it answers may go: the number stays, and leads to nothing that was said.
    world.owner.delete(&format!("{ours}/3"), 200).await;
    let seen = world.visitor.read(&world.conversation).await;
    let kept = |seq: u64| {
        let found = seen.iter().find(|one| one["seq"] == seq);
        found.expect("the message").clone()
    };
    assert_eq!(kept(4)["reply_to_seq"], 3);
    assert_eq!(kept(3)["text"], Value::Null);
    world.visitor.post(&theirs, to(3), 201).await;
}

#[tokio::test]
async fn a_key_of_the_api_answers_a_message_and_finds_what_it_answered() {
    let world = world().await;
    let wanted = json!({
        "name": "Shop", "scopes": ["conversations.read", "conversations.write"],
        "expires_at": "2027-01-01T00:00:00Z",
    });
    let place = format!("{}/api-keys", world.workspace.path);
    let made = world.owner.post(&place, wanted, 201).await;
    let program = world.harness.anonymous().with_token(&text(&made, "key"));
    let mut body = message("From the shop");
    body["reply_to_seq"] = 1.into();
    program.post(&world.path(), body, 201).await;
    let part = program.get(&world.path(), 200).await;
    assert_eq!(part["data"][1]["reply_to_seq"], 1);
}
