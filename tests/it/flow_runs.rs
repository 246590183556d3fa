//! Flows that lead conversations: what a visitor and the team see of it, and what it costs.

mod asked;
mod calls;
mod deeds;
mod faults;
mod led;
mod outside;
mod races;
mod recorded;
mod rules;

use std::time::Duration;

use harness::{message, random_uuid, text};
use serde_json::{Value, json};

use crate::flows::{World, document, edge};

const WHILE: Duration = Duration::from_secs(20 * 60);

/// Asks for a name and an address, waits, then hands over.
fn intake() -> Value {
    let ask = |md: &str, kind: &str, save: &str| json!({ "md": md, "input": { "kind": kind }, "save": save });
    let mut document = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "name", "type": "ask", "data": ask("Your name?", "text", "v_name") },
            { "id": "mail", "type": "ask", "data": {
                "md": "Hi {{ name }}, your address?", "input": { "kind": "email" }, "save": "v_mail",
                "retry": { "max": 2, "md": "That is none." }, "timeout_s": 1200,
            } },
            { "id": "people", "type": "handoff", "data": { "note": "{{ name }}: {{ mail }}", "wait_s": 1200 } },
            { "id": "late", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Nobody is there." }] } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "name"),
            edge("name", "next", "mail"),
            edge("mail", "next", "people"),
            edge("mail", "failed", "people"),
            edge("mail", "timeout", "late"),
            edge("people", "timeout", "late"),
            edge("people", "resolved", "e"),
            edge("late", "next", "e"),
        ]),
    );
    let mail = json!({ "id": "v_mail", "name": "mail", "type": "email", "pii": true });
    document["variables"]
        .as_array_mut()
        .expect("variables")
        .push(mail);
    document
}

impl World {
    /// Publishes a flow and takes it into use; its id.
    async fn live(&self, document: &Value) -> String {
        let flow = self.make(document).await;
        let version = self.publish(&flow).await;
        self.switch(&flow, Some(version)).await;
        flow.rsplit('/').next().expect("an id").to_owned()
    }

    /// Begins a conversation with a flow; its path for the visitor.
    async fn begin(&self, flow: &str) -> String {
        let place = format!("/v1/widget/flows/{flow}/conversations");
        let body = json!({ "client_id": random_uuid() });
        let begun = self.visitor.post(&place, body, 201).await;
        format!(
            "/v1/widget/conversations/{}",
            text(&begun, "conversation_id")
        )
    }

    async fn say(&self, thread: &str, words: &str) {
        self.visitor
            .post(&format!("{thread}/messages"), message(words), 201)
            .await;
    }

    /// What was said, by whom.
    async fn said(&self, thread: &str) -> Vec<(String, String)> {
        let list = self
            .visitor
            .get(&format!("{thread}/messages?limit=100"), 200)
            .await;
        let all = list["data"].as_array().expect("a list").iter();
        let told = all.filter_map(|one| {
            let words = one["text"].as_str()?.to_owned();
            Some((text(&one["author"], "type"), words))
        });
        told.collect()
    }

    /// The conversation as the team sees it.
    async fn seen(&self, thread: &str) -> Value {
        let id = thread.rsplit('/').next().expect("an id");
        let place = format!("{}/conversations/{id}", self.workspace.path);
        self.owner.get(&place, 200).await
    }
}

fn bot(words: &str) -> (String, String) {
    ("bot".to_owned(), words.to_owned())
}

fn visitor(words: &str) -> (String, String) {
    ("visitor".to_owned(), words.to_owned())
}

#[tokio::test]
async fn a_flow_asks_asks_again_and_hands_over_in_one_thread_without_gaps() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.begin(&flow).await;
    assert_eq!(world.said(&thread).await, [bot("Your name?")]);
    assert_eq!(world.seen(&thread).await["status"], "bot");
    let run = world.visitor.get(&format!("{thread}/flow"), 200).await;
    assert_eq!(
        (&run["leads"], &run["awaits"]["for"]),
        (&json!(true), &json!("answer"))
    );
    world.say(&thread, "Canary").await;
    world.say(&thread, "no address").await;
    world.say(&thread, "canary@example.com").await;
    let told = [
        bot("Your name?"),
        visitor("Canary"),
        bot("Hi Canary, your address?"),
        visitor("no address"),
        bot("That is none."),
        visitor("canary@example.com"),
    ];
    assert_eq!(world.said(&thread).await, told);
    let seen = world.seen(&thread).await;
    assert_eq!(
        (&seen["status"], &seen["assignee"]),
        (&json!("open"), &Value::Null),
        "{seen}"
    );
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!(
        "{}/conversations/{id}/messages?limit=100",
        world.workspace.path
    );
    let list = world.owner.get(&place, 200).await;
    let all = list["data"].as_array().expect("a list");
    let numbers: Vec<u64> = all.iter().filter_map(|one| one["seq"].as_u64()).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    let note = all.last().expect("a note");
    assert_eq!(
        (&note["kind"], &note["text"]),
        (&json!("note"), &json!("Canary: canary@example.com"))
    );
    // With people, the flow says nothing more.
    world.say(&thread, "Anybody?").await;
    assert_eq!(world.said(&thread).await.len(), told.len() + 1);
    // What was collected lies nowhere in the open.
    assert_eq!(world.harness.items_with("canary@example.com").await, 0);
}

