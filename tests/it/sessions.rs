//! The session that a sign-in begins: renewed, copied, left, over.

use std::time::Duration;

use harness::{Client, Harness, START, text};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};

const REFRESH: &str = "/v1/auth/refresh";
const LOG_OUT: &str = "/v1/auth/logout";
const WORKSPACES: &str = "/v1/workspaces";
/// Items of this kind, as they stand in the table.
const SESSION: &str = r#""kind":{"S":"LoginSession"}"#;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn refresh_with(token: &str) -> Value {
    json!({ "refresh_token": token })
}

/// The token is good for nothing any more.
async fn no_refresh(client: &Client, token: &str) {
    let body = Some(refresh_with(token));
    client
        .refused(Method::POST, REFRESH, body, 401, "token_invalid")
        .await;
}

#[tokio::test]
async fn a_refresh_rotates_both_tokens_and_repeats_lead_to_the_same_child_for_thirty_seconds() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let first = harness.sign_up("ada@example.com").await;
    harness.advance(SECOND);
    let second = first.refresh().await;
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_ne!(second.access_token, first.access_token);
    assert_eq!(second.account_id, first.account_id);
    // Renewing ends nothing: the older access token lives its ten minutes.
    for client in [&first, &second] {
        client.get(WORKSPACES, 200).await;
    }
    for passed in [0, 15, 14] {
        harness.advance(passed * SECOND);
        let again = first.refresh().await;
        assert_eq!(again.refresh_token, second.refresh_token, "another child");
        again.get(WORKSPACES, 200).await;
    }
    // Two tabs at once have one child too, and the family lives on.
    let mut current = second;
    for _ in 0..5 {
        harness.advance(SECOND);
        let body = || refresh_with(&current.refresh_token);
        let (a, b) = tokio::join!(
            anonymous.post(REFRESH, body(), 200),
            anonymous.post(REFRESH, body(), 200),
        );
        assert_eq!(a["refresh_token"], b["refresh_token"], "two children");
        let next = current.refresh().await;
        assert_eq!(next.refresh_token, text(&a, "refresh_token"));
        current = next;
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_late_ends_its_session_at_the_very_next_call() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let first = harness.sign_up("ada@example.com").await;
    let elsewhere = harness.sign_in("ada@example.com").await;
    let second = first.refresh().await;
    second.get(WORKSPACES, 200).await;
    harness.advance(31 * SECOND);
    no_refresh(&anonymous, &first.refresh_token).await;
    for member in [&first, &second] {
        member
            .refused(Method::GET, WORKSPACES, None, 401, "token_invalid")
            .await;
        no_refresh(&anonymous, &member.refresh_token).await;
    }
    // The session of another device is another family.
    elsewhere.get(WORKSPACES, 200).await;
    elsewhere.refresh().await;
}

#[tokio::test]
async fn a_grandparent_ends_the_session_even_within_thirty_seconds() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let first = harness.sign_up("ada@example.com").await;
    let third = first.refresh().await.refresh().await;
    no_refresh(&anonymous, &first.refresh_token).await;
    no_refresh(&anonymous, &third.refresh_token).await;
    third
        .refused(Method::GET, WORKSPACES, None, 401, "token_invalid")
        .await;
}

#[tokio::test]
async fn a_session_ends_after_fourteen_days_without_use() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let first = harness.sign_up("ada@example.com").await;
    harness.advance(14 * DAY - Duration::from_millis(1));
    let second = first.refresh().await;
    second.get(WORKSPACES, 200).await;
    harness.advance(14 * DAY);
    no_refresh(&anonymous, &second.refresh_token).await;
    // TTL alone takes it away.
    assert_eq!(harness.items_with(SESSION).await, 1);
    harness.advance(2 * SECOND);
    harness.sweep_ttl().await;
    assert_eq!(harness.items_with(SESSION).await, 0);
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_however_much_it_is_used() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let mut member = harness.sign_up("ada@example.com").await;
    for _ in 0..10 {
        harness.advance(3 * DAY - 100 * Duration::from_millis(1));
        member = member.refresh().await;
    }
    let age = harness.now().ms() - START.ms();
    assert_eq!(age, 30 * 86_400_000 - 1000);
    member.get(WORKSPACES, 200).await;
    harness.advance(SECOND - Duration::from_millis(1));
    member = member.refresh().await;
    harness.advance(Duration::from_millis(1));
    // The access token was made a millisecond ago; its session is over all the same.
    member
        .refused(Method::GET, WORKSPACES, None, 401, "token_invalid")
        .await;
    no_refresh(&anonymous, &member.refresh_token).await;
    harness
        .sign_in("ada@example.com")
        .await
        .get(WORKSPACES, 200)
        .await;
}

