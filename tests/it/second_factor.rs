//! The second factor: enrolled, asked for, used once, replaced, removed; and the fresh proof that
//! dangerous acts ask for.

use std::time::Duration;

use harness::routes::{Ids, Route, routes};
use harness::{Client, Harness, Member, text};
use reqwest::Method;
use serde_json::{Value, json};

const SIGN_IN: &str = "/v1/auth/otp";
const VERIFY: &str = "/v1/auth/otp/verify";
const SECOND: &str = "/v1/auth/second-factor";
const STEP_UP: &str = "/v1/auth/step-up";
const TOTP: &str = "/v1/account/totp";
const CONFIRM: &str = "/v1/account/totp/confirm";
const RECOVERY: &str = "/v1/account/recovery-codes";
const WORKSPACES: &str = "/v1/workspaces";

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);

/// The answer to a right first factor.
async fn first_factor(harness: &Harness, email: &str) -> Value {
    let anonymous = harness.anonymous();
    let asked = anonymous
        .post(SIGN_IN, json!({ "email": email }), 202)
        .await;
    let code = harness.mail_code(email).await;
    let body = json!({ "challenge_id": asked["challenge_id"], "code": code });
    anonymous.post(VERIFY, body, 200).await
}

/// Somebody with a second factor, and their recovery codes.
async fn enrolled(harness: &Harness, email: &str) -> (Member, Vec<String>) {
    let member = harness.sign_up(email).await;
    let codes = member.enrol().await;
    (member, codes)
}

async fn refused(client: &Client, path: &str, body: Value, status: u16, code: &str) -> Value {
    client
        .refused(Method::POST, path, Some(body), status, code)
        .await
}

fn answer(halfway: &Value, code: &str) -> Value {
    json!({ "challenge_id": halfway["second_factor"]["challenge_id"], "code": code })
}

