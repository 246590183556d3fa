//! Flows that lead conversations: what a visitor and the team see of it, and what it costs.

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

/// A flow that asks whether somebody wants to choose, and puts what comes of it to a team.
fn chooser(team: Option<&str>) -> Value {
    document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "what", "type": "choice", "data": { "md": "What is it?", "save": "v_name", "options": [
                { "id": "o1", "label": "A bug", "value": "bug" },
                { "id": "o2", "label": "A question", "value": "question" },
            ] } },
            { "id": "tag", "type": "action", "data": { "do": "add_tag", "tag": "{{ name }}" } },
            { "id": "people", "type": "handoff", "data": { "note": "{{ name }}", "team": team } },
            { "id": "after", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Was it good?" }] } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "what"),
            edge("what", "next", "tag"),
            edge("what", "opt:o1", "tag"),
            edge("what", "opt:o2", "tag"),
            edge("tag", "next", "people"),
            edge("people", "resolved", "after"),
            edge("after", "next", "e"),
        ]),
    )
}

impl World {
    async fn choose(&self, thread: &str, option: &str, words: &str) {
        let mut body = message(words);
        body["choice"] = json!([option]);
        let place = format!("{thread}/messages");
        self.visitor.post(&place, body, 201).await;
    }

    /// Where the team lets flows lead a conversation.
    fn lead(&self, thread: &str, flow: &str) -> String {
        let id = thread.rsplit('/').next().expect("an id");
        format!("{}/conversations/{id}/flows/{flow}", self.workspace.path)
    }

    /// A conversation that no flow leads.
    async fn thread(&self) -> String {
        let begun = self.visitor.start("Hello").await;
        format!("/v1/widget/conversations/{}", begun.id)
    }
}

#[tokio::test]
async fn what_is_chosen_by_its_id_is_taken_whatever_is_written_and_goes_to_the_team_with_a_label() {
    let world = World::new().await;
    let teams = format!("{}/teams", world.workspace.path);
    let team = world
        .owner
        .post(&teams, json!({ "name": "Bugs" }), 201)
        .await;
    let flow = world.live(&chooser(team["id"].as_str())).await;
    let thread = world.begin(&flow).await;
    world.choose(&thread, "o1", "That thing").await;
    let seen = world.seen(&thread).await;
    assert_eq!(
        (&seen["status"], &seen["team_id"], &seen["labels"]),
        (&json!("open"), &team["id"], &json!(["bug"])),
        "{seen}"
    );
}

#[tokio::test]
async fn a_team_that_is_not_there_keeps_a_flow_from_being_published_and_one_that_is_gone_leaves_it_to_all()
 {
    let world = World::new().await;
    let teams = format!("{}/teams", world.workspace.path);
    let team = world
        .owner
        .post(&teams, json!({ "name": "Bugs" }), 201)
        .await;
    let flow = world.live(&chooser(team["id"].as_str())).await;
    let place = format!("{teams}/{}", text(&team, "id"));
    let shown = world.owner.send(reqwest::Method::GET, &place, None).await;
    let owner = world.owner.with_header("if-match", shown.header("etag"));
    owner.delete(&place, 204).await;
    let thread = world.begin(&flow).await;
    world.choose(&thread, "o2", "?").await;
    world.harness.drain().await;
    let seen = world.seen(&thread).await;
    assert_eq!(
        (&seen["status"], &seen["team_id"]),
        (&json!("open"), &Value::Null),
        "{seen}"
    );
    let draft = world.make(&chooser(team["id"].as_str())).await;
    let versions = format!("{draft}/versions");
    let refused = world
        .owner
        .refused(
            reqwest::Method::POST,
            &versions,
            None,
            422,
            "flow_has_errors",
        )
        .await;
    assert_eq!(refused["errors"][0]["code"], "E133", "{refused}");
}

