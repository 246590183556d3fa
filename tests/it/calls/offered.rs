//! Calls that are offered in a conversation of an inbox.

use harness::{
    Client, Conversation, Harness, Member, Socket, Visitor, Workspace, random_uuid, text,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::SECOND;
use crate::asyncapi::is_documented;

struct Desk {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    conversation: Conversation,
    visitor: Visitor,
}

async fn desk() -> Desk {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("Can we talk?").await;
    Desk {
        harness,
        owner,
        workspace,
        conversation,
        visitor,
    }
}

impl Desk {
    async fn calls(&self, calls: bool) -> Value {
        self.change(json!({ "calls": calls })).await
    }

    async fn change(&self, what: Value) -> Value {
        let now = self.owner.get(&self.workspace.path, 200).await;
        let known = self
            .owner
            .with_header("if-match", &format!("\"{}\"", now["rev"]));
        known.patch(&self.workspace.path, what, 200).await
    }

    /// A call by a link that was offered in the conversation; it rings.
    async fn ringing(&self) -> (Client, String) {
        let offer = json!({ "kind": "video", "conversation_id": self.conversation.id });
        let links = format!("{}/call-links", self.workspace.path);
        let link = text(&self.owner.post(&links, offer, 201).await, "token");
        let page = self.harness.anonymous();
        let come = json!({ "link": link, "client_id": random_uuid() });
        let session = page.post("/v1/guest/sessions", come, 201).await;
        let guest = page.with_token(&text(&session, "guest_token"));
        let wanted = json!({ "kind": "video", "client_id": random_uuid() });
        let begun = guest.post("/v1/guest/calls", wanted, 201).await;
        assert_eq!(
            begun["call"]["conversation_id"],
            json!(self.conversation.id)
        );
        let device = page.with_token(&text(&begun["join"], "join_token"));
        device.post("/v1/calls/join", Value::Null, 201).await;
        (guest, text(&begun["call"], "id"))
    }

    /// What the thread says of calls, to the visitor and to the team alike.
    async fn told(&self) -> Vec<String> {
        self.harness.drain().await;
        let theirs = events(&self.visitor.read(&self.conversation).await);
        let ours = self.owner.read(&self.workspace, &self.conversation).await;
        assert_eq!(events(&ours), theirs);
        theirs
    }
}

fn events(lines: &[Value]) -> Vec<String> {
    let events = lines.iter().filter_map(|line| line["event"].as_str());
    let calls = events.filter(|event| event.starts_with("call_"));
    calls.map(str::to_owned).collect()
}

/// The thread says once how a call that was offered in it ended; the call then says no more which thread that was.
#[tokio::test]
async fn a_call_that_is_offered_in_a_conversation_ends_as_a_line_of_it() {
    let desk = desk().await;
    assert!(
        desk.calls(true).await["modules"]
            .as_array()
            .is_some_and(|all| all.contains(&json!("sessions")))
    );
    let (_, missed) = desk.ringing().await;
    desk.harness.advance(46 * SECOND);
    let path = format!("{}/calls/{missed}", desk.workspace.path);
    desk.owner
        .post(&format!("{path}/knock"), Value::Null, 200)
        .await;
    assert_eq!(desk.told().await, ["call_missed"]);
    let over = desk.owner.get(&path, 200).await;
    assert_eq!(over["reason"], "no_answer");
    assert!(over["conversation_id"].is_null());

    let (guest, declined) = desk.ringing().await;
    let path = format!("{}/calls/{declined}", desk.workspace.path);
    desk.owner
        .post(&format!("{path}/decline"), Value::Null, 200)
        .await;
    let seen = guest.get(&format!("/v1/guest/calls/{declined}"), 200).await;
    assert_eq!(seen["reason"], "declined");
    assert_eq!(desk.told().await, ["call_missed", "call_missed"]);
    assert_eq!(desk.told().await.len(), 2);
}

impl Desk {
    /// A member calls the visitor in the conversation; it rings.
    async fn rings(&self, member: &Client) -> String {
        let path = format!("{}/calls", self.workspace.path);
        let body = json!({ "conversation_id": self.conversation.id, "kind": "video", "client_id": random_uuid() });
        let begun = member.post(&path, body, 201).await;
        assert_eq!(
            begun["call"]["conversation_id"],
            json!(self.conversation.id)
        );
        let device = self.harness.anonymous();
        let device = device.with_token(&text(&begun["join"], "join_token"));
        device.post("/v1/calls/join", Value::Null, 201).await;
        self.harness.drain().await;
        text(&begun["call"], "id")
    }

    async fn member_does(&self, call: &str, act: &str) -> Value {
        let path = format!("{}/calls/{call}/{act}", self.workspace.path);
        let done = self.owner.post(&path, Value::Null, 200).await;
        self.harness.drain().await;
        done
    }
}

/// The next frame about ringing, and which call it is about.
async fn rung(page: &mut Socket, t: &str) -> Value {
    for _ in 0..10 {
        let frame = page.next().await;
        if frame["t"] == t {
            if t.starts_with("call.") {
                is_documented("serverSendsInCalls", &frame);
            }
            return frame;
        }
    }
    panic!("no {t} came");
}

/// A call that a member begins in a conversation rings on every open page of its visitor, who answers on one of
/// them; there and on the others it rings no more.
#[tokio::test]
async fn a_member_calls_the_visitor_of_a_conversation_on_all_their_open_pages() {
    let desk = desk().await;
    desk.calls(true).await;
    let (mut one, mut other) = (desk.visitor.socket().await, desk.visitor.socket().await);
    let stranger = desk.owner.app(&desk.workspace).await;
    let stranger = desk.harness.visitor(&stranger).await;
    let mut elsewhere = stranger.socket().await;
    one.sub(&desk.conversation.id).await;
    desk.visitor
        .refused(
            Method::POST,
            "/v1/widget/guest-sessions",
            None,
            404,
            "not_found",
        )
        .await;
    let call = desk.rings(&desk.owner).await;
    for page in [&mut one, &mut other] {
        let ring = rung(page, "call.ring").await;
        assert_eq!(
            (&ring["call"], &ring["caller"], &ring["conversation"]),
            (&json!(call), &json!("agent"), &json!(desk.conversation.id))
        );
        assert!(ring["deadline"].is_string());
    }
    // It is the visitor's, and nobody else's.
    stranger
        .refused(
            Method::POST,
            "/v1/widget/guest-sessions",
            None,
            404,
            "not_found",
        )
        .await;
    let ack = json!({ "t": "call.ack", "call": call });
    assert_eq!(elsewhere.ask(ack).await["code"], "not_found");
    one.send(json!({ "t": "call.ack", "call": call })).await;
    let answer = desk
        .visitor
        .post("/v1/widget/guest-sessions", Value::Null, 201)
        .await;
    assert_eq!(answer["call"]["id"], json!(call));
    let again = desk
        .visitor
        .post("/v1/widget/guest-sessions", Value::Null, 201)
        .await;
    assert_eq!(answer["guest_token"], again["guest_token"]);
    let guest = desk.harness.anonymous();
    let guest = guest.with_token(&text(&answer, "guest_token"));
    let path = format!("/v1/guest/calls/{call}");
    let taken = guest
        .post(&format!("{path}/accept"), Value::Null, 200)
        .await;
    assert_eq!(taken["state"], "connecting");
    desk.harness.drain().await;
    for page in [&mut one, &mut other] {
        assert_eq!(rung(page, "call.ring_end").await["call"], json!(call));
    }
    let pass = guest
        .post(&format!("{path}/join-token"), Value::Null, 201)
        .await;
    let device = desk.harness.anonymous();
    let device = device.with_token(&text(&pass, "join_token"));
    let joined = device.post("/v1/calls/join", Value::Null, 201).await;
    assert_eq!(joined["side"], "guest");
    guest.post(&format!("{path}/end"), Value::Null, 200).await;
    assert_eq!(desk.told().await, ["call_missed"]);
    assert_eq!(elsewhere.heard().await, Vec::<Value>::new());
    // Nothing of it leads to the visitor any more.
    assert_eq!(
        desk.harness.items_with(&call).await,
        2,
        "the call, and the guest of a day"
    );
}

#[tokio::test]
async fn a_call_to_a_visitor_stops_ringing_when_it_is_taken_back_declined_or_over_and_rings_once_at_a_time()
 {
    let desk = desk().await;
    desk.calls(true).await;
    let mut page = desk.visitor.socket().await;
    let call = desk.rings(&desk.owner).await;
    rung(&mut page, "call.ring").await;
    // A colleague calls the same visitor at the same time.
    let bob = desk
        .harness
        .join(&desk.owner, &desk.workspace, "bob@example.com", "agent")
        .await;
    let path = format!("{}/calls", desk.workspace.path);
    let body = json!({ "conversation_id": desk.conversation.id, "kind": "audio", "client_id": random_uuid() });
    let busy = bob.post(&path, body.clone(), 201).await;
    assert_eq!(busy["call"]["reason"], "busy");
    desk.member_does(&call, "cancel").await;
    assert_eq!(
        rung(&mut page, "call.ring_end").await["reason"],
        "cancelled"
    );
    let call = desk.rings(&bob).await;
    rung(&mut page, "call.ring").await;
    let session = desk
        .visitor
        .post("/v1/widget/guest-sessions", Value::Null, 201)
        .await;
    let guest = desk.harness.anonymous();
    let guest = guest.with_token(&text(&session, "guest_token"));
    guest
        .post(&format!("/v1/guest/calls/{call}/decline"), Value::Null, 200)
        .await;
    desk.harness.drain().await;
    assert_eq!(rung(&mut page, "call.ring_end").await["reason"], "declined");
    desk.rings(&desk.owner).await;
    rung(&mut page, "call.ring").await;
    desk.harness.advance(46 * SECOND);
    desk.harness.run_schedule("minute").await;
    desk.harness.drain().await;
    assert_eq!(
        rung(&mut page, "call.ring_end").await["reason"],
        "no_answer"
    );
    desk.visitor
        .refused(
            Method::POST,
            "/v1/widget/guest-sessions",
            None,
            404,
            "not_found",
        )
        .await;
    assert_eq!(desk.told().await, ["call_missed"; 3]);
    // A guest or a conversation, and one that is there.
    for (body, status, code) in [
        (
            json!({ "kind": "audio", "client_id": random_uuid() }),
            422,
            "validation_failed",
        ),
        (
            json!({
                "conversation_id": desk.conversation.id, "guest_id": "gst_01kf0a1b2c3d4e5f6g7h8j9k0m",
                "kind": "audio", "client_id": random_uuid(),
            }),
            422,
            "validation_failed",
        ),
        (
            json!({
                "conversation_id": "cnv_01kf0a1b2c3d4e5f6g7h8j9k0m", "kind": "audio",
                "client_id": random_uuid(),
            }),
            404,
            "not_found",
        ),
    ] {
        desk.owner
            .refused(Method::POST, &path, Some(body), status, code)
            .await;
    }
    desk.calls(false).await;
    desk.visitor
        .refused(
            Method::POST,
            "/v1/widget/guest-sessions",
            None,
            403,
            "module_off",
        )
        .await;
}

/// Bad input: a conversation that is not there, and a workspace that has no calls.
#[tokio::test]
async fn calls_are_offered_in_conversations_that_are_there_and_where_calls_are_on() {
    let desk = desk().await;
    let links = format!("{}/call-links", desk.workspace.path);
    let offer = |id: &str| Some(json!({ "kind": "audio", "conversation_id": id }));
    let own = offer(&desk.conversation.id);
    desk.owner
        .refused(Method::POST, &links, own.clone(), 403, "module_off")
        .await;
    desk.calls(true).await;
    let nowhere = offer("cnv_01kf0a1b2c3d4e5f6g7h8j9k0m");
    desk.owner
        .refused(Method::POST, &links, nowhere, 404, "not_found")
        .await;
    desk.owner
        .post(&links, own.clone().unwrap_or_default(), 201)
        .await;
    desk.calls(false).await;
    desk.owner
        .refused(Method::POST, &links, own, 403, "module_off")
        .await;
}

impl Desk {
    /// By which ways the devices of a guest's call may speak.
    async fn way_of(&self, guest: &Client, call: &str) -> Value {
        let path = format!("/v1/guest/calls/{call}/ice");
        guest.post(&path, Value::Null, 200).await["policy"].clone()
    }

    /// A call that a member begins and the visitor takes on a page: the guest, the call, and both devices.
    async fn both_in(&self) -> (Client, String, Socket, Socket) {
        let path = format!("{}/calls", self.workspace.path);
        let body = json!({ "conversation_id": self.conversation.id, "kind": "video", "client_id": random_uuid() });
        let begun = self.owner.post(&path, body, 201).await;
        let call = text(&begun["call"], "id");
        let page = self.harness.anonymous();
        let enter = async |pass: String| {
            let device = page.with_token(&pass);
            let joined = device.post("/v1/calls/join", Value::Null, 201).await;
            assert_eq!(joined["ice"]["policy"], "relay");
            Socket::open(&text(&joined["socket"], "url")).await
        };
        let mut ours = enter(text(&begun["join"], "join_token")).await;
        ours.ask(json!({ "t": "call.hello", "call": call })).await;
        let come = "/v1/widget/guest-sessions";
        let session = self.visitor.post(come, Value::Null, 201).await;
        let guest = page.with_token(&text(&session, "guest_token"));
        let path = format!("/v1/guest/calls/{call}");
        guest
            .post(&format!("{path}/accept"), Value::Null, 200)
            .await;
        let pass = format!("{path}/join-token");
        let pass = guest.post(&pass, Value::Null, 201).await;
        let mut theirs = enter(text(&pass, "join_token")).await;
        theirs.ask(json!({ "t": "call.hello", "call": call })).await;
        (guest, call, ours, theirs)
    }
}

/// Calls by link and in conversations have no app that could ask for a relay: the workspace does, for every call.
#[tokio::test]
async fn where_a_workspace_asks_for_a_relay_no_address_is_passed_on_in_calls_without_an_app() {
    let desk = desk().await;
    assert_eq!(desk.calls(true).await["calls_relay_only"], false);
    let (guest, before) = desk.ringing().await;
    assert_eq!(desk.way_of(&guest, &before).await, "all");
    let changed = desk.change(json!({ "calls_relay_only": true })).await;
    assert_eq!(changed["calls_relay_only"], true);
    assert_eq!(
        desk.change(json!({ "calls_relay_only": true })).await["rev"],
        changed["rev"]
    );
    // What had begun goes on as it was.
    assert_eq!(desk.way_of(&guest, &before).await, "all");
    let (guest, by_link) = desk.ringing().await;
    assert_eq!(desk.way_of(&guest, &by_link).await, "relay");
    let (guest, call, mut ours, mut theirs) = desk.both_in().await;
    assert_eq!(desk.way_of(&guest, &call).await, "relay");
    let say = |way: &str| {
        let one = json!({ "candidate": format!("candidate:1 1 udp 1 192.0.2.7 9 typ {way}") });
        json!({ "t": "call.ice", "call": call, "epoch": 1, "n": 1, "candidates": [one] })
    };
    let relayed = say("relay raddr 203.0.113.7 rport 4711");
    for side in ["guest", "agent"] {
        let (from, to) = match side {
            "guest" => (&mut theirs, &mut ours),
            _ => (&mut ours, &mut theirs),
        };
        from.send(say("srflx raddr 203.0.113.7 rport 4711")).await;
        assert_eq!(rung(from, "error").await["code"], "bad_signal");
        from.send(relayed.clone()).await;
        let heard = rung(to, "call.ice").await;
        assert_eq!(
            heard["candidates"][0]["candidate"],
            "candidate:1 1 udp 1 192.0.2.7 9 typ relay raddr 0.0.0.0 rport 9"
        );
    }
    desk.change(json!({ "calls_relay_only": false })).await;
    let (guest, free) = desk.ringing().await;
    assert_eq!(desk.way_of(&guest, &free).await, "all");
    let now = desk.owner.get(&desk.workspace.path, 200).await;
    let known = format!("\"{}\"", now["rev"]);
    let known = desk.owner.with_header("if-match", &known);
    for wrong in [json!(null), json!("yes")] {
        let body = Some(json!({ "calls_relay_only": wrong }));
        let path = &desk.workspace.path;
        known
            .refused(Method::PATCH, path, body, 422, "validation_failed")
            .await;
    }
}