/// Six digits that are not `code`.
fn other(code: &str) -> String {
    let number: u64 = code.parse().expect("six digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test]
async fn a_right_mailed_code_is_half_a_sign_in_where_the_account_has_a_second_factor() {
    let harness = Harness::start().await;
    let (ada, codes) = enrolled(&harness, ADA).await;
    assert_eq!(codes.len(), 10);
    let sessions = harness.items_with("SESSION#platform#").await;
    let halfway = first_factor(&harness, ADA).await;
    assert_eq!(halfway["access_token"], Value::Null);
    let asked = &halfway["second_factor"];
    assert_eq!(asked["methods"], json!(["totp", "recovery_code"]));
    assert_eq!(asked["expires_at"], "2026-01-15T12:10:00.000Z");
    assert_eq!(harness.items_with("SESSION#platform#").await, sessions);

    let code = harness.authenticators.code(ADA);
    let signed_in = harness
        .anonymous()
        .post(SECOND, answer(&halfway, &code), 200)
        .await;
    assert_eq!(signed_in["account"]["id"], ada.account_id);
    let client = harness
        .anonymous()
        .with_token(&text(&signed_in, "access_token"));
    client.get(WORKSPACES, 200).await;
    // The challenge is used up, and the code is too.
    let anonymous = harness.anonymous();
    refused(
        &anonymous,
        SECOND,
        answer(&halfway, &code),
        401,
        "code_invalid",
    )
    .await;
    let again = first_factor(&harness, ADA).await;
    refused(
        &anonymous,
        SECOND,
        answer(&again, &code),
        401,
        "code_invalid",
    )
    .await;
}

#[tokio::test]
async fn of_one_code_used_twice_at_once_in_two_sign_ins_exactly_one_counts() {
    let harness = Harness::start().await;
    let (_, codes) = enrolled(&harness, ADA).await;
    let anonymous = harness.anonymous();
    for code in [harness.authenticators.code(ADA), codes[0].clone()] {
        let (a, b) = (
            first_factor(&harness, ADA).await,
            first_factor(&harness, ADA).await,
        );
        let send = |halfway| anonymous.send(Method::POST, SECOND, Some(answer(halfway, &code)));
        let (a, b) = tokio::join!(send(&a), send(&b));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", a.text, b.text);
    }
}

#[tokio::test]
async fn a_second_step_bears_five_wrong_codes_and_ten_minutes() {
    let harness = Harness::start().await;
    let (_, codes) = enrolled(&harness, ADA).await;
    let anonymous = harness.anonymous();
    let halfway = first_factor(&harness, ADA).await;
    let right = harness.authenticators.code(ADA);
    for _ in 0..5 {
        refused(
            &anonymous,
            SECOND,
            answer(&halfway, &other(&right)),
            401,
            "code_invalid",
        )
        .await;
    }
    // Neither the app nor a recovery code opens a challenge that is used up.
    for code in [&right, &codes[0]] {
        refused(
            &anonymous,
            SECOND,
            answer(&halfway, code),
            401,
            "code_invalid",
        )
        .await;
    }
    let halfway = first_factor(&harness, ADA).await;
    harness.advance(10 * MINUTE);
    refused(
        &anonymous,
        SECOND,
        answer(&halfway, &codes[0]),
        401,
        "code_invalid",
    )
    .await;
    // What is no code is no try.
    let halfway = first_factor(&harness, ADA).await;
    for bad in ["", "12345", "12345678", "aaaa-bbbb"] {
        let problem = refused(
            &anonymous,
            SECOND,
            answer(&halfway, bad),
            422,
            "validation_failed",
        )
        .await;
        assert_eq!(problem["errors"][0]["pointer"], "#/code");
    }
    anonymous
        .post(SECOND, answer(&halfway, &codes[0]), 200)
        .await;
}

#[tokio::test]
async fn six_digits_cannot_be_guessed_by_somebody_who_has_the_first_factor() {
    let harness = Harness::start().await;
    let (_, codes) = enrolled(&harness, ADA).await;
    // An address gets five codes an hour, and this takes as many.
    harness.advance(Duration::from_secs(60 * 60));
    let anonymous = harness.anonymous();
    let wrong = other(&harness.authenticators.code(ADA));
    let halfway = first_factor(&harness, ADA).await;
    for _ in 0..5 {
        refused(
            &anonymous,
            SECOND,
            answer(&halfway, &wrong),
            401,
            "code_invalid",
        )
        .await;
    }
    // A new challenge brings no new guesses: the account waits, and longer after each.
    let halfway = first_factor(&harness, ADA).await;
    for seconds in [30, 60, 120] {
        let wrong = answer(&halfway, &wrong);
        refused(&anonymous, SECOND, wrong.clone(), 429, "rate_limited").await;
        harness.advance(Duration::from_millis(seconds * 1000 - 1));
        refused(&anonymous, SECOND, wrong.clone(), 429, "rate_limited").await;
        harness.advance(Duration::from_millis(1));
        refused(&anonymous, SECOND, wrong, 401, "code_invalid").await;
    }
    // Its owner is not locked out: what cannot be guessed is looked at, and clears the count.
    anonymous
        .post(SECOND, answer(&halfway, &codes[0]), 200)
        .await;
    harness.advance(Duration::from_secs(60 * 60));
    harness.sign_in(ADA).await;
    let mails = harness.mails(ADA).await;
    let told = |word: &str| {
        mails
            .iter()
            .filter(|mail| mail.subject.contains(word))
            .count()
    };
    assert_eq!((told("second factor"), told("recovery code")), (1, 1));
}

#[tokio::test]
async fn a_recovery_code_is_good_once_and_for_its_own_account() {
    let harness = Harness::start().await;
    let (_, codes) = enrolled(&harness, ADA).await;
    let (eve, of_eve) = enrolled(&harness, "eve@example.com").await;
    let anonymous = harness.anonymous();
    let halfway = first_factor(&harness, ADA).await;
    refused(
        &anonymous,
        SECOND,
        answer(&halfway, &of_eve[0]),
        401,
        "code_invalid",
    )
    .await;
    let spelled = codes[0].to_uppercase().replace('-', " ");
    anonymous
        .post(SECOND, answer(&halfway, &spelled), 200)
        .await;
    let halfway = first_factor(&harness, ADA).await;
    refused(
        &anonymous,
        SECOND,
        answer(&halfway, &codes[0]),
        401,
        "code_invalid",
    )
    .await;
    anonymous
        .post(SECOND, answer(&halfway, &codes[1]), 200)
        .await;

    // New ones end the old ones.
    let new = eve.post(RECOVERY, json!(null), 200).await;
    let new = text(&json!({ "code": new["recovery_codes"][0] }), "code");
    let halfway = first_factor(&harness, "eve@example.com").await;
    refused(
        &anonymous,
        SECOND,
        answer(&halfway, &of_eve[1]),
        401,
        "code_invalid",
    )
    .await;
    anonymous.post(SECOND, answer(&halfway, &new), 200).await;
}

#[tokio::test]
async fn a_second_factor_that_was_not_confirmed_is_not_asked_for() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let first = ada.post(TOTP, json!(null), 201).await;
    assert!(text(&first, "uri").starts_with("otpauth://totp/Sotto:ada%40example.com?secret="));
    let second = ada.post(TOTP, json!(null), 201).await;
    assert_ne!(first["secret"], second["secret"]);
    refused(
        &ada,
        CONFIRM,
        json!({ "code": "000000" }),
        401,
        "code_invalid",
    )
    .await;
    let answer = first_factor(&harness, ADA).await;
    assert!(answer["access_token"].is_string(), "{answer}");
    refused(&ada, RECOVERY, json!(null), 404, "not_found").await;
    ada.refused(Method::DELETE, TOTP, None, 404, "not_found")
        .await;
    // One account, one authenticator; it is not replaced by who finds a session open.
    ada.enrol().await;
    refused(&ada, TOTP, json!(null), 409, "second_factor_exists").await;
    refused(
        &ada,
        CONFIRM,
        json!({ "code": "000000" }),
        409,
        "second_factor_exists",
    )
    .await;
}

#[tokio::test]
async fn neither_seed_nor_recovery_code_lies_anywhere_in_clear() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let setup = ada.post(TOTP, json!(null), 201).await;
    let (_, codes) = enrolled(&harness, "eve@example.com").await;
    let code = codes[0].replace('-', "");
    for secret in [
        text(&setup, "secret"),
        code.clone(),
        code.to_uppercase(),
        codes[0].clone(),
    ] {
        assert_eq!(harness.items_with(&secret).await, 0);
    }
    assert_eq!(
        harness.items_with(r#""kind":{"S":"SecondFactor"}"#).await,
        2
    );
}

/// Every route inside of a workspace.
fn of_a_workspace() -> impl Iterator<Item = Route> {
    let inside = |route: &Route| route.path.starts_with("/v1/workspaces/{workspace}");
    routes().into_iter().filter(inside)
}

/// The page of an invitation, to whoever has the address and no second factor.
async fn page_names_no_team(harness: &Harness, token: &str) {
    let mut browser = harness.browser();
    let fields = [("email", "dan@example.com"), ("adult", "true")];
    let answer = browser.submit("/sign-up", &fields, 303).await;
    let (_, challenge) = answer.header("location").split_once('=').expect("an id");
    let code = harness.mail_code("dan@example.com").await;
    let fields = [("challenge", challenge), ("code", code.as_str())];
    browser.submit("/verify", &fields, 303).await;
    let page = browser.open(&format!("/accept?token={token}"), 200).await;
    assert!(
        page.text.contains("behind a second factor"),
        "{}",
        page.text
    );
    assert!(!page.text.contains(">W<"), "{}", page.text);
}

/// FLOW-26.
#[tokio::test]
async fn a_flows_workspace_shows_nothing_to_a_session_without_a_second_factor() {
    let harness = Harness::start().await;
    let owner = harness.sign_up(ADA).await;
    let body = json!({ "name": "W", "profile": "flows" });
    let workspace = text(&owner.post(WORKSPACES, body, 201).await, "id");
    let ids = Ids::unknown().with("workspace", &workspace);
    let mut seen = 0;
    for route in of_a_workspace() {
        let (path, body) = (route.at(&ids), route.body(&ids));
        owner
            .refused(
                route.method.clone(),
                &path,
                body,
                403,
                "second_factor_required",
            )
            .await;
        seen += 1;
    }
    assert!(seen > 20, "{seen} routes");
    // Not even its name, in the list that says why.
    let list = owner.get(WORKSPACES, 200).await;
    assert_eq!(
        (
            &list["data"][0]["name"],
            &list["data"][0]["second_factor_required"]
        ),
        (&Value::Null, &json!(true))
    );
    // Confirming one is proving it; another session still has to.
    let old = harness.sign_in(ADA).await;
    owner.enrol().await;
    let path = format!("{WORKSPACES}/{workspace}");
    owner.get(&path, 200).await;
    old.refused(Method::GET, &path, None, 403, "second_factor_required")
        .await;
    let renewed = old.refresh().await;
    renewed
        .refused(Method::GET, &path, None, 403, "second_factor_required")
        .await;
    let list = renewed.get(WORKSPACES, 200).await;
    assert_eq!(list["data"][0]["name"], Value::Null);
    let new = harness.sign_in(ADA).await;
    new.get(&path, 200).await;
    assert_eq!(new.get(WORKSPACES, 200).await["data"][0]["name"], "W");
    new.refresh().await.get(&path, 200).await;
    // Whoever accepts an invitation without one joins, and reads no word of it either.
    let invitations = format!("{path}/invitations");
    for email in ["bob@example.com", "dan@example.com"] {
        let body = json!({ "email": email, "role": "agent" });
        new.post(&invitations, body, 202).await;
    }
    let body = json!({ "token": harness.mail_token("bob@example.com").await });
    let bob = harness.sign_up("bob@example.com").await;
    let joined = bob.post("/v1/invitations/accept", body, 200).await;
    assert_eq!(
        (&joined["id"], &joined["name"]),
        (&json!(workspace), &Value::Null)
    );
    bob.refused(Method::GET, &path, None, 403, "second_factor_required")
        .await;
    let token = harness.mail_token("dan@example.com").await;
    page_names_no_team(&harness, &token).await;
    let dan = harness.sign_in("dan@example.com").await;
    dan.enrol().await;
    let body = json!({ "token": token });
    let joined = dan.post("/v1/invitations/accept", body, 200).await;
    assert_eq!(joined["name"], "W");
    // A stranger is told no more than before.
    let (eve, _) = enrolled(&harness, "eve@example.com").await;
    for stranger in [eve, harness.sign_up("kim@example.com").await] {
        stranger
            .refused(Method::GET, &path, None, 404, "not_found")
            .await;
    }
}

/// FLOW-26.
#[tokio::test]
async fn removing_the_second_factor_closes_what_asks_for_it_in_every_session() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let before = harness.sign_in(ADA).await;
    let flows = ada.workspace("flows").await;
    let other = harness.sign_in(ADA).await;
    other.get(&flows.path, 200).await;
    // A session from before the factor has not proved it, however fresh it is.
    before
        .refused(Method::DELETE, TOTP, None, 403, "step_up_required")
        .await;
    before
        .refused(Method::POST, RECOVERY, None, 403, "step_up_required")
        .await;
    ada.delete(TOTP, 204).await;
    ada.refused(
        Method::GET,
        &flows.path,
        None,
        403,
        "second_factor_required",
    )
    .await;
    for ended in [before, other] {
        ended
            .refused(Method::GET, WORKSPACES, None, 401, "token_invalid")
            .await;
    }
    let plain = first_factor(&harness, ADA).await;
    assert!(plain["access_token"].is_string(), "{plain}");
}

