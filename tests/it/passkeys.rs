//! Passkeys as second factors: added, asked for at sign-in and later, refused in every way that they can be
//! wrong, removed; by programs and on the pages.

mod costs;
mod pages;

use std::time::Duration;

use harness::{Client, Harness, Member, SecurityKey, text};
use reqwest::Method;
use serde_json::{Value, json};

const PASSKEYS: &str = "/v1/account/passkeys";
const CONFIRM: &str = "/v1/account/passkeys/confirm";
const SECOND: &str = "/v1/auth/second-factor/passkey";
const SECOND_CONFIRM: &str = "/v1/auth/second-factor/passkey/confirm";
const STEP_UP: &str = "/v1/auth/step-up/passkey";
const STEP_UP_CONFIRM: &str = "/v1/auth/step-up/passkey/confirm";
const TOTP: &str = "/v1/account/totp";

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);

/// Somebody with a passkey, and their key.
async fn with_passkey(harness: &Harness, email: &str) -> (Member, SecurityKey, Vec<String>) {
    let member = harness.sign_up(email).await;
    let key = harness.security_key();
    let added = member.add_passkey(&key, "blue key").await;
    let codes = added["recovery_codes"].as_array().expect("recovery codes");
    let codes = codes
        .iter()
        .map(|code| code.as_str().expect("a code").to_owned());
    (member, key, codes.collect())
}

/// The sign-in that waits after a right mailed code.
async fn halfway(harness: &Harness, email: &str) -> Value {
    let anonymous = harness.anonymous();
    let asked = anonymous
        .post("/v1/auth/otp", json!({ "email": email }), 202)
        .await;
    let code = harness.mail_code(email).await;
    let body = json!({ "challenge_id": asked["challenge_id"], "code": code });
    let answer = anonymous.post("/v1/auth/otp/verify", body, 200).await;
    answer["second_factor"].clone()
}

/// Asks for a passkey where a sign-in waits.
async fn asked(harness: &Harness, halfway: &Value) -> Value {
    let body = json!({ "challenge_id": halfway["challenge_id"] });
    harness.anonymous().post(SECOND, body, 200).await
}

fn answer(begun: &Value, credential: Value) -> Value {
    json!({ "ceremony_id": begun["ceremony_id"], "credential": credential })
}

async fn refused(client: &Client, path: &str, body: Value) {
    client
        .refused(Method::POST, path, Some(body), 401, "passkey_refused")
        .await;
}

/// Access tokens for what a passkey led to.
async fn renewed(harness: &Harness, proved: &Value) -> Client {
    let body = json!({ "refresh_token": proved["refresh_token"] });
    let tokens = harness
        .anonymous()
        .post("/v1/auth/refresh", body, 200)
        .await;
    harness
        .anonymous()
        .with_token(&text(&tokens, "access_token"))
}

#[tokio::test]
async fn a_passkey_is_the_second_half_of_a_sign_in_and_its_account_has_recovery_codes() {
    let harness = Harness::start().await;
    let (ada, mut key, codes) = with_passkey(&harness, ADA).await;
    assert_eq!(codes.len(), 10);
    let own = ada.get("/v1/account", 200).await;
    assert_eq!(
        own["second_factor"],
        json!({ "confirmed_at": null, "passkeys": 1, "recovery_codes_left": 10 })
    );
    let waits = halfway(&harness, ADA).await;
    assert_eq!(waits["methods"], json!(["passkey", "recovery_code"]));
    let begun = asked(&harness, &waits).await;
    assert_eq!(begun["ceremony_id"], waits["challenge_id"]);
    let proved = harness
        .anonymous()
        .post(
            SECOND_CONFIRM,
            answer(&begun, key.get(&begun["public_key"])),
            200,
        )
        .await;
    assert_eq!(proved["account"], ada.account_id);
    let client = renewed(&harness, &proved).await;
    let list = client.get(PASSKEYS, 200).await;
    assert_eq!(list["data"][0]["name"], "blue key");
    assert_eq!(list["data"][0]["used_at"], "2026-01-15T12:00:00.000Z");

    // A recovery code does as well, and is told as it always is.
    let waits = halfway(&harness, ADA).await;
    let body = json!({ "challenge_id": waits["challenge_id"], "code": codes[0] });
    harness
        .anonymous()
        .post("/v1/auth/second-factor", body, 200)
        .await;
    let mails = harness.mails(ADA).await;
    let told = |word: &str| {
        mails
            .iter()
            .filter(|mail| mail.subject.contains(word))
            .count()
    };
    assert_eq!((told("passkey was added"), told("recovery code")), (1, 1));
}