#[tokio::test]
async fn a_turn_costs_one_batch_read_and_one_transaction() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "Ada").await;
    let app = world.harness.app_of("messages");
    app.meter.take();
    world.say(&thread, "no address").await;
    let reading = app.meter.take();
    assert_eq!(reading.operations(), ["BatchGetItem", "TransactWriteItems"]);
}

#[tokio::test]
async fn what_is_repeated_is_answered_once_and_begins_once() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let place = format!("/v1/widget/flows/{flow}/conversations");
    let body = json!({ "client_id": random_uuid() });
    let begun = world.visitor.post(&place, body.clone(), 201).await;
    assert_eq!(world.visitor.post(&place, body, 200).await, begun);
    let thread = format!(
        "/v1/widget/conversations/{}",
        text(&begun, "conversation_id")
    );
    let said = message("Ada");
    let messages = format!("{thread}/messages");
    world.visitor.post(&messages, said.clone(), 201).await;
    world.visitor.post(&messages, said, 200).await;
    let told = [
        bot("Your name?"),
        visitor("Ada"),
        bot("Hi Ada, your address?"),
    ];
    assert_eq!(world.said(&thread).await, told);
}

#[tokio::test]
async fn a_deadline_passes_by_the_schedule_and_only_once() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "Ada").await;
    world.harness.advance(WHILE - Duration::from_millis(1));
    world.harness.run_schedule("minute").await;
    assert_eq!(world.said(&thread).await.len(), 3);
    world.harness.advance(Duration::from_millis(1));
    world.harness.run_schedule("minute").await;
    world.harness.run_schedule("minute").await;
    let said = world.said(&thread).await;
    assert_eq!(said[3..], [bot("Nobody is there.")]);
    // The member's token is over by now; the visitor sees the same.
    let seen = world.visitor.get(&thread, 200).await;
    assert_eq!(seen["status"], "closed", "{seen}");
}

#[tokio::test]
async fn what_is_said_after_a_deadline_and_before_the_schedule_waits_for_people() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "Ada").await;
    world.harness.advance(WHILE);
    let place = format!("{thread}/messages");
    world.visitor.post(&place, message("Wait!"), 201).await;
    let seen = world.visitor.get(&thread, 200).await;
    assert_eq!(seen["status"], "open", "{seen}");
    let said = world.said(&thread).await;
    assert!(said.contains(&visitor("Wait!")), "{said:?}");
    world.harness.run_schedule("minute").await;
    assert_eq!(world.visitor.get(&thread, 200).await["status"], "open");
}

#[tokio::test]
async fn whoever_of_the_team_answers_has_the_conversation_and_the_flow_is_silent() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.begin(&flow).await;
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!("{}/conversations/{id}/messages", world.workspace.path);
    world.agent.post(&place, message("I am here"), 201).await;
    assert_eq!(world.seen(&thread).await["status"], "open");
    world.say(&thread, "Ada").await;
    world.harness.advance(WHILE);
    world.harness.run_schedule("minute").await;
    let member = ("member".to_owned(), "I am here".to_owned());
    assert_eq!(
        world.said(&thread).await,
        [bot("Your name?"), member, visitor("Ada")]
    );
}

#[tokio::test]
async fn nobody_comes_and_the_flow_goes_on_but_not_when_somebody_does() {
    for taken in [false, true] {
        let world = World::new().await;
        let flow = world.live(&intake()).await;
        let thread = world.begin(&flow).await;
        world.say(&thread, "Ada").await;
        world.say(&thread, "ada@example.com").await;
        if taken {
            let id = thread.rsplit('/').next().expect("an id");
            let place = format!("{}/conversations/{id}/claim", world.workspace.path);
            world.agent.post(&place, Value::Null, 200).await;
        }
        world.harness.advance(WHILE);
        world.harness.run_schedule("minute").await;
        let said = world.said(&thread).await;
        let went_on = said.last() == Some(&bot("Nobody is there."));
        assert_eq!(went_on, !taken, "{said:?}");
    }
}

#[tokio::test]
async fn a_conversation_stays_with_its_version_and_goes_to_people_when_the_flow_is_deleted() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.begin(&flow).await;
    let mut other = intake();
    other["nodes"][2]["data"]["md"] = "Another question?".into();
    let place = format!("{}/{flow}", world.flows());
    world.save(&place, &other).await;
    let second = world.publish(&place).await;
    world.switch(&place, Some(second)).await;
    world.say(&thread, "Ada").await;
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("Hi Ada, your address?")));
    world.owner.delete(&place, 204).await;
    world.harness.drain().await;
    // What was read is remembered for five minutes at most.
    world.harness.advance(Duration::from_secs(6 * 60));
    world.say(&thread, "ada@example.com").await;
    assert_eq!(world.seen(&thread).await["status"], "open");
    world
        .visitor
        .refused(
            reqwest::Method::POST,
            &format!("/v1/widget/flows/{flow}/conversations"),
            Some(json!({ "client_id": random_uuid() })),
            404,
            "not_found",
        )
        .await;
}