#[tokio::test]
async fn what_cannot_be_taken_back_asks_for_a_proof_of_the_last_ten_minutes() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    harness.advance(10 * MINUTE);
    let ada = ada.refresh().await;
    ada.get(WORKSPACES, 200).await;
    ada.refused(Method::POST, TOTP, None, 403, "step_up_required")
        .await;

    // Without a second factor a mailed code proves it.
    let asked = ada.post(SIGN_IN, json!({ "email": ADA }), 202).await;
    let code = harness.mail_code(ADA).await;
    let wrong = format!(
        "{:08}",
        (code.parse::<u64>().expect("digits") + 1) % 100_000_000
    );
    let body = |code: &str| json!({ "challenge_id": asked["challenge_id"], "code": code });
    refused(&ada, STEP_UP, body(&wrong), 401, "code_invalid").await;
    ada.refused(Method::POST, TOTP, None, 403, "step_up_required")
        .await;
    let proved = ada.post(STEP_UP, body(&code), 200).await;
    refused(&ada, STEP_UP, body(&code), 401, "code_invalid").await;
    ada.post(TOTP, json!(null), 201).await;
    // The tokens are new, and the refresh token before is good no more.
    assert_ne!(text(&proved, "refresh_token"), ada.refresh_token);
    let renew = json!({ "refresh_token": proved["refresh_token"] });
    harness
        .anonymous()
        .post("/v1/auth/refresh", renew, 200)
        .await;

    // With one, only that one does.
    ada.enrol().await;
    harness.advance(10 * MINUTE);
    let ada = harness.sign_in(ADA).await;
    harness.advance(10 * MINUTE - Duration::from_millis(1));
    ada.refused(Method::POST, TOTP, None, 409, "second_factor_exists")
        .await;
    harness.advance(Duration::from_millis(1));
    let ada = ada.refresh().await;
    ada.refused(Method::POST, TOTP, None, 403, "step_up_required")
        .await;
    let asked = ada.post(SIGN_IN, json!({ "email": ADA }), 202).await;
    let mailed =
        json!({ "challenge_id": asked["challenge_id"], "code": harness.mail_code(ADA).await });
    refused(&ada, STEP_UP, mailed, 403, "second_factor_required").await;
    let code = harness.authenticators.code(ADA);
    refused(
        &ada,
        STEP_UP,
        json!({ "code": other(&code) }),
        401,
        "code_invalid",
    )
    .await;
    ada.post(STEP_UP, json!({ "code": code }), 200).await;
    refused(&ada, STEP_UP, json!({ "code": code }), 401, "code_invalid").await;
    ada.refused(Method::POST, TOTP, None, 409, "second_factor_exists")
        .await;
}