/// FLOW-26: a passkey is a second factor where one is asked for.
#[tokio::test]
async fn a_flows_workspace_opens_to_a_passkey_and_closes_when_the_last_one_goes() {
    let harness = Harness::start().await;
    let (ada, _, _) = with_passkey(&harness, ADA).await;
    let body = json!({ "name": "Test", "profile": "flows" });
    let made = ada.post("/v1/workspaces", body, 201).await;
    let path = format!("/v1/workspaces/{}", text(&made, "id"));
    ada.get(&path, 200).await;
    let list = ada.get(PASSKEYS, 200).await;
    let passkey = format!("{PASSKEYS}/{}", text(&list["data"][0], "id"));
    ada.delete(&passkey, 204).await;
    ada.refused(Method::GET, &path, None, 403, "second_factor_required")
        .await;
    let own = ada.get("/v1/account", 200).await;
    assert_eq!(own["second_factor"], Value::Null);
    ada.refused(Method::DELETE, &passkey, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn an_answer_is_good_once_for_its_own_challenge_and_ten_minutes() {
    let harness = Harness::start().await;
    let (_, mut key, _) = with_passkey(&harness, ADA).await;
    let anonymous = harness.anonymous();
    let waits = halfway(&harness, ADA).await;
    let begun = asked(&harness, &waits).await;
    let given = answer(&begun, key.get(&begun["public_key"]));
    anonymous.post(SECOND_CONFIRM, given.clone(), 200).await;
    refused(&anonymous, SECOND_CONFIRM, given.clone()).await;
    // Nor for another sign-in, nor after asking again.
    let waits = halfway(&harness, ADA).await;
    let begun = asked(&harness, &waits).await;
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&begun, given["credential"].clone()),
    )
    .await;
    let first = asked(&harness, &waits).await;
    let second = asked(&harness, &waits).await;
    assert_ne!(
        first["public_key"]["challenge"],
        second["public_key"]["challenge"]
    );
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&second, key.get(&first["public_key"])),
    )
    .await;
    // Any answer uses the challenge up.
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&second, key.get(&second["public_key"])),
    )
    .await;
    let begun = asked(&harness, &waits).await;
    harness.advance(10 * MINUTE);
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&begun, key.get(&begun["public_key"])),
    )
    .await;
}

#[tokio::test]
async fn of_one_answer_sent_twice_at_once_exactly_one_signs_in() {
    let harness = Harness::start().await;
    let (_, mut key, _) = with_passkey(&harness, ADA).await;
    let anonymous = harness.anonymous();
    let waits = halfway(&harness, ADA).await;
    let begun = asked(&harness, &waits).await;
    let given = answer(&begun, key.get(&begun["public_key"]));
    let send = || anonymous.send(Method::POST, SECOND_CONFIRM, Some(given.clone()));
    let (a, b) = tokio::join!(send(), send());
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{} {}", a.text, b.text);
}

