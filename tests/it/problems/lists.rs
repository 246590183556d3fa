//! Queries and cursors.

use std::time::Duration;

use harness::routes::{Ids, Route, routes};
use harness::{Client, Member, text};
use reqwest::Method;
use shared::domain::time::DAY;

use super::{CANARY, World, is_problem, said};

/// What no whole number of a page is.
const NO_NUMBERS: [&str; 6] = ["CANARY", "", "-1", "1.5", "99999999999999999999999", "%00"];

#[tokio::test]
async fn every_query_parameter_is_known_and_within_its_bounds() {
    let world = World::new().await;
    let mut limited = 0;
    let ids = Ids::unknown()
        .with("workspace", &world.workspace.id)
        .with("contact", &world.visitor.contact_id)
        .with("conversation", &world.conversation.id)
        .with(
            "webhook",
            &make_hook(&world.owner, &world.workspace.path).await,
        )
        .with("flow", &world.owner.flow(&world.workspace).await);
    // Pages say themselves what a link to them may bring.
    for route in routes()
        .into_iter()
        .filter(|route| route.path.starts_with("/v1/"))
        // Those of the operator refuse everybody else first: see `operator_deployment`.
        .filter(|route| !route.path.starts_with("/v1/operator/"))
        // Of a workspace that has calls: see `calls::rights`.
        .filter(|route| !route.is_of_calls())
    {
        let parameters = query_parameters(&route);
        if parameters.is_empty() {
            continue;
        }
        let (client, path) = (world.caller(&route), route.at(&ids));
        let refused = async |query: &str, status: u16, code: &'static str, pointer: &str| {
            let asked = format!("{path}?{query}");
            let body = route.body(&ids);
            let answer = client.send(route.method.clone(), &asked, body).await;
            is_problem(&asked, &answer, &said(status, code, pointer));
        };
        refused("unknown=CANARY", 400, "unknown_field", "?unknown").await;
        refused("CANARY%20=1", 400, "unknown_field", "?").await;
        for name in parameters {
            let pointer = format!("?{name}");
            let twice = format!("{name}=1&{name}={CANARY}");
            refused(&twice, 422, "validation_failed", &pointer).await;
            if name == "cursor" {
                refused("cursor=CANARY", 400, "cursor_invalid", "").await;
                refused("cursor=", 400, "cursor_invalid", "").await;
                continue;
            }
            // A label may be made of digits.
            let is_label = |bad: &str| name == "label" && bad.starts_with("999");
            for bad in NO_NUMBERS.into_iter().filter(|bad| !is_label(bad)) {
                refused(&format!("{name}={bad}"), 422, "validation_failed", &pointer).await;
            }
            if name == "limit" {
                limited += 1;
                for bad in ["0", "101", "65537"] {
                    refused(&format!("limit={bad}"), 422, "validation_failed", "?limit").await;
                }
                for good in ["1", "100"] {
                    let asked = format!("{path}?limit={good}");
                    let body = route.body(&ids);
                    let answer = client.send(route.method.clone(), &asked, body).await;
                    assert_eq!(answer.status, 200, "{asked}: {}", answer.text);
                }
            }
        }
    }
    assert!(limited >= 7, "only {limited} lists");
}

/// The names of what a route's query may say.
fn query_parameters(route: &Route) -> Vec<&'static str> {
    let declared = route.operation()["parameters"]
        .as_array()
        .into_iter()
        .flatten();
    let query = declared.filter(|one| one["in"] == "query");
    query.filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test]
async fn a_part_of_a_thread_has_one_direction() {
    let world = World::new().await;
    let path = format!(
        "/v1/widget/conversations/{}/messages",
        world.conversation.id
    );
    for query in [
        "after_seq=1&before_seq=2",
        "around_seq=1&after_seq=1",
        "before_seq=1&around_seq=1",
    ] {
        let asked = format!("{path}?{query}");
        let answer = world.visitor.send(Method::GET, &asked, None).await;
        is_problem(
            query,
            &answer,
            &said(422, "validation_failed", "?after_seq"),
        );
    }
}

