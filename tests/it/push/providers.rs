//! Apple's, Google's and Expo's services: what each is sent, how it proves that the workspace sends it, and what
//! becomes of a device that is gone.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use data_encoding::BASE64;

use super::*;

fn pem(kind: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {kind}-----\n");
    for line in BASE64.encode(der).as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).expect("base64"));
        text.push('\n');
    }
    text + &format!("-----END {kind}-----\n")
}

/// A key of Apple's kind: what the workspace keeps, and what the service knows.
fn ec_key() -> (String, String) {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let made = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref()).expect("a key");
    (
        pem("PRIVATE KEY", made.as_ref()),
        pem("PUBLIC KEY", pair.public_key().as_ref()),
    )
}

/// A key of Google's kind.
fn rsa_key() -> (String, String) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let private: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS #8");
    (
        pem("PRIVATE KEY", private.as_ref()),
        pem("PUBLIC KEY", pair.public_key().as_ref()),
    )
}

pub(super) const PHONE: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
pub(super) const ANDROID: &str = "cT9f-token:APA91bE";
pub(super) const EXPO: &str = "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]";

fn apns(key: &str) -> Value {
    json!({
        "team_id": "DEF123GHIJ", "key_id": "ABC123DEFG", "private_key": key,
        "topics": ["com.example.shop"],
    })
}

fn fcm(key: &str) -> Value {
    let account = "push@shop.example";
    json!({ "project_id": "shop-4711", "client_email": account, "private_key": key })
}

impl World {
    pub(super) async fn with_all() -> Self {
        let world = Self::new().await;
        let pushes = &world.harness.stack.pushes;
        let ((apple, apple_public), (google, google_public)) = (ec_key(), rsa_key());
        pushes.know("ABC123DEFG", &apple_public);
        pushes.know("push@shop.example", &google_public);
        pushes.know("expo", "a-token-of-a-project");
        for (provider, body) in [
            ("apns", apns(&apple)),
            ("fcm", fcm(&google)),
            ("expo", json!({ "access_token": "a-token-of-a-project" })),
        ] {
            let place = world.at(&format!("/push/{provider}"));
            let shown = world.owner.put(&place, body, 200).await;
            assert!(!shown.to_string().contains("PRIVATE"), "{shown}");
            assert!(!shown.to_string().contains("a-token-of"), "{shown}");
        }
        world
    }

    pub(super) async fn add(&self, body: Value) -> String {
        let made = self.owner.post(&self.at("/devices"), body, 201).await;
        text(&made, "id")
    }

    pub(super) async fn told_by(&self, provider: &str) -> Vec<Push> {
        self.harness.drain().await;
        let mut told = self.harness.stack.pushes.list();
        told.retain(|push| push.provider == provider);
        told
    }
}

pub(super) fn phone(kind: &str, token: &str) -> Value {
    json!({
        "provider": "apns", "token": token, "topic": "com.example.shop", "environment": "sandbox",
        "kind": kind,
    })
}

#[tokio::test]
async fn every_provider_is_told_by_ids_replaces_what_it_brought_before_and_forgets_who_is_gone() {
    let world = World::with_all().await;
    world.add(phone("alert", PHONE)).await;
    world
        .add(json!({ "provider": "fcm", "token": ANDROID }))
        .await;
    world
        .add(json!({ "provider": "expo", "token": EXPO }))
        .await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    visitor.say(&conversation, "A canary sings").await;
    let id = conversation.id.as_str();

    let told = world.told_by("apns").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    assert_eq!(one.device, PHONE);
    assert_eq!(one.headers["apns-collapse-id"], id);
    assert_eq!(one.headers["apns-topic"], "com.example.shop");
    assert_eq!(one.headers["apns-push-type"], "alert");
    assert_eq!(one.data["aps"]["alert"]["title"], "New message");
    assert_eq!(
        (&one.data["conversation_id"], &one.data["seq"]),
        (&json!(id), &json!(3))
    );

    let told = world.told_by("fcm").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    assert_eq!(one.device, ANDROID);
    assert_eq!(one.data["android"]["collapse_key"], id);
    assert_eq!(one.data["data"]["seq"], "3");

    let told = world.told_by("expo").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    assert_eq!(
        (one.device.as_str(), &one.data["data"]["conversation_id"]),
        (EXPO, &json!(id))
    );

    let all = format!("{:?}", world.harness.stack.pushes.list());
    assert!(!all.contains("canary"), "{all}");
    let items = world.harness.items().await;
    for secret in [PHONE, ANDROID, EXPO, "PRIVATE KEY", "a-token-of-a-project"] {
        assert!(!items.iter().any(|item| item.contains(secret)), "{secret}");
    }

    for gone in [PHONE, ANDROID, EXPO] {
        world.harness.stack.pushes.uninstall(gone);
    }
    visitor.say(&conversation, "Still there?").await;
    world.harness.drain().await;
    assert_eq!(world.devices(&world.owner).await.len(), 0);
    assert_eq!(world.harness.stack.pushes.list().len(), 3);
}

