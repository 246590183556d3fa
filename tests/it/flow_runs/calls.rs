//! Calls that a flow offers: the link that its visitor gets, and what becomes of the conversation.

use std::time::Duration;

use harness::{Client, random_uuid, text};
use serde_json::{Value, json};

use super::{bot, visitor};
use crate::{
    calls::{SECOND, socket},
    flows::{World, document, edge},
};

/// Asks for a name, offers a call, and says what became of it.
pub fn offering(call: Value) -> Value {
    let said = |id: &str, md: &str| json!({ "id": id, "type": "message", "data": { "parts": [{ "kind": "text", "md": md }] } });
    document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "name", "type": "ask", "data": { "md": "Your name?", "input": { "kind": "text" }, "save": "v_name" } },
            { "id": "call", "type": "call", "data": call },
            said("spoke", "It was good to talk."),
            said("missed", "Sorry that nobody came."),
            said("declined", "Another time, {{ name }}."),
            said("nobody", "Please write to us."),
            { "id": "more", "type": "ask", "data": { "md": "More?", "input": { "kind": "text" } } },
        ]),
        json!([
            edge("s", "next", "name"),
            edge("name", "next", "call"),
            edge("call", "ended", "spoke"),
            edge("call", "missed", "missed"),
            edge("call", "declined", "declined"),
            edge("call", "unavailable", "nobody"),
            edge("spoke", "next", "more"),
            edge("missed", "next", "more"),
            edge("declined", "next", "more"),
            edge("nobody", "next", "more"),
            // Around again.
            edge("more", "next", "call"),
        ]),
    )
}

pub fn video() -> Value {
    json!({ "kind": "video", "md": "Talk to us, {{ name }}.", "wait_s": 600 })
}

impl World {
    pub async fn let_call(&self, calls: bool) {
        let now = self.owner.get(&self.workspace.path, 200).await;
        let known = self
            .owner
            .with_header("if-match", &format!("\"{}\"", now["rev"]));
        known
            .patch(&self.workspace.path, json!({ "calls": calls }), 200)
            .await;
    }

    async fn awaits(&self, thread: &str) -> Value {
        let run = self.visitor.get(&format!("{thread}/flow"), 200).await;
        run["awaits"].clone()
    }

    /// A conversation in which a call is offered, and the token of its link.
    pub async fn offered(&self, flow: &str) -> (String, String) {
        let thread = self.begin(flow).await;
        self.say(&thread, "Grace").await;
        self.harness.drain().await;
        let token = self.link(&thread).await;
        (thread, token)
    }

    async fn link(&self, thread: &str) -> String {
        let awaits = self.awaits(thread).await;
        assert_eq!(awaits["for"], "call", "{awaits}");
        let url = text(&awaits, "url");
        let (page, token) = url.split_once("/call#").expect("the page of calls");
        assert!(page.starts_with("http"), "{page}");
        token.to_owned()
    }

    /// A call by a link, made and heard of by the flow: who calls, the call, and what joins their device.
    pub async fn calls_by(&self, token: &str) -> (Client, String, String) {
        let page = self.harness.anonymous();
        let come = json!({ "link": token, "client_id": random_uuid() });
        let session = page.post("/v1/guest/sessions", come, 201).await;
        assert_eq!(session["call_kind"], "video");
        let guest = page.with_token(&text(&session, "guest_token"));
        let wanted = json!({ "kind": "video", "client_id": random_uuid() });
        let begun = guest.post("/v1/guest/calls", wanted, 201).await;
        self.harness.drain().await;
        let id = text(&begun["call"], "id");
        (guest, id, text(&begun["join"], "join_token"))
    }

    async fn join(&self, token: &str) -> Value {
        let device = self.harness.anonymous().with_token(token);
        device.post("/v1/calls/join", Value::Null, 201).await
    }

    fn call(&self, id: &str) -> String {
        format!("{}/calls/{id}", self.workspace.path)
    }

