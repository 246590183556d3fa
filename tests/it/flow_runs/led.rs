//! Flows that the team lets in, and what they ask and hear beyond texts: choices, teams, other flows, proved
//! addresses and what happens outside.

use harness::{message, random_uuid, text};
use serde_json::{Value, json};

use super::{bot, visitor};
use crate::flows::{World, document, edge};

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

    /// Why a flow is not published.
    async fn kept_back(&self, document: &Value) -> Value {
        let versions = format!("{}/versions", self.make(document).await);
        let publish = reqwest::Method::POST;
        let refused = self
            .owner
            .refused(publish, &versions, None, 422, "flow_has_errors");
        refused.await
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
    let refused = world.kept_back(&chooser(team["id"].as_str())).await;
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

/// CALL-27
#[tokio::test]
async fn who_goes_leaves_what_a_flow_leads_to_nobody_and_what_it_ends_to_all() {
    let world = World::new().await;
    let flow = world.live(&chooser(None)).await;
    let thread = world.thread().await;
    let lead = world.lead(&thread, &flow);
    let conversation = lead.split("/flows/").next().expect("a place").to_owned();
    let id = text(
        &world.agent.get(&world.workspace.path, 200).await,
        "member_id",
    );
    let to_agent = json!({ "member_id": id });
    let assignee = format!("{conversation}/assignee");
    world.owner.put(&assignee, to_agent, 200).await;
    let start = json!({ "client_id": random_uuid() });
    world.owner.post(&lead, start, 200).await;
    assert_eq!(world.seen(&thread).await["status"], "bot");
    let seat = format!("{}/members/{id}", world.workspace.path);
    world.owner.delete(&seat, 202).await;
    world.harness.drain().await;
    world.harness.run_schedule("jobs").await;
    let left = world.owner.get(&conversation, 200).await;
    assert_eq!(
        (&left["status"], &left["assignee"]),
        (&json!("bot"), &Value::Null)
    );
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
    let refused = world.kept_back(&outer(2)).await;
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

/// Asks for an address, until it is proved or not.
fn prover() -> Value {
    document(
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
    )
}

#[tokio::test]
async fn an_address_is_proved_by_a_mailed_code_and_by_nothing_else() {
    let world = World::new().await;
    let flow = world.live(&prover()).await;
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

#[test]
fn the_stream_wakes_the_outbox_for_the_codes_of_flows() {
    let template = include_str!("../../../template.yaml");
    let hears = |line: &&str| line.contains("Pattern:") && line.contains("INSERT");
    let mut heard = template.lines().filter(hears);
    let prefix = "{\"prefix\":\"FLOWCODE#\"}";
    assert!(heard.any(|line| line.contains("CONVERSATION#") && line.contains(prefix)));
}

/// FLOW-20: a flow is no way around the codes that an address gets in an hour.
#[tokio::test]
async fn a_flow_mails_an_address_no_more_codes_than_anybody_gets_and_changes_nothing_then() {
    let world = World::new().await;
    let flow = world.live(&prover()).await;
    let address = "mona@example.com";
    for _ in 0..5 {
        let thread = world.begin(&flow).await;
        world.say(&thread, address).await;
    }
    world.harness.drain().await;
    assert_eq!(world.harness.mails(address).await.len(), 5);
    let thread = world.begin(&flow).await;
    let place = format!("{thread}/messages");
    let said = world.said(&thread).await;
    for spelling in [address, "MONA@example.com"] {
        let body = Some(message(spelling));
        let post = reqwest::Method::POST;
        let refused = world
            .visitor
            .refused(post, &place, body, 429, "rate_limited");
        refused.await;
    }
    assert_eq!(world.said(&thread).await, said);
    world.harness.drain().await;
    assert_eq!(world.harness.mails(address).await.len(), 5);
    // Another address is not held up, and neither is what is no address.
    world.say(&thread, "nobody").await;
    world.say(&thread, "nora@example.com").await;
    world.harness.drain().await;
    assert_eq!(world.harness.mails("nora@example.com").await.len(), 1);
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
