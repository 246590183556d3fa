//! Workspaces: made once, with the promises of their profile, and listed for who works in them.

use std::time::Duration;

use harness::routes::{Actor, Ids, routes};
use harness::{Client, Harness, Member, ORIGIN, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;
use shared::domain::{Policy, Profile};

const WORKSPACES: &str = "/v1/workspaces";
/// A route of visitors, for all of them.
const VISITORS_LIST: &str = "/v1/widget/conversations";

async fn invalid(member: &Member, path: &str, body: Value, pointer: &str, code: &str) {
    let what = body.to_string();
    let problem = member
        .refused(Method::POST, path, Some(body), 422, "validation_failed")
        .await;
    let error = &problem["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["code"]),
        (&json!(pointer), &json!(code)),
        "{what}"
    );
}

#[tokio::test]
async fn a_workspace_begins_with_the_promises_of_its_profile_and_its_maker_as_owner() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let mut made = Vec::new();
    for profile in Profile::ALL {
        harness.advance(Duration::from_millis(1));
        let policy = Policy::of(*profile);
        let workspace = owner.workspace(profile.word()).await;
        let body = &workspace.body;
        assert_eq!(
            (&body["name"], &body["role"]),
            (&json!("Test"), &json!("owner"))
        );
        assert_eq!(body["profile"], profile.word());
        let modules: Vec<&str> = policy.modules.iter().map(|module| module.word()).collect();
        assert_eq!(body["modules"], json!(modules));
        assert_eq!(
            body["retention"],
            json!({ "conversation_days": policy.conversation_days })
        );
        assert_eq!(owner.get(&workspace.path, 200).await, *body);
        let members = owner.get(&format!("{}/members", workspace.path), 200).await;
        let name = if *profile == Profile::Flows {
            Value::Null
        } else {
            json!("Ada")
        };
        let expected = json!([{
            "id": workspace.member_id, "name": name, "role": "owner",
            "joined_at": body["created_at"], "rev": 1, "visibility": "all", "photo": null,
        }]);
        assert_eq!(members["data"], expected);
        made.push(body.clone());
    }
    assert_eq!(owner.get(WORKSPACES, 200).await["data"], json!(made));
}

#[tokio::test]
async fn members_have_a_name_where_the_profile_asks_for_one_and_nowhere_else() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    for profile in ["inbox", "calls"] {
        for name in [Value::Null, json!("")] {
            let body = json!({ "name": "W", "profile": profile, "member_name": name });
            let code = if name.is_null() { "required" } else { "empty" };
            invalid(&owner, WORKSPACES, body, "#/member_name", code).await;
        }
        let body = json!({ "name": "W", "profile": profile });
        invalid(&owner, WORKSPACES, body, "#/member_name", "required").await;
    }
    let body = json!({ "name": "W", "profile": "flows", "member_name": "Ada" });
    invalid(&owner, WORKSPACES, body, "#/member_name", "forbidden").await;
    let body = json!({ "name": "W", "profile": "chat", "member_name": "Ada" });
    invalid(&owner, WORKSPACES, body, "#/profile", "unknown_word").await;
    let body = json!({ "name": "a".repeat(101), "profile": "flows" });
    invalid(&owner, WORKSPACES, body, "#/name", "too_long").await;
    assert_eq!(owner.get(WORKSPACES, 200).await["data"], json!([]));
}

#[tokio::test]
async fn a_repeated_creation_with_one_idempotency_key_makes_one_workspace() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    owner.enrol().await;
    let keyed = owner.with_header("idempotency-key", "key-1");
    let body = json!({ "name": "W", "profile": "flows" });
    let made = keyed.post(WORKSPACES, body.clone(), 201).await;
    assert_eq!(keyed.post(WORKSPACES, body.clone(), 200).await, made);
    let other = json!({ "name": "V", "profile": "flows" });
    let problem = keyed
        .refused(
            Method::POST,
            WORKSPACES,
            Some(other),
            422,
            "idempotency_key_reused",
        )
        .await;
    assert_eq!(problem["retryable"], false);
    assert_eq!(owner.get(WORKSPACES, 200).await["data"], json!([made]));

    // The key is its owner's and its operation's own.
    let eve = harness.sign_up("eve@example.com").await;
    let hers = eve
        .with_header("idempotency-key", "key-1")
        .post(WORKSPACES, body.clone(), 201)
        .await;
    assert_ne!(hers["id"], made["id"]);
    // At once, too.
    let keyed = owner.with_header("idempotency-key", "key-2");
    let send = || keyed.send(Method::POST, WORKSPACES, Some(body.clone()));
    let (a, b, c) = tokio::join!(send(), send(), send());
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(
        statuses,
        [200, 200, 201],
        "{} {} {}",
        a.text,
        b.text,
        c.text
    );
    assert!(a.body == b.body && b.body == c.body);
    // A day later it is forgotten, whether or not TTL has been round.
    harness.advance(DAY);
    let later = harness
        .sign_in("ada@example.com")
        .await
        .with_header("idempotency-key", "key-1");
    let second = later
        .post(WORKSPACES, json!({ "name": "V", "profile": "flows" }), 201)
        .await;
    assert_ne!(second["id"], made["id"]);
}

