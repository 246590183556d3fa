//! Nobody gets in without the right token, through whichever door. Generated from the template: a
//! new route is asked too.

use std::collections::BTreeSet;

use harness::routes::{Actor, Ids, Route, routes, token_of_nobody};
use harness::{Answer, Client, Harness, Member, Visitor};
use serde_json::Value;

/// Routes for anybody. A line is added in review only. Pages say themselves who is signed in, and take
/// no form from elsewhere (test `pages`).
const PUBLIC: &[&str] = &[
    "GET /.well-known/erasure-keys.json",
    "GET /.well-known/jwks.json",
    "GET /.well-known/privacy.json",
    "GET /accept",
    "GET /account",
    "GET /account/delete",
    "GET /account/passkeys",
    "GET /confirm",
    "GET /docs",
    "GET /forgot",
    "GET /health",
    "GET /openapi.json",
    "GET /policy/{profile}",
    "GET /privacy/confirm",
    "GET /privacy/copy",
    "GET /reset",
    "GET /sign-in",
    "GET /sign-in/team",
    "GET /sign-in/team/{workspace}",
    "GET /sign-up",
    "GET /support/confirm",
    "GET /unsubscribe",
    "GET /verify",
    "GET /version",
    "POST /v1/account/undo-deletion",
    "POST /accept",
    "POST /account",
    "POST /account/delete",
    "POST /account/passkeys",
    "POST /confirm",
    "POST /confirm/passkey",
    "POST /forgot",
    "POST /privacy/confirm",
    "POST /privacy/copy",
    "POST /reset",
    "POST /sign-in",
    "POST /sign-in/team",
    "POST /sign-in/team/{workspace}",
    "POST /sign-up",
    "POST /support/confirm",
    "POST /v1/auth/login",
    "POST /v1/auth/oidc/{workspace}/backchannel-logout",
    "POST /v1/auth/oidc/{workspace}/finish",
    "POST /v1/auth/oidc/{workspace}/start",
    "POST /v1/auth/otp",
    "POST /v1/auth/otp/verify",
    "POST /v1/auth/password/forgot",
    "POST /v1/auth/password/reset",
    "POST /v1/auth/refresh",
    "POST /v1/auth/second-factor",
    "POST /v1/auth/second-factor/passkey",
    "POST /v1/auth/second-factor/passkey/confirm",
    "POST /v1/auth/signup",
    "POST /v1/flow-events/{token}",
    "POST /v1/guest/sessions",
    "POST /v1/privacy/child-reports",
    "POST /v1/support",
    "POST /v1/widget/sessions",
    "POST /unsubscribe",
    "POST /v1/billing/stripe",
    "POST /verify",
];

/// How an erasure is shown.
const RECEIPT: &str = "GET /v1/workspaces/{workspace}/erasures/{erasure}";

