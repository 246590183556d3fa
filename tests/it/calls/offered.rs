//! Calls that are offered in a conversation of an inbox.

use harness::{Client, Conversation, Harness, Member, Visitor, Workspace, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::SECOND;

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
        let now = self.owner.get(&self.workspace.path, 200).await;
        let known = self
            .owner
            .with_header("if-match", &format!("\"{}\"", now["rev"]));
        known
            .patch(&self.workspace.path, json!({ "calls": calls }), 200)
            .await
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
