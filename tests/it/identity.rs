//! The customer's word for who a visitor is: a JWT under the app's secret, and nothing else.

use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use data_encoding::BASE64URL_NOPAD;
use harness::{Answer, Harness, Member, ORIGIN, Visitor, WidgetApp, Workspace, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

const SESSIONS: &str = "/v1/widget/sessions";
const HOUR: i64 = 60 * 60;

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
}

impl World {
    async fn new() -> Self {
        Self::with("optional").await
    }

    /// With an app that takes identities like this: off, optional, required.
    async fn with(identity: &str) -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let more = json!({ "platform": "web", "origins": [ORIGIN], "identity": identity });
        let app = owner.app_with(&workspace, more).await;
        Self {
            harness,
            owner,
            workspace,
            app,
        }
    }

    /// Good claims with some of them changed; null takes one away.
    fn claims(&self, change: Value) -> Value {
        let mut claims = json!({
            "sub": "user-1", "aud": self.workspace.id, "exp": self.harness.now().seconds() + 600,
        });
        let fields = claims.as_object_mut().expect("an object");
        for (name, value) in change.as_object().into_iter().flatten() {
            match value {
                Value::Null => fields.remove(name),
                value => fields.insert(name.clone(), value.clone()),
            };
        }
        claims
    }

    fn sign(&self, claims: &Value) -> String {
        sign(
            Algorithm::HS256,
            self.app.identity_secret.as_bytes(),
            claims,
        )
    }

    async fn arrive_with(&self, body: Value) -> Answer {
        let page = self.harness.anonymous().with_header("origin", ORIGIN);
        page.send(Method::POST, SESSIONS, Some(body)).await
    }

    async fn arrive(&self, token: &str) -> Answer {
        self.arrive_with(json!({ "app_key": self.app.key, "identity_token": token }))
            .await
    }

    async fn visitor(&self, change: Value) -> Visitor {
        let token = self.sign(&self.claims(change));
        self.harness
            .visitor_with(&self.app, json!({ "identity_token": token }))
            .await
    }

    async fn contacts(&self) -> Vec<Value> {
        let list = self
            .owner
            .get(&format!("{}/contacts", self.workspace.path), 200)
            .await;
        list["data"].as_array().expect("a list").clone()
    }
}

fn sign(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).expect("signed")
}

/// A token of an RSA key that was made for it.
fn sign_with_rsa(claims: &Value) -> String {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!(
        "{}.{}",
        part(&json!({ "alg": "RS256", "typ": "JWT" })),
        part(claims)
    );
    let mut signature = vec![0; key.public_modulus_len()];
    let signed = key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    );
    signed.expect("signed");
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn is_refused(what: &str, answer: &Answer, code: &str) {
    let seen = (
        answer.status,
        answer.body["code"].as_str().unwrap_or_default(),
    );
    assert_eq!(seen, (401, code), "{what}: {}", answer.text);
}

#[tokio::test]
async fn a_signed_identity_leads_to_one_contact_that_the_team_knows_by_name() {
    let world = World::new().await;
    let person = json!({ "name": "Eve", "email": "eve@example.com" });
    let first = world.visitor(person.clone()).await;
    let conversation = first.start("Hello").await;
    // Another browser, without any token of the first one.
    let second = world.visitor(person).await;
    assert_eq!(second.contact_id, first.contact_id);
    assert_eq!(second.read(&conversation).await.len(), 1);
    first.say(&conversation, "Both sessions live").await;
    let other = world.visitor(json!({ "sub": "user-2" })).await;
    assert_ne!(other.contact_id, first.contact_id);

    let path = format!("{}/contacts/{}", world.workspace.path, first.contact_id);
    let contact = world.owner.get(&path, 200).await;
    let seen =
        ["name", "email", "external_id", "verified", "masked"].map(|field| contact[field].clone());
    assert_eq!(
        json!(seen),
        json!(["Eve", "eve@example.com", "user-1", true, false])
    );
    assert_eq!(world.contacts().await.len(), 2);
    // The identifier is compared exactly: it is the customer's, not an address.
    let upper = world.visitor(json!({ "sub": "USER-1" })).await;
    assert_ne!(upper.contact_id, first.contact_id);
}

