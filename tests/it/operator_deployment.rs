//! What the operators decide for a deployment: who is one, who may sign up, which workspaces there
//! are, and how much an app may bring in.

use std::time::Duration;

use harness::{Harness, Member, ORIGIN, text};
use reqwest::Method;
use serde_json::{Value, json};

const OPERATOR: &str = "demo@example.com";
const SETTINGS: &str = "/v1/operator/settings";
const SEATS: &str = "/v1/operator/seats";

/// Somebody with both factors.
async fn proved(harness: &Harness, address: &str) -> Member {
    harness.sign_up(address).await.enrol().await;
    harness.advance(Duration::from_secs(60));
    harness.sign_in(address).await
}

async fn seat(operator: &Member, other: &Member, expected: u16) -> Value {
    let body = json!({ "account_id": other.account_id });
    operator.post(SEATS, body, expected).await
}

#[tokio::test]
async fn operators_seat_and_unseat_one_another_and_the_last_one_stays() {
    let harness = Harness::start().await;
    let bob = proved(&harness, "bob@example.com").await;
    bob.refused(Method::GET, SEATS, None, 403, "forbidden")
        .await;
    let operator = proved(&harness, OPERATOR).await;
    let own = format!("{SEATS}/{}", operator.account_id);
    operator
        .refused(Method::DELETE, &own, None, 409, "last_operator")
        .await;
    seat(&operator, &bob, 201).await;
    assert_eq!(
        seat(&operator, &bob, 200).await["seated_by"],
        operator.account_id.as_str()
    );
    let seats = bob.get(SEATS, 200).await;
    assert_eq!(seats["data"].as_array().map(Vec::len), Some(2));
    // Whoever the deployment names has no more rights than others.
    bob.delete(&own, 204).await;
    operator
        .refused(Method::GET, SEATS, None, 403, "forbidden")
        .await;
    let last = format!("{SEATS}/{}", bob.account_id);
    bob.refused(Method::DELETE, &last, None, 409, "last_operator")
        .await;
    bob.refused(Method::DELETE, &own, None, 404, "not_found")
        .await;
    let nobody = json!({ "account_id": "acc_01kf0a1b2c3d4e5f6g7h8j9k0m" });
    bob.refused(Method::POST, SEATS, Some(nobody), 404, "not_found")
        .await;
    // Seated, but with one factor: nothing.
    let eve = harness.sign_up("eve@example.com").await;
    seat(&bob, &eve, 201).await;
    eve.refused(Method::GET, SEATS, None, 403, "second_factor_required")
        .await;
    harness.advance(Duration::from_secs(10 * 60));
    let stale = bob.refresh().await;
    let body = Some(json!({ "account_id": operator.account_id }));
    stale
        .refused(Method::POST, SEATS, body, 403, "step_up_required")
        .await;
    stale
        .refused(Method::DELETE, &last, None, 403, "step_up_required")
        .await;
}

#[tokio::test]
async fn of_two_operators_who_unseat_one_another_at_once_one_stays() {
    let harness = Harness::start().await;
    let bob = proved(&harness, "bob@example.com").await;
    let operator = proved(&harness, OPERATOR).await;
    seat(&operator, &bob, 201).await;
    let (a, b) = (
        format!("{SEATS}/{}", bob.account_id),
        format!("{SEATS}/{}", operator.account_id),
    );
    let (one, other) = tokio::join!(
        operator.send(Method::DELETE, &a, None),
        bob.send(Method::DELETE, &b, None)
    );
    let done = [&one, &other]
        .iter()
        .filter(|answer| answer.status == 204)
        .count();
    assert_eq!(done, 1, "{} {}", one.text, other.text);
    let seats = r#""kind":{"S":"OperatorSeat"}"#;
    assert_eq!(harness.items_with(seats).await, 1);
}

/// Asks for an account; whether a mail went out.
async fn mailed(harness: &Harness, address: &str) -> bool {
    let before = harness.mails(address).await.len();
    let wish = json!({ "email": address, "adult": true });
    harness.anonymous().post("/v1/auth/signup", wish, 202).await;
    harness.mails(address).await.len() > before
}

#[tokio::test]
async fn where_sign_up_is_closed_only_who_was_invited_gets_an_account() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let operator = proved(&harness, OPERATOR).await;
    let settings = operator.send(Method::GET, SETTINGS, None).await;
    assert_eq!(settings.body["sign_up"], "open");
    assert!(mailed(&harness, "early@example.com").await);
    let closed = json!({ "sign_up": "closed" });
    operator
        .refused(
            Method::PATCH,
            SETTINGS,
            Some(closed.clone()),
            428,
            "precondition_required",
        )
        .await;
    let with = operator.with_header("if-match", settings.header("etag"));
    assert_eq!(with.patch(SETTINGS, closed.clone(), 200).await["rev"], 1);
    with.refused(Method::PATCH, SETTINGS, Some(closed), 409, "conflict")
        .await;
    let other = Some(json!({ "sign_up": "sometimes" }));
    with.refused(Method::PATCH, SETTINGS, other, 422, "validation_failed")
        .await;

    let meter = &harness.app_of("auth").meter;
    meter.take();
    assert!(!mailed(&harness, "stranger@example.com").await);
    let of_a_stranger = meter.take();
    assert!(
        mailed(&harness, "ada@example.com").await,
        "whoever has an account signs in"
    );
    assert_eq!(meter.take().operations(), of_a_stranger.operations());
    let invitations = format!("{}/invitations", workspace.path);
    let invitation = json!({ "email": "kim@example.com", "role": "agent" });
    let made = owner.post(&invitations, invitation.clone(), 202).await;
    assert!(mailed(&harness, "kim@example.com").await);
    owner
        .delete(&format!("{invitations}/{}", text(&made, "id")), 204)
        .await;
    assert!(
        !mailed(&harness, "kim@example.com").await,
        "it was taken back"
    );
    owner.post(&invitations, invitation, 202).await;
    let token = harness.mail_token("kim@example.com").await;
    let kim = harness.sign_up("kim@example.com").await;
    let accept = json!({ "token": token, "name": "Kim" });
    kim.post("/v1/invitations/accept", accept, 200).await;
    assert_eq!(
        harness.items_under("INVITED#").await.len(),
        0,
        "what was used is gone"
    );

    let open = json!({ "sign_up": "open" });
    let with = operator.with_header("if-match", "\"1\"");
    with.patch(SETTINGS, open, 200).await;
    assert!(mailed(&harness, "stranger@example.com").await);
    for method in [Method::GET, Method::PATCH] {
        let body = (method == Method::PATCH).then(|| json!({ "sign_up": "open" }));
        owner
            .refused(method, SETTINGS, body, 403, "forbidden")
            .await;
    }
}

