//! A forgotten password, a changed one, and the list of sessions.

use std::time::Duration;

use harness::{Client, Harness, Member, text};
use reqwest::Method;
use serde_json::{Value, json};

const LOG_IN: &str = "/v1/auth/login";
const FORGOT: &str = "/v1/auth/password/forgot";
const RESET: &str = "/v1/auth/password/reset";
const CHANGE: &str = "/v1/auth/password/change";
const SESSIONS: &str = "/v1/auth/sessions";
const ADA: &str = "ada@example.com";
const OLD: &str = "vexing umbrella 9";
const NEW: &str = "another umbrella 10";

/// Somebody with a password, signed in.
async fn ada(harness: &Harness) -> Member {
    let ada = harness.sign_up(ADA).await;
    ada.post(CHANGE, json!({ "password": OLD }), 204).await;
    ada
}

async fn log_in(client: &Client, password: &str, expected: u16) -> Value {
    let body = json!({ "email": ADA, "password": password });
    client.post(LOG_IN, body, expected).await
}

async fn forgot(harness: &Harness) -> String {
    let body = json!({ "email": ADA });
    harness.anonymous().post(FORGOT, body, 202).await;
    harness.mail_token(ADA).await
}

async fn subjects(harness: &Harness) -> Vec<String> {
    let mails = harness.mails(ADA).await.into_iter();
    mails.map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn a_mailed_link_sets_a_password_once_ends_every_session_and_is_told_of() {
    let harness = Harness::start().await;
    let (anonymous, member) = (harness.anonymous(), ada(&harness).await);
    let token = forgot(&harness).await;
    // A weak password uses nothing up.
    let weak = Some(json!({ "token": token, "password": "Password123456789" }));
    anonymous
        .refused(Method::POST, RESET, weak, 422, "password_weak")
        .await;
    anonymous
        .post(RESET, json!({ "token": token, "password": NEW }), 204)
        .await;
    log_in(&anonymous, OLD, 401).await;
    log_in(&anonymous, NEW, 200).await;
    member
        .refused(Method::GET, SESSIONS, None, 401, "token_invalid")
        .await;
    let again = Some(json!({ "token": token, "password": OLD }));
    anonymous
        .refused(Method::POST, RESET, again, 401, "code_invalid")
        .await;
    let subjects = subjects(&harness).await;
    assert!(subjects.contains(&"Your Sotto password was set anew".to_owned()));
}

#[tokio::test]
async fn of_two_resets_by_one_link_that_arrive_together_one_counts() {
    let harness = Harness::start().await;
    let (anonymous, _) = (harness.anonymous(), ada(&harness).await);
    let token = forgot(&harness).await;
    let reset = |password| {
        let body = json!({ "token": token, "password": password });
        anonymous.send(Method::POST, RESET, Some(body))
    };
    let (a, b) = tokio::join!(reset(NEW), reset("a third umbrella 11"));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401], "{} {}", a.text, b.text);
}

#[tokio::test]
async fn a_link_that_is_old_forged_or_for_nobody_sets_nothing() {
    let harness = Harness::start().await;
    let (anonymous, _) = (harness.anonymous(), ada(&harness).await);
    let token = forgot(&harness).await;
    let mut forged = token.clone();
    let last = if forged.ends_with('A') { "B" } else { "A" };
    forged.replace_range(10..11, last);
    for bad in ["", "rs_x.y", forged.as_str()] {
        let body = Some(json!({ "token": bad, "password": NEW }));
        anonymous
            .refused(Method::POST, RESET, body, 401, "code_invalid")
            .await;
    }
    harness.advance(Duration::from_secs(30 * 60));
    let body = Some(json!({ "token": token, "password": NEW }));
    anonymous
        .refused(Method::POST, RESET, body, 401, "code_invalid")
        .await;
    log_in(&anonymous, OLD, 200).await;
}

