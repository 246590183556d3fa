//! What an owner corrects and removes in the product itself: every kind of record that a person is
//! in, by every route of the template that changes or deletes one.

use std::collections::BTreeSet;

use harness::routes::{Ids, routes};
use harness::{Conversation, Harness, Member, Visitor, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

/// The records that people are in.
const KINDS: [&str; 3] = [
    "/contacts/{contact}",
    "/conversations/{conversation}",
    "/members/{member}",
];

/// One edit: the route, what is sent, and the answer.
struct Edit {
    route: &'static str,
    body: Value,
    status: u16,
}

const fn edit(route: &'static str, body: Value, status: u16) -> Edit {
    Edit {
        route,
        body,
        status,
    }
}

/// Every edit, in an order in which each finds its record.
fn edits() -> Vec<Edit> {
    vec![
        edit(
            "PATCH /contacts/{contact}",
            json!({ "name": "Grace Hopper" }),
            200,
        ),
        edit("PATCH /members/{member}", json!({ "name": "Robert" }), 200),
        edit(
            "PATCH /conversations/{conversation}/messages/{seq}",
            json!({ "text": "Corrected" }),
            200,
        ),
        edit(
            "POST /conversations/{conversation}/messages/{seq}/redact",
            json!({ "ranges": [{ "start": 0, "end": 4 }] }),
            200,
        ),
        edit(
            "PUT /conversations/{conversation}/labels",
            json!({ "labels": ["billing"] }),
            200,
        ),
        edit(
            "DELETE /conversations/{conversation}/messages/{seq}",
            Value::Null,
            200,
        ),
        edit("DELETE /contacts/{contact}/notes/{note}", Value::Null, 204),
        edit("DELETE /conversations/{conversation}", Value::Null, 204),
        edit("DELETE /members/{member}/photo", Value::Null, 204),
        edit("DELETE /members/{member}", Value::Null, 202),
        edit("DELETE /contacts/{contact}", Value::Null, 202),
    ]
}

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
    /// `seq` of a line of the owner's.
    own: u64,
    member: String,
    /// A note of the owner's about the visitor.
    note: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let bob = harness
            .join(&owner, &workspace, "bob@example.com", "agent")
            .await;
        let member = text(&bob.get(&workspace.path, 200).await, "member_id");
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let conversation = visitor.start("4111 1111 is my card").await;
        let said = owner.say(&workspace, &conversation, "Typed in haste").await;
        let own = said["seq"].as_u64().expect("a number");
        let notes = format!("{}/contacts/{}/notes", workspace.path, visitor.contact_id);
        let note = owner
            .post(&notes, json!({ "text": "Likes tea" }), 201)
            .await;
        Self {
            harness,
            owner,
            workspace,
            visitor,
            conversation,
            own,
            member,
            note: text(&note, "id"),
        }
    }

    /// The ids of everything, with the line that an edit is about.
    fn ids(&self, workspace: &str, route: &str) -> Ids {
        // The visitor's line is redacted and deleted, the owner's own is corrected.
        let seq = match route.starts_with("PATCH") {
            true => self.own,
            false => 1,
        };
        Ids::unknown()
            .with("workspace", workspace)
            .with("contact", &self.visitor.contact_id)
            .with("conversation", &self.conversation.id)
            .with("member", &self.member)
            .with("note", &self.note)
            .with("seq", &seq.to_string())
    }

    async fn send(&self, who: &Member, edit: &Edit, ids: &Ids) -> harness::Answer {
        let (method, path) = edit.route.split_once(' ').expect("a method and a path");
        let whole = format!("/v1/workspaces/{{workspace}}{path}");
        let all = routes();
        let mut found = all.iter();
        let route = found.find(|route| route.path == whole && route.method.as_str() == method);
        let route = route.unwrap_or_else(|| panic!("{} is not in the template", edit.route));
        let body = Some(edit.body.clone()).filter(|body| !body.is_null());
        who.send(route.method.clone(), &route.at(ids), body).await
    }

    async fn sorted(&self) -> Vec<String> {
        let mut items = self.harness.items().await;
        items.sort();
        items
    }
}