    /// What the flow said last.
    async fn last(&self, thread: &str) -> String {
        self.harness.drain().await;
        let said = self.said(thread).await;
        let words = said.iter().rev().filter(|(_, words)| words != "More?");
        let last = words.map(|(_, words)| words.clone()).next();
        last.expect("something was said")
    }

    async fn events(&self, thread: &str) -> Vec<String> {
        let list = self
            .visitor
            .get(&format!("{thread}/messages?limit=100"), 200)
            .await;
        let all = list["data"].as_array().expect("a list").iter();
        let events = all.filter_map(|one| one["event"].as_str());
        let calls = events.filter(|event| event.starts_with("call_"));
        calls.map(str::to_owned).collect()
    }

    /// The deadline of the flow, as the team sees it.
    async fn deadline(&self, thread: &str) -> Option<String> {
        let id = thread.rsplit('/').next().expect("an id");
        let place = format!("{}/conversations/{id}/flow", self.workspace.path);
        let run = self.owner.get(&place, 200).await;
        run["deadline"].as_str().map(str::to_owned)
    }
}

#[tokio::test]
async fn a_flow_offers_a_call_and_goes_on_when_the_two_have_spoken() {
    let world = World::new().await;
    world.let_call(true).await;
    let flow = world.live(&offering(video())).await;
    let (thread, token) = world.offered(&flow).await;
    let said = world.said(&thread).await;
    let (_, offer) = said.last().expect("an offer");
    assert!(
        offer.starts_with("Talk to us, Grace.\n\nhttp") && offer.ends_with(&token),
        "{offer}"
    );
    assert_eq!(world.awaits(&thread).await["kind"], "video");
    assert_eq!(
        world.harness.items_with("LINK#").await,
        0,
        "nobody came yet"
    );
    let before = world.deadline(&thread).await;

    let (guest, call, join) = world.calls_by(&token).await;
    // Whoever calls in time may speak on, and is offered nothing meanwhile.
    assert!(world.awaits(&thread).await.is_null());
    assert!(world.deadline(&thread).await > before);
    let mut theirs = socket(&world.join(&join).await).await;
    theirs.ask(json!({ "t": "call.hello", "call": call })).await;
    // It is for the whole team: whoever takes it first has it.
    let path = world.call(&call);
    world
        .agent
        .post(&format!("{path}/accept"), Value::Null, 200)
        .await;
    let pass = format!("{path}/join-token");
    let pass = world.agent.post(&pass, Value::Null, 201).await;
    let mut ours = socket(&world.join(&text(&pass, "join_token")).await).await;
    ours.ask(json!({ "t": "call.hello", "call": call })).await;
    ours.send(json!({ "t": "call.alive", "call": call, "connected": true }))
        .await;
    for _ in 0..50 {
        let shown = world.owner.get(&path, 200).await;
        if shown["state"] == "active" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(world.events(&thread).await.is_empty());
    guest
        .post(&format!("/v1/guest/calls/{call}/end"), Value::Null, 200)
        .await;
    assert_eq!(world.last(&thread).await, "It was good to talk.");
    assert_eq!(world.events(&thread).await, ["call_held"]);
    assert_eq!(world.seen(&thread).await["status"], "bot");
    // Told again, nothing happens again.
    world.harness.drain().await;
    assert_eq!(
        world.said(&thread).await[3..],
        [bot("It was good to talk."), bot("More?")]
    );
}

#[tokio::test]
async fn a_call_that_nobody_took_that_was_not_wanted_or_never_made_leads_elsewhere() {
    let world = World::new().await;
    world.let_call(true).await;
    let flow = world.live(&offering(video())).await;
    let (thread, token) = world.offered(&flow).await;
    let (_, call, join) = world.calls_by(&token).await;
    world.join(&join).await;
    world.harness.advance(46 * SECOND);
    let knock = format!("{}/knock", world.call(&call));
    world.owner.post(&knock, Value::Null, 200).await;
    assert_eq!(world.last(&thread).await, "Sorry that nobody came.");
    assert_eq!(world.events(&thread).await, ["call_missed"]);

    // The next offer has a link of its own, and what was called by the first one changes nothing of it.
    world.harness.advance(SECOND);
    world.say(&thread, "Yes").await;
    world.harness.drain().await;
    let next = world.link(&thread).await;
    assert_ne!(next, token);
    let body =
        json!({ "client_message_id": random_uuid(), "text": "No, thanks", "choice": ["decline"] });
    world
        .visitor
        .post(&format!("{thread}/messages"), body, 201)
        .await;
    assert_eq!(world.last(&thread).await, "Another time, Grace.");
    assert!(world.said(&thread).await.contains(&visitor("No, thanks")));
    // Who calls all the same speaks with the team; the flow has gone on.
    let said = world.said(&thread).await;
    let (guest, call, join) = world.calls_by(&next).await;
    world.join(&join).await;
    let cancel = format!("/v1/guest/calls/{call}/cancel");
    guest.post(&cancel, Value::Null, 200).await;
    world.harness.drain().await;
    assert_eq!(world.said(&thread).await, said);

    // Nobody calls in time.
    world.say(&thread, "Once more").await;
    world.harness.advance(599 * SECOND);
    world.harness.run_schedule("minute").await;
    assert_ne!(world.last(&thread).await, "Please write to us.");
    world.harness.advance(SECOND);
    world.harness.run_schedule("minute").await;
    assert_eq!(world.last(&thread).await, "Please write to us.");
}

#[tokio::test]
async fn where_there_are_no_calls_a_flow_warns_and_goes_on_without() {
    let world = World::new().await;
    let flow = world.make(&offering(video())).await;
    let validate = format!("{flow}/validate");
    let found = world.owner.post(&validate, Value::Null, 200).await;
    assert_eq!(found["publishable"], true, "{found}");
    let codes = |found: &Value| {
        let all = found["diagnostics"].as_array().expect("a list").iter();
        let codes = all.filter_map(|one| one["code"].as_str().map(str::to_owned));
        codes.collect::<Vec<_>>()
    };
    assert_eq!(codes(&found), ["W211"], "{found}");
    world.publish(&flow).await;
    world.switch(&flow, Some(1)).await;
    let id = flow.rsplit('/').next().expect("an id");
    let thread = world.begin(id).await;
    world.say(&thread, "Grace").await;
    assert_eq!(world.last(&thread).await, "Please write to us.");
    assert_eq!(world.harness.items_with("LINK#").await, 0);

    world.let_call(true).await;
    let found = world.owner.post(&validate, Value::Null, 200).await;
    assert!(codes(&found).is_empty(), "{found}");
    world.say(&thread, "Now?").await;
    world.harness.drain().await;
    let token = world.link(&thread).await;
    // Switched off meanwhile, the link lets nobody in.
    world.let_call(false).await;
    let come = json!({ "link": token, "client_id": random_uuid() });
    let page = world.harness.anonymous();
    page.refused(
        reqwest::Method::POST,
        "/v1/guest/sessions",
        Some(come),
        403,
        "module_off",
    )
    .await;

    let mut with_team = video();
    with_team["team"] = "team_01kf0a1b2c3d4e5f6g7h8j9k0m".into();
    let flow = world.make(&offering(with_team)).await;
    let found = world
        .owner
        .post(&format!("{flow}/validate"), Value::Null, 200)
        .await;
    assert_eq!(found["publishable"], false);
    assert!(codes(&found).contains(&"E133".to_owned()), "{found}");
}

#[tokio::test]
async fn who_takes_the_conversation_over_meanwhile_has_it_whatever_becomes_of_the_call() {
    let world = World::new().await;
    world.let_call(true).await;
    let flow = world.live(&offering(video())).await;
    let (thread, token) = world.offered(&flow).await;
    let id = thread.rsplit('/').next().expect("an id");
    let place = format!("{}/conversations/{id}/messages", world.workspace.path);
    world
        .owner
        .post(&place, harness::message("I am here."), 201)
        .await;
    let said = world.said(&thread).await;
    let (guest, call, join) = world.calls_by(&token).await;
    world.join(&join).await;
    let cancel = format!("/v1/guest/calls/{call}/cancel");
    guest.post(&cancel, Value::Null, 200).await;
    world.harness.drain().await;
    assert_eq!(world.said(&thread).await, said);
    assert_eq!(world.seen(&thread).await["status"], "open");
    // One link, one device.
    let come = json!({ "link": token, "client_id": random_uuid() });
    let page = world.harness.anonymous();
    page.refused(
        reqwest::Method::POST,
        "/v1/guest/sessions",
        Some(come),
        401,
        "token_invalid",
    )
    .await;
}

/// A call with a team rings for its members and for nobody else, and nobody else takes it.
#[tokio::test]
async fn a_flow_offers_a_call_with_a_team_and_it_rings_for_its_members_only() {
    let world = World::new().await;
    world.let_call(true).await;
    let teams = format!("{}/teams", world.workspace.path);
    let team = json!({ "name": "Billing" });
    let team = text(&world.owner.post(&teams, team, 201).await, "id");
    let mine = world.agent.get(&world.workspace.path, 200).await;
    let member = format!("{teams}/{team}/members/{}", text(&mine, "member_id"));
    let put = world.owner.send(reqwest::Method::PUT, &member, None).await;
    assert!(put.status < 300, "{}", put.text);
    let mut with_team = video();
    with_team["team"] = team.clone().into();
    let flow = world.live(&offering(with_team)).await;
    let (_, token) = world.offered(&flow).await;

    let mut theirs = world.agent.socket(&world.workspace).await;
    let mut others = world.owner.socket(&world.workspace).await;
    for desk in [&mut theirs, &mut others] {
        desk.sub("calls").await;
    }
    let (_, call, join) = world.calls_by(&token).await;
    world.join(&join).await;
    world.harness.drain().await;
    let rung = async |socket: &mut harness::Socket| {
        let heard = socket.heard().await;
        heard
            .iter()
            .filter(|frame| frame["t"] == "call.ring")
            .count()
    };
    assert_eq!(rung(&mut theirs).await, 1);
    assert_eq!(rung(&mut others).await, 0);
    let accept = format!("{}/accept", world.call(&call));
    world
        .owner
        .refused(reqwest::Method::POST, &accept, None, 403, "forbidden")
        .await;
    let taken = world.agent.post(&accept, Value::Null, 200).await;
    assert_eq!(taken["state"], "connecting");
    assert_eq!(taken["asked_team_id"], team, "{taken}");
    assert_eq!(taken["asked_member_id"], Value::Null, "{taken}");

    // A link that names another team than it was made for is none.
    let (place, secret) = token.split_once('.').expect("a token");
    let (end, other) = match place.ends_with('a') {
        true => (place.len() - 1, "q"),
        false => (place.len() - 1, "a"),
    };
    let forged = format!("{}{other}.{secret}", &place[..end]);
    let come = json!({ "link": forged, "client_id": random_uuid() });
    let page = world.harness.anonymous();
    page.refused(
        reqwest::Method::POST,
        "/v1/guest/sessions",
        Some(come),
        401,
        "token_invalid",
    )
    .await;
}

/// A team that nobody is in any more, or that is gone, keeps nobody from being called.
#[tokio::test]
async fn a_call_with_a_team_that_is_gone_rings_for_everybody() {
    let world = World::new().await;
    world.let_call(true).await;
    let teams = format!("{}/teams", world.workspace.path);
    let team = json!({ "name": "Billing" });
    let team = text(&world.owner.post(&teams, team, 201).await, "id");
    let mut with_team = video();
    with_team["team"] = team.clone().into();
    let flow = world.live(&offering(with_team)).await;
    let (_, token) = world.offered(&flow).await;
    let place = format!("{teams}/{team}");
    let shown = world.owner.send(reqwest::Method::GET, &place, None).await;
    let known = world.owner.with_header("if-match", shown.header("etag"));
    known.delete(&place, 204).await;
    let (_, call, join) = world.calls_by(&token).await;
    world.join(&join).await;
    let accept = format!("{}/accept", world.call(&call));
    let taken = world.owner.post(&accept, Value::Null, 200).await;
    assert_eq!(taken["state"], "connecting");
}
