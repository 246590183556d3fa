//! Apps: the ways in for visitors. Where they may be used, and a secret that is shown once.

use std::time::Duration;

use harness::{Harness, Member, ORIGIN, WidgetApp, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    path: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let path = format!("{}/apps", workspace.path);
        Self {
            harness,
            owner,
            workspace,
            path,
        }
    }

    async fn invalid(&self, method: Method, path: &str, body: Value, pointer: &str, code: &str) {
        let what = body.to_string();
        let problem = self
            .owner
            .refused(method, path, Some(body), 422, "validation_failed")
            .await;
        let error = &problem["errors"][0];
        let seen = (&error["pointer"], &error["code"]);
        assert_eq!(seen, (&json!(pointer), &json!(code)), "{what}");
    }

    /// Whether a session may be started from a page of this origin.
    async fn lets_in(&self, app: &WidgetApp, origin: &str) -> bool {
        let page = self.harness.anonymous().with_header("origin", origin);
        let body = json!({ "app_key": app.key });
        let answer = page
            .send(Method::POST, "/v1/widget/sessions", Some(body))
            .await;
        let code = answer.body["code"].as_str().unwrap_or_default();
        assert!(answer.status == 201 || (answer.status, code) == (403, "origin_refused"));
        answer.status == 201
    }
}

fn web(origins: Value) -> Value {
    json!({ "name": "Site", "platform": "web", "origins": origins })
}

