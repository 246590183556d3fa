//! Members who go: out with the next call, their conversations with somebody else, nothing left of
//! what was theirs.

mod left;

use harness::{Conversation, Fault, Harness, Kind, Member, Visitor, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

async fn member_id(member: &Member, workspace: &Workspace) -> String {
    text(&member.get(&workspace.path, 200).await, "member_id")
}

async fn place_of(member: &Member, workspace: &Workspace) -> String {
    let id = member_id(member, workspace).await;
    format!("{}/members/{id}", workspace.path)
}

async fn give(owner: &Member, workspace: &Workspace, conversation: &Conversation, to: &str) {
    let path = format!(
        "{}/conversations/{}/assignee",
        workspace.path, conversation.id
    );
    owner.put(&path, json!({ "member_id": to }), 200).await;
}

async fn assignee(owner: &Member, workspace: &Workspace, conversation: &Conversation) -> Value {
    let path = format!("{}/conversations/{}", workspace.path, conversation.id);
    owner.get(&path, 200).await["assignee"].clone()
}

/// Conversations of one member in every state, with what the member keeps about them.
async fn desk(
    owner: &Member,
    workspace: &Workspace,
    visitor: &Visitor,
    (member, id): (&Member, &str),
) -> Vec<Conversation> {
    let mut conversations = Vec::new();
    for verb in ["", "close", "spam", "snooze"] {
        let conversation = visitor.start("Hello").await;
        give(owner, workspace, &conversation, id).await;
        let place = format!("{}/conversations/{}", workspace.path, conversation.id);
        let kept = json!({ "text": "Draft of a sentence" });
        member.put(&format!("{place}/draft"), kept, 200).await;
        member
            .put(&format!("{place}/read"), json!({ "seq": 1 }), 200)
            .await;
        let body = match verb {
            "snooze" => json!({ "until": "2026-01-16T12:00:00.000Z" }),
            _ => Value::Null,
        };
        if !verb.is_empty() {
            let body = Some(body).filter(|body| !body.is_null());
            let path = format!("{place}/{verb}");
            let answer = owner.send(Method::POST, &path, body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        conversations.push(conversation);
    }
    conversations
}

/// CALL-27, CHAT-19: nothing is kept of who works here no longer.
#[tokio::test]
async fn a_removed_member_is_out_at_once_and_leaves_the_conversations_to_somebody_else() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    for (n, heir) in [Some(&workspace.member_id), None].into_iter().enumerate() {
        let address = format!("bob{n}@example.com");
        let bob = harness.join(&owner, &workspace, &address, "agent").await;
        let id = member_id(&bob, &workspace).await;
        let theirs = desk(&owner, &workspace, &visitor, (&bob, &id)).await;
        let socket = bob.socket(&workspace).await;
        let place = format!("{}/members/{id}", workspace.path);
        let asked = match heir {
            Some(heir) => format!("{place}?reassign_to={heir}"),
            None => place.clone(),
        };
        let left = owner.send(Method::DELETE, &asked, None).await;
        assert_eq!(left.status, 202, "{}", left.text);
        drop(socket);
        for path in [
            workspace.path.clone(),
            format!("{}/conversations", workspace.path),
        ] {
            bob.refused(Method::GET, &path, None, 404, "not_found")
                .await;
        }
        owner
            .refused(Method::DELETE, &place, None, 404, "not_found")
            .await;
        let members = owner.get(&format!("{}/members", workspace.path), 200).await;
        assert_eq!(members["data"].as_array().map(Vec::len), Some(1));
        // Nobody gives them anything any more.
        let body = Some(json!({ "member_id": id }));
        let path = format!(
            "{}/conversations/{}/assignee",
            workspace.path,
            visitor.start("New").await.id
        );
        owner
            .refused(Method::PUT, &path, body, 422, "validation_failed")
            .await;
        harness.drain().await;
        harness.run_schedule("Jobs").await;
        let job = format!("{}/jobs/{}", workspace.path, text(&left.body, "job_id"));
        let job = owner.get(&job, 200).await;
        assert_eq!(
            (&job["state"], &job["kind"], &job["roots_done"]),
            (&json!("done"), &json!("handover"), &json!(4))
        );
        for conversation in &theirs {
            let now = assignee(&owner, &workspace, conversation).await;
            assert_eq!(now, json!(heir));
        }
        // The transcript of the open one tells it; a closed one is kept no longer for it.
        let lines = owner.read(&workspace, &theirs[0]).await;
        let last = lines.last().expect("a line");
        assert_eq!(last["kind"], "system", "{last}");
        let closed = owner.read(&workspace, &theirs[1]).await;
        assert_eq!(closed.last().expect("a line")["event"], "closed");
        // What was theirs is gone, their own id in the conversations' past aside.
        for kind in ["READ#", "DRAFT#", "MEMBERSHIP#", "SUBJECT#"] {
            let items = harness.items().await;
            let left = items
                .iter()
                .filter(|item| item.contains(kind) && item.contains(&id));
            assert_eq!(left.count(), 0, "{kind}");
        }
    }
}

#[tokio::test]
async fn whoever_leaves_is_out_and_may_be_asked_again() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let leave = format!("{}/leave", workspace.path);
    for role in ["viewer", "billing", "agent", "admin", "owner"] {
        let bob = harness
            .join(&owner, &workspace, "bob@example.com", role)
            .await;
        let answer = bob.send(Method::POST, &leave, None).await;
        assert_eq!(answer.status, 202, "{role}: {}", answer.text);
        bob.refused(Method::GET, &workspace.path, None, 404, "not_found")
            .await;
        assert_eq!(bob.get("/v1/workspaces", 200).await["data"], json!([]));
    }
}

#[tokio::test]
async fn the_last_owner_neither_leaves_nor_is_removed_nor_demoted() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let admin = harness
        .join(&owner, &workspace, "bob@example.com", "admin")
        .await;
    let place = place_of(&owner, &workspace).await;
    let leave = format!("{}/leave", workspace.path);
    owner
        .refused(Method::POST, &leave, None, 409, "last_owner")
        .await;
    owner
        .refused(Method::DELETE, &place, None, 409, "last_owner")
        .await;
    admin
        .refused(Method::DELETE, &place, None, 403, "forbidden")
        .await;
    // Two owners who go at once leave one behind.
    for round in 0..4 {
        let address = format!("kim{round}@example.com");
        let other = harness.join(&owner, &workspace, &address, "owner").await;
        let of_other = place_of(&other, &workspace).await;
        let (a, b) = match round % 2 {
            0 => tokio::join!(
                owner.send(Method::POST, &leave, None),
                other.send(Method::POST, &leave, None),
            ),
            _ => tokio::join!(
                owner.send(Method::DELETE, &of_other, None),
                other.send(Method::DELETE, &place, None),
            ),
        };
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 202, "{} {}", a.text, b.text);
        assert!([404, 409].contains(&statuses[1]), "{} {}", a.text, b.text);
        if owner.send(Method::GET, &workspace.path, None).await.status == 404 {
            return;
        }
    }
}