#[tokio::test]
async fn what_another_key_account_page_or_nobody_signed_is_refused_and_five_tries_are_all() {
    let harness = Harness::start().await;
    let (_, mut key, _) = with_passkey(&harness, ADA).await;
    let (_, mut of_eve, _) = with_passkey(&harness, "eve@example.com").await;
    let anonymous = harness.anonymous();
    let waits = halfway(&harness, ADA).await;
    let begin = || asked(&harness, &waits);
    let sessions = harness.items_with("SESSION#platform#").await;

    // Somebody else's key, under its own name and under that of Ada's.
    let begun = begin().await;
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&begun, of_eve.get(&begun["public_key"])),
    )
    .await;
    of_eve.credential.clone_from(&key.credential);
    let begun = begin().await;
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&begun, of_eve.get(&begun["public_key"])),
    )
    .await;
    // Her own, on a page that looks like ours.
    let begun = begin().await;
    let ours = std::mem::replace(&mut key.origin, "https://sotto.evil.example".to_owned());
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&begun, key.get(&begun["public_key"])),
    )
    .await;
    key.origin = ours;
    // Untouched.
    let begun = begin().await;
    key.touched = false;
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&begun, key.get(&begun["public_key"])),
    )
    .await;
    key.touched = true;
    // Made for another host.
    let mut begun = begin().await;
    begun["public_key"]["rpId"] = json!("evil.example");
    refused(
        &anonymous,
        SECOND_CONFIRM,
        answer(&begun, key.get(&begun["public_key"])),
    )
    .await;

    // That were five: nothing opens this sign-in any more, a recovery code neither.
    let body = json!({ "challenge_id": waits["challenge_id"] });
    refused(&anonymous, SECOND, body).await;
    assert_eq!(harness.items_with("SESSION#platform#").await, sessions);
    // What is no credential is no try.
    let waits = halfway(&harness, ADA).await;
    let begun = asked(&harness, &waits).await;
    for bad in [json!("text"), json!([]), json!(null)] {
        let answer = anonymous
            .refused(
                Method::POST,
                SECOND_CONFIRM,
                Some(answer(&begun, bad)),
                422,
                "validation_failed",
            )
            .await;
        assert_eq!(answer["errors"][0]["pointer"], "#/credential");
    }
    anonymous
        .post(
            SECOND_CONFIRM,
            answer(&begun, key.get(&begun["public_key"])),
            200,
        )
        .await;
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_told() {
    let harness = Harness::start().await;
    let (_, mut key, _) = with_passkey(&harness, ADA).await;
    let anonymous = harness.anonymous();
    key.counter = 7;
    let waits = halfway(&harness, ADA).await;
    let begun = asked(&harness, &waits).await;
    anonymous
        .post(
            SECOND_CONFIRM,
            answer(&begun, key.get(&begun["public_key"])),
            200,
        )
        .await;
    for counter in [7, 3, 0] {
        key.counter = counter;
        let waits = halfway(&harness, ADA).await;
        let begun = asked(&harness, &waits).await;
        refused(
            &anonymous,
            SECOND_CONFIRM,
            answer(&begun, key.get(&begun["public_key"])),
        )
        .await;
        harness.advance(30 * MINUTE);
    }
    let mails = harness.mails(ADA).await;
    let told = mails
        .iter()
        .filter(|mail| mail.subject == "A passkey of your Sotto account was refused");
    assert_eq!(told.count(), 3);
}

