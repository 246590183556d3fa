//! Visitors arrive, unknown or vouched for, and come back; the team sees them as contacts.

use std::time::Duration;

use harness::{Answer, Harness, Member, ORIGIN, Visitor, WidgetApp, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};

const SESSIONS: &str = "/v1/widget/sessions";
const CONVERSATIONS: &str = "/v1/widget/conversations";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        Self {
            harness,
            owner,
            workspace,
            app,
        }
    }

    fn contact(&self, visitor: &Visitor) -> String {
        format!("{}/contacts/{}", self.workspace.path, visitor.contact_id)
    }

    fn contacts(&self) -> String {
        format!("{}/contacts", self.workspace.path)
    }

    /// Asks for a session with these headers and this much of a body.
    async fn arrive(&self, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut client = harness::Client::clone(&self.harness.anonymous());
        for (name, value) in headers {
            client = client.with_header(name, value);
        }
        client.send(Method::POST, SESSIONS, Some(body)).await
    }

    /// Resumes from the page of the app.
    async fn resume(&self, token: &str) -> Answer {
        let body = json!({ "app_key": self.app.key, "resume_token": token });
        self.arrive(&[("origin", ORIGIN)], body).await
    }
}

fn is_refused(answer: &Answer, status: u16, code: &str) {
    let seen = (
        answer.status,
        answer.body["code"].as_str().unwrap_or_default(),
    );
    assert_eq!(seen, (status, code), "{}", answer.text);
}

#[tokio::test]
async fn a_web_app_lets_in_from_its_own_pages_only() {
    let world = World::new().await;
    let before = world.harness.items().await.len();
    let body = json!({ "app_key": world.app.key });
    let foreign = [
        "https://evil.example",
        "http://www.example.com",
        "https://example.com",
        "https://www.example.com.evil.example",
        "https://www.example.com:8443",
        "https://www.example.com/",
        "https://WWW.example.com",
        "null",
        "",
    ];
    for origin in foreign {
        let answer = world.arrive(&[("origin", origin)], body.clone()).await;
        is_refused(&answer, 403, "origin_refused");
    }
    for headers in [
        &[][..],
        &[("x-bundle-id", "com.example.shop")],
        &[("referer", ORIGIN)],
    ] {
        is_refused(
            &world.arrive(headers, body.clone()).await,
            403,
            "origin_refused",
        );
    }
    assert_eq!(
        world.harness.items().await.len(),
        before,
        "a refused visitor left something"
    );
    let answer = world.arrive(&[("origin", ORIGIN)], body).await;
    assert_eq!(
        (answer.status, &answer.body["visitor"]["verified"]),
        (201, &json!(false))
    );
    assert_eq!(answer.body["expires_at"], "2026-01-15T12:30:00.000Z");
}