#[tokio::test]
async fn conversations_go_only_to_who_can_take_care_of_them() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let viewer = harness
        .join(&owner, &workspace, "kim@example.com", "viewer")
        .await;
    let place = place_of(&bob, &workspace).await;
    let own = member_id(&bob, &workspace).await;
    let viewer = member_id(&viewer, &workspace).await;
    for heir in [
        own.as_str(),
        viewer.as_str(),
        "mbr_01h455vb4pex5vsknk084sn02q",
        "nobody",
    ] {
        let asked = format!("{place}?reassign_to={heir}");
        let problem = owner
            .refused(Method::DELETE, &asked, None, 422, "validation_failed")
            .await;
        assert_eq!(problem["errors"][0]["pointer"], "?reassign_to");
    }
    bob.get(&workspace.path, 200).await;
}

#[tokio::test]
async fn an_owner_hands_the_ownership_over_and_is_an_admin_then() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let path = format!("{}/transfer-ownership", workspace.path);
    let to = |id: &str| json!({ "member_id": id });
    let own = Some(to(&workspace.member_id));
    owner
        .refused(Method::POST, &path, own, 422, "validation_failed")
        .await;
    let nobody = Some(to("mbr_01h455vb4pex5vsknk084sn02q"));
    owner
        .refused(Method::POST, &path, nobody, 404, "not_found")
        .await;
    let id = member_id(&bob, &workspace).await;
    let new = owner.post(&path, to(&id), 200).await;
    assert_eq!((&new["id"], &new["role"]), (&json!(id), &json!("owner")));
    assert_eq!(owner.get(&workspace.path, 200).await["role"], "admin");
    assert_eq!(bob.get(&workspace.path, 200).await["role"], "owner");
    owner
        .refused(Method::POST, &path, Some(to(&id)), 403, "forbidden")
        .await;
    // Not by a session that proved nothing lately.
    harness.advance(std::time::Duration::from_secs(11 * 60));
    let bob = bob.refresh().await;
    let back = Some(to(&workspace.member_id));
    bob.refused(Method::POST, &path, back, 403, "step_up_required")
        .await;
}

