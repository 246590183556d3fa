//! How urgent a conversation is, who follows it, and who was named in it.

use harness::text;
use reqwest::Method;
use serde_json::{Value, json};

use super::{MS, World};

fn note(words: &str, mentions: &[&str]) -> Value {
    json!({
        "client_message_id": harness::random_uuid(), "kind": "note", "text": words, "mentions": mentions,
    })
}

#[tokio::test]
async fn the_most_urgent_come_first_then_those_that_wait_longest_and_the_transcript_says_so() {
    let world = World::new().await;
    let mut ids = vec![world.conversation.id.clone()];
    for n in 0..4 {
        world.harness.advance(MS * 5);
        ids.push(world.visitor.start(&n.to_string()).await.id);
    }
    let at = |n: usize| format!("{}/conversations/{}", world.workspace.path, ids[n]);
    for (n, priority) in [(1, "low"), (2, "urgent"), (3, "high"), (4, "urgent")] {
        let body = json!({ "priority": priority });
        let changed = world.agent.patch(&at(n), body, 200).await;
        assert_eq!(changed["priority"], priority);
    }
    let order =
        |places: &[usize]| -> Vec<String> { places.iter().map(|n| ids[*n].clone()).collect() };
    let meter = &world.harness.app_of("conversations").meter;
    meter.take();
    let listed = world
        .listed(&world.owner, "view=unassigned&sort=priority")
        .await;
    assert_eq!(listed, order(&[2, 4, 3, 1, 0]));
    assert_eq!(
        meter.take().operations(),
        ["BatchGetItem", "Query", "BatchGetItem"]
    );
    let few = world
        .listed(&world.owner, "view=unassigned&sort=priority&limit=2")
        .await;
    assert_eq!(few, order(&[2, 4]));
    let same = world
        .listed(&world.owner, "view=unassigned&sort=oldest&priority=urgent")
        .await;
    assert_eq!(same, order(&[2, 4]));
    let oldest = world
        .listed(&world.owner, "view=unassigned&sort=oldest")
        .await;
    assert_eq!(
        oldest,
        order(&[0, 1, 2, 3, 4]),
        "time is in its order still"
    );

    // Once more is no change; the line says what it became, and the visitor is told nothing.
    world
        .agent
        .patch(&at(2), json!({ "priority": "urgent" }), 200)
        .await;
    let lines = world.owner.get(&format!("{}/messages", at(2)), 200).await;
    let lines = lines["data"].as_array().expect("a list");
    let told: Vec<&Value> = lines
        .iter()
        .filter(|line| line["event"] == "priority_changed")
        .collect();
    assert_eq!((told.len(), &told[0]["priority"]), (1, &json!("urgent")));
    let own = world
        .visitor
        .get(&format!("/v1/widget/conversations/{}", ids[2]), 200)
        .await;
    assert_eq!(
        (&own["priority"], &own["participants"]),
        (&Value::Null, &Value::Null)
    );

    for bad in [json!({ "priority": "soon" }), json!({ "priority": null })] {
        let refused = world.agent.patch(&at(0), bad, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], "#/priority");
    }
    let stale = world.agent.with_header("if-match", "\"1\"");
    let refused = stale.patch(&at(2), json!({ "priority": "low" }), 409).await;
    assert_eq!(refused["code"], "conflict");
    for query in ["view=all&sort=priority", "view=mentions&sort=priority"] {
        let path = format!("{}/conversations?{query}", world.workspace.path);
        let refused = world.owner.get(&path, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], "?sort");
    }
}

#[tokio::test]
async fn only_who_sees_a_conversation_is_named_in_it_or_follows_it_and_a_refusal_changes_nothing() {
    let world = World::new().await;
    let messages = world.at("/messages");
    let follow = |id: &str| world.at(&format!("/participants/{id}"));
    // Whoever sees everything is named, and finds where.
    world
        .owner
        .post(&messages, note("@agent?", &[&world.agent_id]), 201)
        .await;
    let found = world.listed(&world.agent, "view=mentions").await;
    assert_eq!(found, std::slice::from_ref(&world.conversation.id));
    assert!(world.listed(&world.owner, "view=mentions").await.is_empty());
    let followed = world
        .owner
        .put(&follow(&world.agent_id), json!({}), 200)
        .await;
    assert_eq!(followed["participants"], json!([world.agent_id]));

    let seat = format!("{}/members/{}", world.workspace.path, world.agent_id);
    world
        .owner
        .patch(&seat, json!({ "visibility": "assigned" }), 200)
        .await;
    assert!(
        world.listed(&world.agent, "view=mentions").await.is_empty(),
        "named, and out of sight"
    );
    world
        .owner
        .send(Method::DELETE, &follow(&world.agent_id), None)
        .await;
    let before = (world.shown().await, world.harness.items().await.len());
    let refused = world
        .owner
        .post(&messages, note("@agent?", &[&world.agent_id]), 422)
        .await;
    assert_eq!(refused["errors"][0]["pointer"], "#/mentions/0");
    assert_eq!(refused["errors"][0]["code"], "cannot_see");
    let refused = world
        .owner
        .put(&follow(&world.agent_id), json!({}), 422)
        .await;
    assert_eq!(refused["errors"][0]["code"], "cannot_see");
    let nobody = "mbr_01kf0a1b2c3d4e5f6g7h8j9k0m";
    world
        .owner
        .post(&messages, note("@who?", &[nobody]), 422)
        .await;
    world.owner.put(&follow(nobody), json!({}), 404).await;
    let twice = [world.agent_id.as_str(); 2];
    world
        .owner
        .post(&messages, note("twice", &twice), 422)
        .await;
    let mut said = note("said", &[&world.agent_id]);
    said["kind"] = "text".into();
    world.owner.post(&messages, said, 422).await;
    assert_eq!(
        (world.shown().await, world.harness.items().await.len()),
        before
    );

    // What is theirs they see again, and are named in again: one place for one conversation.
    let theirs = json!({ "member_id": world.agent_id });
    world.owner.put(&world.at("/assignee"), theirs, 200).await;
    world.harness.advance(MS);
    let named = world
        .owner
        .post(&messages, note("@agent!", &[&world.agent_id]), 201)
        .await;
    assert_eq!(named["mentions"], json!([world.agent_id]));
    assert_eq!(world.listed(&world.agent, "view=mentions").await.len(), 1);
    let mine = text(
        &world.owner.get(&world.workspace.path, 200).await,
        "member_id",
    );
    world.agent.put(&follow(&mine), json!({}), 200).await;
    world.agent.put(&follow(&mine), json!({}), 200).await;
    assert_eq!(world.shown().await["participants"], json!([mine]));

    // With the conversation goes what leads to it.
    world.owner.delete(&world.at(""), 204).await;
    assert!(world.listed(&world.agent, "view=mentions").await.is_empty());
    let left = world.harness.items().await;
    assert!(
        !left.iter().any(|item| item.contains("MENTION#")),
        "{left:#?}"
    );
}

#[tokio::test]
async fn who_leaves_leaves_no_mention_behind() {
    let world = World::new().await;
    world
        .owner
        .post(
            &world.at("/messages"),
            note("@agent?", &[&world.agent_id]),
            201,
        )
        .await;
    let place = format!("{}/members/{}", world.workspace.path, world.agent_id);
    world.owner.delete(&place, 202).await;
    world.harness.run_schedule("jobs").await;
    let left = world.harness.items().await;
    assert!(
        !left.iter().any(|item| item.contains("MENTION#")),
        "{left:#?}"
    );
}
