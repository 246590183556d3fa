//! Who sees what, in which list, and what it costs.

use harness::{message, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{HOUR, MS, World};

#[tokio::test]
async fn views_hold_what_is_theirs_in_pages_that_lose_none() {
    let world = World::new().await;
    let mut ids = vec![world.conversation.id.clone()];
    for n in 0..6 {
        world.harness.advance(MS * 5);
        ids.push(world.visitor.start(&format!("{n}")).await.id);
    }
    world.harness.advance(MS * 5);
    // A message moves nothing in a queue.
    world.visitor.say(&world.conversation, "again").await;
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(world.listed(&world.owner, "view=unassigned").await, newest);
    assert_eq!(
        world
            .listed(&world.owner, "view=unassigned&sort=oldest")
            .await,
        ids
    );
    assert_eq!(world.listed(&world.owner, "view=all").await[0], ids[0]);
    for sort in ["newest", "oldest"] {
        for view in ["unassigned", "all"] {
            let whole = world
                .listed(&world.owner, &format!("view={view}&sort={sort}"))
                .await;
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let query = format!("view={view}&sort={sort}&limit=2{cursor}");
                let path = format!("{}/conversations?{query}", world.workspace.path);
                let page = world.owner.get(&path, 200).await;
                seen.extend(
                    page["data"]
                        .as_array()
                        .expect("a list")
                        .iter()
                        .map(|c| text(c, "id")),
                );
                let Some(next) = page["page"]["next_cursor"].as_str() else {
                    break;
                };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, whole, "{view} {sort}");
        }
    }

    let at =
        |n: usize, rest: &str| format!("{}/conversations/{}{rest}", world.workspace.path, ids[n]);
    world.harness.advance(MS * 5);
    world.agent.post(&at(3, "/claim"), json!({}), 200).await;
    world.harness.advance(MS * 5);
    world.agent.post(&at(1, "/claim"), json!({}), 200).await;
    world.agent.post(&at(5, "/claim"), json!({}), 200).await;
    world.agent.post(&at(5, "/close"), json!({}), 200).await;
    assert_eq!(
        world.listed(&world.agent, "view=mine").await,
        [ids[1].clone(), ids[3].clone()]
    );
    assert_eq!(
        world.listed(&world.agent, "view=mine&status=closed").await,
        [ids[5].clone()]
    );
    assert!(world.listed(&world.owner, "view=mine").await.is_empty());
    assert_eq!(world.listed(&world.owner, "view=unassigned").await.len(), 4);
    assert_eq!(
        world.listed(&world.owner, "status=closed").await,
        [ids[5].clone()]
    );
    let counts = world
        .agent
        .get(
            &format!("{}/conversations/counts", world.workspace.path),
            200,
        )
        .await;
    let expected = json!({
        "mine": { "open": 2, "snoozed": 0 }, "unassigned": { "open": 4, "snoozed": 0 }, "counted_to": 1000,
    });
    assert_eq!(counts, expected);

    // A cursor belongs to its own view and order.
    let path = format!("{}/conversations", world.workspace.path);
    let page = world
        .owner
        .get(&format!("{path}?view=unassigned&limit=1"), 200)
        .await;
    let cursor = text(&page["page"], "next_cursor");
    for other in [
        "view=mine",
        "view=all",
        "view=unassigned&sort=oldest",
        "view=unassigned&status=spam",
    ] {
        let path = format!("{path}?{other}&cursor={cursor}");
        world
            .owner
            .refused(Method::GET, &path, None, 400, "cursor_invalid")
            .await;
    }
    for bad in ["view=theirs", "sort=random", "status=lost"] {
        let path = format!("{path}?{bad}");
        world
            .owner
            .refused(Method::GET, &path, None, 422, "validation_failed")
            .await;
    }
}

#[tokio::test]
async fn whoever_waits_longest_is_known_until_somebody_answers() {
    let world = World::new().await;
    let began = world.shown().await["created_at"].clone();
    world.harness.advance(MS * 5);
    world.visitor.say(&world.conversation, "two").await;
    assert_eq!(world.shown().await["waiting_since"], began);
    world
        .owner
        .say(&world.workspace, &world.conversation, "here")
        .await;
    assert!(world.shown().await["waiting_since"].is_null());
}

