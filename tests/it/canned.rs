//! Prepared answers: the workspace's for everybody, one's own for oneself.

use harness::{Harness, Member, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

async fn world() -> (Harness, Member, Workspace, Member, Member) {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let eve = harness
        .join(&owner, &workspace, "eve@example.com", "agent")
        .await;
    (harness, owner, workspace, bob, eve)
}

async fn names(member: &Member, place: &str) -> Vec<String> {
    let list = member.get(place, 200).await;
    let data = list["data"].as_array().expect("a list");
    data.iter().map(|one| text(one, "name")).collect()
}

#[tokio::test]
async fn the_workspaces_answers_are_everybodys_and_ones_own_are_nobody_elses() {
    let (harness, owner, workspace, bob, eve) = world().await;
    let place = format!("{}/canned-replies", workspace.path);
    let shared = json!({ "kept_for": "workspace", "name": "refund", "text": "On its way, {{contact.name}}." });
    bob.refused(Method::POST, &place, Some(shared.clone()), 403, "forbidden")
        .await;
    let shared = owner.post(&place, shared, 201).await;
    let own = json!({ "name": "hello", "text": "Hello, {{member.name}} here." });
    let once = bob.with_header("idempotency-key", "\"one\"");
    let own = once.post(&place, own.clone(), 201).await;
    let again = json!({ "name": "hello", "text": "Hello, {{member.name}} here." });
    assert_eq!(once.post(&place, again, 200).await["id"], own["id"]);
    assert_eq!(names(&bob, &place).await, ["refund", "hello"]);
    assert_eq!(names(&eve, &place).await, ["refund"]);
    assert_eq!(
        (&own["kept_for"], &shared["kept_for"]),
        (&json!("me"), &json!("workspace"))
    );

    // A colleague's own is not there, and the workspace's is changed by who runs it.
    let at = |reply: &Value| format!("{place}/{}", text(reply, "id"));
    let change = Some(json!({ "text": "Changed" }));
    eve.refused(Method::PATCH, &at(&own), change.clone(), 404, "not_found")
        .await;
    eve.refused(Method::DELETE, &at(&own), None, 404, "not_found")
        .await;
    bob.refused(Method::PATCH, &at(&shared), change, 403, "forbidden")
        .await;
    bob.refused(Method::DELETE, &at(&shared), None, 403, "forbidden")
        .await;
    let stale = bob.with_header("if-match", "\"7\"");
    let refused = stale.patch(&at(&own), json!({ "name": "hi" }), 409).await;
    assert_eq!(refused["code"], "conflict");
    let changed = bob
        .patch(&at(&own), json!({ "text": "Good day" }), 200)
        .await;
    assert_eq!(
        (&changed["text"], &changed["name"], &changed["rev"]),
        (&json!("Good day"), &json!("hello"), &json!(2))
    );
    let before = harness.items().await.len();
    for (body, pointer) in [
        (json!({ "name": "", "text": "Hello" }), "#/name"),
        (json!({ "name": "a", "text": "" }), "#/text"),
        (
            json!({ "name": "a", "text": "{{contact.email}}" }),
            "#/text",
        ),
        (json!({ "name": "a", "text": "{{contact.name" }), "#/text"),
        (
            json!({ "name": "a", "text": "b", "kept_for": "eve" }),
            "#/kept_for",
        ),
    ] {
        let refused = bob.post(&place, body, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    assert_eq!(harness.items().await.len(), before);
    owner.delete(&at(&shared), 204).await;
    assert_eq!(names(&bob, &place).await, ["hello"]);
}

#[tokio::test]
async fn who_leaves_takes_their_own_answers_along() {
    let (harness, owner, workspace, bob, _) = world().await;
    let place = format!("{}/canned-replies", workspace.path);
    let own = json!({ "name": "hello", "text": "Hello" });
    bob.post(&place, own, 201).await;
    let kept = json!({ "kept_for": "workspace", "name": "refund", "text": "On its way." });
    owner.post(&place, kept, 201).await;
    let id = text(&bob.get(&workspace.path, 200).await, "member_id");
    owner
        .delete(&format!("{}/members/{id}", workspace.path), 202)
        .await;
    harness.run_schedule("jobs").await;
    let items = harness.items().await;
    let kept: Vec<_> = items
        .iter()
        .filter(|item| item.contains("\"CannedReply\""))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:#?}");
    assert_eq!(names(&owner, &place).await, ["refund"]);
}

/// CALL-32, FLOW-51: what a team prepared is in the copy of the workspace, and what a member keeps for themselves
/// in theirs alone.
#[tokio::test]
async fn prepared_answers_are_in_the_copy_of_those_whose_they_are() {
    let (harness, owner, workspace, bob, _) = world().await;
    let place = format!("{}/canned-replies", workspace.path);
    let shared = json!({ "kept_for": "workspace", "name": "refund", "text": "canary-of-the-team" });
    owner.post(&place, shared, 201).await;
    let own = json!({ "name": "hello", "text": "canary-of-bob" });
    bob.post(&place, own, 201).await;
    let copy = async |by: &Member, at: &str| {
        let asked = by.send(Method::POST, at, None).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        harness.run_schedule("minute").await;
        let place = format!("{at}/{}/parts/1", text(&asked.body, "id"));
        let (bytes, ..) = harness::files::follow(by, &place).await;
        String::from_utf8(bytes).expect("JSON")
    };
    let whole = copy(&owner, &format!("{}/exports", workspace.path)).await;
    assert!(whole.contains("canary-of-the-team"), "{whole}");
    assert!(!whole.contains("canary-of-bob"), "{whole}");
    let theirs = copy(&bob, "/v1/account/exports").await;
    assert!(theirs.contains("canary-of-bob"), "{theirs}");
    assert!(!theirs.contains("canary-of-the-team"), "{theirs}");
}
