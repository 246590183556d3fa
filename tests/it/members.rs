//! The people of a workspace: their roles, and an owner who is always there.

use harness::{Harness, Member, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};

/// Where somebody's role is changed.
async fn place_of(member: &Member, workspace: &Workspace) -> String {
    let id = text(&member.get(&workspace.path, 200).await, "member_id");
    format!("{}/members/{id}", workspace.path)
}

fn role(word: &str) -> Value {
    json!({ "role": word })
}

async fn forbidden(member: &Member, method: Method, path: &str, body: Value) {
    member
        .refused(method, path, Some(body), 403, "forbidden")
        .await;
}

#[tokio::test]
async fn an_admin_makes_no_owner_and_unmakes_none() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let admin = harness
        .join(&owner, &workspace, "bob@example.com", "admin")
        .await;
    let agent = harness
        .join(&owner, &workspace, "eve@example.com", "agent")
        .await;
    let invitations = format!("{}/invitations", workspace.path);
    let of_owner = place_of(&owner, &workspace).await;
    let of_admin = place_of(&admin, &workspace).await;
    let of_agent = place_of(&agent, &workspace).await;
    let invitation = json!({ "email": "kim@example.com", "role": "owner" });
    forbidden(&admin, Method::POST, &invitations, invitation).await;
    for place in [&of_admin, &of_agent, &of_owner] {
        forbidden(&admin, Method::PATCH, place, role("owner")).await;
    }
    for word in ["admin", "agent", "viewer", "billing"] {
        forbidden(&admin, Method::PATCH, &of_owner, role(word)).await;
        forbidden(&agent, Method::PATCH, &of_agent, role(word)).await;
        forbidden(&agent, Method::PATCH, &of_owner, role(word)).await;
    }
    assert_eq!(harness.mails("kim@example.com").await.len(), 0);
    // What an admin may do: move the others about, up to admin.
    assert_eq!(
        admin.patch(&of_agent, role("admin"), 200).await["role"],
        "admin"
    );
    assert_eq!(agent.patch(&of_admin, role("viewer"), 200).await["rev"], 2);
    // And an owner may make another.
    assert_eq!(
        owner.patch(&of_agent, role("owner"), 200).await["role"],
        "owner"
    );
    assert_eq!(
        agent.patch(&of_owner, role("billing"), 200).await["role"],
        "billing"
    );
    let nobody = format!("{}/members/mbr_01h455vb4pex5vsknk084sn02q", workspace.path);
    agent
        .refused(
            Method::PATCH,
            &nobody,
            Some(role("agent")),
            404,
            "not_found",
        )
        .await;
}

#[tokio::test]
async fn the_last_owner_stays_owner() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    harness
        .join(&owner, &workspace, "bob@example.com", "admin")
        .await;
    let place = place_of(&owner, &workspace).await;
    for word in ["admin", "agent", "viewer", "billing"] {
        owner
            .refused(Method::PATCH, &place, Some(role(word)), 409, "last_owner")
            .await;
    }
    assert_eq!(
        owner.patch(&place, role("owner"), 200).await["rev"],
        1,
        "nothing changes"
    );
    // A former owner is no owner: with a second one gone again it is the last one still.
    let second = harness
        .join(&owner, &workspace, "kim@example.com", "owner")
        .await;
    owner
        .patch(&place_of(&second, &workspace).await, role("admin"), 200)
        .await;
    owner
        .refused(
            Method::PATCH,
            &place,
            Some(role("admin")),
            409,
            "last_owner",
        )
        .await;
}

#[tokio::test]
async fn two_owners_who_go_at_once_leave_one_owner_behind() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    let workspace = ada.workspace("inbox").await;
    let bob = harness
        .join(&ada, &workspace, "bob@example.com", "owner")
        .await;
    let of_ada = place_of(&ada, &workspace).await;
    let of_bob = place_of(&bob, &workspace).await;
    for round in 0..8 {
        // Each the other, or each themselves.
        let (by_ada, by_bob) = match round % 2 {
            0 => (&of_bob, &of_ada),
            _ => (&of_ada, &of_bob),
        };
        let (a, b) = tokio::join!(
            ada.send(Method::PATCH, by_ada, Some(role("admin"))),
            bob.send(Method::PATCH, by_bob, Some(role("admin"))),
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        let fits = statuses[0] == 200 && [403, 409].contains(&statuses[1]);
        assert!(fits, "round {round}: {} {}", a.text, b.text);
        let members = ada.get(&format!("{}/members", workspace.path), 200).await;
        let members = members["data"].as_array().expect("a list");
        let owners = members.iter().filter(|member| member["role"] == "owner");
        let owners: Vec<String> = owners.map(|member| text(member, "id")).collect();
        let [left] = &owners[..] else {
            panic!("round {round}: {} owners", owners.len())
        };
        let (keeper, other) = if of_ada.ends_with(left.as_str()) {
            (&ada, &of_bob)
        } else {
            (&bob, &of_ada)
        };
        keeper.patch(other, role("owner"), 200).await;
    }
}

#[tokio::test]
async fn a_changed_role_holds_at_the_very_next_call() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("Hello").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "viewer")
        .await;
    let place = place_of(&bob, &workspace).await;
    let path = format!(
        "{}/conversations/{}/messages",
        workspace.path, conversation.id
    );
    for _ in 0..2 {
        forbidden(&bob, Method::POST, &path, message("Hi")).await;
        owner.patch(&place, role("agent"), 200).await;
        bob.post(&path, message("Hi"), 201).await;
        owner.patch(&place, role("billing"), 200).await;
        bob.refused(Method::GET, &path, None, 403, "forbidden")
            .await;
        owner.patch(&place, role("viewer"), 200).await;
        bob.get(&path, 200).await;
    }
}

#[tokio::test]
async fn a_role_is_changed_in_the_version_that_was_read() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "viewer")
        .await;
    let place = place_of(&bob, &workspace).await;
    let first = owner.with_header("if-match", "\"1\"");
    let answer = first.send(Method::PATCH, &place, Some(role("agent"))).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"2\""));
    first
        .refused(Method::PATCH, &place, Some(role("admin")), 409, "conflict")
        .await;
    owner
        .with_header("if-match", "*")
        .patch(&place, role("admin"), 200)
        .await;
}
