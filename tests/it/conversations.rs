//! The main job: a visitor and a team talk.

use harness::{Harness, message, random_uuid, text};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_visitor_and_a_member_talk() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let visitor = harness.visitor(&app).await;

    let conversation = visitor.start("Where is my parcel?").await;
    owner
        .say(&workspace, &conversation, "It arrives today.")
        .await;
    visitor.say(&conversation, "Thank you!").await;

    let seen = visitor.read(&conversation).await;
    let words: Vec<&str> = seen.iter().filter_map(|m| m["text"].as_str()).collect();
    assert_eq!(
        words,
        ["Where is my parcel?", "It arrives today.", "Thank you!"]
    );
    assert_eq!(seen, owner.read(&workspace, &conversation).await);
    let sides: Vec<&str> = seen
        .iter()
        .filter_map(|m| m["author"]["type"].as_str())
        .collect();
    assert_eq!(sides, ["visitor", "member", "visitor"]);
    let numbers: Vec<u64> = seen.iter().filter_map(|m| m["seq"].as_u64()).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn a_note_is_for_members_and_keeps_only_its_number_for_the_visitor() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("Hello").await;

    let path = format!(
        "{}/conversations/{}/messages",
        workspace.path, conversation.id
    );
    let mut note = message("A difficult customer");
    note["kind"] = "note".into();
    owner.post(&path, note, 201).await;

    let seen = visitor.read(&conversation).await;
    assert_eq!(seen[1], json!({ "seq": 2, "kind": "internal" }));
    let shown = visitor
        .get(
            &format!("/v1/widget/conversations/{}", conversation.id),
            200,
        )
        .await;
    assert_eq!((&shown["seq"], &shown["unread"]), (&json!(2), &json!(0)));
    assert_eq!(
        owner.read(&workspace, &conversation).await[1]["text"],
        "A difficult customer"
    );

    // A visitor cannot write one.
    let widget = format!("/v1/widget/conversations/{}/messages", conversation.id);
    let mut note = message("Me too");
    note["kind"] = "note".into();
    visitor
        .refused(Method::POST, &widget, Some(note), 400, "unknown_field")
        .await;
}

#[tokio::test]
async fn unread_counts_are_exact_for_both_sides_and_never_go_back() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("one").await;
    for words in ["two", "three"] {
        visitor.say(&conversation, words).await;
    }
    owner.say(&workspace, &conversation, "four").await;
    let for_owner = format!("{}/conversations/{}", workspace.path, conversation.id);
    let for_visitor = format!("/v1/widget/conversations/{}", conversation.id);
    assert_eq!(owner.get(&for_owner, 200).await["unread"], 3);
    assert_eq!(visitor.get(&for_visitor, 200).await["unread"], 1);

    let read = |seq: u64| json!({ "seq": seq });
    let answer = owner.put(&format!("{for_owner}/read"), read(2), 200).await;
    assert_eq!(answer, json!({ "read_seq": 2, "unread": 1 }));
    let answer = owner.put(&format!("{for_owner}/read"), read(1), 200).await;
    assert_eq!(
        answer,
        json!({ "read_seq": 2, "unread": 1 }),
        "a watermark went back"
    );
    let answer = owner.put(&format!("{for_owner}/read"), read(4), 200).await;
    assert_eq!(answer, json!({ "read_seq": 4, "unread": 0 }));
    let answer = visitor
        .put(&format!("{for_visitor}/read"), read(4), 200)
        .await;
    assert_eq!(answer, json!({ "read_seq": 4, "unread": 0 }));

    let body = Some(read(5));
    let problem = owner
        .refused(
            Method::PUT,
            &format!("{for_owner}/read"),
            body,
            422,
            "validation_failed",
        )
        .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/seq");
    owner.say(&workspace, &conversation, "five").await;
    assert_eq!(visitor.get(&for_visitor, 200).await["unread"], 1);
    assert_eq!(
        owner.get(&for_owner, 200).await["unread"],
        0,
        "own messages are not unread"
    );
}

