//! An access token is taken for what it says only when we made it, for this, and not too long ago
//! (RFC 8725, RFC 9068).

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::BASE64URL_NOPAD;
use harness::{Harness, Member, method, text};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

const PATH: &str = "/v1/workspaces";

struct World {
    harness: Harness,
    member: Member,
    header: Value,
    claims: Value,
    key: EncodingKey,
}

impl World {
    /// A member, their token taken apart, and the key that it was signed with.
    async fn new() -> Self {
        let harness = Harness::start().await;
        let member = harness.sign_up("ada@example.com").await;
        let mut parts = member.access_token.split('.').map(|part| {
            let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url");
            serde_json::from_slice(&bytes).unwrap_or_default()
        });
        let (header, claims) = (
            parts.next().expect("a header"),
            parts.next().expect("claims"),
        );
        let auth = harness.app_of("auth");
        let private = auth
            .store
            .signing_key(harness.now())
            .await
            .expect("the signing key");
        let key = EncodingKey::from_ed_der(&private);
        Self {
            harness,
            member,
            header,
            claims,
            key,
        }
    }

    /// A token of ours with one claim changed; null takes it away.
    fn claiming(&self, name: &str, value: Value) -> String {
        sign(&self.header, &changed(&self.claims, name, value), &self.key)
    }

    /// A token of ours with one word of the header changed; null takes it away.
    fn headed(&self, name: &str, value: Value) -> String {
        sign(&changed(&self.header, name, value), &self.claims, &self.key)
    }

    async fn refuses(&self, what: &str, token: &str, code: &str) {
        let client = self.harness.anonymous().with_token(token);
        let answer = client.send(method("GET"), PATH, None).await;
        let seen = (
            answer.status,
            answer.body["code"].as_str().unwrap_or_default(),
        );
        assert_eq!(seen, (401, code), "{what}: {}", answer.text);
        assert!(
            !answer.text.contains(token),
            "{what}: the token was repeated"
        );
    }

    async fn takes(&self, token: &str) {
        self.harness
            .anonymous()
            .with_token(token)
            .get(PATH, 200)
            .await;
    }
}

#[tokio::test]
async fn a_token_that_is_signed_again_as_it_was_is_taken_so_the_refusals_mean_something() {
    let world = World::new().await;
    world
        .takes(&sign(&world.header, &world.claims, &world.key))
        .await;
    world.takes(&world.claiming("jti", json!("another"))).await;
}

#[tokio::test]
async fn a_token_of_no_algorithm_or_of_another_is_refused() {
    let world = World::new().await;
    let payload = BASE64URL_NOPAD.encode(world.claims.to_string().as_bytes());
    for algorithm in ["none", "None", "NONE", ""] {
        let header = changed(&world.header, "alg", json!(algorithm));
        let header = BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        let signature = world
            .member
            .access_token
            .rsplit('.')
            .next()
            .expect("a signature");
        world
            .refuses(algorithm, &format!("{header}.{payload}."), "token_invalid")
            .await;
        world
            .refuses(algorithm, &format!("{header}.{payload}"), "token_invalid")
            .await;
        world
            .refuses(
                algorithm,
                &format!("{header}.{payload}.{signature}"),
                "token_invalid",
            )
            .await;
    }
    // The public key, taken for the secret of a symmetric algorithm, in every way it is written.
    let jwks = world
        .harness
        .anonymous()
        .get("/.well-known/jwks.json", 200)
        .await;
    let written = text(&jwks["keys"][0], "x");
    let raw = BASE64URL_NOPAD
        .decode(written.as_bytes())
        .expect("32 bytes");
    assert_eq!(raw.len(), 32);
    let header = changed(&world.header, "alg", json!("HS256"));
    for secret in [
        raw.as_slice(),
        written.as_bytes(),
        jwks.to_string().as_bytes(),
    ] {
        let token = sign(&header, &world.claims, &EncodingKey::from_secret(secret));
        world.refuses("HS256", &token, "token_invalid").await;
    }
}