/// Routes that programs with an API key may call. A line is added in review only.
pub const FOR_KEYS: [&str; 39] = [
    "GET /v1/workspaces/{workspace}/calls",
    "GET /v1/workspaces/{workspace}/calls/{call}",
    "DELETE /v1/workspaces/{workspace}/calls/{call}",
    "POST /v1/workspaces/{workspace}/call-deletions",
    "GET /v1/workspaces/{workspace}/call-figures",
    // Of calls only.
    RECEIPT,
    "GET /v1/workspaces/{workspace}/flows",
    "POST /v1/workspaces/{workspace}/flows",
    "POST /v1/workspaces/{workspace}/flows/import",
    "GET /v1/workspaces/{workspace}/flows/{flow}",
    "PATCH /v1/workspaces/{workspace}/flows/{flow}",
    "DELETE /v1/workspaces/{workspace}/flows/{flow}",
    "POST /v1/workspaces/{workspace}/flows/{flow}/validate",
    "POST /v1/workspaces/{workspace}/flows/{flow}/simulate",
    "POST /v1/workspaces/{workspace}/flows/{flow}/explore",
    "POST /v1/workspaces/{workspace}/flows/{flow}/test-runs",
    "POST /v1/workspaces/{workspace}/flows/{flow}/versions",
    "GET /v1/workspaces/{workspace}/flows/{flow}/versions",
    "GET /v1/workspaces/{workspace}/flows/{flow}/versions/{version}",
    "GET /v1/workspaces/{workspace}/flows/{flow}/versions/{version}/figures",
    "GET /v1/workspaces/{workspace}/flows/{flow}/diff",
    "PUT /v1/workspaces/{workspace}/flows/{flow}/environments/{environment}",
    "GET /v1/workspaces/{workspace}/contacts",
    "GET /v1/workspaces/{workspace}/contacts/{contact}",
    "GET /v1/workspaces/{workspace}/contacts/{contact}/notes",
    "GET /v1/workspaces/{workspace}/contacts/{contact}/timeline",
    "POST /v1/workspaces/{workspace}/contacts",
    "GET /v1/workspaces/{workspace}/conversations",
    "GET /v1/workspaces/{workspace}/conversations/{conversation}",
    "GET /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}",
    "GET /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/{rendition}",
    "GET /v1/workspaces/{workspace}/conversations/{conversation}/messages",
    "GET /v1/workspaces/{workspace}/sync",
    "POST /v1/workspaces/{workspace}/search",
    "POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments",
    "POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/confirm",
    "GET /v1/workspaces/{workspace}/conversations/{conversation}/flow",
    "POST /v1/workspaces/{workspace}/conversations/{conversation}/flows/{flow}",
    "POST /v1/workspaces/{workspace}/conversations/{conversation}/messages",
];

/// Whether a program with an API key may call it.
pub fn takes_keys(route: &Route) -> bool {
    FOR_KEYS.contains(&route.key().as_str())
}

/// Whether what a program does there is asked in `calls::rights`: routes of calls, and the receipts of deletions.
pub fn is_asked_of_calls(route: &Route) -> bool {
    route.is_of_calls() || route.key() == RECEIPT
}

/// Done already is as good as done: whoever repeats it with the same good signature hears the same.
const ENDED_ALREADY: &str = "POST /v1/auth/logout";

/// What is sent as a body: whoever looks at it before the token would answer 400.
const NOT_JSON: &[u8] = b"{";

#[tokio::test]
async fn every_route_but_a_short_public_list_is_401_without_a_token() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    for route in routes() {
        let answer = call(&anonymous, &route).await;
        if is_public(&route) {
            assert_ne!(answer.status, 401, "{} is public", route.key());
        } else {
            refused(&route, &answer, "unauthenticated");
        }
    }
    nothing_was_read(&harness);
}

#[test]
fn the_public_list_names_routes_and_the_document_says_the_same() {
    let keys: BTreeSet<String> = routes().iter().map(Route::key).collect();
    for key in PUBLIC {
        assert!(keys.contains(*key), "{key} is public but no route");
    }
    for route in routes() {
        let scheme = match route.actor() {
            _ if is_public(&route) => serde_json::json!([{}]),
            Actor::Member if takes_keys(&route) => {
                serde_json::json!([{ "member": [] }, { "api_key": [] }])
            }
            Actor::Member => serde_json::json!([{ "member": [] }]),
            Actor::Device => serde_json::json!([{ "join": [] }]),
            Actor::Guest => serde_json::json!([{ "guest": [] }]),
            Actor::Visitor => serde_json::json!([{ "visitor": [] }]),
        };
        assert_eq!(route.operation()["security"], scheme, "{}", route.key());
    }
}

#[tokio::test]
async fn every_route_is_401_with_what_is_no_token() {
    let harness = Harness::start().await;
    let long = format!("Bearer {}", "A".repeat(4000));
    let garbage = [
        "Bearer",
        "Bearer garbage",
        "Bearer a.b.c",
        "Bearer vt_garbage.secret",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Basic YWRhOmxvdmVsYWNl",
        "Token x",
        &long,
    ];
    for header in garbage {
        let client = harness.anonymous().with_header("authorization", header);
        for route in guarded() {
            refused(&route, &call(&client, &route).await, "token_invalid");
        }
    }
    nothing_was_read(&harness);
}