/// A webhook that was told of two tests.
async fn make_hook(owner: &Member, workspace: &str) -> String {
    let place = format!("{workspace}/webhooks");
    let hook = serde_json::json!({ "name": "Shop", "url": "http://127.0.0.1:9/", "events": [] });
    let id = text(&owner.post(&place, hook, 201).await, "id");
    for _ in 0..2 {
        let test = format!("{place}/{id}/test");
        let sent = owner.send(Method::POST, &test, None).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
    }
    id
}

/// Another version, so that the list has two.
async fn publish_again(owner: &Member, flow: &str) {
    let shown = owner.get(flow, 200).await;
    let mut document = shown["document"].clone();
    document["name"] = "Another".into();
    owner
        .with_header("if-match", "\"2\"")
        .patch(flow, serde_json::json!({ "document": document }), 200)
        .await;
    let versions = format!("{flow}/versions");
    let published = owner.send(reqwest::Method::POST, &versions, None).await;
    assert_eq!(published.status, 201, "{}", published.text);
}

/// Every list has more than one entry; where each goes on after its first one, as the owner reads.
async fn cursors(world: &World) -> Vec<(String, String)> {
    let World {
        harness,
        owner,
        workspace,
        visitor,
        ..
    } = world;
    let another = visitor.start("Another").await.id;
    for ground in ["legal_demand", "terms"] {
        let body = serde_json::json!({
            "ground": ground, "recipient": "A court", "reference": "Order 12",
            "conversations": [another],
        });
        let contact = format!("{}/contacts/{}", workspace.path, visitor.contact_id);
        owner
            .post(&format!("{contact}/disclosures"), body, 201)
            .await;
    }
    let contact = format!("{}/contacts/{}", workspace.path, visitor.contact_id);
    for words in ["One", "Two"] {
        let note = serde_json::json!({ "text": words });
        owner.post(&format!("{contact}/notes"), note, 201).await;
    }
    let app = owner.app(workspace).await;
    harness.visitor(&app).await.start("A third").await;
    let bob = harness
        .join(owner, workspace, "bob@example.com", "agent")
        .await;
    // What the owner is shown: somebody else gave away two conversations.
    let me = text(&owner.get(&workspace.path, 200).await, "member_id");
    for given in [&world.conversation.id, &another] {
        let place = format!("{}/conversations/{given}/assignee", workspace.path);
        let assign = serde_json::json!({ "member_id": me });
        bob.put(&place, assign, 200).await;
    }
    harness.drain().await;
    owner.workspace("inbox").await;
    for email in ["kim@example.com", "lea@example.com"] {
        let body = serde_json::json!({ "email": email, "role": "agent" });
        let path = format!("{}/invitations", workspace.path);
        owner.post(&path, body, 202).await;
    }
    for kind in ["access", "export"] {
        let body = serde_json::json!({ "type": kind });
        owner.post("/v1/privacy/requests", body, 202).await;
    }
    for words in ["One", "Two"] {
        let body = serde_json::json!({ "message": words });
        owner.post("/v1/support", body, 201).await;
    }
    owner.flow(workspace).await;
    let flow = owner.flow(workspace).await;
    let flow = format!("{}/flows/{flow}", workspace.path);
    publish_again(owner, &flow).await;
    let hook = make_hook(owner, &workspace.path).await;
    let mut lists = vec![
        format!("{flow}/versions"),
        format!("{}/webhooks/{hook}/deliveries", workspace.path),
        format!("{contact}/notes"),
        format!("{contact}/timeline"),
        "/v1/support".to_owned(),
        "/v1/workspaces".to_owned(),
        "/v1/privacy/requests".to_owned(),
    ];
    for kind in ["access", "export"] {
        let body = serde_json::json!({ "contact_id": visitor.contact_id, "type": kind });
        let path = format!("{}/privacy/requests", workspace.path);
        owner.post(&path, body, 202).await;
    }
    let of_workspace = [
        "privacy/requests",
        "disclosures",
        "conversations",
        "contacts",
        "members",
        "apps",
        "audit",
        "invitations",
        "flows",
        "notifications",
    ];
    lists.extend(of_workspace.map(|list| format!("{}/{list}", workspace.path)));
    let mut cursors = Vec::new();
    for list in lists {
        let cursor = next(owner, &list).await;
        cursors.push((list, cursor));
    }
    let pages = routes()
        .into_iter()
        .filter(|route| query_parameters(route).contains(&"cursor"))
        // What is found goes on by a POST: see `search`.
        .filter(|route| route.method == Method::GET)
        // Of a workspace that has calls: see `calls`.
        .filter(|route| !route.is_of_calls())
        // Not a list: its cursor is a time, see `sync`.
        .filter(|route| !route.path.ends_with("/sync"))
        // Not of the team's making: see `operator_deployment` and `operator_access`.
        .filter(|route| !route.path.starts_with("/v1/operator/"))
        .filter(|route| !route.path.ends_with("/break-glass"))
        // Nothing is sold here: see `billing`.
        .filter(|route| !route.path.ends_with("/billing/invoices"));
    assert_eq!(
        pages.count(),
        cursors.len() + 2,
        "a list that this test does not know; the visitor's and the operator's are the others"
    );
    cursors
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_and_its_own_reader_only() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
        visitor,
        ..
    } = &world;
    let cursors = cursors(&world).await;
    let colleague = harness
        .join(owner, workspace, "cleo@example.com", "admin")
        .await;
    for (list, cursor) in &cursors {
        owner
            .get(&format!("{list}?limit=1&cursor={cursor}"), 200)
            .await;
        for (other, _) in cursors.iter().filter(|(other, _)| other != list) {
            refused(owner, other, cursor).await;
        }
        refused(&colleague, list, cursor).await;
        let longer = format!("{cursor}AA");
        for bad in [&altered(cursor), &longer, &cursor[..cursor.len() / 2]] {
            refused(owner, list, bad).await;
        }
    }
    // The same list with another filter, and the same list of another workspace.
    let second = owner.workspace("inbox").await;
    for (list, cursor) in cursors
        .iter()
        .filter(|(list, _)| list.ends_with("/conversations"))
    {
        let filtered = format!("{list}?status=open&cursor={cursor}");
        let answer = owner.send(Method::GET, &filtered, None).await;
        is_problem("another filter", &answer, &said(400, "cursor_invalid", ""));
        refused(owner, &format!("{}/conversations", second.path), cursor).await;
    }
    // A visitor's list, to the visitor and to another.
    let list = "/v1/widget/conversations";
    let cursor = next(visitor, list).await;
    visitor.get(&format!("{list}?cursor={cursor}"), 200).await;
    let neighbour = harness.visitor(&owner.app(workspace).await).await;
    refused(&neighbour, list, &cursor).await;
}

