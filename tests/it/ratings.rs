//! How content visitors are: asked where the app wants it, answered once, counted where enough did.

use std::time::Duration;

use harness::{Harness, Member, Visitor, WidgetApp, Workspace};
use serde_json::{Value, json};
use shared::domain::time::DAY;

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

    async fn ask(&self) {
        let place = format!("{}/apps/{}", self.workspace.path, self.app.id);
        let body = json!({ "asks_rating": true });
        let changed = self.owner.patch(&place, body, 200).await;
        assert_eq!(changed["asks_rating"], true);
    }

    async fn closed(&self, visitor: &Visitor) -> String {
        let id = visitor.start("Hello").await.id;
        let place = format!("{}/conversations/{id}/close", self.workspace.path);
        self.owner.post(&place, json!({}), 200).await;
        id
    }

    async fn events(&self, visitor: &Visitor, id: &str) -> Vec<Value> {
        let place = format!("/v1/widget/conversations/{id}/messages");
        let list = visitor.get(&place, 200).await;
        let lines = list["data"].as_array().expect("a list").iter();
        lines
            .map(|line| line["event"].clone())
            .filter(|event| !event.is_null())
            .collect()
    }
}

fn rating(id: &str) -> String {
    format!("/v1/widget/conversations/{id}/rating")
}

#[tokio::test]
async fn a_visitor_answers_once_within_a_week_of_being_asked_where_the_app_wants_it() {
    let world = World::new().await;
    // Not asked: nothing to answer.
    let visitor = world.harness.visitor(&world.app).await;
    let quiet = world.closed(&visitor).await;
    assert_eq!(world.events(&visitor, &quiet).await, ["closed"]);
    let refused = visitor
        .put(&rating(&quiet), json!({ "rating": 5 }), 422)
        .await;
    assert_eq!(refused["errors"][0]["code"], "not_asked");

    world.ask().await;
    let visitor = world.harness.visitor(&world.app).await;
    let open = visitor.start("Hello").await.id;
    visitor
        .put(&rating(&open), json!({ "rating": 5 }), 422)
        .await;
    let id = world.closed(&visitor).await;
    assert_eq!(
        world.events(&visitor, &id).await,
        ["closed", "rating_asked"]
    );
    let own = format!("/v1/widget/conversations/{id}");
    assert!(visitor.get(&own, 200).await["rating_until"].is_string());
    for bad in [0, 6] {
        let refused = visitor
            .put(&rating(&id), json!({ "rating": bad }), 422)
            .await;
        assert_eq!(refused["errors"][0]["pointer"], "#/rating");
    }
    let stranger = world.harness.visitor(&world.app).await;
    stranger
        .put(&rating(&id), json!({ "rating": 1 }), 404)
        .await;
    let rated = visitor.put(&rating(&id), json!({ "rating": 4 }), 200).await;
    assert_eq!(
        (&rated["rating"], &rated["rating_until"]),
        (&json!(4), &Value::Null)
    );
    let again = visitor.put(&rating(&id), json!({ "rating": 4 }), 200).await;
    assert_eq!(
        again["rev"], rated["rev"],
        "the same answer again is no change"
    );
    let refused = visitor.put(&rating(&id), json!({ "rating": 1 }), 409).await;
    assert_eq!(refused["code"], "not_changeable");
    let place = format!("{}/conversations/{id}", world.workspace.path);
    assert_eq!(world.owner.get(&place, 200).await["rating"], 4);
    // Closed once more it is not asked again.
    world
        .owner
        .post(&format!("{place}/reopen"), json!({}), 200)
        .await;
    world
        .owner
        .post(&format!("{place}/close"), json!({}), 200)
        .await;
    let asked = world.events(&visitor, &id).await;
    assert_eq!(
        asked
            .iter()
            .filter(|event| *event == "rating_asked")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_week_after_being_asked_it_is_too_late() {
    let world = World::new().await;
    world.ask().await;
    let visitor = world.harness.visitor(&world.app).await;
    let id = world.closed(&visitor).await;
    world.harness.advance(DAY * 7 - Duration::from_millis(1));
    let again = json!({ "resume_token": visitor.resume_token });
    let resume = world.harness.visitor_with(&world.app, again).await;
    world.harness.advance(Duration::from_millis(1));
    let refused = resume.put(&rating(&id), json!({ "rating": 5 }), 422).await;
    assert_eq!(refused["errors"][0]["code"], "not_asked");
}

#[tokio::test]
async fn ratings_are_counted_where_five_people_gave_one_and_end_with_their_conversation() {
    let world = World::new().await;
    world.ask().await;
    let usage = format!("{}/usage", world.workspace.path);
    let day = async || {
        let usage = world.owner.get(&usage, 200).await;
        let days = usage["days"].as_array().expect("days").clone();
        let today = days.last().expect("today").clone();
        (today["ratings"].clone(), today["rating_p50"].clone())
    };
    let mut all = Vec::new();
    for n in 1..=5 {
        assert_eq!(day().await, (Value::Null, Value::Null), "{n}");
        let visitor = world.harness.visitor(&world.app).await;
        let id = world.closed(&visitor).await;
        visitor.put(&rating(&id), json!({ "rating": n }), 200).await;
        all.push(id);
    }
    assert_eq!(day().await, (json!(5), json!(3)));
    let csv = world
        .owner
        .send(reqwest::Method::GET, &format!("{usage}?format=csv"), None)
        .await;
    let columns = ",ratings,rating_p50,push_sent,call_minutes\r\n";
    assert!(csv.text.contains(columns), "{}", csv.text);
    assert!(csv.text.contains(",5,3,,\r\n"), "{}", csv.text);
    let place = format!("{}/conversations/{}", world.workspace.path, all[0]);
    world.owner.delete(&place, 204).await;
    assert_eq!(day().await, (Value::Null, Value::Null));
}
