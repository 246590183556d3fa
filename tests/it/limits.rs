//! What costs has a limit: for an address, for a network, for all together.

use std::time::Duration;

use harness::{Fault, Harness, Kind, ORIGIN};
use reqwest::Method;
use serde_json::{Value, json};
use shared::app::limit::{Act, Per};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Calls a function as API Gateway would for a client at `source`; the whole answer.
async fn call_from(
    harness: &Harness,
    crate_name: &str,
    path: &str,
    source: &str,
    body: Value,
) -> Value {
    let event = json!({
        "version": "2.0", "routeKey": format!("POST {path}"), "rawPath": path, "rawQueryString": "",
        "headers": { "content-type": "application/json", "origin": ORIGIN, "host": "api.example.com" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "a", "domainName": "api.example.com",
            "domainPrefix": "api", "requestId": "r", "routeKey": format!("POST {path}"),
            "stage": "$default", "time": "15/Jan/2026:12:00:00 +0000", "timeEpoch": 1_768_478_400_000_i64,
            "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": source, "userAgent": "test" },
        },
        "body": body.to_string(), "isBase64Encoded": false,
    });
    let function = harness.stack.function(crate_name).expect("the function");
    let answer = function.invoke(event.to_string().into_bytes(), "r").await;
    serde_json::from_slice(&answer.expect("an answer")).expect("json")
}

fn quota(act: Act, per: Per) -> u64 {
    let limit = act.limits().iter().find(|limit| limit.per == per);
    limit.expect("such a limit").quota
}

async fn ask(harness: &Harness, address: &str, source: &str) -> Value {
    call_from(
        harness,
        "auth",
        "/v1/auth/otp",
        source,
        json!({ "email": address }),
    )
    .await
}

#[tokio::test]
async fn an_address_gets_five_codes_an_hour_whether_it_has_an_account_or_not() {
    let harness = Harness::start().await;
    harness.sign_up("known@example.com").await;
    harness.advance(HOUR);
    let anonymous = harness.anonymous();
    let mut refusals = Vec::new();
    for address in ["known@example.com", "unknown@example.com"] {
        let spellings = [address.to_owned(), address.to_uppercase()];
        for try_number in 0..5 {
            let path = ["/v1/auth/otp", "/v1/auth/signup"][try_number % 2];
            let mut body = json!({ "email": spellings[try_number % 2] });
            if path.ends_with("signup") {
                body["adult"] = true.into();
            }
            let answer = anonymous.send(Method::POST, path, Some(body)).await;
            assert_eq!(answer.status, 202, "{}", answer.text);
        }
        let body = Some(json!({ "email": address }));
        let answer = anonymous.send(Method::POST, "/v1/auth/otp", body).await;
        assert_eq!(answer.body["code"], "rate_limited", "{}", answer.text);
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), "3600");
        assert_eq!(answer.header("ratelimit"), "\"codes-address\";r=0;t=3600");
        assert_eq!(answer.body["retryable"], true);
        refusals.push(answer.text);
    }
    assert_eq!(
        refusals[0], refusals[1],
        "the refusal tells who has an account"
    );
    let sent = harness.mails("known@example.com").await.len();
    let body = json!({ "email": "known@example.com" });
    anonymous
        .refused(
            Method::POST,
            "/v1/auth/otp",
            Some(body.clone()),
            429,
            "rate_limited",
        )
        .await;
    assert_eq!(harness.mails("known@example.com").await.len(), sent);
    harness.advance(HOUR);
    anonymous.post("/v1/auth/otp", body, 202).await;
}

#[tokio::test]
async fn a_network_is_stopped_its_neighbours_with_it_and_nobody_else() {
    let harness = Harness::start().await;
    let quota = quota(Act::AskForCode, Per::Network);
    for n in 0..quota {
        let source = format!("203.0.113.{}", n % 250);
        let answer = ask(&harness, &format!("p{n}@example.com"), &source).await;
        assert_eq!(answer["statusCode"], 202, "{answer}");
        let left = quota - n - 1;
        let said = format!("\"codes-network\";r={left};t=3600");
        assert_eq!(answer["headers"]["ratelimit"], said);
    }
    let stopped = ask(&harness, "one-more@example.com", "203.0.113.254").await;
    assert_eq!(stopped["statusCode"], 429, "{stopped}");
    let mapped = ask(&harness, "one-more@example.com", "::ffff:203.0.113.9").await;
    assert_eq!(mapped["statusCode"], 429, "{mapped}");
    let elsewhere = ask(&harness, "one-more@example.com", "203.0.114.254").await;
    assert_eq!(elsewhere["statusCode"], 202, "{elsewhere}");
    // What a client says of itself is not asked.
    assert_eq!(
        elsewhere["headers"]["ratelimit"],
        format!("\"codes-network\";r={};t=3600", quota - 1)
    );
}

