//! Ids, paths, methods and headers that are none.

use harness::Client;
use harness::contract::example_of;
use harness::routes::{Ids, routes};
use reqwest::Method;
use serde_json::json;

use super::{CANARY, World, is_clean, is_problem, said};

#[tokio::test]
async fn an_id_that_is_none_is_not_there() {
    let world = World::new().await;
    let member = &world.workspace.member_id;
    let upper = world.workspace.id.to_uppercase();
    let long = CANARY.repeat(500);
    let bad = [
        CANARY,
        "ws_",
        "ws_CANARY",
        &upper,
        &long,
        "%00",
        "%20",
        "..%2f..%2fCANARY",
        "a%2Fb",
        "%ff",
        "%3Fcursor=CANARY",
        "'%20OR%201=1--",
        "ses_01kf0a1b2c3d4e5f6g7h8j9k0m",
        "null",
        "*",
    ];
    for route in routes()
        .iter()
        .filter(|route| !route.parameters().is_empty())
    {
        for parameter in route.parameters() {
            let known = Ids::unknown().with("workspace", &world.workspace.id);
            let path = route.at(&known);
            let id = path.split('/').zip(route.path.split('/'));
            let id = id
                .filter(|(_, part)| *part == format!("{{{parameter}}}"))
                .map(|(id, _)| id);
            let id = id.last().expect("an id");
            // Well-formed, but of another kind.
            let other = if parameter == "member" {
                &world.workspace.id
            } else {
                member
            };
            for bad in bad.into_iter().chain([other.as_str()]) {
                let answer = world
                    .caller(route)
                    .send(route.method.clone(), &path.replace(id, bad), None)
                    .await;
                let what = format!("{} with {bad:.30}", route.key());
                is_clean(&what, &answer);
                assert_eq!(answer.status, 404, "{what}: {}", answer.text);
                let code = answer.body["code"].as_str().unwrap_or_default();
                assert!(
                    ["not_found", "no_such_route"].contains(&code),
                    "{what}: {code}"
                );
            }
        }
    }
}

#[tokio::test]
async fn paths_and_methods_that_nobody_serves_are_a_problem_too() {
    let world = World::new().await;
    let no_route = said(404, "no_such_route", "");
    let paths = [
        "/v1",
        "/v1/",
        "/v1/CANARY",
        "/v2/workspaces",
        "/v1/workspaces/",
        "/V1/workspaces",
        "//",
        "/health/",
        "/CANARY?cursor=CANARY",
        "/v1/widget",
        "/.env",
        "/openapi.yaml",
        "/v1/workspaces%2Fx",
        "/%00",
    ];
    for client in [
        Client::clone(&world.harness.anonymous()),
        Client::clone(&world.owner),
    ] {
        for path in paths {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = client.send(method.clone(), path, None).await;
                is_problem(&format!("{method} {path}"), &answer, &no_route);
            }
        }
    }
    // A path of ours with a method that it does not have.
    let all = routes();
    for route in &all {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ] {
            if all
                .iter()
                .any(|other| other.path == route.path && other.method == method)
            {
                continue;
            }
            let path = route.at(&Ids::unknown());
            let answer = world.caller(route).send(method.clone(), &path, None).await;
            is_problem(&format!("{method} {}", route.path), &answer, &no_route);
        }
    }
}

#[tokio::test]
async fn bad_headers_have_their_problem_too() {
    let world = World::new().await;
    let path = format!(
        "{}/contacts/{}",
        world.workspace.path, world.visitor.contact_id
    );
    let client = world.owner.with_header("if-match", CANARY);
    let body = example_of(&json!({ "$ref": "#/components/schemas/ChangeContact" }));
    let answer = client.send(Method::PATCH, &path, Some(body)).await;
    is_problem(
        "if-match",
        &answer,
        &said(422, "validation_failed", "If-Match"),
    );
    let before = world.items().await;
    for key in ["", &CANARY.repeat(50)] {
        let client = world.owner.with_header("idempotency-key", key);
        let body = json!({ "name": "W", "profile": "inbox", "member_name": "A" });
        let answer = client
            .send(Method::POST, "/v1/workspaces", Some(body))
            .await;
        is_problem(
            "idempotency-key",
            &answer,
            &said(422, "validation_failed", "Idempotency-Key"),
        );
    }
    assert_eq!(
        world.items().await,
        before,
        "a refused call changed something"
    );
}
