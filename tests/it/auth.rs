//! Sign-up and sign-in by mailed code: who gets one, what it is good for, and what it tells nobody.

use std::time::Duration;

use harness::{Client, Harness, asking, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::store::meter::Reading;

const SIGN_UP: &str = "/v1/auth/signup";
const SIGN_IN: &str = "/v1/auth/otp";
const VERIFY: &str = "/v1/auth/otp/verify";
const REFRESH: &str = "/v1/auth/refresh";
const WORKSPACES: &str = "/v1/workspaces";

const SECOND: Duration = Duration::from_secs(1);

/// Asks for a code; returns the answer to it that is right.
async fn challenge(harness: &Harness, path: &str, email: &str) -> Value {
    let asked = harness
        .anonymous()
        .post(path, asking(path, email), 202)
        .await;
    let code = harness.mail_code(email).await;
    json!({ "challenge_id": asked["challenge_id"], "code": code })
}

/// The same answer with another code.
fn wrong(answer: &Value) -> Value {
    let code: u64 = text(answer, "code").parse().expect("eight digits");
    let code = format!("{:08}", (code + 1) % 100_000_000);
    json!({ "challenge_id": answer["challenge_id"], "code": code })
}

async fn is_refused(client: &Client, path: &str, body: Value, code: &str) {
    client
        .refused(Method::POST, path, Some(body), 401, code)
        .await;
}

/// How many accounts there are.
async fn accounts(harness: &Harness) -> usize {
    harness.items_with(r#""kind":{"S":"Account"}"#).await
}

#[tokio::test]
async fn signing_up_and_signing_in_lead_to_one_account_however_the_address_is_spelled() {
    let harness = Harness::start().await;
    let first = harness.sign_up("ada@example.com").await;
    first.get(WORKSPACES, 200).await;
    let second = harness.sign_in("Ada@Example.COM").await;
    assert_eq!(second.account_id, first.account_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    second.get(WORKSPACES, 200).await;
    // The answer names the address as it was proved first.
    let renewed = harness
        .anonymous()
        .post(
            REFRESH,
            json!({ "refresh_token": second.refresh_token }),
            200,
        )
        .await;
    assert_eq!(
        renewed["account"],
        json!({ "id": first.account_id, "email": "ada@example.com" })
    );
    assert_eq!(
        (&renewed["token_type"], &renewed["expires_in"]),
        (&json!("Bearer"), &json!(600))
    );
    assert_eq!(accounts(&harness).await, 1);
}

#[tokio::test]
async fn the_mail_shows_the_code_alone_on_a_line_and_loads_nothing_from_anywhere() {
    let harness = Harness::start().await;
    let address = "ada@example.com";
    // Three occasions, each with words of its own: new, new again, and back.
    harness.sign_up(address).await;
    for path in [SIGN_UP, SIGN_IN] {
        harness
            .anonymous()
            .post(path, asking(path, address), 202)
            .await;
    }
    let mails = harness.mails(address).await;
    assert_eq!(mails.len(), 3);
    for mail in &mails {
        assert_eq!(mail.to, [address]);
        assert_eq!(mail.subject, "Your Sotto code");
        let is_code = |line: &&str| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit());
        let codes: Vec<&str> = mail.text.lines().filter(is_code).collect();
        let [code] = codes[..] else {
            panic!("{} codes on lines of their own", codes.len())
        };
        let html = mail.html.as_deref().expect("an HTML part");
        assert_eq!(
            (mail.text.matches(code).count(), html.matches(code).count()),
            (1, 1)
        );
        assert!(html.starts_with("<!doctype html>"));
        let remote = [
            "://", "src=", "href=", "url(", "@import", "<link", "<img", "<script",
        ];
        for word in remote {
            assert!(
                !html.contains(word) && !mail.text.contains(word),
                "a mail with {word}"
            );
        }
        assert!(
            !html.contains(address) && !mail.text.contains(address),
            "the address is repeated"
        );
    }
    let texts: Vec<&str> = mails
        .iter()
        .map(|mail| mail.text.lines().nth(2).expect("words"))
        .collect();
    assert!(
        texts[1].contains("have") && texts[0] != texts[1] && texts[1] != texts[2],
        "{texts:?}"
    );
}

#[tokio::test]
async fn five_answers_are_looked_at_and_the_sixth_is_refused_even_when_it_is_right() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let right = challenge(&harness, SIGN_UP, "ada@example.com").await;
    for _ in 0..4 {
        is_refused(&anonymous, VERIFY, wrong(&right), "code_invalid").await;
    }
    anonymous.post(VERIFY, right, 200).await;

    let right = challenge(&harness, SIGN_IN, "ada@example.com").await;
    for _ in 0..5 {
        is_refused(&anonymous, VERIFY, wrong(&right), "code_invalid").await;
    }
    is_refused(&anonymous, VERIFY, right, "code_invalid").await;
    // What is no code at all is no guess.
    let right = challenge(&harness, SIGN_IN, "ada@example.com").await;
    for _ in 0..6 {
        let body = json!({ "challenge_id": right["challenge_id"], "code": "1234567" });
        let body = Some(body);
        let problem = anonymous
            .refused(Method::POST, VERIFY, body, 422, "validation_failed")
            .await;
        assert_eq!(problem["errors"][0]["pointer"], "#/code");
    }
    anonymous.post(VERIFY, right, 200).await;
}

#[tokio::test]
async fn guesses_that_arrive_together_are_no_more_than_five() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let right = challenge(&harness, SIGN_UP, "ada@example.com").await;
    let guesses = (0..12).map(|_| {
        let (client, body) = (anonymous.clone(), wrong(&right));
        tokio::spawn(async move { client.send(Method::POST, VERIFY, Some(body)).await.status })
    });
    for guess in guesses.collect::<Vec<_>>() {
        let status = guess.await.expect("an answer");
        assert!([401, 503].contains(&status), "{status}");
    }
    is_refused(&anonymous, VERIFY, right, "code_invalid").await;
    assert_eq!(accounts(&harness).await, 0);
}