#[tokio::test]
async fn a_cursor_is_good_for_a_day() {
    let world = World::new().await;
    let cursors = cursors(&world).await;
    world.harness.advance(DAY - Duration::from_secs(1));
    let later = world.owner.refresh().await;
    for (list, cursor) in &cursors {
        later.get(&format!("{list}?cursor={cursor}"), 200).await;
    }
    world.harness.advance(Duration::from_secs(1));
    for (list, cursor) in &cursors {
        refused(&later, list, cursor).await;
    }
    world.harness.advance(Duration::from_secs(60 * 60));
    let latest = later.refresh().await;
    for (list, cursor) in &cursors {
        refused(&latest, list, cursor).await;
    }
}

/// Where a list goes on after its first entry.
async fn next(client: &Client, list: &str) -> String {
    let page = client.get(&format!("{list}?limit=1"), 200).await;
    assert_eq!(
        page["page"]["has_more"], true,
        "{list} has one entry: {page}"
    );
    harness::text(&page["page"], "next_cursor")
}

async fn refused(client: &Client, list: &str, cursor: &str) {
    let answer = client
        .send(Method::GET, &format!("{list}?cursor={cursor}"), None)
        .await;
    is_problem(list, &answer, &said(400, "cursor_invalid", ""));
    assert!(!answer.text.contains(cursor), "{list} repeats the cursor");
}

/// The same cursor with one character changed.
fn altered(cursor: &str) -> String {
    let middle = cursor.len() / 2;
    let other = if &cursor[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &cursor[..middle], &cursor[middle + 1..])
}