/// CHAT-19
#[tokio::test]
async fn an_owner_corrects_and_removes_every_record_and_the_owner_of_another_workspace_none() {
    let world = World::new().await;
    let eve = world.harness.sign_up("eve@example.com").await;
    let hers = eve.workspace("inbox").await;
    for edit in edits() {
        // From outside, by either workspace's path, it is not there.
        let before = world.sorted().await;
        for workspace in [&world.workspace.id, &hers.id] {
            let ids = world.ids(workspace, edit.route);
            let answer = world.send(&eve, &edit, &ids).await;
            let seen = (answer.status, answer.body["code"].as_str());
            assert_eq!(seen, (404, Some("not_found")), "{}", edit.route);
        }
        // Nor is what nobody has.
        let nobody = Ids::unknown().with("workspace", &world.workspace.id);
        let answer = world.send(&world.owner, &edit, &nobody).await;
        assert_eq!(answer.status, 404, "{}: {}", edit.route, answer.text);
        assert_eq!(
            world.sorted().await,
            before,
            "{} changed something",
            edit.route
        );

        let ids = world.ids(&world.workspace.id, edit.route);
        let answer = world.send(&world.owner, &edit, &ids).await;
        assert_eq!(
            answer.status, edit.status,
            "{}: {}",
            edit.route, answer.text
        );
        if edit.route == "PATCH /members/{member}" {
            assert_eq!(answer.body["name"], "Robert");
        }
        if edit.route == "PATCH /contacts/{contact}" {
            assert_eq!(answer.body["name"], "Grace Hopper");
        }
        if edit.route.ends_with("/redact") {
            let lines = world
                .owner
                .read(&world.workspace, &world.conversation)
                .await;
            assert!(!lines[0].to_string().contains("4111"), "{}", lines[0]);
        }
        if edit.route.starts_with("DELETE") && !edit.route.ends_with("{seq}") {
            let again = world.send(&world.owner, &edit, &ids).await;
            assert!([202, 204, 404].contains(&again.status), "{}", again.text);
        }
    }
    world.harness.drain().await;
    world.harness.run_schedule("Minute").await;
    let path = &world.workspace.path;
    for gone in [
        format!("{path}/conversations/{}", world.conversation.id),
        format!("{path}/contacts/{}", world.visitor.contact_id),
    ] {
        let owner = &world.owner;
        owner
            .refused(Method::GET, &gone, None, 404, "not_found")
            .await;
    }
    for id in [&world.conversation.id, &world.visitor.contact_id] {
        let left = world.harness.items().await;
        let left = left.iter().filter(|item| item.contains(id.as_str()));
        let left: Vec<_> = left.filter(|item| !item.contains("Tombstone")).collect();
        assert!(left.is_empty(), "{id}: {left:?}");
    }
}

#[test]
fn every_route_that_changes_or_deletes_a_record_of_a_person_is_among_the_edits() {
    let edits: BTreeSet<String> = edits().iter().map(|edit| edit.route.to_owned()).collect();
    let mut seen = 0;
    for route in routes() {
        let Some(rest) = route.path.strip_prefix("/v1/workspaces/{workspace}") else {
            continue;
        };
        let changes = [Method::PATCH, Method::DELETE].contains(&route.method);
        // A block, a hold, a priority and a draft are no records of a person but marks on one; what was to be handed
        // over stays in the register.
        let mark = [
            "/assignee",
            "/block",
            "/draft",
            "/hold",
            "/participants/{member}",
            "/team",
            "/{disclosure}",
        ]
        .iter()
        .any(|end| rest.ends_with(end));
        let urgent = route.method == Method::PATCH && rest == "/conversations/{conversation}";
        if changes && !mark && !urgent && KINDS.iter().any(|kind| rest.starts_with(kind)) {
            let key = format!("{} {rest}", route.method);
            assert!(edits.contains(&key), "{key} is no edit of owner_edits.rs");
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen}");
}

#[tokio::test]
async fn what_was_corrected_is_read_by_everybody_who_reads_it() {
    let world = World::new().await;
    let edit = edits().remove(2);
    let ids = world.ids(&world.workspace.id, edit.route);
    let answer = world.send(&world.owner, &edit, &ids).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let lines = world.visitor.read(&world.conversation).await;
    assert!(
        lines.iter().any(|line| line["text"] == "Corrected"),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line["text"] == "Typed in haste"));
    world.visitor.say(&world.conversation, "Thank you").await;
}
