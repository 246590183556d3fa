//! What the people of a workspace are told by mail of what colleagues did.

use harness::{Harness, Member, Workspace, text};
use local::mail::Mail;
use reqwest::Method;
use serde_json::json;

const ENDS: &str = "A Sotto workspace of yours will be deleted";
const STAYS: &str = "A Sotto workspace of yours stays";
const ROLE: &str = "Your role in a Sotto workspace was changed";
const GONE: &str = "You are no longer a member of a Sotto workspace";
const KEY_MADE: &str = "A Sotto API key was made";
const KEY_DELETED: &str = "A Sotto API key was deleted";

async fn told(harness: &Harness, email: &str, subject: &str) -> Vec<Mail> {
    let mails = harness.mails(email).await.into_iter();
    mails.filter(|mail| mail.subject == subject).collect()
}

async fn place_of(workspace: &Workspace, member: &Member) -> String {
    let id = text(&member.get(&workspace.path, 200).await, "member_id");
    format!("{}/members/{id}", workspace.path)
}

/// FLOW-18, CALL-27
#[tokio::test]
async fn every_owner_and_nobody_else_hears_that_a_workspace_ends_and_that_it_stays() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    for (email, role) in [("kim@example.com", "owner"), ("bob@example.com", "admin")] {
        harness.join(&owner, &workspace, email, role).await;
    }
    let undo = format!("{}/undo-deletion", workspace.path);
    // Undoing what nobody did tells nobody anything.
    owner.send(Method::POST, &undo, None).await;
    let ended = owner.send(Method::DELETE, &workspace.path, None).await;
    assert_eq!(ended.status, 202, "{}", ended.text);
    for (subject, counts) in [(ENDS, [1, 1, 0]), (STAYS, [0, 0, 0])] {
        let addresses = ["ada@example.com", "kim@example.com", "bob@example.com"];
        for (email, count) in addresses.into_iter().zip(counts) {
            assert_eq!(told(&harness, email, subject).await.len(), count, "{email}");
        }
    }
    let mail = told(&harness, "kim@example.com", ENDS).await.remove(0);
    assert!(mail.text.contains(&workspace.id), "{}", mail.text);
    assert!(!mail.text.contains("Test"), "the name of the workspace");
    let undone = owner.send(Method::POST, &undo, None).await;
    assert_eq!(undone.status, 200, "{}", undone.text);
    for (email, count) in [
        ("ada@example.com", 1),
        ("kim@example.com", 1),
        ("bob@example.com", 0),
    ] {
        assert_eq!(told(&harness, email, STAYS).await.len(), count, "{email}");
    }
}

/// FLOW-18
#[tokio::test]
async fn whoever_gets_another_role_or_goes_is_told_and_what_stays_the_same_is_not() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let place = place_of(&workspace, &bob).await;
    for (body, count) in [
        (json!({ "role": "agent" }), 0),
        (json!({ "visibility": "assigned" }), 0),
        (json!({ "name": "Bob" }), 0),
        (json!({ "role": "admin" }), 1),
    ] {
        owner.patch(&place, body, 200).await;
        let mails = told(&harness, "bob@example.com", ROLE).await;
        assert_eq!(mails.len(), count);
    }
    let mail = told(&harness, "bob@example.com", ROLE).await.remove(0);
    assert!(
        mail.text.contains("Your role there: admin."),
        "{}",
        mail.text
    );
    // The ownership changes hands: both are told.
    let body = json!({ "member_id": place.rsplit_once('/').expect("an id").1 });
    let path = format!("{}/transfer-ownership", workspace.path);
    owner.post(&path, body, 200).await;
    for (email, role, count) in [
        ("ada@example.com", "admin", 1),
        ("bob@example.com", "owner", 2),
    ] {
        let mails = told(&harness, email, ROLE).await;
        assert_eq!(mails.len(), count);
        let last = &mails[count - 1].text;
        assert!(
            last.contains(&format!("Your role there: {role}.")),
            "{last}"
        );
    }
    let place = place_of(&workspace, &owner).await;
    let gone = bob.send(Method::DELETE, &place, None).await;
    assert_eq!(gone.status, 202, "{}", gone.text);
    assert_eq!(told(&harness, "ada@example.com", GONE).await.len(), 1);
    assert_eq!(told(&harness, "bob@example.com", GONE).await.len(), 0);
}

/// FLOW-18
#[tokio::test]
async fn a_deleted_key_is_told_to_who_deleted_it_and_to_who_made_it() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "admin")
        .await;
    let keys = format!("{}/api-keys", workspace.path);
    let mut deleted = (0, 0);
    for maker in [&bob, &owner] {
        let body = json!({ "name": "Shop", "scopes": ["conversations.read"] });
        let key = maker.post(&keys, body, 201).await;
        assert_eq!(told(&harness, &maker.email, KEY_MADE).await.len(), 1);
        let path = format!("{keys}/{}", text(&key, "id"));
        owner.delete(&path, 204).await;
        owner
            .refused(Method::DELETE, &path, None, 404, "not_found")
            .await;
        deleted.0 += 1;
        deleted.1 += usize::from(maker.email == bob.email);
        let ada = told(&harness, "ada@example.com", KEY_DELETED).await.len();
        let bob = told(&harness, "bob@example.com", KEY_DELETED).await.len();
        assert_eq!((ada, bob), deleted);
    }
}