#[tokio::test]
async fn somebody_of_the_team_lets_a_flow_in_and_gives_the_conversation_back_to_it() {
    let world = World::new().await;
    let flow = world.live(&chooser(None)).await;
    let thread = world.thread().await;
    let lead = world.lead(&thread, &flow);
    let start = json!({ "client_id": random_uuid() });
    let led = world.agent.post(&lead, start.clone(), 200).await;
    assert_eq!(
        (&led["leads"], &led["node"]),
        (&json!(true), &json!("what"))
    );
    assert_eq!(world.agent.post(&lead, start, 200).await, led);
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("What is it?")));
    // It waits for the visitor, and not for people.
    let resume = json!({ "client_id": random_uuid(), "do": "resume" });
    world
        .agent
        .refused(
            reqwest::Method::POST,
            &lead,
            Some(resume.clone()),
            409,
            "not_changeable",
        )
        .await;
    world.say(&thread, "a question").await;
    assert_eq!(world.seen(&thread).await["status"], "open");
    let led = world.agent.post(&lead, resume.clone(), 200).await;
    assert_eq!(led["leads"], false);
    assert_eq!(world.agent.post(&lead, resume, 200).await, led);
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("Was it good?")));
    assert_eq!(world.seen(&thread).await["status"], "closed");
}

#[tokio::test]
async fn a_flow_that_is_not_there_or_not_in_use_leads_nothing_and_changes_nothing() {
    let world = World::new().await;
    let thread = world.thread().await;
    let draft = world.make(&chooser(None)).await;
    let draft = draft.rsplit('/').next().expect("an id").to_owned();
    let before = world.seen(&thread).await;
    let start = json!({ "client_id": random_uuid() });
    let version = json!({ "client_id": random_uuid(), "version": 7 });
    let resume = json!({ "client_id": random_uuid(), "do": "resume" });
    let elsewhere = "flw_01kf0a1b2c3d4e5f6g7h8j9k0m";
    for (flow, body, status, code) in [
        (draft.as_str(), &start, 409, "not_changeable"),
        (draft.as_str(), &resume, 409, "not_changeable"),
        (draft.as_str(), &version, 422, "validation_failed"),
        (elsewhere, &start, 404, "not_found"),
    ] {
        let lead = world.lead(&thread, flow);
        world
            .agent
            .refused(
                reqwest::Method::POST,
                &lead,
                Some(body.clone()),
                status,
                code,
            )
            .await;
    }
    assert_eq!(world.seen(&thread).await, before);
}

#[tokio::test]
async fn two_who_let_a_flow_in_at_once_begin_it_once() {
    let world = World::new().await;
    let flow = world.live(&chooser(None)).await;
    let thread = world.thread().await;
    let lead = world.lead(&thread, &flow);
    let body = || Some(json!({ "client_id": random_uuid() }));
    let (one, two) = tokio::join!(
        world.agent.send(reqwest::Method::POST, &lead, body()),
        world.owner.send(reqwest::Method::POST, &lead, body()),
    );
    let won = [one.status, two.status]
        .iter()
        .filter(|status| **status == 200)
        .count();
    let said = world.said(&thread).await;
    let asked = said
        .iter()
        .filter(|one| **one == bot("What is it?"))
        .count();
    assert!(
        won >= 1 && won == asked,
        "{} {}: {said:?}",
        one.status,
        two.status
    );
}

