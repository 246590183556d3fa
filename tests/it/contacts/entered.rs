//! Contacts that the team, or its server, enters by the customer's own identifier.

use harness::text;
use jsonwebtoken::{EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use super::World;

/// A session of somebody whom the app signs for as `sub`.
async fn signed(world: &World, sub: &str) -> harness::Visitor {
    let claims = json!({
        "sub": sub, "aud": world.workspace.id, "exp": world.harness.now().seconds() + 600,
    });
    let key = EncodingKey::from_secret(world.app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::default(), &claims, &key).expect("signed");
    let more = json!({ "identity_token": token });
    world.harness.visitor_with(&world.app, more).await
}

#[tokio::test]
async fn whoever_is_entered_twice_is_one_contact_and_what_was_not_said_stays() {
    let world = World::new().await;
    let place = world.contacts();
    let ada = json!({ "external_id": "user-1", "name": "Ada", "email": "ada@example.org" });
    let meter = &world.harness.app_of("visitors").meter;
    world.owner.get(&place, 200).await;
    meter.take();
    let made = world.owner.post(&place, ada.clone(), 201).await;
    // Entry, who has the identifier, and the transaction.
    assert_eq!(meter.take().sequential_round_trips(), 3);
    let same = world.owner.post(&place, ada, 200).await;
    assert_eq!(same, made);
    // Entry, who has it, the person; nothing is written.
    let reading = meter.take();
    assert_eq!(reading.sequential_round_trips(), 3);
    assert!((reading.write_units()).abs() < f64::EPSILON);

    let name = json!({ "external_id": "user-1", "name": "Ada Lovelace" });
    let changed = world.owner.post(&place, name, 200).await;
    assert_eq!(changed["id"], made["id"]);
    assert_eq!(
        (&changed["name"], &changed["email"], &changed["external_id"]),
        (
            &json!("Ada Lovelace"),
            &json!("ada@example.org"),
            &json!("user-1")
        )
    );
    let none = json!({ "external_id": "user-1", "email": null });
    assert_eq!(
        world.owner.post(&place, none, 200).await["email"],
        Value::Null
    );
    let list = world.owner.get(&place, 200).await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(1), "{list}");
    let at_once = json!({ "external_id": "user-2" });
    let (one, two) = tokio::join!(
        world
            .owner
            .send(Method::POST, &place, Some(at_once.clone())),
        world
            .owner
            .send(Method::POST, &place, Some(at_once.clone())),
    );
    let mut both = [one.status, two.status];
    both.sort_unstable();
    assert_eq!(both, [200, 201]);
    assert_eq!(one.body["id"], two.body["id"]);

    for (body, pointer) in [
        (json!({}), "#/external_id"),
        (json!({ "external_id": "" }), "#/external_id"),
        (
            json!({ "external_id": "user-3", "email": "nobody" }),
            "#/email",
        ),
    ] {
        let refused = world.owner.post(&place, body, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
}

#[tokio::test]
async fn what_the_team_typed_is_not_verified_until_the_app_signs_and_an_address_joins_nobody() {
    let world = World::new().await;
    let place = world.contacts();
    let entered = json!({ "external_id": "user-1", "name": "Ada", "email": "same@example.org" });
    let made = world.owner.post(&place, entered, 201).await;
    assert_eq!(
        (&made["verified"], &made["email_proof"]),
        (&json!(false), &Value::Null)
    );
    let other = json!({ "external_id": "user-2", "email": "same@example.org" });
    let other = world.owner.post(&place, other, 201).await;
    assert_ne!(other["id"], made["id"]);
    assert_eq!(other["same_person"], json!([]));
    // To the customer they are two.
    let merge = format!("{place}/{}/merge", text(&other, "id"));
    let into = json!({ "into": made["id"] });
    world
        .owner
        .refused(Method::POST, &merge, Some(into), 409, "not_changeable")
        .await;

    let session = signed(&world, "user-1").await;
    assert_eq!(json!(session.contact_id), made["id"]);
    let known = world.owner.get(&world.contact(&session), 200).await;
    assert_eq!(
        (&known["verified"], &known["name"], &known["email_proof"]),
        (&json!(true), &json!("Ada"), &Value::Null)
    );
    // An address that the team types takes the place of one that was proved, without its proof.
    let typed = json!({ "external_id": "user-1", "email": "other@example.org" });
    let typed = world.owner.post(&place, typed, 200).await;
    assert_eq!(
        (&typed["verified"], &typed["email_proof"]),
        (&json!(true), &Value::Null)
    );
    // Whoever is erased and entered again is somebody new.
    world.owner.delete(&world.contact(&session), 202).await;
    let again = json!({ "external_id": "user-1" });
    let again = world.owner.post(&place, again, 201).await;
    assert_ne!(again["id"], made["id"]);
    assert_eq!(again["name"], Value::Null);
}

#[tokio::test]
async fn a_program_enters_contacts_with_its_scope_and_sees_of_them_what_it_may() {
    let world = World::new().await;
    let place = world.contacts();
    let keys = format!("{}/api-keys", world.workspace.path);
    let key = async |scopes: &[&str]| {
        let body = json!({ "name": "Shop", "scopes": scopes });
        let made = world.owner.post(&keys, body, 201).await;
        world.harness.anonymous().with_token(&text(&made, "key"))
    };
    let ada = json!({ "external_id": "user-1", "name": "Ada" });
    let reader = key(&["contacts.read", "personal_data.read"]).await;
    reader
        .refused(Method::POST, &place, Some(ada.clone()), 403, "forbidden")
        .await;
    let writer = key(&["contacts.manage"]).await;
    let made = writer.post(&place, ada.clone(), 201).await;
    assert_eq!(
        (&made["masked"], &made["name"], &made["external_id"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let both = key(&["contacts.manage", "personal_data.read"]).await;
    let seen = both.post(&place, ada.clone(), 200).await;
    assert_eq!((&seen["id"], &seen["name"]), (&made["id"], &json!("Ada")));
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "eve@example.com", "viewer")
        .await;
    viewer
        .refused(Method::POST, &place, Some(ada), 403, "forbidden")
        .await;
}