#[tokio::test]
async fn of_two_right_answers_that_arrive_together_exactly_one_signs_in() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    for round in 0..5 {
        let path = if round == 0 { SIGN_UP } else { SIGN_IN };
        let right = challenge(&harness, path, "ada@example.com").await;
        let answer = || anonymous.send(Method::POST, VERIFY, Some(right.clone()));
        let (a, b) = tokio::join!(answer(), answer());
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", a.text, b.text);
        is_refused(&anonymous, VERIFY, right, "code_invalid").await;
    }
    assert_eq!(accounts(&harness).await, 1);
}

#[tokio::test]
async fn two_sign_ups_with_one_address_that_end_together_make_one_account() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    for email in ["ada@example.com", "grace@example.com", "edith@example.com"] {
        let first = challenge(&harness, SIGN_UP, email).await;
        let second = challenge(&harness, SIGN_UP, email).await;
        let before = accounts(&harness).await;
        let (a, b) = tokio::join!(
            anonymous.post(VERIFY, first, 200),
            anonymous.post(VERIFY, second, 200),
        );
        assert_eq!(a["account"], b["account"]);
        assert_eq!(accounts(&harness).await, before + 1);
    }
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes_to_the_millisecond() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let asked = anonymous
        .post(SIGN_UP, asking(SIGN_UP, "ada@example.com"), 202)
        .await;
    assert_eq!(asked["expires_at"], "2026-01-15T12:10:00.000Z");
    let code = harness.mail_code("ada@example.com").await;
    let right = json!({ "challenge_id": asked["challenge_id"], "code": code });
    harness.advance(600 * SECOND);
    is_refused(&anonymous, VERIFY, right, "code_invalid").await;

    let right = challenge(&harness, SIGN_UP, "ada@example.com").await;
    harness.advance(600 * SECOND - Duration::from_millis(1));
    anonymous.post(VERIFY, right, 200).await;
}

#[tokio::test]
async fn a_code_that_waits_too_long_for_its_mail_is_not_mailed() {
    let harness = Harness::start().await;
    harness
        .anonymous()
        .post(SIGN_UP, asking(SIGN_UP, "ada@example.com"), 202)
        .await;
    harness.advance(600 * SECOND);
    assert_eq!(harness.mails("ada@example.com").await.len(), 0);
}

/// What calls to storage and KMS were made and what they cost.
fn work(reading: &Reading) -> Vec<(&'static str, bool, f64, f64)> {
    let calls = reading.calls.iter();
    calls
        .map(|call| {
            (
                call.operation,
                call.consistent,
                call.read_units,
                call.write_units,
            )
        })
        .collect()
}

#[tokio::test]
async fn an_unknown_address_is_answered_like_a_known_one_for_the_same_work() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    // Two addresses of one length: only what is known of them differs.
    let (known, unknown) = ("known00@example.com", "unknown@example.com");
    harness.sign_up(known).await;
    let meter = &harness.app_of("auth").meter;
    let before = harness.mails(known).await.len();
    for path in [SIGN_IN, SIGN_UP] {
        let mut seen = Vec::new();
        for email in [known, unknown] {
            meter.take();
            let body = Some(asking(path, email));
            let answer = anonymous.send(Method::POST, path, body).await;
            let asking = work(&meter.take());
            let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            let fields: Vec<&String> = answer.body.as_object().expect("an object").keys().collect();
            let shape = (
                answer.status,
                names,
                format!("{fields:?}"),
                answer.text.len(),
            );
            // A wrong guess, which must not tell either.
            let guess = json!({ "challenge_id": answer.body["challenge_id"], "code": "00000000" });
            let refused = anonymous.send(Method::POST, VERIFY, Some(guess)).await;
            let guessing = work(&meter.take());
            assert!(!asking.is_empty() && !guessing.is_empty());
            seen.push((shape, asking, refused.status, refused.text, guessing));
        }
        assert_eq!(seen[0], seen[1], "{path} tells who has an account");
        assert_eq!((seen[0].0.0, seen[0].2), (202, 401));
    }
    assert_eq!(harness.mails(known).await.len(), before + 2);
    // Only signing up writes to somebody who is not known.
    assert_eq!(harness.mails(unknown).await.len(), 1);
}

