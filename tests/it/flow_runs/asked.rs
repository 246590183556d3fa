//! Flows that ask servers: what goes out and how often, what comes back, and who may be told what.

use std::time::Duration;

use harness::server::Server;
use harness::{Fault, Kind, message};
use serde_json::{Value, json};

use super::bot;
use crate::flows::{World, document, edge};

const MINUTE: Duration = Duration::from_secs(60);

/// Asks a name, tells a server, and says what it answered.
fn lookup(request: Value) -> Value {
    let mut document = document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "name", "type": "ask", "data": {
                "md": "Your name?", "input": { "kind": "text" }, "save": "v_name",
            } },
            { "id": "ask", "type": "http", "data": request },
            { "id": "ok", "type": "message", "data": { "parts": [{ "kind": "text", "md": "It is {{ plan }}." }] } },
            { "id": "no", "type": "message", "data": { "parts": [{ "kind": "text", "md": "No answer." }] } },
            { "id": "more", "type": "ask", "data": { "md": "More?", "input": { "kind": "text" } } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "name"),
            edge("name", "next", "ask"),
            edge("ask", "ok", "ok"),
            edge("ask", "error", "no"),
            edge("ok", "next", "more"),
            edge("no", "next", "more"),
            edge("more", "next", "e"),
        ]),
    );
    let plan = json!({ "id": "v_plan", "name": "plan", "type": "text" });
    let variables = document["variables"].as_array_mut();
    variables.expect("variables").push(plan);
    document
}

fn get(server: &Server, more: Value) -> Value {
    let mut request = json!({
        "method": "GET", "url": format!("{}/of/{{{{ name }}}}?v=1", server.url),
        "map": [{ "path": "/customer/plan", "to": "v_plan" }],
    });
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

fn gold(_: usize) -> (u16, String) {
    (200, json!({ "customer": { "plan": "gold" } }).to_string())
}

impl World {
    /// Lets a visitor come to the request of a flow.
    async fn comes_to_ask(&self, request: Value) -> String {
        let flow = self.live(&lookup(request)).await;
        let thread = self.begin(&flow).await;
        self.say(&thread, "Grace").await;
        thread
    }

    async fn set_servers(&self, what: Value) -> Value {
        let place = format!("{}/servers", self.flows());
        self.owner.patch(&place, what, 200).await
    }

    async fn minute(&self) {
        self.harness.run_schedule("minute").await;
    }

    async fn last_said(&self, thread: &str) -> Vec<String> {
        let said = self.said(thread).await;
        let last = said.into_iter().rev().take(2).map(|(_, words)| words);
        let mut last: Vec<String> = last.collect();
        last.reverse();
        last
    }
}

#[tokio::test]
async fn a_flow_asks_a_server_once_with_its_secret_and_goes_on_with_the_answer() {
    let world = World::new().await;
    let server = Server::start().await;
    server.says(gold);
    let secret = json!({ "name": "shop", "value": "Bearer canary-secret", "hosts": [server.host] });
    let set = world.set_servers(json!({ "secrets": [secret] })).await;
    assert!(!set.to_string().contains("canary"), "{set}");
    let thread = world
        .comes_to_ask(json!({
            "method": "POST", "url": format!("{}/of/{{{{ name }}}}?v=1", server.url),
            "headers": [{ "k": "authorization", "secret": "shop" }, { "k": "x-shop", "v": "{{ name }}" }],
            "body": { "json": { "name": "{{ name }}" } },
            "map": [{ "path": "/customer/plan", "to": "v_plan" }],
        }))
        .await;
    assert_eq!(server.asked().len(), 0, "a request handler asks nobody");
    let app = world.harness.app_of("outbox");
    app.meter.take();
    world.harness.drain().await;
    let reading = app.meter.take();
    let operations = reading.operations();
    assert!(operations.contains(&"flow_server"), "{operations:?}");
    world.minute().await;
    assert_eq!(world.last_said(&thread).await, ["It is gold.", "More?"]);
    let asked = server.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let asked = &asked[0];
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/of/Grace?v=1")
    );
    let header = |name: &str| asked.headers.get(name).map_or("", String::as_str);
    assert_eq!(
        (header("authorization"), header("x-shop")),
        ("Bearer canary-secret", "Grace")
    );
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("idempotency-key").len(), 36);
    assert_eq!(asked.body, json!({ "name": "Grace" }));
    // Neither the secret nor the request lies anywhere, and no reply shows it.
    assert_eq!(world.harness.items_with("canary-secret").await, 0);
    assert_eq!(world.harness.items_with("FLOWREQ#").await, 0);
    let place = format!("{}/servers", world.flows());
    let shown = world.owner.get(&place, 200).await;
    assert_eq!(shown["secrets"][0]["name"], "shop");
    assert!(!shown.to_string().contains("canary"), "{shown}");
}