#[tokio::test]
async fn a_mobile_app_lets_in_from_its_own_bundle_only() {
    let world = World::new().await;
    for platform in ["ios", "android"] {
        let more = json!({ "platform": platform, "bundle_id": "com.example.shop" });
        let app = world.owner.app_with(&world.workspace, more).await;
        let body = json!({ "app_key": app.key });
        let cases: [&[(&str, &str)]; 5] = [
            &[],
            &[("origin", ORIGIN)],
            &[("x-bundle-id", "com.example.other")],
            &[("x-bundle-id", "COM.EXAMPLE.SHOP")],
            &[("x-bundle-id", "")],
        ];
        for headers in cases {
            is_refused(
                &world.arrive(headers, body.clone()).await,
                403,
                "origin_refused",
            );
        }
        let answer = world
            .arrive(&[("x-bundle-id", "com.example.shop")], body)
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_key_of_no_app_is_not_found_whatever_is_wrong_about_it() {
    let world = World::new().await;
    let key = &world.app.key;
    let other = world.owner.workspace("inbox").await;
    let elsewhere = world.owner.app(&other).await.key;
    // The workspace of one app and the id of another.
    let mixed = format!("{}{}", &elsewhere[..29], &key[29..]);
    let mut unknown = key.clone();
    unknown.replace_range(54.., if key.ends_with('0') { "1" } else { "0" });
    let bad = [
        "",
        "pk_",
        &key[..54],
        &key.to_uppercase(),
        &mixed,
        &unknown,
        &world.app.id,
    ];
    for key in bad {
        let answer = world
            .arrive(&[("origin", ORIGIN)], json!({ "app_key": key }))
            .await;
        is_refused(&answer, 404, "not_found");
    }
}

#[tokio::test]
async fn a_calls_workspace_has_no_visitors() {
    let world = World::new().await;
    let calls = world.owner.workspace("calls").await;
    let app = world.owner.app(&calls).await;
    let answer = world
        .arrive(&[("origin", ORIGIN)], json!({ "app_key": app.key }))
        .await;
    is_refused(&answer, 403, "module_off");
    let contacts = format!("{}/contacts", calls.path);
    world
        .owner
        .refused(Method::GET, &contacts, None, 403, "module_off")
        .await;
}

#[tokio::test]
async fn a_resume_keeps_the_contact_and_changes_both_tokens() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let conversation = visitor.start("Hello").await;
    let answer = world.resume(&visitor.resume_token).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(
        answer.body["visitor"]["contact_id"],
        visitor.contact_id.as_str()
    );
    let (session, resume) = (
        text(&answer.body, "session_token"),
        text(&answer.body, "resume_token"),
    );
    assert!(session != visitor.session_token && resume != visitor.resume_token);
    // The session before is over: a token is one device's, and it has the next one.
    visitor
        .refused(Method::GET, CONVERSATIONS, None, 401, "token_invalid")
        .await;
    let again = world.harness.anonymous().with_token(&session);
    let list = again.get(CONVERSATIONS, 200).await;
    assert_eq!(list["data"][0]["id"], conversation.id.as_str());
    // A lost answer, or a second tab: the same question has the same answer for a minute.
    world.harness.advance(Duration::from_secs(59));
    assert_eq!(world.resume(&visitor.resume_token).await.body, answer.body);
    let tabs = tokio::join!(world.resume(&resume), world.resume(&resume));
    assert_eq!((tabs.0.status, tabs.1.status), (201, 201));
    assert_eq!(tabs.0.body, tabs.1.body);
    assert_eq!(
        world.owner.get(&world.contacts(), 200).await["data"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_used_resume_token_is_refused() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let second = world.resume(&visitor.resume_token).await.body;
    world.harness.advance(MINUTE);
    is_refused(
        &world.resume(&visitor.resume_token).await,
        401,
        "token_invalid",
    );
    // Whoever has the newest goes on; one from before it is refused at once.
    let third = world.resume(&text(&second, "resume_token")).await;
    assert_eq!(third.status, 201, "{}", third.text);
    is_refused(
        &world.resume(&visitor.resume_token).await,
        401,
        "token_invalid",
    );
    for (place, secret) in [
        (&visitor.resume_token, &second),
        (&visitor.session_token, &second),
    ] {
        let (place, _) = place.split_once('.').expect("two parts");
        let secret = text(secret, "session_token");
        let (_, secret) = secret.split_once('.').expect("two parts");
        is_refused(
            &world.resume(&format!("{place}.{secret}")).await,
            401,
            "token_invalid",
        );
    }
    for made_up in ["", "vr_", "vr_.", "x"] {
        is_refused(&world.resume(made_up).await, 401, "token_invalid");
    }
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_and_a_resume_goes_on() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let conversation = visitor.start("Hello").await;
    world
        .harness
        .advance(30 * MINUTE - Duration::from_millis(1));
    visitor.say(&conversation, "Still there?").await;
    world.harness.advance(Duration::from_millis(1));
    visitor
        .refused(Method::GET, CONVERSATIONS, None, 401, "token_expired")
        .await;
    let path = format!("{CONVERSATIONS}/{}/messages", conversation.id);
    visitor
        .refused(
            Method::POST,
            &path,
            Some(message("Hey")),
            401,
            "token_expired",
        )
        .await;

    let answer = world.resume(&visitor.resume_token).await;
    let resumed = world
        .harness
        .anonymous()
        .with_token(&text(&answer.body, "session_token"));
    resumed.post(&path, message("Back again"), 201).await;
    // The resume token itself is good for thirty days after its last use.
    world.harness.advance(30 * DAY - Duration::from_millis(1));
    let answer = world.resume(&text(&answer.body, "resume_token")).await;
    assert_eq!(
        answer.body["visitor"]["contact_id"],
        visitor.contact_id.as_str(),
        "{}",
        answer.text
    );
    world.harness.advance(30 * DAY);
    let answer = world.resume(&text(&answer.body, "resume_token")).await;
    is_refused(&answer, 401, "token_invalid");
}

#[tokio::test]
async fn visitors_without_an_identity_are_strangers_to_each_other_whatever_the_team_knows() {
    let world = World::new().await;
    let (first, second) = (
        world.harness.visitor(&world.app).await,
        world.harness.visitor(&world.app).await,
    );
    assert_ne!(first.contact_id, second.contact_id);
    let conversation = first.start("Hello").await;
    let known = json!({ "name": "Eve", "email": "eve@example.com" });
    for visitor in [&first, &second] {
        let contact = world
            .owner
            .patch(&world.contact(visitor), known.clone(), 200)
            .await;
        assert_eq!(
            (&contact["email"], &contact["verified"]),
            (&json!("eve@example.com"), &json!(false))
        );
    }
    // The same address twice: two contacts, and what one wrote is not the other's.
    assert_eq!(second.get(CONVERSATIONS, 200).await["data"], json!([]));
    let path = format!("{CONVERSATIONS}/{}", conversation.id);
    second
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    let list = world.owner.get(&world.contacts(), 200).await;
    assert_eq!(list["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn of_addresses_only_the_path_and_the_host_are_kept() {
    let world = World::new().await;
    let context = json!({
        "page_url": "https://www.example.com/pricing?token=canary-query&e=a@b.example#canary-fragment",
        "referrer": "https://canary-user:canary-password@Search.example:8443/canary-path?q=canary-search#x",
        "locale": "de-AT", "timezone": "Europe/Vienna",
    });
    let visitor = world
        .harness
        .visitor_with(&world.app, json!({ "context": context }))
        .await;
    let answer = world
        .owner
        .send(Method::GET, &world.contact(&visitor), None)
        .await;
    assert_eq!(
        answer.body["context"],
        json!({
            "page_path": "/pricing", "referrer_host": "search.example", "timezone": "Europe/Vienna",
        })
    );
    assert_eq!(answer.body["locale"], "de-AT");
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    assert_eq!(world.harness.items_with("canary").await, 0);
    // Nowhere also means: not sealed. The row is as long as one without them.
    let plain = json!({
        "page_url": "https://www.example.com/pricing", "referrer": "https://search.example/",
        "locale": "de-AT", "timezone": "Europe/Vienna",
    });
    let other = world
        .harness
        .visitor_with(&world.app, json!({ "context": plain }))
        .await;
    let row = async |visitor: &Visitor| {
        let items = world.harness.items().await;
        let of = |item: &&String| {
            item.contains(r#""kind":{"S":"VisitorContext"}"#) && item.contains(&visitor.contact_id)
        };
        items.iter().find(of).map(String::len).expect("a row")
    };
    assert_eq!(row(&visitor).await, row(&other).await);

    // The next page takes the place of the last one.
    let body = json!({
        "app_key": world.app.key, "resume_token": visitor.resume_token,
        "context": { "page_url": "/cart?x=canary", "referrer": "" },
    });
    assert_eq!(world.arrive(&[("origin", ORIGIN)], body).await.status, 201);
    let contact = world.owner.get(&world.contact(&visitor), 200).await;
    assert_eq!(
        contact["context"],
        json!({ "page_path": "/cart", "referrer_host": null, "timezone": null })
    );
    assert_eq!(contact["locale"], "de-AT", "a language is kept");
}

#[tokio::test]
async fn a_visitor_who_tells_nothing_has_no_context_and_no_address_of_the_network_is_kept() {
    let world = World::new().await;
    let headers = [
        ("origin", ORIGIN),
        ("x-forwarded-for", "203.0.113.77"),
        ("forwarded", "for=203.0.113.77"),
        ("cloudfront-viewer-address", "203.0.113.77:443"),
        ("user-agent", "canary-agent"),
        ("accept-language", "de-canary"),
    ];
    let answer = world
        .arrive(&headers, json!({ "app_key": world.app.key }))
        .await;
    let id = text(&answer.body["visitor"], "contact_id");
    let contact = world
        .owner
        .get(&format!("{}/{id}", world.contacts()), 200)
        .await;
    for field in ["context", "locale", "name", "email", "external_id"] {
        assert_eq!(contact[field], Value::Null, "{field}");
    }
    for canary in ["203.0.113", "127.0.0.1", "canary"] {
        assert_eq!(world.harness.items_with(canary).await, 0, "{canary}");
    }
}