#[tokio::test]
async fn workspaces_and_members_are_listed_oldest_first_in_pages_that_lose_none() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let mut made = Vec::new();
    let mut last = None;
    for _ in 0..5 {
        harness.advance(Duration::from_millis(1));
        let workspace = owner.workspace("inbox").await;
        made.push(workspace.id.clone());
        last = Some(workspace);
    }
    assert_eq!(ids_in_pages(&owner, WORKSPACES).await, made);

    let workspace = last.expect("a workspace");
    let mut joined = vec![workspace.member_id.clone()];
    for n in 0..4 {
        harness.advance(Duration::from_millis(1));
        let member = harness
            .join(&owner, &workspace, &format!("m{n}@example.com"), "agent")
            .await;
        let own = member.get(&workspace.path, 200).await;
        joined.push(text(&own, "member_id"));
        assert_eq!(
            ids_in_pages(&member, WORKSPACES).await,
            std::slice::from_ref(&workspace.id)
        );
    }
    let members = format!("{}/members", workspace.path);
    assert_eq!(ids_in_pages(&owner, &members).await, joined);
    let names: Vec<Value> = owner.get(&members, 200).await["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|member| member["name"].clone())
        .collect();
    assert_eq!(names, ["Ada", "m0", "m1", "m2", "m3"]);
}

/// Every id of a list, two at a time.
async fn ids_in_pages(member: &Member, list: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut path = format!("{list}?limit=2");
    loop {
        let page = member.get(&path, 200).await;
        let data = page["data"].as_array().expect("a list");
        assert!(data.len() <= 2);
        ids.extend(data.iter().map(|entry| text(entry, "id")));
        let Some(cursor) = page["page"]["next_cursor"].as_str() else {
            return ids;
        };
        path = format!("{list}?limit=2&cursor={cursor}");
    }
}

#[tokio::test]
async fn settings_change_in_the_version_that_was_read() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let place = &workspace.path;
    let read = owner.send(Method::GET, place, None).await;
    assert_eq!(
        (read.header("etag"), &read.body["rev"], &read.body["locale"]),
        ("\"1\"", &json!(1), &Value::Null)
    );
    let change = json!({ "name": "Engines", "locale": "de-AT", "time_zone": "Europe/Vienna" });
    let blind = Some(change.clone());
    owner
        .refused(Method::PATCH, place, blind, 428, "precondition_required")
        .await;
    let first = owner.with_header("if-match", "\"1\"");
    let changed = first.patch(place, change.clone(), 200).await;
    assert_eq!(
        (&changed["name"], &changed["locale"], &changed["time_zone"]),
        (&json!("Engines"), &json!("de-AT"), &json!("Europe/Vienna"))
    );
    assert_eq!(owner.get(place, 200).await, changed);
    first
        .refused(Method::PATCH, place, Some(change.clone()), 409, "conflict")
        .await;
    let second = owner.with_header("if-match", "\"2\"");
    assert_eq!(second.patch(place, change, 200).await["rev"], 2);
    let cleared = second
        .patch(place, json!({ "locale": null, "time_zone": null }), 200)
        .await;
    assert_eq!(
        (&cleared["name"], &cleared["locale"], &cleared["rev"]),
        (&json!("Engines"), &Value::Null, &json!(3))
    );
    let third = owner.with_header("if-match", "\"3\"");
    for (field, value) in [
        ("name", Value::Null),
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("locale", json!("not a language")),
        ("time_zone", json!("a b")),
    ] {
        let problem = third
            .refused(
                Method::PATCH,
                place,
                Some(json!({ field: value })),
                422,
                "validation_failed",
            )
            .await;
        assert_eq!(problem["errors"][0]["pointer"], format!("#/{field}"));
    }
    // What a workspace promised at its birth is no setting.
    for field in ["profile", "modules", "retention", "state"] {
        let body = Some(json!({ field: "inbox" }));
        third
            .refused(Method::PATCH, place, body, 400, "unknown_field")
            .await;
    }
}