#[tokio::test]
async fn nobody_proves_themselves_with_a_code_that_was_mailed_to_somebody_else() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    harness.sign_up("eve@example.com").await;
    let asked = ada
        .post(SIGN_IN, json!({ "email": "eve@example.com" }), 202)
        .await;
    let code = harness.mail_code("eve@example.com").await;
    let body = json!({ "challenge_id": asked["challenge_id"], "code": code });
    refused(&ada, STEP_UP, body, 401, "code_invalid").await;
    let problem = refused(
        &ada,
        STEP_UP,
        json!({ "code": code }),
        422,
        "validation_failed",
    )
    .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/challenge_id");
}

#[tokio::test]
async fn a_password_proves_who_somebody_is_until_they_have_a_second_factor() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let password = "vexing umbrella 9";
    let body = json!({ "email": ADA, "adult": true, "password": password });
    let asked = anonymous.post("/v1/auth/signup", body, 202).await;
    let code = harness.mail_code(ADA).await;
    let answer = json!({ "challenge_id": asked["challenge_id"], "code": code });
    let signed_in = anonymous.post(VERIFY, answer, 200).await;
    harness.advance(10 * MINUTE - Duration::from_secs(1));
    let ada = anonymous.with_token(&text(&signed_in, "access_token"));
    let wrong = json!({ "password": "vexing umbrella 8" });
    refused(&ada, STEP_UP, wrong, 401, "credentials_wrong").await;
    let both = json!({ "password": password, "code": "12345678" });
    refused(&ada, STEP_UP, both, 422, "validation_failed").await;
    refused(&ada, STEP_UP, json!({}), 422, "validation_failed").await;
    let proved = ada
        .post(STEP_UP, json!({ "password": password }), 200)
        .await;
    let ada = anonymous.with_token(&text(&proved, "access_token"));
    harness.advance(9 * MINUTE);
    ada.post(TOTP, json!(null), 201).await;

    // Who has none proves nothing by one.
    let eve = harness.sign_up("eve@example.com").await;
    let body = json!({ "password": password });
    refused(&eve, STEP_UP, body.clone(), 401, "credentials_wrong").await;
    eve.enrol().await;
    refused(&eve, STEP_UP, body, 403, "second_factor_required").await;
}