#[tokio::test]
async fn a_flow_goes_through_another_in_the_version_that_it_names() {
    let world = World::new().await;
    let inner = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "q", "type": "ask", "data": { "md": "Inside?", "input": { "kind": "text" }, "save": "v_name" } },
            { "id": "r", "type": "return", "data": {} },
        ]),
        json!([edge("s", "next", "q"), edge("q", "next", "r")]),
    );
    let inner_flow = world.live(&inner).await;
    let outer = |version: u64| {
        document(
            json!([
                { "id": "s", "type": "start", "data": {} },
                { "id": "in", "type": "subflow", "data": { "flow": inner_flow, "version": version, "share": "all" } },
                { "id": "m", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Hi {{ name }}" }] } },
                { "id": "e", "type": "end", "data": {} },
            ]),
            json!([
                edge("s", "next", "in"),
                edge("in", "next", "m"),
                edge("in", "error", "m"),
                edge("m", "next", "e")
            ]),
        )
    };
    let missing = world.make(&outer(2)).await;
    let versions = format!("{missing}/versions");
    let refused = world
        .owner
        .refused(
            reqwest::Method::POST,
            &versions,
            None,
            422,
            "flow_has_errors",
        )
        .await;
    assert_eq!(refused["errors"][0]["code"], "E130", "{refused}");
    let flow = world.live(&outer(1)).await;
    let mut other = inner.clone();
    other["nodes"][1]["data"]["md"] = "Changed?".into();
    let place = format!("{}/{inner_flow}", world.flows());
    world.save(&place, &other).await;
    world.publish(&place).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "Ada").await;
    let told = [bot("Inside?"), visitor("Ada"), bot("Hi Ada")];
    assert_eq!(world.said(&thread).await, told);
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
async fn an_address_is_proved_by_a_mailed_code_and_by_nothing_else() {
    let world = World::new().await;
    let proved = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "mail", "type": "ask", "data": {
                "md": "Your address?", "input": { "kind": "otp_email" }, "save": "v_name",
                "retry": { "max": 3, "md": "That is not the code." },
            } },
            { "id": "ok", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Proved: {{ name }}" }] } },
            { "id": "no", "type": "message", "data": { "parts": [{ "kind": "text", "md": "Not proved" }] } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "mail"),
            edge("mail", "next", "ok"),
            edge("mail", "failed", "no"),
            edge("ok", "next", "e"),
            edge("no", "next", "e"),
        ]),
    );
    let flow = world.live(&proved).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "grace@example.com").await;
    let code = world.harness.mail_code("grace@example.com").await;
    let wrong = if code == "00000000" {
        "11111111"
    } else {
        "00000000"
    };
    world.say(&thread, wrong).await;
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("That is not the code.")));
    world.say(&thread, &code).await;
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("Proved: grace@example.com")));
    assert_eq!(world.harness.items_with(&code).await, 0);
    // Whoever never has the code proves nothing, and a late one is none.
    let thread = world.begin(&flow).await;
    world.say(&thread, "grace@example.com").await;
    for _ in 0..4 {
        world.say(&thread, "12345678").await;
    }
    let said = world.said(&thread).await;
    assert_eq!(said.last(), Some(&bot("Not proved")));
}

#[tokio::test]
async fn a_flow_goes_on_by_what_a_program_says_has_happened_outside_once_and_only_while_it_waits() {
    let world = World::new().await;
    let waits = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "paid", "type": "event", "data": {
                "name": "payment", "timeout_s": 1200, "map": [{ "path": "/status", "to": "v_name" }],
            } },
            { "id": "m", "type": "message", "data": { "parts": [{ "kind": "text", "md": "It is {{ name }}." }] } },
            { "id": "q", "type": "ask", "data": { "md": "More?", "input": { "kind": "text" } } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "paid"),
            edge("paid", "next", "m"),
            edge("paid", "timeout", "e"),
            edge("m", "next", "q"),
            edge("q", "next", "e"),
        ]),
    );
    let flow = world.live(&waits).await;
    let thread = world.begin(&flow).await;
    let lead = world.lead(&thread, &flow);
    let keys = format!("{}/api-keys", world.workspace.path);
    let body = json!({ "name": "Shop", "scopes": ["conversations.write"] });
    let made = world.owner.post(&keys, body, 201).await;
    let shop = world.harness.anonymous().with_token(&text(&made, "key"));
    let event = json!({
        "client_id": random_uuid(), "do": "event", "event": { "status": "paid" },
    });
    // What a visitor says meanwhile is not what it waits for.
    world.say(&thread, "Hello?").await;
    let told = shop.post(&lead, event.clone(), 200).await;
    assert_eq!(told["node"], "q");
    assert_eq!(shop.post(&lead, event, 200).await, told);
    let said = world.said(&thread).await;
    assert_eq!(said[1..], [bot("It is paid."), bot("More?")]);
    let again = json!({ "client_id": random_uuid(), "do": "event", "event": {} });
    shop.refused(
        reqwest::Method::POST,
        &lead,
        Some(again),
        409,
        "not_changeable",
    )
    .await;
}