#[tokio::test]
async fn every_route_is_401_with_the_token_of_the_other_kind_of_actor() {
    let World {
        harness,
        owner,
        visitor,
    } = World::new().await;
    forget_what_was_read(&harness);
    for route in guarded() {
        let tokens = match route.actor() {
            Actor::Member => [
                &visitor.session_token,
                &visitor.resume_token,
                &owner.refresh_token,
            ],
            Actor::Device | Actor::Guest => [
                &owner.access_token,
                &visitor.session_token,
                &owner.refresh_token,
            ],
            Actor::Visitor => [
                &owner.access_token,
                &visitor.resume_token,
                &owner.refresh_token,
            ],
        };
        for token in tokens {
            let client = harness.anonymous().with_token(token);
            refused(&route, &call(&client, &route).await, "token_invalid");
        }
    }
    nothing_was_read(&harness);
}

#[tokio::test]
async fn every_route_is_401_with_a_token_that_nobody_was_given_or_that_was_given_back() {
    let World {
        harness,
        owner,
        visitor,
    } = World::new().await;
    let signed_out = harness.sign_in(&owner.email).await;
    let answer = signed_out
        .send(harness::method("POST"), "/v1/auth/logout", None)
        .await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let forged = with_another_secret(&visitor.session_token);
    for route in guarded().filter(|route| route.key() != ENDED_ALREADY) {
        let client = match route.actor() {
            Actor::Member => harness.anonymous().with_token(&signed_out.access_token),
            actor @ (Actor::Device | Actor::Guest) => {
                harness.anonymous().with_token(&token_of_nobody(actor))
            }
            Actor::Visitor => harness.anonymous().with_token(&forged),
        };
        let ids = Ids::unknown();
        // These two are known to be bad only after a read, which wants a body that can be read.
        let answer = client
            .send(route.method.clone(), &route.at(&ids), route.body(&ids))
            .await;
        refused(&route, &answer, "token_invalid");
    }
}

struct World {
    harness: Harness,
    owner: Member,
    visitor: Visitor,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        Self {
            harness,
            owner,
            visitor,
        }
    }
}

fn is_public(route: &Route) -> bool {
    PUBLIC.contains(&route.key().as_str())
}

fn guarded() -> impl Iterator<Item = Route> {
    routes().into_iter().filter(|route| !is_public(route))
}

async fn call(client: &Client, route: &Route) -> Answer {
    let client = client.with_header("content-type", "application/json");
    client
        .send_raw(
            route.method.clone(),
            &route.at(&Ids::unknown()),
            NOT_JSON.to_vec(),
        )
        .await
}

fn refused(route: &Route, answer: &Answer, code: &str) {
    let key = route.key();
    assert_eq!(
        answer.status, 401,
        "{key} must ask for a token first: {}",
        answer.text
    );
    assert_eq!(answer.body["code"], code, "{key}");
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{key}"
    );
    assert_eq!(answer.header("www-authenticate"), "Bearer", "{key}");
    assert_eq!(
        answer.body["errors"],
        Value::Null,
        "{key} looked at the body"
    );
}

/// Drops what was counted so far.
fn forget_what_was_read(harness: &Harness) {
    for function in &harness::template().functions {
        harness.app_of(&function.folder).meter.take();
    }
}

/// A flood of bad tokens never reaches a table, except for the public keys, once a minute.
fn nothing_was_read(harness: &Harness) {
    for function in &harness::template().functions {
        let reading = harness.app_of(&function.folder).meter.take();
        let operations = reading.operations();
        let keys_only = operations.is_empty() || operations == ["BatchGetItem"];
        // `auth` answers two public routes, and those read.
        assert!(
            keys_only || function.folder == "auth",
            "{}: {operations:?}",
            function.folder
        );
    }
}

/// The same place with another proof.
fn with_another_secret(token: &str) -> String {
    let (place, secret) = token.split_once('.').expect("place and secret");
    let turned: String = secret
        .chars()
        .enumerate()
        .map(|(at, c)| {
            if at == 3 {
                if c == 'A' { 'B' } else { 'A' }
            } else {
                c
            }
        })
        .collect();
    format!("{place}.{turned}")
}