#[tokio::test]
async fn a_token_of_another_type_audience_or_issuer_is_refused() {
    let world = World::new().await;
    for typ in [json!("JWT"), json!("id+jwt"), json!(""), Value::Null] {
        world
            .refuses(
                &format!("typ {typ}"),
                &world.headed("typ", typ),
                "token_invalid",
            )
            .await;
    }
    for audience in [
        json!("another-api"),
        json!(""),
        json!([]),
        json!(["another-api"]),
        Value::Null,
    ] {
        let what = format!("aud {audience}");
        world
            .refuses(&what, &world.claiming("aud", audience), "token_invalid")
            .await;
    }
    let issuer = world.claims["iss"].as_str().expect("an issuer");
    let close = [
        format!("{issuer}/"),
        issuer.replace("http", "https"),
        String::new(),
    ];
    for issuer in close.map(Value::from).into_iter().chain([Value::Null]) {
        let what = format!("iss {issuer}");
        world
            .refuses(&what, &world.claiming("iss", issuer), "token_invalid")
            .await;
    }
    for claim in ["sub", "sid", "exp"] {
        world
            .refuses(claim, &world.claiming(claim, Value::Null), "token_invalid")
            .await;
        world
            .refuses(claim, &world.claiming(claim, json!("x")), "token_invalid")
            .await;
    }
}

#[tokio::test]
async fn a_token_of_another_key_is_refused_whatever_it_calls_itself() {
    let world = World::new().await;
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key pair");
    let foreign = EncodingKey::from_ed_der(document.as_ref());
    let token = sign(&world.header, &world.claims, &foreign);
    world
        .refuses("our key's name", &token, "token_invalid")
        .await;
    for key_id in [
        json!("0000000000000000"),
        json!(""),
        json!("../../etc/passwd"),
        Value::Null,
    ] {
        let header = changed(&world.header, "kid", key_id.clone());
        for key in [&foreign, &world.key] {
            let token = sign(&header, &world.claims, key);
            world
                .refuses(&format!("kid {key_id}"), &token, "token_invalid")
                .await;
        }
    }
    // Headers that bring or point to a key are not followed (RFC 8725, 3.10).
    let mut header = changed(
        &world.header,
        "jku",
        json!(format!("{}/x", world.harness.stack.api)),
    );
    header["jwk"] = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" });
    let token = sign(&header, &world.claims, &foreign);
    world
        .refuses("a key of its own", &token, "token_invalid")
        .await;
}

#[tokio::test]
async fn unknown_keys_make_the_public_ones_be_read_once_a_minute_at_most() {
    let world = World::new().await;
    let token = world.headed("kid", json!("0000000000000000"));
    world.takes(&world.member.access_token).await;
    let meter = world.harness.app_of("workspaces").meter.clone();
    meter.take();
    for _ in 0..20 {
        world
            .refuses("an unknown key", &token, "token_invalid")
            .await;
    }
    let calls = meter.take().calls.len();
    assert!(calls <= 1, "{calls} reads for 20 bad tokens");
    world.harness.advance(Duration::from_secs(61));
    world
        .refuses("an unknown key", &token, "token_invalid")
        .await;
    assert_eq!(
        meter.take().calls.len(),
        1,
        "a new key must be found some day"
    );
}

#[tokio::test]
async fn a_token_that_was_altered_is_refused() {
    let world = World::new().await;
    let other = world.harness.sign_up("eve@example.com").await;
    let parts: Vec<&str> = other.access_token.split('.').collect();
    let [header, _, signature] = parts[..] else {
        panic!("three parts")
    };
    for (claim, value) in [
        ("sub", world.claims["sub"].clone()),
        ("sid", world.claims["sid"].clone()),
        ("exp", json!(4_000_000_000_u64)),
    ] {
        let payload = changed(&world.claims, claim, value);
        let payload = BASE64URL_NOPAD.encode(payload.to_string().as_bytes());
        let token = format!("{header}.{payload}.{signature}");
        world.refuses(claim, &token, "token_invalid").await;
    }
    let token = &world.member.access_token;
    let padded = format!("{token}=");
    for broken in [
        &token[1..],
        &token[..token.len() - 1],
        &padded,
        &format!("{token}.{signature}"),
    ] {
        world.refuses("cut", broken, "token_invalid").await;
    }
    // A right token of one account with the session of another opens nothing.
    let mixed = world.claiming("sub", json!(other.account_id));
    world
        .refuses("another's session", &mixed, "token_invalid")
        .await;
}

