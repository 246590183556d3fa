//! Sessions and keys that are shut out whatever their role: of a suspended workspace, of one that is
//! ending, without the second factor that it asks for. Every member route of the template, for every
//! role and for programs.

use harness::files::File;
use harness::routes::{Ids, Route, routes};
use harness::{Client, Harness, Member, Workspace, text};
use reqwest::Method;
use serde_json::json;
use shared::domain::{Permission, Role};

use super::super::anonymous::{is_asked_of_calls, takes_keys};
use super::{OF_A_WORKSPACE, permission, sorted};

const EVERY_SCOPE: [&str; 9] = [
    "calls.delete",
    "calls.read",
    "contacts.manage",
    "contacts.read",
    "conversations.read",
    "conversations.write",
    "flows.manage",
    "flows.read",
    "personal_data.read",
];

/// A workspace with a member of every role, a program, and a conversation.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    members: Vec<(Role, Member)>,
    program: Client,
    ids: Ids,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("owner@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let conversation = visitor.start("Hello").await;
        let keys = format!("{}/api-keys", workspace.path);
        let body = json!({ "name": "Shop", "scopes": EVERY_SCOPE });
        let key = text(&owner.post(&keys, body, 201).await, "key");
        let mut members = vec![(Role::Owner, owner.clone())];
        for role in Role::ALL.iter().filter(|role| **role != Role::Owner) {
            let email = format!("{}@example.com", role.word());
            let joined = harness.join(&owner, &workspace, &email, role.word()).await;
            members.push((*role, joined));
        }
        let ids = Ids::unknown()
            .with("workspace", &workspace.id)
            .with("contact", &visitor.contact_id)
            .with("conversation", &conversation.id);
        let place = format!("/v1/widget/conversations/{}", conversation.id);
        let sent = harness
            .send_file(&visitor, &place, &File::text("Hello"))
            .await;
        let ids = ids.with("attachment", &text(&sent["attachments"][0], "id"));
        let program = harness.anonymous().with_token(&key);
        Self {
            harness,
            owner,
            workspace,
            members,
            program,
            ids,
        }
    }

    /// Status and code of a call.
    async fn call(&self, who: &Client, route: &Route, ids: &Ids) -> (u16, String) {
        let body = route.body(ids);
        let body = body.filter(|_| route.method != Method::GET);
        let path = route.at(ids);
        // The version of a flow as it was made.
        let who = match route.path.contains("{flow}") {
            true => &who.with_header("if-match", "\"2\""),
            false => who,
        };
        let answer = who.send(route.method.clone(), &path, body).await;
        let code = answer.body["code"].as_str().unwrap_or_default();
        (answer.status, code.to_owned())
    }

    /// Every member route as every member and as the program: what it must answer, if anything
    /// certain. How many answers were certain.
    async fn every(
        &self,
        expected: impl Fn(&Route, Option<Role>) -> Option<(u16, &'static str)>,
    ) -> usize {
        let all = routes();
        let all = all
            .iter()
            .filter(|route| route.path.starts_with(OF_A_WORKSPACE));
        let mut certain = 0;
        for route in all {
            let people = self
                .members
                .iter()
                .map(|(role, one)| (Some(*role), Client::clone(one)));
            let everybody = people.chain([(None, self.program.clone())]);
            for (role, who) in everybody {
                let Some(expected) = expected(route, role) else {
                    continue;
                };
                let seen = self.call(&who, route, &self.ids).await;
                let seen = (seen.0, seen.1.as_str());
                assert_eq!(seen, expected, "{} as {role:?}", route.key());
                certain += 1;
            }
        }
        certain
    }
}

/// What somebody may not do at all, in any state of the workspace.
fn forbidden(route: &Route, role: Option<Role>) -> Option<(u16, &'static str)> {
    // Everybody gives themselves a name and takes their photo away, so that what a role may is asked later
    // there.
    let asked_later = (route.method == Method::PATCH && route.path.ends_with("/members/{member}"))
        || (route.method == Method::DELETE && route.path.ends_with("/members/{member}/photo"));
    match role {
        Some(_) if asked_later => None,
        Some(role) if !role.may(permission(route)) => Some((403, "forbidden")),
        // A key is no token where keys are not taken.
        None if !takes_keys(route) => Some((401, "token_invalid")),
        _ => None,
    }
}