#[tokio::test]
async fn who_sees_only_the_own_conversations_finds_no_other_on_any_route() {
    let world = World::new().await;
    let mine = world.visitor.start("mine").await;
    let claim = format!("{}/conversations/{}/claim", world.workspace.path, mine.id);
    world.agent.post(&claim, json!({}), 200).await;
    let seat = format!("{}/members/{}", world.workspace.path, world.agent_id);
    world
        .owner
        .patch(&seat, json!({ "visibility": "assigned" }), 200)
        .await;
    for view in ["all", "mine"] {
        assert_eq!(
            world.listed(&world.agent, &format!("view={view}")).await,
            std::slice::from_ref(&mine.id),
            "{view}"
        );
    }
    assert!(
        world
            .listed(&world.agent, "view=unassigned")
            .await
            .is_empty()
    );
    let counts = world
        .agent
        .get(
            &format!("{}/conversations/counts", world.workspace.path),
            200,
        )
        .await;
    assert_eq!(
        (&counts["mine"]["open"], &counts["unassigned"]["open"]),
        (&json!(1), &json!(0))
    );
    for (method, rest, body) in [
        (Method::GET, "", None),
        (Method::GET, "/messages", None),
        (Method::POST, "/messages", Some(message("hi"))),
        (Method::PUT, "/read", Some(json!({ "seq": 1 }))),
        (Method::POST, "/claim", None),
        (Method::POST, "/close", None),
        (Method::PUT, "/draft", Some(json!({ "text": "hi" }))),
        (
            Method::POST,
            "/messages/1/redact",
            Some(json!({ "ranges": [{ "start": 0, "end": 1 }] })),
        ),
    ] {
        world
            .agent
            .refused(method, &world.at(rest), body, 404, "not_found")
            .await;
    }
    // Given to them, it is there; taken away, it is not.
    let theirs = json!({ "member_id": world.agent_id });
    world.owner.put(&world.at("/assignee"), theirs, 200).await;
    world.agent.get(&world.at(""), 200).await;
    world.owner.delete(&world.at("/assignee"), 200).await;
    world
        .agent
        .refused(Method::GET, &world.at(""), None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let world = World::new().await;
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "vera@example.com", "viewer")
        .await;
    let before = world.shown().await;
    for verb in ["/claim", "/close", "/reopen", "/spam", "/wake"] {
        viewer
            .refused(Method::POST, &world.at(verb), None, 403, "forbidden")
            .await;
    }
    viewer
        .refused(
            Method::DELETE,
            &world.at("/assignee"),
            None,
            403,
            "forbidden",
        )
        .await;
    viewer
        .refused(Method::DELETE, &world.at(""), None, 403, "forbidden")
        .await;
    viewer
        .refused(
            Method::DELETE,
            &world.at("/messages/1"),
            None,
            403,
            "forbidden",
        )
        .await;
    let labels = Some(json!({ "labels": ["vip"] }));
    viewer
        .refused(Method::PUT, &world.at("/labels"), labels, 403, "forbidden")
        .await;
    assert_eq!(world.shown().await, before);
    // And is given nothing that waits for an answer.
    let id = text(&viewer.get(&world.workspace.path, 200).await, "member_id");
    let refused = world
        .owner
        .put(&world.at("/assignee"), json!({ "member_id": id }), 422)
        .await;
    assert_eq!(refused["errors"][0]["code"], "cannot_answer", "{refused}");
    assert_eq!(world.shown().await, before);
}

#[tokio::test]
async fn a_hold_is_for_who_sees_the_conversation() {
    let world = World::new().await;
    let admin = world
        .harness
        .join(&world.owner, &world.workspace, "vera@example.com", "admin")
        .await;
    let until = world.harness.now().plus(HOUR);
    let hold = json!({ "reason": "Complaint 17", "until": until });
    admin.put(&world.at("/hold"), hold.clone(), 200).await;
    let id = text(&admin.get(&world.workspace.path, 200).await, "member_id");
    let seat = format!("{}/members/{id}", world.workspace.path);
    let few = json!({ "visibility": "assigned" });
    world.owner.patch(&seat, few, 200).await;
    for (method, body) in [
        (Method::GET, None),
        (Method::PUT, Some(hold)),
        (Method::DELETE, None),
    ] {
        admin
            .refused(method, &world.at("/hold"), body, 404, "not_found")
            .await;
    }
    let shown = world.owner.get(&world.at("/hold"), 200).await;
    assert_eq!(shown["reason"], "Complaint 17");
}

