//! Who may do what with calls: every route of them for every role, for programs, and from elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::routes::{Ids, Route, routes};
use harness::{Client, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::app::limit::{Act, Verdict};
use shared::domain::{Permission, Role};

use super::World;
use crate::anonymous::takes_keys;

fn of_calls() -> Vec<Route> {
    let all = routes().into_iter();
    all.filter(|route| route.is_of_calls() && route.path.starts_with("/v1/workspaces/"))
        .collect()
}

fn permission(route: &Route) -> Permission {
    let is_block = route.path.contains("/call-blocks");
    let deletes =
        (route.method == Method::DELETE && !is_block) || route.path.ends_with("/call-deletions");
    match route.method == Method::GET {
        true => Permission::CallsRead,
        false if deletes => Permission::CallsDelete,
        false => Permission::CallsTake,
    }
}

fn body(route: &Route, guest: &str) -> Option<Value> {
    match route.path.rsplit('/').next() {
        Some("calls") => {
            Some(json!({ "guest_id": guest, "kind": "audio", "client_id": random_uuid() }))
        }
        Some("call-links") => Some(json!({ "kind": "audio" })),
        Some("call-blocks") => Some(json!({ "user_ref": random_uuid() })),
        Some("call-deletions") => Some(json!({ "before": "2020-01-01T00:00:00.000Z" })),
        Some("quality") => Some(json!({ "rtt_p50_ms": 4 })),
        _ => None,
    }
    .filter(|_| route.method != Method::GET)
}

/// The id of a block of somebody.
async fn blocked(world: &World) -> String {
    let blocks = format!("{}/call-blocks", world.workspace.path);
    let whom = json!({ "user_ref": random_uuid() });
    text(&world.owner.post(&blocks, whom, 201).await, "id")
}

/// CALL-24 is told elsewhere; here: FLOW-25 for calls.
#[tokio::test]
async fn every_route_of_calls_is_open_to_the_roles_that_have_its_permission_and_to_no_other() {
    let world = World::new().await;
    let mut members: BTreeMap<Role, Client> = BTreeMap::new();
    for role in Role::ALL {
        let member = match role {
            Role::Owner => world.owner.clone(),
            role => {
                let address = format!("{}@example.com", role.word());
                let joined =
                    world
                        .harness
                        .join(&world.owner, &world.workspace, &address, role.word());
                joined.await
            }
        };
        members.insert(*role, Client::clone(&member));
    }
    let (mut allowed, mut denied) = (0, 0);
    for (role, member) in &members {
        for route in of_calls() {
            let guest = world.guest().await;
            let ids = Ids::unknown().with("workspace", &world.workspace.id);
            let may = role.may(permission(&route));
            // A call that this member took, where they could.
            let (call, _) = match may && route.path.contains("{call}") {
                true => world.ringing(&guest).await,
                false => (String::new(), Value::Null),
            };
            let taken = !call.is_empty() && role.may(Permission::CallsTake);
            if taken {
                world.act(member, &call, "accept", 200).await;
            }
            let ids = match call.is_empty() {
                true => ids,
                false => ids.with("call", &call),
            };
            let ids = match may && route.path.contains("{block}") {
                true => ids.with("block", &blocked(&world).await),
                false => ids,
            };
            let sent = body(&route, &guest.id);
            let answer = member
                .send(route.method.clone(), &route.at(&ids), sent)
                .await;
            let what = format!("{} as {}: {}", route.key(), role.word(), answer.text);
            if may {
                assert!(answer.status < 400, "{what}");
                allowed += 1;
            } else {
                assert_eq!(
                    (answer.status, &answer.body["code"]),
                    (403, &json!("forbidden")),
                    "{what}"
                );
                denied += 1;
            }
            if !call.is_empty() {
                guest
                    .client
                    .send(Method::POST, &format!("/v1/guest/calls/{call}/end"), None)
                    .await;
            }
        }
    }
    assert_eq!(allowed + denied, Role::ALL.len() * of_calls().len());
    assert!(
        denied >= 15 && allowed >= 30,
        "{denied} denied, {allowed} allowed"
    );
}

#[tokio::test]
async fn a_program_opens_what_its_scope_says_and_takes_no_calls() {
    let world = World::new().await;
    let (call, _) = world.ringing(&world.guest().await).await;
    let ids = Ids::unknown()
        .with("workspace", &world.workspace.id)
        .with("call", &call);
    let keys = format!("{}/api-keys", world.workspace.path);
    for scope in ["calls.read", "calls.delete"] {
        let made = json!({ "name": "Shop", "scopes": [scope] });
        let key = text(&world.owner.post(&keys, made, 201).await, "key");
        let program = world.harness.anonymous().with_token(&key);
        for route in of_calls() {
            let sent = body(&route, "gst_01kf0a1b2c3d4e5f6g7h8j9k0m");
            let answer = program
                .send(route.method.clone(), &route.at(&ids), sent)
                .await;
            let seen = (
                answer.status,
                answer.body["code"].as_str().unwrap_or_default(),
            );
            match takes_keys(&route) {
                false => assert_eq!(seen, (401, "token_invalid"), "{}", route.key()),
                true if permission(&route).word() == scope => {
                    assert!(answer.status < 400, "{}: {}", route.key(), answer.text);
                }
                true => assert_eq!(seen, (403, "forbidden"), "{}", route.key()),
            }
        }
    }
}

#[tokio::test]
async fn of_another_workspace_no_call_can_be_seen_and_where_there_are_no_calls_there_is_no_route() {
    let world = World::new().await;
    let guest = world.guest().await;
    let (call, _) = world.ringing(&guest).await;
    let other = world.harness.sign_up("eve@example.com").await;
    let theirs = other.workspace("calls").await;
    let own = Ids::unknown().with("workspace", &theirs.id);
    for route in of_calls() {
        let ours = Ids::unknown()
            .with("workspace", &world.workspace.id)
            .with("call", &call);
        let sent = body(&route, &guest.id);
        other
            .refused(
                route.method.clone(),
                &route.at(&ours),
                sent.clone(),
                404,
                "not_found",
            )
            .await;
        // A foreign call, and a foreign guest, under one's own roof.
        if route.path.contains("{call}") || route.key() == "POST /v1/workspaces/{workspace}/calls" {
            let foreign = route.at(&own.clone().with("call", &call));
            other
                .refused(route.method.clone(), &foreign, sent, 404, "not_found")
                .await;
        }
    }
    assert_eq!(world.show(&call).await["state"], "ringing");
    let inbox = other.workspace("inbox").await;
    let calls = format!("{}/calls", inbox.path);
    other
        .refused(Method::GET, &calls, None, 403, "module_off")
        .await;
    let app = other.app(&inbox).await;
    let body = json!({ "app_key": app.key });
    world
        .page()
        .refused(
            Method::POST,
            "/v1/guest/sessions",
            Some(body),
            403,
            "module_off",
        )
        .await;
}

#[tokio::test]
async fn a_list_of_calls_goes_on_where_its_page_ended_and_takes_no_other_parameter() {
    let world = World::new().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let guest = world.guest().await;
        let begun = guest.begin(201).await;
        let call = text(&begun["call"], "id");
        guest.act(&call, "cancel", 200).await;
        made.push(call);
        world.harness.advance(super::SECOND);
    }
    made.reverse();
    let first = world
        .owner
        .get(&format!("{}?limit=2", world.calls()), 200)
        .await;
    let cursor = text(&first["page"], "next_cursor");
    let second = format!("{}?limit=2&cursor={cursor}", world.calls());
    let second = world.owner.get(&second, 200).await;
    let ids: Vec<String> = [&first, &second]
        .iter()
        .flat_map(|page| page["data"].as_array().expect("a list"))
        .map(|call| text(call, "id"))
        .collect();
    assert_eq!(ids, made);
    for (query, status, code) in [
        ("limit=0", 422, "validation_failed"),
        ("limit=101", 422, "validation_failed"),
        ("state=all", 422, "validation_failed"),
        ("app=x", 400, "unknown_field"),
        ("cursor=CANARY", 400, "cursor_invalid"),
        // A cursor of the other list.
        (
            &*format!("state=open&cursor={cursor}"),
            400,
            "cursor_invalid",
        ),
    ] {
        let path = format!("{}?{query}", world.calls());
        world
            .owner
            .refused(Method::GET, &path, None, status, code)
            .await;
    }
    let path = format!("{}/call-figures?since=yesterday", world.workspace.path);
    world
        .owner
        .refused(Method::GET, &path, None, 422, "validation_failed")
        .await;
}

/// A key that was read from an app costs its owner no more than so many calls.
#[tokio::test]
async fn all_guests_of_an_app_together_begin_so_many_calls_an_hour_and_no_more() {
    let world = World::new().await;
    let guest = world.guest().await;
    let sessions = world.harness.app_of("sessions");
    let quota = Act::BeginCallHere.limits()[0].quota;
    for _ in 1..quota {
        let verdict = sessions.try_act(Act::BeginCallHere, None, &world.app.id);
        assert!(matches!(verdict.await, Ok(Verdict::Go(_))));
    }
    let last = guest.begin(201).await;
    guest.act(&text(&last["call"], "id"), "cancel", 200).await;
    let another = world.guest().await;
    let body = json!({ "kind": "audio", "client_id": random_uuid() });
    let place = "/v1/guest/calls";
    another
        .client
        .refused(Method::POST, place, Some(body), 429, "rate_limited")
        .await;
    world.harness.advance(Duration::from_secs(60 * 60));
    world.guest().await.begin(201).await;
}