#[tokio::test]
async fn conversations_are_listed_by_last_activity_in_pages_that_lose_none() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let mut ids = Vec::new();
    for n in 0..7 {
        harness.advance(std::time::Duration::from_millis(5));
        ids.push(visitor.start(&format!("number {n}")).await.id);
    }
    harness.advance(std::time::Duration::from_millis(5));
    let path = format!("/v1/widget/conversations/{}/messages", ids[2]);
    visitor.post(&path, message("again"), 201).await;
    let mut expected = vec![ids[2].clone()];
    expected.extend([6, 5, 4, 3, 1, 0].map(|n: usize| ids[n].clone()));

    let mut seen = Vec::new();
    let mut path = format!("{}/conversations?limit=3", workspace.path);
    loop {
        let page = owner.get(&path, 200).await;
        for conversation in page["data"].as_array().expect("a list") {
            assert!(conversation["expires_at"].is_string());
            seen.push(text(conversation, "id"));
        }
        match page["page"]["next_cursor"].as_str() {
            Some(cursor) => {
                path = format!("{}/conversations?limit=3&cursor={cursor}", workspace.path)
            }
            None => break,
        }
    }
    assert_eq!(seen, expected);

    let closed = owner
        .get(
            &format!("{}/conversations?status=closed", workspace.path),
            200,
        )
        .await;
    assert_eq!(closed["data"], json!([]));

    // The visitor's own list, newest conversation first, in pages as well.
    let first = visitor.get("/v1/widget/conversations?limit=4", 200).await;
    let cursor = text(&first["page"], "next_cursor");
    let second = visitor
        .get(
            &format!("/v1/widget/conversations?limit=4&cursor={cursor}"),
            200,
        )
        .await;
    let both = [&first, &second]
        .map(|page| page["data"].as_array().expect("a list").clone())
        .concat();
    let own: Vec<String> = both
        .iter()
        .map(|conversation| text(conversation, "id"))
        .collect();
    let mut newest_first = ids;
    newest_first.sort_by(|a, b| b.cmp(a));
    assert_eq!(own, newest_first);
}

#[tokio::test]
async fn a_conversation_that_is_started_twice_with_one_client_id_is_one() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let body = json!({ "first_message": { "client_message_id": random_uuid(), "text": "Hello" } });
    let first = visitor
        .post("/v1/widget/conversations", body.clone(), 201)
        .await;
    let again = visitor
        .post("/v1/widget/conversations", body.clone(), 200)
        .await;
    assert_eq!(first, again);
    let mut other = body;
    other["first_message"]["text"] = "Something else".into();
    let path = "/v1/widget/conversations";
    visitor
        .refused(Method::POST, path, Some(other), 409, "message_id_reused")
        .await;
    let list = visitor.get(path, 200).await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_member_writes_to_a_contact_first_and_nobody_to_a_contact_that_is_not_there() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let path = format!("{}/conversations", workspace.path);
    let body = json!({ "contact_id": visitor.contact_id, "first_message": message("May I help?") });
    let started = owner.post(&path, body, 201).await;
    assert_eq!(started["conversation"]["unread"], 0);
    let own = visitor.get("/v1/widget/conversations", 200).await;
    assert_eq!(own["data"][0]["unread"], 1);
    assert_eq!(own["data"][0]["id"], started["conversation"]["id"]);

    let nobody = "ctc_01h455vb4pex5vsknk084sn02q";
    let body = json!({ "contact_id": nobody, "first_message": message("Hello?") });
    owner
        .refused(Method::POST, &path, Some(body), 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_blocked_visitor_cannot_write_and_can_when_unblocked() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("Hello").await;
    let block = format!("{}/contacts/{}/block", workspace.path, visitor.contact_id);
    owner.put(&block, json!({}), 200).await;
    let path = format!("/v1/widget/conversations/{}/messages", conversation.id);
    visitor
        .refused(Method::POST, &path, Some(message("Hey")), 403, "blocked")
        .await;
    let start = json!({ "first_message": message("Hey") });
    visitor
        .refused(
            Method::POST,
            "/v1/widget/conversations",
            Some(start),
            403,
            "blocked",
        )
        .await;
    owner.delete(&block, 200).await;
    visitor.say(&conversation, "Hey").await;
    assert_eq!(visitor.read(&conversation).await.len(), 2);
}

#[tokio::test]
async fn a_calls_workspace_keeps_no_conversations() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("calls").await;
    let path = format!("{}/conversations", workspace.path);
    owner
        .refused(Method::GET, &path, None, 403, "module_off")
        .await;
}
