//! What a member set up for the team, when they go: invitations carry no authority that nobody has,
//! and keys go on working while the owners are told.

use harness::{Harness, Member, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::place_of;

const ACCEPT: &str = "/v1/invitations/accept";

async fn invite(member: &Member, workspace: &Workspace, email: &str, role: &str) -> Value {
    let path = format!("{}/invitations", workspace.path);
    let body = json!({ "email": email, "role": role });
    member.post(&path, body, 202).await
}

/// State and inviter of every invitation that is listed.
async fn listed(owner: &Member, workspace: &Workspace) -> Vec<(Value, Value)> {
    let path = format!("{}/invitations", workspace.path);
    let list = owner.get(&path, 200).await;
    let list = list["data"].as_array().expect("a list");
    list.iter()
        .map(|one| (one["state"].clone(), one["invited_by"].clone()))
        .collect()
}

fn acceptance(token: &str) -> Value {
    json!({ "token": token, "name": "Kim" })
}

#[tokio::test]
async fn an_invitation_is_good_while_its_inviter_may_give_the_role_and_for_whoever_sends_it_again()
{
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "admin")
        .await;
    let by_bob = json!(text(&bob.get(&workspace.path, 200).await, "member_id"));
    let place = place_of(&bob, &workspace).await;
    let made = invite(&bob, &workspace, "kim@example.com", "admin").await;
    let token = harness.mail_token("kim@example.com").await;
    let kim = harness.sign_up("kim@example.com").await;
    let state = |word: &str| vec![(json!(word), by_bob.clone())];
    assert_eq!(listed(&owner, &workspace).await, state("pending"));

    // An agent invites nobody, and what they began as an admin is good for nothing meanwhile.
    let patch = |role| json!({ "role": role });
    let demoted = owner.patch(&place, patch("agent"), 200).await;
    assert_eq!(demoted["role"], "agent");
    assert_eq!(listed(&owner, &workspace).await, state("void"));
    let body = Some(acceptance(&token));
    kim.refused(Method::POST, ACCEPT, body.clone(), 404, "not_found")
        .await;
    owner.patch(&place, patch("admin"), 200).await;
    assert_eq!(listed(&owner, &workspace).await, state("pending"));

    // Whoever has gone brings nobody in, at once and before any job has run.
    let gone = owner.send(Method::DELETE, &place, None).await;
    assert_eq!(gone.status, 202, "{}", gone.text);
    assert_eq!(listed(&owner, &workspace).await, state("void"));
    let before = harness.items_with("MEMBERSHIP#").await;
    kim.refused(Method::POST, ACCEPT, body, 404, "not_found")
        .await;
    assert_eq!(harness.items_with("MEMBERSHIP#").await, before);

    // Sent again it is the owner's, with the same link.
    let path = format!("{}/invitations/{}", workspace.path, text(&made, "id"));
    let again = owner
        .send(Method::POST, &format!("{path}/resend"), None)
        .await;
    assert_eq!(again.status, 202, "{}", again.text);
    let by_owner = vec![(json!("pending"), json!(workspace.member_id))];
    assert_eq!(listed(&owner, &workspace).await, by_owner);
    assert_eq!(harness.mail_token("kim@example.com").await, token);
    let joined = kim.post(ACCEPT, acceptance(&token), 200).await;
    assert_eq!(joined["role"], "admin");
}

#[tokio::test]
async fn an_admin_who_leaves_takes_their_invitations_along() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "admin")
        .await;
    invite(&bob, &workspace, "kim@example.com", "agent").await;
    let token = harness.mail_token("kim@example.com").await;
    let leave = format!("{}/leave", workspace.path);
    let left = bob.send(Method::POST, &leave, None).await;
    assert_eq!(left.status, 202, "{}", left.text);
    let kim = harness.sign_up("kim@example.com").await;
    let body = Some(acceptance(&token));
    kim.refused(Method::POST, ACCEPT, body, 404, "not_found")
        .await;
    let mut browser = harness.browser();
    browser.open(&format!("/accept?token={token}"), 200).await;
}

#[tokio::test]
async fn the_keys_of_who_has_gone_go_on_working_and_every_other_owner_is_told_to_replace_them() {
    const SUBJECT: &str = "A colleague has gone whose API keys still work";
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let people = [
        ("kim@example.com", "owner"),
        ("bob@example.com", "admin"),
        ("dan@example.com", "admin"),
    ];
    let mut joined = Vec::new();
    for (email, role) in people {
        joined.push(harness.join(&owner, &workspace, email, role).await);
    }
    let keys = format!("{}/api-keys", workspace.path);
    let body = json!({ "name": "Shop", "scopes": ["conversations.read"] });
    let key = joined[1].post(&keys, body, 201).await;
    let (by_key, list) = (
        harness.anonymous().with_token(&text(&key, "key")),
        format!("{}/conversations", workspace.path),
    );
    by_key.get(&list, 200).await;

    // Who made no key leaves none behind, and nobody is told to do anything.
    for (n, keys) in [(2, json!([])), (1, json!([key["id"]]))] {
        let place = place_of(&joined[n], &workspace).await;
        let gone = owner.send(Method::DELETE, &place, None).await;
        assert_eq!((gone.status, &gone.body["api_keys"]), (202, &keys));
    }
    by_key.get(&list, 200).await;
    for (email, told) in [
        ("ada@example.com", 1),
        ("kim@example.com", 1),
        ("bob@example.com", 0),
        ("dan@example.com", 0),
    ] {
        let mails = harness.mails(email).await.into_iter();
        let of_keys = mails.filter(|mail| mail.subject == SUBJECT).count();
        assert_eq!(of_keys, told, "{email}");
    }
}