#[tokio::test]
async fn what_the_customer_signs_replaces_what_was_known_and_what_it_leaves_out_stays() {
    let world = World::new().await;
    let visitor = world
        .visitor(json!({ "name": "Eve", "email": "eve@example.com" }))
        .await;
    world.visitor(json!({ "name": "Eve L." })).await;
    let [contact] = &world.contacts().await[..] else {
        panic!("one contact")
    };
    assert_eq!(
        (&contact["name"], &contact["email"]),
        (&json!("Eve L."), &json!("eve@example.com"))
    );
    let path = format!("{}/contacts/{}", world.workspace.path, visitor.contact_id);
    let before = text(contact, "last_seen_at");
    assert_eq!(before, contact["created_at"].as_str().unwrap_or_default());
    world
        .owner
        .patch(&path, json!({ "name": "Evelyn", "email": null }), 200)
        .await;
    // A session that says nothing new leaves the team's correction alone.
    world.visitor(json!({})).await;
    let contact = world.owner.get(&path, 200).await;
    assert_eq!(
        (&contact["name"], &contact["email"]),
        (&json!("Evelyn"), &Value::Null)
    );
}

#[tokio::test]
async fn an_address_joins_nobody_to_anybody() {
    let world = World::new().await;
    let address = json!({ "email": "eve@example.com" });
    let anonymous = world.harness.visitor(&world.app).await;
    let path = format!("{}/contacts/{}", world.workspace.path, anonymous.contact_id);
    world.owner.patch(&path, address.clone(), 200).await;
    let conversation = anonymous.start("Hello").await;
    let signed = world
        .visitor(json!({ "sub": "user-1", "email": "eve@example.com" }))
        .await;
    let other = world
        .visitor(json!({ "sub": "user-2", "email": "eve@example.com" }))
        .await;
    let mut ids = vec![&anonymous.contact_id, &signed.contact_id, &other.contact_id];
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "an address joined contacts");
    let path = format!("/v1/widget/conversations/{}", conversation.id);
    for visitor in [&signed, &other] {
        visitor
            .refused(Method::GET, &path, None, 404, "not_found")
            .await;
    }
    // Nor does an earlier session of the same browser: the token of it is left aside.
    let token = world.sign(&world.claims(json!({ "sub": "user-3" })));
    let body = json!({
        "app_key": world.app.key, "identity_token": token, "resume_token": anonymous.resume_token,
    });
    let answer = world.arrive_with(body).await;
    assert_eq!(
        (answer.status, &answer.body["visitor"]["verified"]),
        (201, &json!(true))
    );
    assert_ne!(
        answer.body["visitor"]["contact_id"],
        anonymous.contact_id.as_str()
    );
    anonymous.get(&path, 200).await;
}

#[tokio::test]
async fn a_signed_visitor_resumes_as_the_same_person() {
    let world = World::new().await;
    let visitor = world.visitor(json!({ "name": "Eve" })).await;
    let body = json!({ "app_key": world.app.key, "resume_token": visitor.resume_token });
    let answer = world.arrive_with(body).await;
    let expected = json!({ "contact_id": visitor.contact_id, "verified": true });
    assert_eq!((answer.status, &answer.body["visitor"]), (201, &expected));
}