/// An app that gets such a push and does not ring is ended by the system.
#[tokio::test]
async fn what_lets_a_phone_ring_gets_no_message() {
    let world = World::with_all().await;
    let ringing = world.add(phone("voip", PHONE)).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    visitor.say(&conversation, "Hello?").await;
    assert_eq!(world.told_by("apns").await.len(), 0);
    let test = world.at(&format!("/devices/{ringing}/test"));
    world.owner.send(Method::POST, &test, None).await;
    let told = world.told_by("apns").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    assert_eq!(one.headers["apns-topic"], "com.example.shop.voip");
    assert_eq!(one.headers["apns-push-type"], "voip");
    assert_eq!(one.headers["apns-expiration"], "0");
    assert_eq!(one.data["aps"], Value::Null);
}

#[tokio::test]
async fn credentials_that_are_not_good_at_the_provider_show_with_the_device() {
    let world = World::with_all().await;
    let (apple, google) = (ec_key().0, rsa_key().0);
    for (provider, body) in [
        ("apns", apns(&apple)),
        ("fcm", fcm(&google)),
        ("expo", json!({})),
    ] {
        let place = world.at(&format!("/push/{provider}"));
        world.owner.put(&place, body, 200).await;
    }
    for body in [
        phone("alert", PHONE),
        json!({ "provider": "fcm", "token": ANDROID }),
        json!({ "provider": "expo", "token": EXPO }),
    ] {
        let device = world.add(body).await;
        let test = world.at(&format!("/devices/{device}/test"));
        world.owner.send(Method::POST, &test, None).await;
    }
    world.harness.drain().await;
    let shown = world.devices(&world.owner).await;
    assert_eq!(shown.len(), 3);
    for device in shown {
        assert_eq!(device["fault"], "credentials", "{device}");
    }
    assert_eq!(world.harness.stack.pushes.list().len(), 0);
}

/// Google counts tokens, and Apple refuses new ones too often.
#[tokio::test]
async fn a_token_of_a_provider_is_used_for_as_long_as_it_is_good() {
    let world = World::with_all().await;
    world
        .add(json!({ "provider": "fcm", "token": ANDROID }))
        .await;
    world.add(phone("alert", PHONE)).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    world.harness.drain().await;
    let meter = &world.harness.app_of("outbox").meter;
    meter.take();
    for n in 0..3 {
        visitor.say(&conversation, &format!("Message {n}")).await;
        world.harness.drain().await;
    }
    // One for the token, and one for each message.
    let calls = meter.take().operations();
    assert_eq!(calls.iter().filter(|call| **call == "google").count(), 4);
    // An hour later both providers want another.
    world.harness.advance(MINUTE * 70);
    let owner = world.harness.sign_in(ADA).await;
    let place = world.at("/devices");
    let again = json!({ "provider": "fcm", "token": ANDROID });
    owner.post(&place, again, 200).await;
    owner.post(&place, phone("alert", PHONE), 200).await;
    let visitor = world.visitor().await;
    let conversation = visitor.start("Hello").await;
    let thread = world.at(&format!("/conversations/{}", conversation.id));
    owner.post(&format!("{thread}/claim"), json!({}), 200).await;
    visitor.say(&conversation, "An hour later").await;
    assert_eq!(world.told_by("apns").await.len(), 4);
    assert_eq!(world.told_by("fcm").await.len(), 4);
}

#[tokio::test]
async fn what_is_another_providers_is_refused_and_changes_nothing() {
    let world = World::with_all().await;
    let before = sorted(&world).await;
    let (apple, google) = (ec_key().0, rsa_key().0);
    let place = world.at("/devices");
    for body in [
        json!({ "provider": "apns", "token": PHONE }),
        json!({ "provider": "apns", "token": "no-hex", "topic": "com.example.shop" }),
        json!({ "provider": "fcm" }),
        json!({ "provider": "fcm", "token": "a b" }),
        json!({ "provider": "fcm", "token": ANDROID, "kind": "voip" }),
        json!({ "provider": "expo", "token": ANDROID }),
        json!({ "provider": "webpush", "token": ANDROID }),
    ] {
        let answer = world
            .owner
            .send(Method::POST, &place, Some(body.clone()))
            .await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text);
    }
    let mut without_topics = apns(&apple);
    without_topics["topics"] = json!([]);
    let mut elsewhere = fcm(&google);
    elsewhere["project_id"] = "../shop".into();
    for (provider, body) in [
        ("apns", apns(&google)),
        ("apns", apns("no key")),
        ("apns", without_topics),
        ("apns", fcm(&google)),
        ("fcm", fcm(&apple)),
        ("fcm", elsewhere),
        ("fcm", json!({ "project_id": "shop-4711" })),
        ("expo", json!({ "contact": "mailto:push@shop.example" })),
    ] {
        let place = world.at(&format!("/push/{provider}"));
        let answer = world.owner.send(Method::PUT, &place, Some(body)).await;
        assert_eq!(answer.status, 422, "{provider}: {}", answer.text);
    }
    assert_eq!(sorted(&world).await, before);
}