#[tokio::test]
async fn the_operator_sees_every_workspace_page_by_page_and_nothing_in_it() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(owner.workspace("inbox").await);
        harness.advance(Duration::from_millis(1));
    }
    owner.delete(&made[4].path, 202).await;
    let operator = proved(&harness, OPERATOR).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/operator/workspaces?limit=2{cursor}");
        let page = operator.get(&path, 200).await;
        assert!(!page.to_string().contains("Test"), "no name");
        seen.extend(page["data"].as_array().expect("workspaces").clone());
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let ids: Vec<&str> = seen.iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(
        ids,
        made.iter().map(|one| one.id.as_str()).collect::<Vec<_>>()
    );
    let states: Vec<&str> = seen
        .iter()
        .filter_map(|one| one["state"].as_str())
        .collect();
    assert_eq!(states, ["active", "active", "active", "active", "closing"]);
    owner
        .refused(
            Method::GET,
            "/v1/operator/workspaces",
            None,
            403,
            "forbidden",
        )
        .await;
    let bad = "/v1/operator/workspaces?cursor=x";
    operator
        .refused(Method::GET, bad, None, 400, "cursor_invalid")
        .await;
}

#[tokio::test]
async fn an_app_that_is_switched_off_or_capped_brings_nobody_in_at_the_very_next_session() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let (app, second) = (owner.app(&workspace).await, owner.app(&workspace).await);
    let operator = proved(&harness, OPERATOR).await;
    let place = format!("/v1/operator{}/apps/{}", &workspace.path[3..], app.id);
    let page = harness.anonymous().with_header("origin", ORIGIN);
    let start = |key: &str| Some(json!({ "app_key": key }));
    let visitor = harness.visitor(&app).await;
    let off = operator
        .patch(&place, json!({ "enabled": false }), 200)
        .await;
    assert_eq!(
        off,
        json!({ "id": app.id, "enabled": false, "sessions_per_minute": null })
    );
    page.refused(
        Method::POST,
        "/v1/widget/sessions",
        start(&app.key),
        403,
        "app_off",
    )
    .await;
    let again = json!({ "app_key": app.key, "resume_token": visitor.resume_token });
    page.refused(
        Method::POST,
        "/v1/widget/sessions",
        Some(again),
        403,
        "app_off",
    )
    .await;
    harness.visitor(&second).await;
    // The team cannot switch it on again.
    let theirs = format!("{}/apps/{}", workspace.path, app.id);
    owner.patch(&theirs, json!({ "name": "Shop" }), 200).await;
    page.refused(
        Method::POST,
        "/v1/widget/sessions",
        start(&app.key),
        403,
        "app_off",
    )
    .await;

    let capped = json!({ "enabled": true, "sessions_per_minute": 2 });
    operator.patch(&place, capped.clone(), 200).await;
    operator.patch(&place, capped, 200).await;
    harness.visitor(&app).await;
    harness.visitor(&app).await;
    page.refused(
        Method::POST,
        "/v1/widget/sessions",
        start(&app.key),
        429,
        "rate_limited",
    )
    .await;
    harness.visitor(&second).await;
    harness.advance(Duration::from_secs(60));
    harness.visitor(&app).await;
    operator
        .patch(&place, json!({ "sessions_per_minute": null }), 200)
        .await;
    for _ in 0..4 {
        harness.visitor(&app).await;
    }
    let log = owner
        .get(&format!("{}/audit?about={}", workspace.path, app.id), 200)
        .await;
    let limited = log["data"].as_array().expect("lines").iter();
    let limited = limited.filter(|line| line["act"] == "app_limited");
    assert_eq!(limited.count(), 3, "what changes nothing is not written");

    for cap in [json!(0), json!(3001), json!(-1), json!("2"), json!(1.5)] {
        let body = Some(json!({ "sessions_per_minute": cap }));
        operator
            .refused(Method::PATCH, &place, body, 422, "validation_failed")
            .await;
    }
    let body = || Some(json!({ "enabled": true }));
    let unknown = format!(
        "/v1/operator{}/apps/app_01kf0a1b2c3d4e5f6g7h8j9k0m",
        &workspace.path[3..]
    );
    operator
        .refused(Method::PATCH, &unknown, body(), 404, "not_found")
        .await;
    owner
        .refused(Method::PATCH, &place, body(), 403, "forbidden")
        .await;
}