#[tokio::test]
async fn a_token_is_good_for_ten_minutes_and_not_a_second_longer() {
    let world = World::new().await;
    let token = &world.member.access_token;
    world.harness.advance(Duration::from_secs(599));
    world.takes(token).await;
    world.harness.advance(Duration::from_secs(1));
    world.refuses("ten minutes", token, "token_expired").await;
    let refreshed = world.member.refresh().await;
    world.takes(&refreshed.access_token).await;
    world.refuses("ten minutes", token, "token_expired").await;
    // Long over, and of a foreign key: what is wrong about it besides is not told.
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key pair");
    let foreign = EncodingKey::from_ed_der(document.as_ref());
    let forged = sign(&world.header, &world.claims, &foreign);
    world
        .refuses("expired and forged", &forged, "token_invalid")
        .await;
}

#[tokio::test]
async fn a_token_ends_with_its_session_at_the_very_next_call() {
    let world = World::new().await;
    let elsewhere = world.harness.sign_in(&world.member.email).await;
    world.takes(&world.member.access_token).await;
    let answer = world
        .member
        .send(method("POST"), "/v1/auth/logout", None)
        .await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    world
        .refuses("logged out", &world.member.access_token, "token_invalid")
        .await;
    let body = json!({ "refresh_token": world.member.refresh_token });
    let anonymous = world.harness.anonymous();
    let answer = anonymous
        .send(method("POST"), "/v1/auth/refresh", Some(body))
        .await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    // Another device stays signed in.
    world.takes(&elsewhere.access_token).await;
}

#[tokio::test]
async fn other_tokens_are_no_access_tokens_and_access_tokens_are_no_others() {
    let world = World::new().await;
    let workspace = world.member.workspace("inbox").await;
    let app = world.member.app(&workspace).await;
    let visitor = world.harness.visitor(&app).await;
    for token in [
        &world.member.refresh_token,
        &visitor.session_token,
        &visitor.resume_token,
        &app.key,
    ] {
        world.refuses("another token", token, "token_invalid").await;
    }
    let anonymous = world
        .harness
        .anonymous()
        .with_header("origin", harness::ORIGIN);
    for token in [
        &world.member.access_token,
        &visitor.session_token,
        &visitor.resume_token,
    ] {
        let body = json!({ "refresh_token": token });
        let answer = anonymous
            .send(method("POST"), "/v1/auth/refresh", Some(body))
            .await;
        assert!([401, 422].contains(&answer.status), "{}", answer.text);
        assert!(
            !answer.text.contains(token.as_str()),
            "the token was repeated"
        );
    }
    for token in [
        &world.member.access_token,
        &world.member.refresh_token,
        &visitor.session_token,
    ] {
        let body = json!({ "app_key": app.key, "resume_token": token });
        let answer = anonymous
            .send(method("POST"), "/v1/widget/sessions", Some(body))
            .await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (401, &json!("token_invalid"))
        );
    }
}

/// An object with one field changed; null takes it away.
fn changed(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    let fields = object.as_object_mut().expect("an object");
    match value {
        Value::Null => fields.remove(name),
        value => fields.insert(name.to_owned(), value),
    };
    object
}

/// Signs any header and any claims: the library's own types would not say what is wrong here.
fn sign(header: &Value, claims: &Value, key: &EncodingKey) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let algorithm = match header["alg"].as_str() {
        Some("HS256") => Algorithm::HS256,
        _ => Algorithm::EdDSA,
    };
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).expect("signed");
    format!("{message}.{signature}")
}