#[tokio::test]
async fn a_web_app_names_its_origins_and_a_mobile_app_its_bundle() {
    let world = World::new().await;
    let many: Vec<String> = (0..21).map(|n| format!("https://{n}.example")).collect();
    let ios = |more: Value| {
        let mut body = json!({ "name": "App", "platform": "ios" });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    let bundle = json!({ "bundle_id": "com.example.shop" });
    let mut both = web(json!([ORIGIN]));
    both["bundle_id"] = "com.example.shop".into();
    let mut bundled = ios(bundle.clone());
    bundled["origins"] = json!([ORIGIN]);
    let cases = [
        (web(json!([])), "#/origins", "required"),
        (
            json!({ "name": "Site", "platform": "web" }),
            "#/origins",
            "required",
        ),
        (web(json!(many)), "#/origins", "too_many"),
        (
            web(json!([ORIGIN, "http://www.example.com"])),
            "#/origins/1",
            "bad_origin",
        ),
        (
            web(json!(["https://www.example.com/"])),
            "#/origins/0",
            "bad_origin",
        ),
        (
            web(json!(["https://*.example.com"])),
            "#/origins/0",
            "bad_origin",
        ),
        (web(json!(["*"])), "#/origins/0", "bad_origin"),
        (web(json!(["null"])), "#/origins/0", "bad_origin"),
        (
            web(json!(["https://example.com@evil.example"])),
            "#/origins/0",
            "bad_origin",
        ),
        (
            web(json!(["https://ex\u{e4}mple.com"])),
            "#/origins/0",
            "bad_origin",
        ),
        (
            web(json!(["https://example.com:0"])),
            "#/origins/0",
            "bad_origin",
        ),
        (web(json!([7])), "#/origins/0", "wrong_type"),
        (both, "#/bundle_id", "forbidden"),
        (ios(json!({})), "#/bundle_id", "required"),
        (bundled, "#/origins", "forbidden"),
        (
            ios(json!({ "bundle_id": "shop" })),
            "#/bundle_id",
            "bad_bundle_id",
        ),
        (
            ios(json!({ "bundle_id": "com.example/shop" })),
            "#/bundle_id",
            "bad_bundle_id",
        ),
        (
            ios(json!({ "bundle_id": "com.example.shop", "identity": "maybe" })),
            "#/identity",
            "unknown_word",
        ),
        (
            json!({ "name": "", "platform": "ios", "bundle_id": "com.example.shop" }),
            "#/name",
            "empty",
        ),
        (
            json!({ "name": "App", "platform": "tv", "bundle_id": "com.example.shop" }),
            "#/platform",
            "unknown_word",
        ),
    ];
    for (body, pointer, code) in cases {
        world
            .invalid(Method::POST, &world.path, body, pointer, code)
            .await;
    }
    assert_eq!(world.owner.get(&world.path, 200).await["data"], json!([]));

    let made = world.owner.post(&world.path, ios(bundle), 201).await;
    assert_eq!(
        (&made["origins"], &made["bundle_id"]),
        (&json!([]), &json!("com.example.shop"))
    );
    assert_eq!(made["identity"], "off");
    let origins = json!([
        "https://WWW.example.com:443",
        "http://localhost:3000",
        "https://www.example.com"
    ]);
    let made = world.owner.post(&world.path, web(origins), 201).await;
    assert_eq!(
        made["origins"],
        json!([ORIGIN, "http://localhost:3000"]),
        "as browsers send them, once"
    );
    let many: Vec<String> = (0..20).map(|n| format!("https://{n}.example")).collect();
    assert_eq!(
        world.owner.post(&world.path, web(json!(many)), 201).await["origins"],
        json!(many)
    );
}

#[tokio::test]
async fn the_identity_secret_is_shown_to_whoever_makes_the_app_and_never_again() {
    let world = World::new().await;
    let owner = &world.owner;
    let keyed = owner.with_header("idempotency-key", "key-1");
    let answer = keyed
        .send(Method::POST, &world.path, Some(web(json!([ORIGIN]))))
        .await;
    assert_eq!((answer.status, answer.header("etag")), (201, "\"1\""));
    let secret = text(&answer.body, "identity_secret");
    assert_eq!(secret.len(), 43);
    // A reply that was lost is the one exception: the same request asks for it again.
    let again = keyed
        .send(Method::POST, &world.path, Some(web(json!([ORIGIN]))))
        .await;
    assert_eq!((again.status, again.body), (200, answer.body.clone()));
    keyed
        .refused(
            Method::POST,
            &world.path,
            Some(web(json!(["https://b.example"]))),
            422,
            "idempotency_key_reused",
        )
        .await;

    let place = format!("{}/{}", world.path, text(&answer.body, "id"));
    let changed = owner
        .send(Method::PATCH, &place, Some(json!({ "name": "Shop" })))
        .await;
    let list = owner.send(Method::GET, &world.path, None).await;
    for shown in [&changed, &list] {
        assert_eq!(shown.status, 200);
        assert!(!shown.text.contains(&secret) && !shown.text.contains("identity_secret"));
    }
    assert_eq!(list.body["data"], json!([changed.body]));
    assert_eq!(
        world.harness.items_with(&secret).await,
        0,
        "the secret lies in the open"
    );
    let second = owner.app(&world.workspace).await;
    assert_ne!(second.identity_secret, secret);
}

#[tokio::test]
async fn a_changed_app_lets_in_from_its_new_pages_at_the_next_call() {
    let world = World::new().await;
    let app = world.owner.app(&world.workspace).await;
    let place = format!("{}/{}", world.path, app.id);
    let moved = "https://shop.example:8443";
    assert!(world.lets_in(&app, ORIGIN).await);
    assert!(!world.lets_in(&app, moved).await);
    let changed = world
        .owner
        .patch(&place, json!({ "origins": [moved] }), 200)
        .await;
    assert_eq!(
        (&changed["origins"], &changed["rev"]),
        (&json!([moved]), &json!(2))
    );
    assert_eq!(changed["public_key"], app.key.as_str());
    assert!(!world.lets_in(&app, ORIGIN).await);
    assert!(world.lets_in(&app, moved).await);
}

#[tokio::test]
async fn a_change_of_an_app_leaves_what_is_absent_and_an_app_of_its_kind() {
    let world = World::new().await;
    let app = world.owner.app(&world.workspace).await;
    let place = format!("{}/{}", world.path, app.id);
    let before = world.owner.get(&world.path, 200).await;
    let cases = [
        (json!({ "origins": [] }), "#/origins", "required"),
        (json!({ "origins": null }), "#/origins", "wrong_type"),
        (
            json!({ "origins": ["https://a.example", "x"] }),
            "#/origins/1",
            "bad_origin",
        ),
        (
            json!({ "bundle_id": "com.example.shop" }),
            "#/bundle_id",
            "forbidden",
        ),
        (json!({ "name": null }), "#/name", "wrong_type"),
        (json!({ "name": "a".repeat(101) }), "#/name", "too_long"),
        (
            json!({ "identity": "sometimes" }),
            "#/identity",
            "unknown_word",
        ),
    ];
    for (body, pointer, code) in cases {
        world
            .invalid(Method::PATCH, &place, body, pointer, code)
            .await;
    }
    assert_eq!(world.owner.get(&world.path, 200).await, before);
    let changed = world
        .owner
        .patch(&place, json!({ "identity": "required" }), 200)
        .await;
    assert_eq!(
        (&changed["name"], &changed["origins"]),
        (&json!("Site"), &json!([ORIGIN]))
    );
    assert_eq!(
        (&changed["identity"], &changed["rev"]),
        (&json!("required"), &json!(2))
    );

    let stale = world.owner.with_header("if-match", "\"1\"");
    let body = Some(json!({ "name": "Shop" }));
    stale
        .refused(Method::PATCH, &place, body.clone(), 409, "conflict")
        .await;
    let fresh = world.owner.with_header("if-match", "\"2\"");
    let answer = fresh.send(Method::PATCH, &place, body).await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"3\""));
    let nobody = format!("{}/app_01h455vb4pex5vsknk084sn02q", world.path);
    world
        .owner
        .refused(Method::PATCH, &nobody, Some(json!({})), 404, "not_found")
        .await;
}