/// CHAT-02, FLOW-02: a name where the profile asks for one, and nowhere else.
#[tokio::test]
async fn everybody_gives_themselves_a_name_and_admins_give_others_one() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let viewer = harness
        .join(&owner, &workspace, "bob@example.com", "viewer")
        .await;
    let own = place_of(&viewer, &workspace).await;
    let of_owner = place_of(&owner, &workspace).await;
    let renamed = viewer.patch(&own, json!({ "name": "Robert" }), 200).await;
    assert_eq!(
        (&renamed["name"], &renamed["rev"], &renamed["role"]),
        (&json!("Robert"), &json!(2), &json!("viewer"))
    );
    let again = viewer.patch(&own, json!({ "name": "Robert" }), 200).await;
    assert_eq!(again["rev"], 2, "nothing changes");
    let both = json!({ "name": "Bob", "role": "agent" });
    viewer
        .refused(Method::PATCH, &own, Some(both.clone()), 403, "forbidden")
        .await;
    let name = json!({ "name": "X" });
    viewer
        .refused(
            Method::PATCH,
            &of_owner,
            Some(name.clone()),
            403,
            "forbidden",
        )
        .await;
    let changed = owner.patch(&own, both, 200).await;
    assert_eq!(
        (&changed["name"], &changed["role"]),
        (&json!("Bob"), &json!("agent"))
    );
    owner
        .with_header("if-match", "\"1\"")
        .refused(Method::PATCH, &own, Some(name.clone()), 409, "conflict")
        .await;
    let clear = Some(json!({ "name": null }));
    owner
        .refused(Method::PATCH, &own, clear, 422, "validation_failed")
        .await;
    let flows = owner.workspace("flows").await;
    let own = format!("{}/members/{}", flows.path, flows.member_id);
    let problem = owner
        .refused(Method::PATCH, &own, Some(name), 422, "validation_failed")
        .await;
    assert_eq!(problem["errors"][0]["code"], "forbidden");
}

#[tokio::test]
async fn a_handover_that_was_cut_off_goes_on_where_it_was() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let kim = harness
        .join(&owner, &workspace, "kim@example.com", "agent")
        .await;
    let (bob_id, kim_id) = (
        member_id(&bob, &workspace).await,
        member_id(&kim, &workspace).await,
    );
    let mut theirs = Vec::new();
    for _ in 0..30 {
        let conversation = visitor.start("Hello").await;
        give(&owner, &workspace, &conversation, &bob_id).await;
        theirs.push(conversation);
    }
    let gone = format!("{}/members/{bob_id}?reassign_to={kim_id}", workspace.path);
    let left = owner.send(Method::DELETE, &gone, None).await;
    assert_eq!(left.status, 202, "{}", left.text);
    // The heir goes too before the job begins: what is not handed over yet is nobody's then.
    for _ in 0..2 {
        let fault = Fault::new(Kind::Throttle).on("TransactWriteItems");
        harness.faults().plan(fault.after(10).times(3));
        assert!(harness.try_schedule("Jobs").await.is_err());
        harness.faults().reset();
    }
    let of_kim = format!("{}/members/{kim_id}", workspace.path);
    assert_eq!(owner.send(Method::DELETE, &of_kim, None).await.status, 202);
    harness.run_schedule("Jobs").await;
    harness.run_schedule("Jobs").await;
    let job = format!("{}/jobs/{}", workspace.path, text(&left.body, "job_id"));
    assert_eq!(owner.get(&job, 200).await["state"], "done");
    for conversation in &theirs {
        assert!(assignee(&owner, &workspace, conversation).await.is_null());
        let lines = owner.read(&workspace, conversation).await;
        let told = lines.iter().filter(|line| line["kind"] == "system").count();
        assert!((2..=4).contains(&told), "{told} lines");
    }
    assert_eq!(harness.items_with("JOBS#").await, 0);
}