#[tokio::test]
async fn signing_in_with_an_unknown_address_mails_nobody_and_no_code_answers_it() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let asked = anonymous
        .post(SIGN_IN, json!({ "email": "eve@example.com" }), 202)
        .await;
    assert_eq!(harness.mails("eve@example.com").await.len(), 0);
    assert_eq!(harness.stack.mailbox.list().len(), 0);
    // Even the code that would be mailed opens nothing: here it is computed as the mailer would.
    let auth = harness.app_of("auth");
    let platform = shared::domain::TenantId::Platform;
    let key = auth
        .store
        .tenant_key(platform, harness.now())
        .await
        .expect("the platform's key");
    let code = key.mailed_code(&text(&asked, "challenge_id"));
    let body = json!({ "challenge_id": asked["challenge_id"], "code": code });
    is_refused(&anonymous, VERIFY, body, "code_invalid").await;
    assert_eq!(accounts(&harness).await, 0);
}

#[tokio::test]
async fn signing_up_with_a_known_address_mails_a_way_in_and_makes_no_second_account() {
    let harness = Harness::start().await;
    let first = harness.sign_up("ada@example.com").await;
    let second = harness.sign_up("ADA@example.com").await;
    assert_eq!(second.account_id, first.account_id);
    assert_eq!(accounts(&harness).await, 1);
    assert_eq!(harness.items_with("ADDRESS#platform#").await, 1);
    let mail = harness
        .mails("ada@example.com")
        .await
        .pop()
        .expect("a mail");
    assert!(
        mail.text.contains("You have one already"),
        "the mail does not say why it signs in"
    );
    first.get(WORKSPACES, 200).await;
}

/// Addresses that could fool a mail system or a reader, or are none.
fn bad_addresses() -> Vec<String> {
    let long = |length: usize| "a".repeat(length);
    let mut bad = vec![
        format!("{}@example.com", long(65)),
        format!("ada@{}.com", long(64)),
        format!("{}@{}.{}.{}.com", long(64), long(63), long(63), long(63)),
        format!("ada@{}", "a.".repeat(20_000)),
    ];
    let fixed = [
        "",
        " ",
        "@",
        "ada",
        "@example.com",
        "ada@",
        "ada@localhost",
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@[127.0.0.1]",
        ".ada@example.com",
        "ada.@example.com",
        "ada..l@example.com",
        "ada @example.com",
        "ada@exam ple.com",
        "ada@example.com,eve@example.com",
        "ada@example.com;eve@example.com",
        "ada@example.com eve@example.com",
        "<ada@example.com>",
        "Ada <ada@example.com>",
        "\"ada\"@example.com",
        "ada(eve)@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada\r\nBcc: eve@example.com",
        "ada\n@example.com",
        "ada@example.com\r\n\r\n<b>@example.com",
        "ada\0@example.com",
        "ada@example.com\0",
        "ada\t@example.com",
        // A Cyrillic a, in either part; a full-width at; letters of no width; a turned direction.
        "\u{430}da@example.com",
        "ada@ex\u{430}mple.com",
        "ada\u{ff20}example.com",
        "ad\u{200b}a@example.com",
        "ada@exam\u{ad}ple.com",
        "\u{202e}ada@example.com",
        "ada@example.com\u{202e}",
        "\u{e4}da@example.com",
    ];
    bad.extend(fixed.map(str::to_owned));
    bad
}

#[tokio::test]
async fn an_address_that_could_fool_somebody_is_refused_stored_nowhere_and_gets_no_mail() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("owner@example.com").await;
    let workspace = owner.workspace("inbox").await;
    harness.drain().await;
    let before = harness.items().await.len();
    let mails = harness.stack.mailbox.list().len();
    let invitations = format!("{}/invitations", workspace.path);
    for email in bad_addresses() {
        let anonymous = Client::clone(&harness.anonymous());
        let member = Client::clone(&owner);
        for (client, path) in [
            (&anonymous, SIGN_UP),
            (&anonymous, SIGN_IN),
            (&member, &invitations),
        ] {
            let mut body = asking(path, &email);
            if path == invitations {
                body["role"] = "agent".into();
            }
            let answer = client.send(Method::POST, path, Some(body)).await;
            let seen = (
                answer.status,
                answer.body["code"].as_str().unwrap_or_default(),
            );
            let what = format!("{path} with {:.60}", email.escape_debug().to_string());
            assert_eq!(seen, (422, "validation_failed"), "{what}: {}", answer.text);
            let errors = answer.body["errors"].as_array().map(Vec::len);
            assert_eq!(
                (&answer.body["errors"][0]["pointer"], errors),
                (&json!("#/email"), Some(1)),
                "{what}"
            );
            let ours = "ada@example.com".contains(email.trim());
            assert!(
                ours || !answer.text.contains(email.trim()),
                "{what} is repeated"
            );
        }
    }
    harness.drain().await;
    assert_eq!(harness.items().await.len(), before, "something was stored");
    assert_eq!(
        harness.stack.mailbox.list().len(),
        mails,
        "somebody got a mail"
    );
}