/// FLOW-25
#[tokio::test]
async fn of_a_suspended_workspace_every_route_that_writes_is_shut_to_every_role_and_program() {
    let world = World::new().await;
    let operator = world.harness.sign_up("demo@example.com").await;
    operator.enrol().await;
    world.harness.advance(std::time::Duration::from_secs(60));
    let operator = world.harness.sign_in("demo@example.com").await;
    let path = format!("/v1/operator{}/suspend", &world.workspace.path[3..]);
    operator
        .post(&path, json!({ "reason": "abuse" }), 200)
        .await;
    let before = sorted(&world.harness).await;
    let certain = world
        .every(|route, role| {
            forbidden(route, role).or_else(|| {
                let reads = permission(route).only_reads();
                (!reads).then_some((403, "workspace_suspended"))
            })
        })
        .await;
    assert!(certain > 100, "{certain}");
    assert_eq!(sorted(&world.harness).await, before, "a refused call wrote");
    // What reads still answers.
    for (role, member) in &world.members {
        if role.may(Permission::ConversationsRead) {
            let list = format!("{}/conversations", world.workspace.path);
            member.get(&list, 200).await;
        }
    }
    let list = format!("{}/conversations", world.workspace.path);
    world.program.get(&list, 200).await;
}

/// FLOW-25
#[tokio::test]
async fn of_a_workspace_that_ends_every_route_is_shut_to_every_role_and_program_but_undoing_it() {
    let world = World::new().await;
    let ended = world
        .owner
        .send(Method::DELETE, &world.workspace.path, None)
        .await;
    assert_eq!(ended.status, 202, "{}", ended.text);
    let before = sorted(&world.harness).await;
    let certain = world
        .every(|route, role| {
            let undo = route.path.ends_with("/undo-deletion");
            forbidden(route, role).or((!undo).then_some((423, "workspace_closing")))
        })
        .await;
    assert!(certain > 150, "{certain}");
    assert_eq!(sorted(&world.harness).await, before, "a refused call wrote");
}

/// FLOW-26
#[tokio::test]
async fn without_the_second_factor_every_route_is_shut_to_every_role_before_the_role_is_looked_at()
{
    let world = World::new().await;
    world.owner.enrol().await;
    let settings = world
        .owner
        .send(Method::GET, &world.workspace.path, None)
        .await;
    let owner = world.owner.with_header("if-match", settings.header("etag"));
    let body = json!({ "second_factor_required": true });
    owner.patch(&world.workspace.path, body, 200).await;
    let before = sorted(&world.harness).await;
    let certain = world
        .every(|_, role| match role {
            // The owner has one; a program is no session.
            Some(Role::Owner) | None => None,
            Some(_) => Some((403, "second_factor_required")),
        })
        .await;
    assert!(certain > 150, "{certain}");
    assert_eq!(sorted(&world.harness).await, before, "a refused call wrote");
    world.owner.get(&world.workspace.path, 200).await;
}

/// FLOW-25
#[tokio::test]
async fn every_scope_opens_exactly_the_routes_that_ask_for_it_and_none_elsewhere() {
    let world = World::new().await;
    let keys = format!("{}/api-keys", world.workspace.path);
    let other = world.owner.workspace("inbox").await;
    let mut opened = 0;
    for scope in EVERY_SCOPE {
        let body = json!({ "name": "One", "scopes": [scope] });
        let key = text(&world.owner.post(&keys, body, 201).await, "key");
        let program = world.harness.anonymous().with_token(&key);
        for route in routes().iter().filter(|route| takes_keys(route)) {
            if is_asked_of_calls(route) {
                continue;
            }
            let wanted = permission(route).word();
            let mut ids = world.ids.clone();
            if route.path.contains("{flow}") {
                ids = ids.with("flow", &world.owner.flow(&world.workspace).await);
            }
            let (status, code) = world.call(&program, route, &ids).await;
            if wanted == scope {
                assert!(
                    status < 400,
                    "{} with {scope}: {status} {code}",
                    route.key()
                );
                opened += 1;
            } else {
                assert_eq!(
                    (status, code.as_str()),
                    (403, "forbidden"),
                    "{}",
                    route.key()
                );
            }
            let elsewhere = route.at(&world.ids.clone().with("workspace", &other.id));
            let body = route
                .body(&world.ids)
                .filter(|_| route.method != Method::GET);
            program
                .refused(route.method.clone(), &elsewhere, body, 401, "token_invalid")
                .await;
        }
    }
    let all = routes();
    let keyed = all
        .iter()
        .filter(|route| takes_keys(route) && !is_asked_of_calls(route));
    assert_eq!(opened, keyed.count());
}