#[tokio::test]
async fn a_passkey_proves_once_more_who_somebody_is_and_changes_the_refresh_token() {
    let harness = Harness::start().await;
    let (ada, mut key, _) = with_passkey(&harness, ADA).await;
    harness.advance(11 * MINUTE);
    let ada = ada.refresh().await;
    ada.refused(Method::POST, PASSKEYS, None, 403, "step_up_required")
        .await;
    let begun = ada.post(STEP_UP, json!(null), 200).await;
    // An answer to one purpose is none to another, nor by another session.
    let given = key.get(&begun["public_key"]);
    refused(
        &harness.anonymous(),
        SECOND_CONFIRM,
        answer(&begun, given.clone()),
    )
    .await;
    let (eve, mut of_eve, _) = with_passkey(&harness, "eve@example.com").await;
    refused(
        &eve,
        STEP_UP_CONFIRM,
        answer(&begun, of_eve.get(&begun["public_key"])),
    )
    .await;
    let proved = ada
        .post(STEP_UP_CONFIRM, answer(&begun, given.clone()), 200)
        .await;
    refused(&ada, STEP_UP_CONFIRM, answer(&begun, given)).await;
    let client = renewed(&harness, &proved).await;
    client.post(PASSKEYS, json!(null), 201).await;
    // The one before is good no more, and a sign of theft.
    let old = json!({ "refresh_token": ada.refresh_token });
    let anonymous = harness.anonymous();
    anonymous
        .refused(
            Method::POST,
            "/v1/auth/refresh",
            Some(old),
            401,
            "token_invalid",
        )
        .await;
    // Without one, there is nothing to ask for.
    let bob = harness.sign_up("bob@example.com").await;
    bob.refused(Method::POST, STEP_UP, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn an_app_and_passkeys_stand_beside_each_other_and_share_their_recovery_codes() {
    let harness = Harness::start().await;
    let (ada, key, codes) = with_passkey(&harness, ADA).await;
    // The same key twice is one too many; another one is welcome and brings no new codes.
    let begun = ada.post(PASSKEYS, json!(null), 201).await;
    let excluded = &begun["public_key"]["excludeCredentials"];
    assert_eq!(excluded.as_array().map(Vec::len), Some(1));
    let mut body = answer(&begun, key.create(&begun["public_key"]));
    body["name"] = json!("again");
    refused(&ada, CONFIRM, body).await;
    let second = ada.add_passkey(&harness.security_key(), "red key").await;
    assert_eq!(second["recovery_codes"], json!([]));
    // The app beside them: a recovery code confirms nothing, and there are no new ones.
    assert_eq!(ada.enrol().await, Vec::<String>::new());
    let waits = halfway(&harness, ADA).await;
    assert_eq!(
        waits["methods"],
        json!(["totp", "passkey", "recovery_code"])
    );
    let body = json!({ "challenge_id": waits["challenge_id"], "code": codes[0] });
    harness
        .anonymous()
        .post("/v1/auth/second-factor", body, 200)
        .await;
    // Removing the app leaves the passkeys, and signs everybody else out.
    ada.delete(TOTP, 204).await;
    ada.refused(Method::DELETE, TOTP, None, 404, "not_found")
        .await;
    let own = ada.get("/v1/account", 200).await;
    assert_eq!(
        own["second_factor"],
        json!({ "confirmed_at": null, "passkeys": 2, "recovery_codes_left": 9 })
    );
    let sessions = ada.get("/v1/auth/sessions", 200).await;
    assert_eq!(sessions["data"].as_array().map(Vec::len), Some(1));
    let list = ada.get(PASSKEYS, 200).await;
    let first = text(&list["data"][0], "id");
    ada.delete(&format!("{PASSKEYS}/{first}"), 204).await;
    let workspace = ada.workspace("flows").await;
    ada.get(&workspace.path, 200).await;
}

#[tokio::test]
async fn an_account_has_ten_passkeys_and_whoever_has_not_proved_one_adds_none() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let other = harness.sign_in(ADA).await;
    for number in 0..10 {
        let name = format!("key {number}");
        ada.add_passkey(&harness.security_key(), &name).await;
    }
    ada.refused(Method::POST, PASSKEYS, None, 409, "passkeys_full")
        .await;
    // A session from before the first one proved a first factor only.
    for path in [PASSKEYS, TOTP] {
        other
            .refused(Method::POST, path, None, 403, "step_up_required")
            .await;
    }
    let list = ada.get(PASSKEYS, 200).await;
    let passkey = format!("{PASSKEYS}/{}", text(&list["data"][0], "id"));
    other
        .refused(Method::DELETE, &passkey, None, 403, "step_up_required")
        .await;
    let eve = harness.sign_up("eve@example.com").await;
    eve.add_passkey(&harness.security_key(), "hers").await;
    eve.refused(Method::DELETE, &passkey, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_registration_is_refused_untouched_elsewhere_replayed_or_by_another_session() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let eve = harness.sign_up("eve@example.com").await;
    let begin = || ada.post(PASSKEYS, json!(null), 201);
    let body = |begun: &Value, credential: Value| json!({ "ceremony_id": begun["ceremony_id"], "name": "key", "credential": credential });
    let mut key = harness.security_key();
    key.touched = false;
    let begun = begin().await;
    refused(
        &ada,
        CONFIRM,
        body(&begun, key.create(&begun["public_key"])),
    )
    .await;
    key.touched = true;
    // It was used up by that.
    refused(
        &ada,
        CONFIRM,
        body(&begun, key.create(&begun["public_key"])),
    )
    .await;
    let elsewhere = SecurityKey::new("https://sotto.evil.example");
    let begun = begin().await;
    refused(
        &ada,
        CONFIRM,
        body(&begun, elsewhere.create(&begun["public_key"])),
    )
    .await;
    let begun = begin().await;
    refused(
        &eve,
        CONFIRM,
        body(&begun, key.create(&begun["public_key"])),
    )
    .await;
    let other = harness.sign_in(ADA).await;
    refused(
        &other,
        CONFIRM,
        body(&begun, key.create(&begun["public_key"])),
    )
    .await;
    // Whoever began it still ends it; a name is asked for.
    let mut nameless = body(&begun, key.create(&begun["public_key"]));
    nameless["name"] = json!("");
    ada.refused(
        Method::POST,
        CONFIRM,
        Some(nameless),
        422,
        "validation_failed",
    )
    .await;
    ada.post(CONFIRM, body(&begun, key.create(&begun["public_key"])), 201)
        .await;
    assert_eq!(
        eve.get(PASSKEYS, 200).await["data"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
}