#[tokio::test]
async fn what_a_visitor_says_is_a_part_of_an_address_and_never_another_address() {
    let world = World::new().await;
    let server = Server::start().await;
    server.says(gold);
    let flow = world.live(&lookup(get(&server, json!({})))).await;
    let thread = world.begin(&flow).await;
    world.say(&thread, "../admin?x=1#ä b").await;
    world.harness.drain().await;
    assert_eq!(
        server.asked()[0].path,
        "/of/..%2Fadmin%3Fx%3D1%23%C3%A4%20b?v=1"
    );
}

#[tokio::test]
async fn a_failed_try_is_made_again_under_the_same_key_and_only_as_often_as_the_flow_says() {
    let world = World::new().await;
    let server = Server::start().await;
    server.says(|n| {
        if n == 0 {
            (503, String::new())
        } else {
            gold(n)
        }
    });
    let thread = world
        .comes_to_ask(get(&server, json!({ "retries": 1 })))
        .await;
    world.harness.drain().await;
    world.minute().await;
    assert_eq!(server.asked().len(), 1, "it is not due yet");
    world.harness.advance(MINUTE);
    world.minute().await;
    assert_eq!(world.last_said(&thread).await, ["It is gold.", "More?"]);
    let keys: Vec<_> = server
        .asked()
        .iter()
        .map(|q| q.headers["idempotency-key"].clone())
        .collect();
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
    // Without retries, and where another try would come to the same, the flow goes on at `error`.
    for (status, retries) in [(503, 0), (404, 3)] {
        let server = Server::start().await;
        server.says(move |_| (status, String::new()));
        let thread = world
            .comes_to_ask(get(&server, json!({ "retries": retries })))
            .await;
        world.harness.drain().await;
        world.harness.advance(MINUTE);
        world.minute().await;
        assert_eq!(world.last_said(&thread).await, ["No answer.", "More?"]);
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_crash_between_the_answer_and_its_turn_asks_no_second_time_without_retries() {
    let world = World::new().await;
    let server = Server::start().await;
    server.says(gold);
    let thread = world.comes_to_ask(get(&server, json!({}))).await;
    // The first transaction notes the try; what follows on the answer fails.
    let fault = Fault::new(Kind::ServerError)
        .on("TransactWriteItems")
        .after(1)
        .times(20);
    world.harness.faults().plan(fault);
    world.harness.drain().await;
    world.harness.faults().reset();
    assert_eq!(server.asked().len(), 1);
    assert_eq!(world.said(&thread).await.len(), 2);
    world.harness.advance(MINUTE);
    world.minute().await;
    assert_eq!(server.asked().len(), 1, "it was asked again");
    assert_eq!(world.last_said(&thread).await, ["No answer.", "More?"]);
}

#[tokio::test]
async fn what_is_said_meanwhile_loses_no_answer_and_whoever_of_the_team_answers_has_it() {
    let world = World::new().await;
    let server = Server::start().await;
    server.says(gold);
    let request = get(&server, json!({}));
    let thread = world.comes_to_ask(request.clone()).await;
    world.say(&thread, "Hello?").await;
    world.harness.drain().await;
    assert_eq!(world.last_said(&thread).await, ["It is gold.", "More?"]);
    let thread = world.comes_to_ask(request).await;
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!("{}/conversations/{id}/messages", world.workspace.path);
    world.agent.post(&place, message("I am here"), 201).await;
    world.harness.drain().await;
    assert_eq!(server.asked().len(), 1, "nobody waited for it");
    assert_eq!(world.last_said(&thread).await, ["Grace", "I am here"]);
}

#[tokio::test]
async fn a_request_that_may_take_long_is_made_by_the_schedule_and_one_that_nobody_answers_ends() {
    let world = World::new().await;
    let server = Server::start().await;
    server.says(gold);
    let thread = world
        .comes_to_ask(get(&server, json!({ "timeout_ms": 20_000 })))
        .await;
    world.harness.drain().await;
    assert_eq!(server.asked().len(), 0, "mail would wait for it");
    world.minute().await;
    assert_eq!(world.last_said(&thread).await, ["It is gold.", "More?"]);
    // Nobody is there, and an answer of more than 256 KiB is none.
    let nowhere = json!({ "method": "GET", "url": "http://127.0.0.1:9/" });
    let thread = world.comes_to_ask(nowhere).await;
    world.harness.drain().await;
    assert_eq!(world.last_said(&thread).await, ["No answer.", "More?"]);
    server.says(|_| (200, "a".repeat(300 * 1024)));
    let thread = world
        .comes_to_ask(get(&server, json!({ "retries": 3 })))
        .await;
    world.harness.drain().await;
    assert_eq!(world.last_said(&thread).await, ["No answer.", "More?"]);
}

#[tokio::test]
async fn who_may_be_told_what_is_decided_before_a_flow_is_published_and_again_when_it_asks() {
    let world = World::new().await;
    let server = Server::start().await;
    let found = |document: Value| {
        let world = &world;
        async move {
            let flow = world.make(&document).await;
            let answer = world
                .owner
                .post(&format!("{flow}/validate"), Value::Null, 200)
                .await;
            let all = answer["diagnostics"].as_array().expect("a list").iter();
            let errors = all.filter(|one| one["severity"] == "error");
            errors
                .map(|one| one["code"].as_str().expect("a code").to_owned())
                .collect::<Vec<_>>()
        }
    };
    let secret = json!({ "headers": [{ "k": "authorization", "secret": "shop" }] });
    let with_secret = lookup(get(&server, secret));
    assert_eq!(found(with_secret.clone()).await, ["E131"]);
    let elsewhere = json!({ "name": "shop", "value": "s", "hosts": ["api.example.com"] });
    world.set_servers(json!({ "secrets": [elsewhere] })).await;
    assert_eq!(found(with_secret.clone()).await, ["E131"]);
    let here = json!({ "name": "shop", "value": "s", "hosts": [server.host] });
    world.set_servers(json!({ "secrets": [here] })).await;
    assert_eq!(found(with_secret.clone()).await, Vec::<String>::new());
    let mut personal = lookup(get(&server, json!({})));
    personal["variables"][0]["pii"] = true.into();
    assert_eq!(found(personal.clone()).await, ["E150"]);
    world
        .set_servers(json!({ "personal_hosts": [server.host] }))
        .await;
    assert_eq!(found(personal).await, Vec::<String>::new());
    for private in [
        "http://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://localhost/",
    ] {
        let request = json!({ "method": "GET", "url": private });
        assert_eq!(found(lookup(request)).await, ["E132"], "{private}");
    }
    // A secret that is forgotten later is sent no more, nor anything without it.
    let thread = world
        .comes_to_ask(with_secret["nodes"][2]["data"].clone())
        .await;
    let left = world.set_servers(json!({ "forget": ["shop"] })).await;
    assert_eq!(left["secrets"], json!([]));
    world.harness.drain().await;
    assert_eq!(server.asked().len(), 0);
    assert_eq!(world.last_said(&thread).await, ["No answer.", "More?"]);
}

#[tokio::test]
async fn secrets_and_hosts_are_set_by_whoever_builds_flows_and_bad_ones_change_nothing() {
    let world = World::new().await;
    let place = format!("{}/servers", world.flows());
    let before = world.owner.get(&place, 200).await;
    assert_eq!(before, json!({ "personal_hosts": [], "secrets": [] }));
    let patch = reqwest::Method::PATCH;
    for (body, pointer) in [
        (
            json!({ "personal_hosts": ["https://a.example"] }),
            "#/personal_hosts/0",
        ),
        (
            json!({ "personal_hosts": vec!["a.example"; 51] }),
            "#/personal_hosts",
        ),
        (
            json!({ "secrets": [{ "name": "a", "value": "b", "hosts": [] }] }),
            "#/secrets/0/hosts",
        ),
        (
            json!({ "secrets": [{ "name": "A b", "value": "b", "hosts": ["a"] }] }),
            "#/secrets/0/name",
        ),
        (
            json!({ "secrets": [{ "name": "a", "value": "b\r\nx: y", "hosts": ["a"] }] }),
            "#/secrets/0/value",
        ),
    ] {
        let answer = world.owner.send(patch.clone(), &place, Some(body)).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["pointer"]),
            (422, &json!(pointer))
        );
    }
    let body = Some(json!({ "personal_hosts": ["a.example"] }));
    world
        .agent
        .refused(patch.clone(), &place, body.clone(), 403, "forbidden")
        .await;
    let stale = world.owner.with_header("if-match", "\"7\"");
    stale.refused(patch, &place, body, 409, "conflict").await;
    assert_eq!(world.owner.get(&place, 200).await, before);
}

#[tokio::test]
async fn a_flow_that_says_first_what_a_server_answered_begins_with_it() {
    let world = World::new().await;
    let server = Server::start().await;
    server.says(gold);
    let mut document = lookup(get(&server, json!({})));
    document["edges"][0]["to"]["node"] = "ask".into();
    let flow = world.live(&document).await;
    let thread = world.begin(&flow).await;
    assert_eq!(world.said(&thread).await, []);
    world.harness.drain().await;
    assert_eq!(
        world.said(&thread).await,
        [bot("It is gold."), bot("More?")]
    );
}