#[tokio::test]
async fn a_change_is_one_batch_and_one_transaction_and_a_page_one_query_and_one_batch() {
    let world = World::new().await;
    world.shown().await;
    let meter = &world.harness.app_of("conversations").meter;
    let until = json!({ "until": world.harness.now().plus(HOUR) });
    let labels = json!({ "labels": ["vip"] });
    let assign = json!({ "member_id": world.agent_id });
    let draft = json!({ "text": "May I" });
    let calls: [(Method, &str, Option<Value>); 9] = [
        (Method::POST, "/claim", None),
        (Method::PUT, "/assignee", Some(assign)),
        (Method::DELETE, "/assignee", None),
        (Method::PUT, "/labels", Some(labels)),
        (Method::POST, "/snooze", Some(until)),
        (Method::POST, "/reopen", None),
        (Method::POST, "/spam", None),
        (Method::POST, "/close", None),
        (Method::PUT, "/draft", Some(draft)),
    ];
    for (method, rest, body) in calls {
        meter.take();
        let answer = world
            .owner
            .send(method.clone(), &world.at(rest), body)
            .await;
        assert_eq!(answer.status, 200, "{rest}: {}", answer.text);
        let mut expected = vec!["BatchGetItem"];
        if (method, rest) == (Method::PUT, "/assignee") {
            // Whether they may answer lies with their account.
            expected.extend(["BatchGetItem"; 2]);
        }
        expected.push("TransactWriteItems");
        assert_eq!(meter.take().operations(), expected, "{rest}");
    }
    // What is done already is one read.
    world.post("/close", 200).await;
    assert_eq!(meter.take().operations(), ["BatchGetItem"]);

    world.post("/reopen", 200).await;
    world.post("/claim", 200).await;
    for n in 0..30 {
        world.visitor.start(&n.to_string()).await;
    }
    for view in ["mine", "unassigned"] {
        meter.take();
        world
            .listed(&world.owner, &format!("view={view}&limit=50"))
            .await;
        let reading = meter.take();
        assert_eq!(
            reading.operations(),
            ["BatchGetItem", "Query", "BatchGetItem"],
            "{view}"
        );
        assert_eq!(reading.sequential_round_trips(), 3);
    }
    let meter = &world.harness.app_of("messages").meter;
    world
        .owner
        .say(&world.workspace, &world.conversation, "two")
        .await;
    let last = world.shown().await["seq"].as_u64().expect("a number");
    let path = world.at(&format!("/messages/{last}"));
    meter.take();
    world
        .owner
        .patch(&path, json!({ "text": "three" }), 200)
        .await;
    assert_eq!(
        meter.take().operations(),
        ["BatchGetItem", "TransactWriteItems"]
    );
}

#[tokio::test]
async fn a_plain_message_moves_one_index_and_no_queue() {
    let world = World::new().await;
    let place = async || {
        let items = world.harness.items().await;
        let head = items
            .iter()
            .find(|item| item.contains("\"kind\":{\"S\":\"Conversation\"}"));
        let head: Value = serde_json::from_str(head.expect("the head")).expect("JSON");
        let of = |name: &str| head[name]["S"].clone();
        assert!(
            head["due_pk"].is_null(),
            "an open conversation waits for nothing"
        );
        (of("changes_sk"), (of("lists_pk"), of("lists_sk")))
    };
    let before = place().await;
    world.harness.advance(MS);
    world.visitor.say(&world.conversation, "two").await;
    let after = place().await;
    assert_ne!(before.0, after.0);
    assert_eq!(before.1, after.1);
    // Within one millisecond the change index still moves forward.
    world
        .owner
        .say(&world.workspace, &world.conversation, "three")
        .await;
    let third = place().await;
    assert!(third.0.as_str() > after.0.as_str());
    assert_eq!(before.1, third.1);
}
