//! Who has a conversation at the moment at which it changes hands: one write decides, and the other one is told.

use harness::{message, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{WHILE, intake};
use crate::flows::World;

impl World {
    /// A program of the team's, whose key outlives every clock of these tests.
    async fn shop(&self) -> harness::Client {
        let keys = format!("{}/api-keys", self.workspace.path);
        let body = json!({ "name": "Shop", "scopes": ["conversations.write"] });
        let made = self.owner.post(&keys, body, 201).await;
        self.harness.anonymous().with_token(&text(&made, "key"))
    }

    /// A conversation that a flow has handed over.
    async fn handed_over(&self, flow: &str) -> String {
        let thread = self.begin(flow).await;
        self.say(&thread, "Ada").await;
        self.say(&thread, "ada@example.com").await;
        thread
    }

    /// Every number of a thread, in order.
    async fn numbers(&self, thread: &str) -> Vec<u64> {
        let place = format!("{thread}/messages?limit=100");
        let list = self.visitor.get(&place, 200).await;
        let all = list["data"].as_array().expect("a list").iter();
        all.filter_map(|one| one["seq"].as_u64()).collect()
    }
}

#[tokio::test]
async fn what_a_visitor_says_while_somebody_takes_over_is_there_once_and_the_flow_is_silent_after_that()
 {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    for _ in 0..4 {
        let thread = world.begin(&flow).await;
        let id = thread.rsplit('/').next().expect("an id");
        let claim = format!("{}/conversations/{id}/claim", world.workspace.path);
        let place = format!("{thread}/messages");
        let (said, taken) = tokio::join!(
            world
                .visitor
                .send(Method::POST, &place, Some(message("Ada"))),
            world.agent.send(Method::POST, &claim, None),
        );
        assert_eq!(
            (said.status, taken.status),
            (201, 200),
            "{} {}",
            said.text,
            taken.text
        );
        world.say(&thread, "Still there").await;
        let said = world.said(&thread).await;
        let ada = said.iter().filter(|(_, words)| words == "Ada").count();
        assert_eq!(ada, 1, "{said:?}");
        // The flow asked its second question before it was taken, or never.
        let asked = said.iter().filter(|(who, _)| who == "bot").count();
        assert!((1..=2).contains(&asked), "{said:?}");
        assert_eq!(said.last().expect("a message").1, "Still there", "{said:?}");
        let numbers = world.numbers(&thread).await;
        assert!(
            numbers.windows(2).all(|pair| pair[0] < pair[1]),
            "{numbers:?}"
        );
    }
}

#[tokio::test]
async fn a_conversation_that_is_given_back_while_its_time_passes_goes_on_in_one_way() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let shop = world.shop().await;
    let thread = world.handed_over(&flow).await;
    let id = thread.rsplit('/').next().expect("an id");
    let lead = format!("{}/conversations/{id}/flows/{flow}", world.workspace.path);
    world.harness.advance(WHILE);
    let back = Some(json!({ "client_id": random_uuid(), "do": "resume" }));
    let (given, _) = tokio::join!(
        shop.send(Method::POST, &lead, back),
        world.harness.run_schedule("minute"),
    );
    let said = world.said(&thread).await;
    let late = said
        .iter()
        .filter(|(_, words)| words == "Nobody is there.")
        .count();
    assert!(given.status == 200 || given.status == 409, "{}", given.text);
    // A deadline that has passed is settled first, whoever comes; nothing is said twice, and it is over.
    assert!(late <= 1, "{said:?}");
    assert_eq!(world.visitor.get(&thread, 200).await["status"], "closed");
    let again = Some(json!({ "client_id": random_uuid(), "do": "resume" }));
    shop.refused(Method::POST, &lead, again, 409, "not_changeable")
        .await;
    assert_eq!(world.said(&thread).await, said);
}

#[tokio::test]
async fn two_of_the_team_who_take_at_once_are_one_who_has_it_and_one_who_is_told() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.handed_over(&flow).await;
    let id = thread.rsplit('/').next().expect("an id");
    let claim = format!("{}/conversations/{id}/claim", world.workspace.path);
    let (a, b) = tokio::join!(
        world.owner.send(Method::POST, &claim, None),
        world.agent.send(Method::POST, &claim, None),
    );
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", a.text, b.text);
    world.harness.advance(WHILE);
    world.harness.run_schedule("minute").await;
    let said = world.said(&thread).await;
    assert!(
        said.iter().all(|(_, words)| words != "Nobody is there."),
        "{said:?}"
    );
}

#[tokio::test]
async fn hostile_documents_are_refused_or_drafts_that_say_so_and_nothing_is_stored_of_them() {
    let world = World::new().await;
    let before = world.owner.get(&world.flows(), 200).await;
    let huge = json!({ "name": "Huge", "document": { "x": "y".repeat(4 * 1024 * 1024) } });
    let answer = world
        .owner
        .send(Method::POST, &world.flows(), Some(huge))
        .await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    let large = json!({ "name": "Large", "document": { "x": "y".repeat(600 * 1024) } });
    let answer = world
        .owner
        .send(Method::POST, &world.flows(), Some(large))
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let mut deep = Value::Null;
    for _ in 0..100 {
        deep = json!({ "not": deep });
    }
    let deep = json!({ "name": "Deep", "document": { "schema": "flow/1", "name": "Deep", "nodes": [
        { "id": "s", "type": "start", "data": {} },
        { "id": "c", "type": "condition", "data": { "cases": [{ "id": "a", "when": deep }] } },
    ], "edges": [] } });
    assert_eq!(world.owner.get(&world.flows(), 200).await, before);
    let made = world.owner.post(&world.flows(), deep, 201).await;
    let flow = format!("{}/{}", world.flows(), text(&made, "id"));
    let found = world
        .owner
        .post(&format!("{flow}/validate"), Value::Null, 200)
        .await;
    assert_eq!(found["publishable"], false);
}