/// FLOW-06, FLOW-07
#[tokio::test]
async fn the_way_through_a_flow_and_what_it_asked_for_lie_with_the_conversation_and_go_with_it() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "Canary").await;
    world.say(&thread, "canary@example.com").await;
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!("{}/conversations/{id}/flow", world.workspace.path);
    let run = world.owner.get(&place, 200).await;
    assert_eq!(
        (&run["flow_id"], &run["leads"], &run["node"]),
        (&json!(flow), &json!(false), &json!("people"))
    );
    assert_eq!(
        run["variables"],
        json!({ "v_name": "Canary", "v_mail": "canary@example.com" })
    );
    let way: Vec<&str> = run["way"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|visit| visit["node"].as_str())
        .collect();
    assert_eq!(way, ["s", "name", "name", "mail", "mail", "people"]);
    world.harness.run_schedule("minute").await;
    let conversation = format!("{}/conversations/{id}", world.workspace.path);
    world.owner.delete(&conversation, 204).await;
    world.harness.drain().await;
    world.harness.run_schedule("minute").await;
    world.owner.get(&place, 404).await;
    let partition = format!("CONVERSATION#{}#{id}", world.workspace.id);
    let left = world.harness.items_under(&partition).await;
    assert_eq!(left.len(), 1, "a tombstone: {left:?}");
    // The counts stay, and name nobody.
    let figures = format!("{}/{flow}/versions/1/figures", world.flows());
    let figures = world.owner.get(&figures, 200).await;
    assert_eq!(figures["started"], 1, "{figures}");
    assert_eq!(world.harness.items_with("canary@example.com").await, 0);
}

/// FLOW-08
#[tokio::test]
async fn figures_count_visits_retries_and_ends_once_and_hold_nobody() {
    let world = World::new().await;
    let flow = world.live(&intake()).await;
    for words in ["no address", "ada@example.com"] {
        let thread = world.begin(&flow).await;
        world.say(&thread, "Ada").await;
        world.say(&thread, words).await;
    }
    world.begin(&flow).await;
    for _ in 0..2 {
        world.harness.run_schedule("minute").await;
    }
    let place = format!("{}/{flow}/versions/1/figures", world.flows());
    let figures = world.owner.get(&place, 200).await;
    assert_eq!(
        (
            &figures["started"],
            &figures["handed_over"],
            &figures["ended"]
        ),
        (&json!(3), &json!(1), &json!(0)),
        "{figures}"
    );
    let nodes = figures["nodes"].as_array().expect("a list");
    let of = |name: &str| {
        nodes
            .iter()
            .find(|node| node["node"] == name)
            .expect("a node")
    };
    assert_eq!(
        (&of("name")["visits"], &of("name")["stayed"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(
        (&of("mail")["visits"], &of("mail")["retries"]),
        (&json!(2), &json!(1))
    );
    let list = world.owner.get(&world.flows(), 200).await;
    let listed = list["data"].as_array().expect("a list");
    assert_eq!(listed.len(), 1);
    assert!(listed[0]["created_at"].is_string(), "{list}");
    // Another version has figures of its own.
    let other = format!("{}/{flow}/versions/2/figures", world.flows());
    world.owner.get(&other, 404).await;
}

#[tokio::test]
async fn a_visitor_is_spoken_to_in_their_language_and_nothing_else_of_it_is_kept() {
    let world = World::new().await;
    let mut flow = intake();
    flow["translations"] = json!({ "de": {
        "name": { "/md": "Ihr Name?" }, "mail": { "/md": "Hallo {{ name }}, Ihre Adresse?" },
    } });
    let id = world.live(&flow).await;
    let place = format!("/v1/widget/flows/{id}/conversations");
    for (locale, asked, then) in [
        ("de-AT", "Ihr Name?", "Hallo Ada, Ihre Adresse?"),
        ("fr", "Your name?", "Hi Ada, your address?"),
    ] {
        let body = json!({ "client_id": random_uuid(), "locale": locale });
        let begun = world.visitor.post(&place, body, 201).await;
        let thread = text(&begun, "conversation_id");
        let thread = format!("/v1/widget/conversations/{thread}");
        world.say(&thread, "Ada").await;
        assert_eq!(
            world.said(&thread).await,
            [bot(asked), visitor("Ada"), bot(then)]
        );
    }
    let body = json!({ "client_id": random_uuid(), "locale": "not a tag" });
    let post = reqwest::Method::POST;
    let refused = world
        .visitor
        .refused(post, &place, Some(body), 422, "validation_failed");
    assert_eq!(refused.await["errors"][0]["pointer"], "#/locale");
}