#[tokio::test]
async fn widget_sessions_and_answers_to_codes_are_counted_too() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let source = "2001:db8:7::1";
    let visit = json!({ "app_key": app.key });
    let path = "/v1/widget/sessions";
    for _ in 0..quota(Act::StartVisit, Per::Network) {
        let answer = call_from(&harness, "visitors", path, source, visit.clone()).await;
        assert_eq!(answer["statusCode"], 201, "{answer}");
    }
    let other = "2001:db8:7:ffff::2";
    let stopped = call_from(&harness, "visitors", path, other, visit.clone()).await;
    assert_eq!(stopped["statusCode"], 429, "{stopped}");
    harness.advance(Duration::from_secs(60));
    let again = call_from(&harness, "visitors", path, other, visit).await;
    assert_eq!(again["statusCode"], 201, "{again}");
    let guess = json!({ "challenge_id": "chl_01kf0a1b2c3d4e5f6g7h8j9k0m", "code": "12345678" });
    let path = "/v1/auth/otp/verify";
    for _ in 0..quota(Act::AnswerCode, Per::Network) {
        let answer = call_from(&harness, "auth", path, source, guess.clone()).await;
        assert_eq!(answer["statusCode"], 401, "{answer}");
    }
    let stopped = call_from(&harness, "auth", path, source, guess).await;
    assert_eq!(stopped["statusCode"], 429, "{stopped}");
}

#[tokio::test]
async fn a_workspace_sends_so_many_invitations_and_no_more() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let other = owner.workspace("inbox").await;
    let path = |of: &harness::Workspace| format!("{}/invitations", of.path);
    for n in 0..quota(Act::Invite, Per::Subject) {
        let body = json!({ "email": format!("p{n}@example.com"), "role": "agent" });
        owner.post(&path(&workspace), body, 202).await;
    }
    let body = json!({ "email": "late@example.com", "role": "agent" });
    owner
        .refused(
            Method::POST,
            &path(&workspace),
            Some(body.clone()),
            429,
            "rate_limited",
        )
        .await;
    owner.post(&path(&other), body, 202).await;
}

#[tokio::test]
async fn without_counts_there_are_no_codes() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let body = json!({ "email": "ada@example.com" });
    anonymous.post("/v1/auth/otp", body.clone(), 202).await;
    let fault = Fault::new(Kind::ServerError).on("UpdateItem").times(9);
    harness.faults().plan(fault);
    anonymous
        .refused(
            Method::POST,
            "/v1/auth/signup",
            Some(json!({ "email": "bob@example.com", "adult": true })),
            503,
            "unavailable",
        )
        .await;
    assert_eq!(harness.mails("bob@example.com").await.len(), 0);
}

#[tokio::test]
async fn no_count_tells_whom_it_is_about_and_none_outlives_its_hour() {
    let harness = Harness::start().await;
    let answer = ask(&harness, "canary@example.com", "203.0.113.77").await;
    assert_eq!(answer["statusCode"], 202);
    let counters = harness.counts().await;
    assert_eq!(counters.len(), 3, "{counters:?}");
    for counter in &counters {
        for word in ["canary", "203.0", "example.com", "codes"] {
            assert!(!counter.contains(word), "{word} in {counter}");
        }
    }
    // Another day has another salt: the same try leaves another key.
    let before: Vec<String> = counters.iter().map(|item| place(item)).collect();
    harness.advance(HOUR * 24);
    harness.sweep_ttl().await;
    assert_eq!(harness.counts().await.len(), 0);
    ask(&harness, "canary@example.com", "203.0.113.77").await;
    let after = harness.counts().await;
    assert!(after.iter().all(|item| !before.contains(&place(item))));
}

fn place(item: &str) -> String {
    let item: Value = serde_json::from_str(item).expect("json");
    item["pk"]["S"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn guesses_at_a_password_are_stopped_where_they_come_from_and_lock_nobody_out() {
    let harness = Harness::start().await;
    let path = "/v1/auth/login";
    let guess = json!({ "email": "ada@example.com", "password": "wrong-horse-battery" });
    for _ in 0..quota(Act::LogIn, Per::SubjectAndNetwork) {
        let answer = call_from(&harness, "auth", path, "203.0.113.7", guess.clone()).await;
        assert_eq!(answer["statusCode"], 401, "{answer}");
    }
    let stopped = call_from(&harness, "auth", path, "203.0.113.8", guess.clone()).await;
    assert_eq!(stopped["statusCode"], 429, "{stopped}");
    let elsewhere = call_from(&harness, "auth", path, "198.51.100.1", guess).await;
    assert_eq!(elsewhere["statusCode"], 401, "{elsewhere}");
}

#[tokio::test]
async fn whoever_holds_a_session_cannot_try_passwords_at_leisure() {
    let harness = Harness::start().await;
    let ada = harness.sign_up("ada@example.com").await;
    let set = json!({ "password": "vexing umbrella 9" });
    ada.post("/v1/auth/password/change", set, 204).await;
    let wrong = json!({ "password": "another umbrella" });
    let tries = quota(Act::ProveAgain, Per::Subject) - 1;
    for _ in 0..tries {
        let answer = ada
            .send(Method::POST, "/v1/auth/step-up", Some(wrong.clone()))
            .await;
        assert_eq!(answer.status, 401, "{}", answer.text);
    }
    let right = json!({ "password": "vexing umbrella 9" });
    ada.refused(
        Method::POST,
        "/v1/auth/step-up",
        Some(right),
        429,
        "rate_limited",
    )
    .await;
    let change =
        json!({ "current_password": "vexing umbrella 9", "password": "fresh umbrella 10" });
    let path = "/v1/auth/password/change";
    ada.refused(Method::POST, path, Some(change), 429, "rate_limited")
        .await;
}