#[tokio::test]
async fn logging_out_ends_one_session_and_may_be_repeated() {
    let harness = Harness::start().await;
    let member = harness.sign_up("ada@example.com").await;
    let elsewhere = harness.sign_in("ada@example.com").await;
    let renewed = member.refresh().await;
    for _ in 0..2 {
        let answer = member.send(Method::POST, LOG_OUT, None).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    }
    for ended in [&member, &renewed] {
        ended
            .refused(Method::GET, WORKSPACES, None, 401, "token_invalid")
            .await;
        no_refresh(&harness.anonymous(), &ended.refresh_token).await;
    }
    elsewhere.get(WORKSPACES, 200).await;
    assert_eq!(harness.items_with(SESSION).await, 1);
}

#[tokio::test]
async fn a_refresh_token_that_was_altered_or_made_up_opens_nothing() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let ada = harness.sign_up("ada@example.com").await;
    let eve = harness.sign_up("eve@example.com").await;
    let (place, _) = ada.refresh_token.split_once('.').expect("two parts");
    let (_, secret) = eve.refresh_token.split_once('.').expect("two parts");
    let visitor = ada.refresh_token.replacen("rt_", "vr_", 1);
    let made_up = [
        "",
        "rt_",
        "rt_.",
        "x",
        place,
        &visitor,
        &format!("{}A", ada.refresh_token),
        &ada.refresh_token.to_uppercase(),
        &ada.access_token,
    ];
    for token in made_up {
        no_refresh(&anonymous, token).await;
        ada.get(WORKSPACES, 200).await;
    }
    // A right place with a secret of somebody else's.
    no_refresh(&anonymous, &format!("{place}.{secret}")).await;
    eve.refresh().await;
}

#[tokio::test]
async fn anybody_can_check_an_access_token_with_the_published_key() {
    let harness = Harness::start().await;
    let member = harness.sign_up("ada@example.com").await;
    let path = "/.well-known/jwks.json";
    let answer = harness.anonymous().send(Method::GET, path, None).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let header = jsonwebtoken::decode_header(&member.access_token).expect("a header");
    assert_eq!(
        (header.alg, header.typ.as_deref()),
        (Algorithm::EdDSA, Some("at+jwt"))
    );
    let keys = answer.body["keys"].as_array().expect("keys");
    let named = keys
        .iter()
        .find(|key| key["kid"].as_str() == header.kid.as_deref());
    let named = named.expect("the token's key is published");
    assert_eq!(
        (&named["use"], &named["alg"], &named["d"]),
        (&json!("sig"), &json!("EdDSA"), &Value::Null)
    );

    let jwk: Jwk = serde_json::from_value(named.clone()).expect("a JWK (RFC 7517)");
    let key = DecodingKey::from_jwk(&jwk).expect("a key");
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[&harness.stack.api]);
    rules.set_audience(&["sotto-api"]);
    // The library asks the machine's clock, and the stack's stands still.
    rules.validate_exp = false;
    let check = |token: &str| jsonwebtoken::decode::<Value>(token, &key, &rules);
    let claims = check(&member.access_token).expect("a good token").claims;
    assert_eq!(claims["sub"], member.account_id.as_str());
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&json!(1_768_478_400), &json!(1_768_479_000))
    );
    // Nothing else about the person is in it.
    let mut names: Vec<&String> = claims.as_object().expect("claims").keys().collect();
    names.sort();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "sid", "sub"]);

    let other = harness.sign_up("eve@example.com").await;
    let (body, _) = member.access_token.rsplit_once('.').expect("a signature");
    let (_, signature) = other.access_token.rsplit_once('.').expect("a signature");
    assert!(
        check(&format!("{body}.{signature}")).is_err(),
        "any signature would do"
    );
}