#[tokio::test]
async fn forgetting_the_password_of_an_unknown_address_is_the_same_work_without_a_mail() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    harness.sign_up("known00@example.com").await;
    let meter = &harness.app_of("auth").meter;
    let mut seen = Vec::new();
    for email in ["known00@example.com", "unknown@example.com"] {
        meter.take();
        let body = Some(json!({ "email": email }));
        let answer = anonymous.send(Method::POST, FORGOT, body).await;
        let calls = meter.take().calls;
        let work: Vec<_> = calls
            .iter()
            .map(|call| (call.operation, call.read_units, call.write_units))
            .collect();
        assert!(!work.is_empty());
        seen.push((answer.status, answer.text, work));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(harness.mails("unknown@example.com").await.len(), 0);
    assert_eq!(harness.mails("known00@example.com").await.len(), 2);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions() {
    let harness = Harness::start().await;
    let (anonymous, member) = (harness.anonymous(), ada(&harness).await);
    let other = harness.sign_in(ADA).await;
    let refused = async |body: Value, status, code| {
        member
            .refused(Method::POST, CHANGE, Some(body), status, code)
            .await;
    };
    refused(json!({ "password": NEW }), 422, "validation_failed").await;
    let wrong = json!({ "current_password": "x", "password": NEW });
    refused(wrong, 401, "credentials_wrong").await;
    let weak = json!({ "current_password": OLD, "password": "fourteen chars" });
    refused(weak, 422, "password_weak").await;
    other.get(SESSIONS, 200).await;
    let right = json!({ "current_password": OLD, "password": NEW });
    member.post(CHANGE, right, 204).await;
    member.get(SESSIONS, 200).await;
    other
        .refused(Method::GET, SESSIONS, None, 401, "token_invalid")
        .await;
    log_in(&anonymous, OLD, 401).await;
    log_in(&anonymous, NEW, 200).await;
    let told = subjects(&harness).await;
    let told = told
        .iter()
        .filter(|s| *s == "Your Sotto password was changed");
    assert_eq!(told.count(), 2, "the first one and the change");
}

#[tokio::test]
async fn a_first_password_asks_for_a_fresh_proof() {
    let harness = Harness::start().await;
    let member = harness.sign_up(ADA).await;
    harness.advance(Duration::from_secs(10 * 60));
    let member = member.refresh().await;
    let body = Some(json!({ "password": NEW }));
    member
        .refused(Method::POST, CHANGE, body, 403, "step_up_required")
        .await;
}

#[tokio::test]
async fn sessions_are_listed_by_family_of_device_and_end_one_by_one_or_all_but_one() {
    const FIREFOX: &str =
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 CANARY";
    let harness = Harness::start().await;
    let (anonymous, member) = (harness.anonymous(), ada(&harness).await);
    let browser = anonymous.with_header("user-agent", FIREFOX);
    let signed_in = log_in(&browser, OLD, 200).await;
    let second = anonymous.with_token(&text(&signed_in, "access_token"));
    let third = harness.sign_in(ADA).await;
    let list = member.get(SESSIONS, 200).await;
    let sessions = list["data"].as_array().expect("a list");
    assert_eq!(sessions.len(), 3);
    let current = sessions.iter().filter(|session| session["current"] == true);
    assert_eq!(current.count(), 1);
    let firefox = sessions
        .iter()
        .find(|session| session["browser"] == "firefox")
        .expect("the browser");
    assert_eq!(
        (&firefox["system"], &firefox["last_used_on"]),
        (&json!("linux"), &json!("2026-01-15"))
    );
    assert_eq!(harness.items_with("CANARY").await, 0, "the header is kept");
    let place = format!("{SESSIONS}/{}", text(firefox, "id"));
    // Another account's session is not there.
    let eve = harness.sign_up("eve@example.com").await;
    eve.refused(Method::DELETE, &place, None, 404, "not_found")
        .await;
    second.get(SESSIONS, 200).await;
    member.delete(&place, 204).await;
    second
        .refused(Method::GET, SESSIONS, None, 401, "token_invalid")
        .await;
    member
        .refused(Method::DELETE, &place, None, 404, "not_found")
        .await;
    member.delete(SESSIONS, 204).await;
    third
        .refused(Method::GET, SESSIONS, None, 401, "token_invalid")
        .await;
    let list = member.get(SESSIONS, 200).await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_sockets_of_a_session_close_with_it_and_others_stay() {
    let harness = Harness::start().await;
    let member = harness.sign_up(ADA).await;
    let workspace = member.workspace("inbox").await;
    let other = harness.sign_in(ADA).await;
    let (_mine, _theirs) = (
        member.socket(&workspace).await,
        other.socket(&workspace).await,
    );
    assert_eq!(harness.items_with(r#""kind":{"S":"Socket"}"#).await, 2);
    member.delete(SESSIONS, 204).await;
    harness.drain().await;
    // The edge tells of the closed one by and by.
    for _ in 0..100 {
        if harness.items_with(r#""kind":{"S":"Socket"}"#).await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the socket of the ended session is still there");
}
