//! Contacts: whom a team talks with, as the team sees and corrects them.

mod entered;
mod noted;

use std::time::Duration;

use harness::{Answer, Harness, Member, ORIGIN, Visitor, WidgetApp, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};

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

    /// Asks for a session that goes on where an earlier one ended.
    async fn resume(&self, visitor: &Visitor) -> Answer {
        let page = self.harness.anonymous().with_header("origin", ORIGIN);
        let body = json!({ "app_key": self.app.key, "resume_token": visitor.resume_token });
        page.send(Method::POST, "/v1/widget/sessions", Some(body))
            .await
    }
}

#[tokio::test]
async fn contacts_are_listed_newest_first_in_pages_that_lose_none() {
    let world = World::new().await;
    let mut arrived = Vec::new();
    for _ in 0..7 {
        world.harness.advance(Duration::from_millis(1));
        arrived.push(world.harness.visitor(&world.app).await.contact_id);
    }
    arrived.reverse();
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "eve@example.com", "viewer")
        .await;
    for member in [&world.owner, &viewer] {
        let mut seen = Vec::new();
        let mut path = format!("{}?limit=3", world.contacts());
        loop {
            let page = member.get(&path, 200).await;
            let data = page["data"].as_array().expect("a list");
            seen.extend(data.iter().map(|contact| text(contact, "id")));
            let cursor = page["page"]["next_cursor"].as_str();
            assert_eq!(page["page"]["has_more"], cursor.is_some());
            let Some(cursor) = cursor else { break };
            path = format!("{}?limit=3&cursor={cursor}", world.contacts());
        }
        assert_eq!(seen, arrived);
    }
}

#[tokio::test]
async fn the_team_corrects_what_it_knows_and_null_clears() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let place = world.contact(&visitor);
    let known = json!({ "name": " Eve ", "email": "Eve@Example.com", "locale": "fr" });
    let contact = world.owner.patch(&place, known, 200).await;
    assert_eq!(
        (
            &contact["name"],
            &contact["email"],
            &contact["locale"],
            &contact["rev"]
        ),
        (
            &json!("Eve"),
            &json!("Eve@example.com"),
            &json!("fr"),
            &json!(2)
        )
    );
    assert_eq!(world.owner.get(&place, 200).await, contact);
    assert_eq!(
        world.owner.get(&world.contacts(), 200).await["data"][0],
        contact
    );
    let contact = world
        .owner
        .patch(&place, json!({ "email": null }), 200)
        .await;
    assert_eq!(
        (&contact["name"], &contact["email"]),
        (&json!("Eve"), &Value::Null)
    );
    let contact = world
        .owner
        .patch(&place, json!({ "name": null, "locale": null }), 200)
        .await;
    assert_eq!(
        (&contact["name"], &contact["locale"]),
        (&Value::Null, &Value::Null)
    );
    // What changes nothing counts nothing.
    assert_eq!(world.owner.patch(&place, json!({}), 200).await["rev"], 4);
    assert_eq!(
        world
            .owner
            .patch(&place, json!({ "name": null }), 200)
            .await["rev"],
        4
    );

    let stale = world.owner.with_header("if-match", "\"1\"");
    stale
        .refused(
            Method::PATCH,
            &place,
            Some(json!({ "name": "X" })),
            409,
            "conflict",
        )
        .await;
    let fresh = world.owner.with_header("if-match", "\"4\"");
    let answer = fresh
        .send(Method::PATCH, &place, Some(json!({ "name": "X" })))
        .await;
    assert_eq!((answer.status, answer.header("etag")), (200, "\"5\""));
    for (body, pointer) in [
        (json!({ "email": "no address" }), "#/email"),
        (json!({ "name": "a".repeat(101) }), "#/name"),
        (json!({ "locale": "d\u{e9}" }), "#/locale"),
    ] {
        let problem = world
            .owner
            .refused(Method::PATCH, &place, Some(body), 422, "validation_failed")
            .await;
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let nobody = format!("{}/ctc_01h455vb4pex5vsknk084sn02q", world.contacts());
    world
        .owner
        .refused(Method::GET, &nobody, None, 404, "not_found")
        .await;
    world
        .owner
        .refused(Method::PATCH, &nobody, Some(json!({})), 404, "not_found")
        .await;
    // A correction is no visit: it keeps nobody longer.
    assert_eq!(answer.body["last_seen_at"], contact["created_at"]);
}

#[tokio::test]
async fn changes_of_a_contact_that_meet_are_both_there_afterwards() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let place = world.contact(&visitor);
    for round in 0..5 {
        let name = format!("Eve {round}");
        let email = format!("eve{round}@example.com");
        let patch = |body: Value| world.owner.send(Method::PATCH, &place, Some(body));
        let block = format!("{place}/block");
        let (a, b, c) = tokio::join!(
            patch(json!({ "name": name })),
            patch(json!({ "email": email })),
            world.owner.send(Method::PUT, &block, None),
        );
        assert_eq!(
            [a.status, b.status, c.status],
            [200; 3],
            "{} {} {}",
            a.text,
            b.text,
            c.text
        );
        let contact = world.owner.get(&place, 200).await;
        assert_eq!(
            (&contact["name"], &contact["email"]),
            (&json!(name), &json!(email))
        );
        assert_eq!(contact["blocked"], true);
        world.owner.delete(&block, 200).await;
    }
}

#[tokio::test]
async fn a_blocked_visitor_gets_no_new_session_until_unblocked() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let conversation = visitor.start("Hello").await;
    let block = format!("{}/block", world.contact(&visitor));
    for _ in 0..2 {
        let contact = world.owner.put(&block, json!({}), 200).await;
        assert_eq!(
            (&contact["blocked"], &contact["rev"]),
            (&json!(true), &json!(2))
        );
    }
    let path = format!("/v1/widget/conversations/{}/messages", conversation.id);
    visitor
        .refused(Method::POST, &path, Some(message("Hey")), 403, "blocked")
        .await;
    let answer = world.resume(&visitor).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (403, &json!("blocked"))
    );
    // What was said before stays readable for the one who said it.
    assert_eq!(visitor.read(&conversation).await.len(), 1);
    for _ in 0..2 {
        let contact = world.owner.delete(&block, 200).await;
        assert_eq!(
            (&contact["blocked"], &contact["rev"]),
            (&json!(false), &json!(3))
        );
    }
    assert_eq!(world.resume(&visitor).await.status, 201);
}