#[tokio::test]
async fn a_rotated_public_key_starts_sessions_for_another_day() {
    let world = World::new().await;
    let app = world.owner.app(&world.workspace).await;
    let place = format!("{}/{}/rotate-key", world.path, app.id);
    let page = world.harness.anonymous().with_header("origin", ORIGIN);
    let starts = async |key: &str| {
        let body = json!({ "app_key": key });
        let answer = page
            .send(Method::POST, "/v1/widget/sessions", Some(body))
            .await;
        assert!([201, 404].contains(&answer.status), "{}", answer.text);
        answer.status == 201
    };
    let rotated = world
        .owner
        .post(&place, json!({ "key": "public_key" }), 200)
        .await;
    let second = text(&rotated, "public_key");
    assert_ne!(second, app.key);
    assert!(rotated["identity_secret"].is_null());
    assert_eq!(rotated["former_key_until"], "2026-01-16T12:00:00.000Z");
    let (place_of_key, _) = second.split_at(second.len() - 16);
    let guessed = format!("{place_of_key}0000000000000000");
    world.harness.advance(DAY - Duration::from_millis(1));
    assert!(starts(&app.key).await && starts(&second).await && !starts(&guessed).await);
    world.harness.advance(Duration::from_millis(1));
    assert!(!starts(&app.key).await && starts(&second).await);
    // Twice within a day: the key before the last is over at once.
    let owner = world.owner.refresh().await;
    let public = json!({ "key": "public_key" });
    let third = text(&owner.post(&place, public.clone(), 200).await, "public_key");
    let fourth = text(&owner.post(&place, public, 200).await, "public_key");
    assert!(!starts(&second).await && starts(&third).await && starts(&fourth).await);
}

#[tokio::test]
async fn a_rotation_repeated_with_one_idempotency_key_rotates_once() {
    let world = World::new().await;
    let app = world.owner.app(&world.workspace).await;
    let place = format!("{}/{}/rotate-key", world.path, app.id);
    let body = json!({ "key": "identity_secret" });
    let keyed = world
        .owner
        .with_header("idempotency-key", "once")
        .with_header("if-match", "\"1\"");
    let first = keyed.post(&place, body.clone(), 200).await;
    assert_eq!(keyed.post(&place, body.clone(), 200).await, first);
    assert_ne!(text(&first, "identity_secret"), app.identity_secret);
    assert_eq!(first["rev"], 2);
    let stale = world.owner.with_header("if-match", "\"1\"");
    stale
        .refused(Method::POST, &place, Some(body), 409, "conflict")
        .await;
    // The secret is shown by nothing else.
    let shown = world.owner.get(&world.path, 200).await.to_string();
    assert!(!shown.contains(&text(&first, "identity_secret")));
}