/// FLOW-26: in profile `flows` a second factor is asked for, always.
#[tokio::test]
async fn a_workspace_may_ask_for_a_second_factor_and_flows_always_does() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let place = &workspace.path;
    let demand = |on: bool| json!({ "second_factor_required": on });
    let first = |member: &Member| member.with_header("if-match", "\"1\"");
    // Nobody shuts themselves out.
    let code = "second_factor_required";
    first(&owner)
        .refused(Method::PATCH, place, Some(demand(true)), 403, code)
        .await;
    owner.enrol().await;
    let changed = first(&owner).patch(place, demand(true), 200).await;
    assert_eq!(
        (&changed["second_factor_required"], &changed["rev"]),
        (&json!(true), &json!(2))
    );
    bob.refused(Method::GET, place, None, 403, code).await;
    bob.enrol().await;
    bob.get(place, 200).await;
    // What was asked for may be given up, by who proved a factor lately.
    harness.advance(Duration::from_secs(11 * 60));
    let later = owner.refresh().await.with_header("if-match", "\"2\"");
    later
        .refused(
            Method::PATCH,
            place,
            Some(demand(false)),
            403,
            "step_up_required",
        )
        .await;
    let owner = harness.sign_in("ada@example.com").await;
    let second = owner.with_header("if-match", "\"2\"");
    let given_up = second.patch(place, demand(false), 200).await;
    assert_eq!(given_up["second_factor_required"], false);
    // In profile flows it is no choice.
    let flows = owner.workspace("flows").await;
    assert_eq!(flows.body["second_factor_required"], true);
    let client = first(&owner);
    let off = Some(demand(false));
    client
        .refused(Method::PATCH, &flows.path, off, 409, "not_changeable")
        .await;
    let kept = client.patch(&flows.path, demand(true), 200).await;
    assert_eq!(kept["rev"], 1);
}

#[tokio::test]
async fn a_deleted_workspace_opens_to_nobody_until_its_owner_undoes_it() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let place = &workspace.path;
    let undo = format!("{place}/undo-deletion");
    let app = owner.app(&workspace).await;
    let visitor = harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    let admin = harness
        .join(&owner, &workspace, "bob@example.com", "admin")
        .await;
    for (method, path) in [(Method::DELETE, place), (Method::POST, &undo)] {
        admin.refused(method, path, None, 403, "forbidden").await;
    }
    let other = owner.workspace("inbox").await;
    for _ in 0..2 {
        let ended = owner.send(Method::DELETE, place, None).await;
        let closes_at = harness.now().plus(DAY * 7);
        assert_eq!(
            (ended.status, &ended.body["closes_at"]),
            (202, &json!(closes_at))
        );
        // Nobody gets in: members, visitors, programs, whoever comes by the app's key.
        let ids = Ids::unknown()
            .with("workspace", &workspace.id)
            .with("conversation", &conversation.id);
        let mut shut = 0;
        for route in routes() {
            let client = match route.actor() {
                _ if !route.path.contains("{workspace}") && route.path != VISITORS_LIST => continue,
                Actor::Device | Actor::Guest => continue,
                Actor::Member => Client::clone(&owner),
                Actor::Visitor => Client::clone(&visitor),
            };
            // The operator's routes are for somebody else, and stay open to them.
            if route.path.ends_with("/undo-deletion") || route.path.starts_with("/v1/operator") {
                continue;
            }
            // Neither an answer of a provider nor a form can be made up here; the way to it is shut.
            let of_a_team = ["/v1/auth/oidc/", "/sign-in/"];
            let begins = route.path.ends_with("/start");
            if of_a_team.iter().any(|way| route.path.starts_with(way)) && !begins {
                continue;
            }
            let body = route.body(&ids);
            let body = body.filter(|_| route.method != Method::GET);
            let answer = client
                .send(route.method.clone(), &route.at(&ids), body)
                .await;
            let seen = (answer.status, answer.body["code"].as_str());
            assert_eq!(
                seen,
                (423, Some("workspace_closing")),
                "{}: {}",
                route.key(),
                answer.text
            );
            shut += 1;
        }
        assert!(shut > 40, "{shut}");
        let page = harness.anonymous().with_header("origin", ORIGIN);
        let start = Some(json!({ "app_key": app.key }));
        page.refused(
            Method::POST,
            "/v1/widget/sessions",
            start,
            423,
            "workspace_closing",
        )
        .await;
        // The list says so, and foreigners learn nothing.
        let listed = owner.get("/v1/workspaces", 200).await;
        let listed = listed["data"].as_array().expect("a list");
        for one in listed {
            let closing = one["id"] == workspace.id.as_str();
            assert_eq!(one["closes_at"].is_null(), !closing, "{one}");
        }
        let eve = harness.sign_up("eve@example.com").await;
        for (method, path) in [(Method::GET, place), (Method::POST, &undo)] {
            eve.refused(method, path, None, 404, "not_found").await;
        }
        owner.get(&other.path, 200).await;
        let kept = owner.send(Method::POST, &undo, None).await;
        assert_eq!((kept.status, &kept.body["closes_at"]), (200, &Value::Null));
        assert_eq!(visitor.read(&conversation).await.len(), 1);
        admin.get(place, 200).await;
    }
    owner.send(Method::DELETE, place, None).await;
    harness.advance(DAY * 7);
    let owner = harness.sign_in("ada@example.com").await;
    owner
        .refused(Method::POST, &undo, None, 423, "workspace_closing")
        .await;
}

#[tokio::test]
async fn a_workspace_is_deleted_with_a_fresh_proof_only() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    harness.advance(Duration::from_secs(11 * 60));
    let owner = owner.refresh().await;
    owner
        .refused(
            Method::DELETE,
            &workspace.path,
            None,
            403,
            "step_up_required",
        )
        .await;
    owner.get(&workspace.path, 200).await;
}
