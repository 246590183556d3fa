//! Passwords: what may be one, signing in with one, and what a wrong one tells nobody.

mod work;

use harness::{Client, Harness, text};
use reqwest::Method;
use serde_json::{Value, json};

const SIGN_UP: &str = "/v1/auth/signup";
const VERIFY: &str = "/v1/auth/otp/verify";
const LOG_IN: &str = "/v1/auth/login";
const PASSWORD: &str = "vexing umbrella 9";

/// Signs up with a password.
async fn join(harness: &Harness, email: &str, password: &str) -> Value {
    let body = json!({ "email": email, "adult": true, "password": password });
    let asked = harness.anonymous().post(SIGN_UP, body, 202).await;
    let code = harness.mail_code(email).await;
    let answer = json!({ "challenge_id": asked["challenge_id"], "code": code });
    harness.anonymous().post(VERIFY, answer, 200).await
}

fn login(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

async fn is_refused(client: &Client, email: &str, password: &str) {
    let body = Some(login(email, password));
    client
        .refused(Method::POST, LOG_IN, body, 401, "credentials_wrong")
        .await;
}

#[tokio::test]
async fn an_account_signs_in_with_the_password_it_was_made_with_and_no_other() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let made = join(&harness, "ada@example.com", PASSWORD).await;
    let signed_in = anonymous
        .post(LOG_IN, login("Ada@Example.com", PASSWORD), 200)
        .await;
    assert_eq!(signed_in["account"], made["account"]);
    let member = anonymous.with_token(&text(&signed_in, "access_token"));
    member.get("/v1/workspaces", 200).await;
    for wrong in [
        "vexing umbrella 8",
        "Vexing umbrella 9",
        "vexing umbrella 9 ",
        "x",
    ] {
        is_refused(&anonymous, "ada@example.com", wrong).await;
    }
    is_refused(&anonymous, "eve@example.com", PASSWORD).await;
    // An account without a password has none to guess.
    harness.sign_up("grace@example.com").await;
    is_refused(&anonymous, "grace@example.com", PASSWORD).await;
}

#[tokio::test]
async fn a_password_is_the_same_on_every_keyboard() {
    let harness = Harness::start().await;
    join(
        &harness,
        "ada@example.com",
        "un cafe\u{301} s'il vous pla\u{ee}t",
    )
    .await;
    let body = login("ada@example.com", "un caf\u{e9} s'il vous plai\u{302}t");
    harness.anonymous().post(LOG_IN, body, 200).await;
}

#[tokio::test]
async fn signing_up_asks_for_an_adult_and_for_a_password_that_is_hard_to_guess() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let cases = [
        (json!({}), "validation_failed", "#/adult", "required"),
        (
            json!({ "adult": false }),
            "validation_failed",
            "#/adult",
            "not_of_age",
        ),
        (
            json!({ "adult": "yes" }),
            "validation_failed",
            "#/adult",
            "wrong_type",
        ),
        (
            json!({ "adult": true, "password": "fourteen chars" }),
            "password_weak",
            "#/password",
            "too_short",
        ),
        (
            json!({ "adult": true, "password": "Password123456789" }),
            "password_weak",
            "#/password",
            "too_common",
        ),
        (
            json!({ "adult": true, "password": "Lovelace.analytical.2026" }),
            "password_weak",
            "#/password",
            "too_common",
        ),
        (
            json!({ "adult": true, "password": "" }),
            "validation_failed",
            "#/password",
            "empty",
        ),
        (
            json!({ "adult": true, "password": "ab".repeat(129) }),
            "validation_failed",
            "#/password",
            "too_long",
        ),
    ];
    for (mut body, code, pointer, fault) in cases {
        body["email"] = "lovelace@analytical.example".into();
        let problem = anonymous
            .refused(Method::POST, SIGN_UP, Some(body), 422, code)
            .await;
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["pointer"], &error["code"]),
            (&json!(pointer), &json!(fault))
        );
    }
    let mails = harness.mails("lovelace@analytical.example").await;
    assert_eq!(mails.len(), 0);
}

#[tokio::test]
async fn a_password_that_comes_with_the_address_of_an_account_changes_nothing_of_it() {
    let harness = Harness::start().await;
    join(&harness, "ada@example.com", PASSWORD).await;
    // Whoever has the mailbox signs in, but what a stranger typed is not the password.
    join(&harness, "ada@example.com", "another umbrella 10").await;
    let anonymous = harness.anonymous();
    is_refused(&anonymous, "ada@example.com", "another umbrella 10").await;
    anonymous
        .post(LOG_IN, login("ada@example.com", PASSWORD), 200)
        .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_the_same_work_and_the_same_answer() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    join(&harness, "known00@example.com", PASSWORD).await;
    harness.sign_up("nothing@example.com").await;
    let meter = &harness.app_of("auth").meter;
    let before = harness.stack.mailbox.list().len();
    let mut seen = Vec::new();
    for email in [
        "known00@example.com",
        "nothing@example.com",
        "unknown@example.com",
    ] {
        meter.take();
        let body = Some(login(email, "another umbrella 10"));
        let answer = anonymous.send(Method::POST, LOG_IN, body).await;
        let work: Vec<_> = meter
            .take()
            .calls
            .iter()
            .map(|call| (call.operation, call.read_units, call.write_units))
            .collect();
        let runs = work.iter().filter(|call| call.0 == "Argon2id").count();
        assert_eq!((answer.status, runs), (401, 1), "{}", answer.text);
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        seen.push((answer.text, names, work));
    }
    assert_eq!(seen[0], seen[1], "an account without a password is told");
    assert_eq!(seen[0], seen[2], "an unknown address is told");
    harness.drain().await;
    assert_eq!(harness.stack.mailbox.list().len(), before, "no mails");
}

#[tokio::test]
async fn a_password_lies_nowhere_in_clear_nor_as_a_hash_that_can_be_guessed_at() {
    let harness = Harness::start().await;
    join(&harness, "ada@example.com", PASSWORD).await;
    assert_eq!(harness.items_with(r#""kind":{"S":"Password"}"#).await, 1);
    for words in [PASSWORD, "argon2id", "umbrella"] {
        assert_eq!(harness.items_with(words).await, 0, "{words}");
    }
}