#[tokio::test]
async fn a_token_of_another_time_audience_or_person_is_refused() {
    let world = World::new().await;
    let now = world.harness.now().seconds();
    let other = world.owner.workspace("inbox").await;
    let invalid = [
        json!({ "aud": other.id }),
        json!({ "aud": "sotto-api" }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "x".repeat(201) }),
        json!({ "sub": 7 }),
        json!({ "exp": null }),
        json!({ "exp": "soon" }),
        json!({ "exp": now + HOUR + 61 }),
        json!({ "exp": now + 24 * HOUR }),
        json!({ "nbf": now + 600 }),
        json!({ "email": "no address" }),
        json!({ "name": "x".repeat(101) }),
    ];
    for change in invalid {
        let answer = world
            .arrive(&world.sign(&world.claims(change.clone())))
            .await;
        is_refused(&change.to_string(), &answer, "token_invalid");
        assert!(
            answer.body["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("HS256"))
        );
    }
    for over in [now, now - 1, now - 24 * HOUR] {
        let answer = world
            .arrive(&world.sign(&world.claims(json!({ "exp": over }))))
            .await;
        is_refused("over", &answer, "token_expired");
    }
    assert_eq!(
        world.contacts().await.len(),
        0,
        "a refused token made a contact"
    );
    // The bounds themselves are good.
    for exp in [now + 1, now + HOUR] {
        let answer = world
            .arrive(&world.sign(&world.claims(json!({ "exp": exp }))))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let several = world.claims(json!({ "aud": ["another", world.workspace.id] }));
    assert_eq!(world.arrive(&world.sign(&several)).await.status, 201);
}

#[tokio::test]
async fn a_token_of_another_algorithm_or_secret_is_refused() {
    let world = World::new().await;
    let claims = world.claims(json!({}));
    let secret = world.app.identity_secret.as_bytes();
    let second = world.owner.app(&world.workspace).await;
    let good = world.sign(&claims);
    let payload = good.split('.').nth(1).expect("a payload");
    let unsigned = |header: Value| BASE64URL_NOPAD.encode(header.to_string().as_bytes());
    let none = unsigned(json!({ "alg": "none", "typ": "JWT" }));
    let hs256 = unsigned(json!({ "alg": "HS256", "typ": "JWT" }));
    let none_too = unsigned(json!({ "alg": "nOnE" }));
    let signature = good.rsplit('.').next().expect("a signature");
    // The secret as bytes instead of as characters.
    let decoded = BASE64URL_NOPAD.decode(secret).expect("base64url");
    let cases = [
        ("none", format!("{none}.{payload}.")),
        ("none, signed", format!("{none}.{payload}.{signature}")),
        ("none, spelled otherwise", format!("{none_too}.{payload}.")),
        ("no signature", format!("{hs256}.{payload}.")),
        ("two parts", format!("{hs256}.{payload}")),
        ("HS384", sign(Algorithm::HS384, secret, &claims)),
        ("HS512", sign(Algorithm::HS512, secret, &claims)),
        ("RS256", sign_with_rsa(&claims)),
        (
            "another secret",
            sign(
                Algorithm::HS256,
                b"another secret of enough length....",
                &claims,
            ),
        ),
        ("no secret", sign(Algorithm::HS256, b"", &claims)),
        (
            "the app's public key",
            sign(Algorithm::HS256, world.app.key.as_bytes(), &claims),
        ),
        (
            "the bytes of the secret",
            sign(Algorithm::HS256, &decoded, &claims),
        ),
        (
            "another app's secret",
            sign(Algorithm::HS256, second.identity_secret.as_bytes(), &claims),
        ),
        ("an access token", world.owner.access_token.clone()),
        ("nothing", String::new()),
        ("no token", "x".to_owned()),
    ];
    for (what, token) in &cases {
        let answer = world.arrive(token).await;
        is_refused(what, &answer, "token_invalid");
        assert!(
            token.len() < 2 || !answer.text.contains(token.as_str()),
            "{what} is repeated"
        );
    }
    assert_eq!(
        world.contacts().await.len(),
        0,
        "a refused token made a contact"
    );
    assert_eq!(world.arrive(&good).await.status, 201);
}

#[tokio::test]
async fn where_an_identity_is_required_nobody_comes_without_one() {
    let world = World::with("required").await;
    let answer = world.arrive_with(json!({ "app_key": world.app.key })).await;
    is_refused("nothing", &answer, "unauthenticated");
    let visitor = world.visitor(json!({})).await;
    let body = json!({ "app_key": world.app.key, "resume_token": visitor.resume_token });
    assert_eq!(
        world.arrive_with(body).await.status,
        201,
        "the signed may come back"
    );
    // Who came before the app asked for it may not.
    let path = format!("{}/apps/{}", world.workspace.path, world.app.id);
    world
        .owner
        .patch(&path, json!({ "identity": "optional" }), 200)
        .await;
    let anonymous = world.harness.visitor(&world.app).await;
    world
        .owner
        .patch(&path, json!({ "identity": "required" }), 200)
        .await;
    let body = json!({ "app_key": world.app.key, "resume_token": anonymous.resume_token });
    is_refused(
        "an unsigned resume",
        &world.arrive_with(body).await,
        "unauthenticated",
    );
}

#[tokio::test]
async fn where_an_identity_is_off_a_token_is_refused_however_good() {
    let world = World::with("off").await;
    let token = world.sign(&world.claims(json!({})));
    let answer = world.arrive(&token).await;
    let error = &answer.body["errors"][0];
    assert_eq!(
        (answer.status, &error["pointer"]),
        (422, &json!("#/identity_token")),
        "{}",
        answer.text
    );
    assert_eq!(world.contacts().await.len(), 0);
    world.harness.visitor(&world.app).await;
}

#[tokio::test]
async fn first_sessions_of_one_person_that_begin_together_make_one_contact() {
    let world = World::new().await;
    for round in 0..5 {
        let sub = format!("user-{round}");
        let change = || json!({ "sub": sub, "name": "Eve" });
        let (a, b) = tokio::join!(world.visitor(change()), world.visitor(change()));
        assert_eq!(a.contact_id, b.contact_id, "round {round}");
        assert_ne!(a.session_token, b.session_token);
        assert_eq!(world.contacts().await.len(), round + 1);
        for visitor in [a, b] {
            visitor.get("/v1/widget/conversations", 200).await;
        }
    }
}

#[tokio::test]
async fn a_blocked_person_gets_in_with_no_token() {
    let world = World::new().await;
    let visitor = world.visitor(json!({})).await;
    let block = format!(
        "{}/contacts/{}/block",
        world.workspace.path, visitor.contact_id
    );
    world.owner.put(&block, json!({}), 200).await;
    let answer = world.arrive(&world.sign(&world.claims(json!({})))).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (403, &json!("blocked")),
        "{}",
        answer.text
    );
    world.owner.delete(&block, 200).await;
    assert_eq!(
        world.visitor(json!({})).await.contact_id,
        visitor.contact_id
    );
}

#[tokio::test]
async fn a_rotated_secret_signs_for_another_day() {
    let world = World::new().await;
    let path = format!("{}/apps/{}", world.workspace.path, world.app.id);
    let rotate = format!("{path}/rotate-key");
    let body = json!({ "key": "identity_secret" });
    let rotated = world.owner.post(&rotate, body, 200).await;
    let new = text(&rotated, "identity_secret");
    assert_eq!(text(&rotated, "public_key"), world.app.key);
    let page = world.harness.anonymous().with_header("origin", ORIGIN);
    let ask = async |secret: &str| {
        let token = sign(
            Algorithm::HS256,
            secret.as_bytes(),
            &world.claims(json!({})),
        );
        let body = json!({ "app_key": world.app.key, "identity_token": token });
        page.send(Method::POST, SESSIONS, Some(body)).await
    };
    world.harness.advance(Duration::from_secs(24 * 60 * 60 - 1));
    for secret in [&world.app.identity_secret, &new] {
        assert_eq!(ask(secret).await.status, 201);
    }
    world.harness.advance(Duration::from_secs(1));
    assert_eq!(ask(&new).await.status, 201);
    let answer = ask(&world.app.identity_secret).await;
    is_refused("the former secret", &answer, "token_invalid");
}
