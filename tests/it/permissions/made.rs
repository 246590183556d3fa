//! What one call of the matrix takes with it: somebody, or something, of its own.

use std::time::Duration;

use harness::routes::Route;
use harness::{Harness, Member, START, Visitor, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Role;
use shared::domain::time::DAY;

/// Somebody with a role of their own for one call, which may take it from them.
pub async fn fresh(harness: &Harness, owner: &Member, workspace: &Workspace, role: Role) -> Member {
    let n = harness.now().ms();
    harness.advance(Duration::from_millis(1));
    let address = format!("fresh{n}@example.com");
    harness.join(owner, workspace, &address, role.word()).await
}

/// A key of its own for one call.
pub async fn make_key(workspace: &str, owner: &Member) -> String {
    let body = json!({ "name": "Shop", "scopes": ["contacts.read"] });
    let place = format!("{workspace}/api-keys");
    text(&owner.post(&place, body, 201).await, "id")
}

/// A team of its own for one call.
pub async fn make_team(workspace: &str, owner: &Member) -> String {
    let place = format!("{workspace}/teams");
    let body = json!({ "name": "Billing" });
    text(&owner.post(&place, body, 201).await, "id")
}

/// A service on this machine that nobody runs.
pub fn hook() -> Value {
    json!({ "name": "Shop", "url": "http://127.0.0.1:9/hooks", "events": ["message.created"] })
}

/// Whom push services of browsers may write to.
pub fn sender() -> Value {
    json!({ "contact": "mailto:push@shop.example" })
}

/// A browser on this machine.
pub fn device(harness: &Harness) -> Value {
    json!({ "provider": "webpush", "subscription": harness.subscription(None).1 })
}

/// A webhook of its own for one call.
pub async fn make_hook(workspace: &str, owner: &Member) -> String {
    let place = format!("{workspace}/webhooks");
    text(&owner.post(&place, hook(), 201).await, "id")
}

/// A request of a contact of its own for one call.
pub async fn ask(workspace: &str, owner: &Member, visitor: &Visitor) -> String {
    let body = json!({ "contact_id": visitor.contact_id, "type": "access" });
    let place = format!("{workspace}/privacy/requests");
    text(&owner.post(&place, body, 202).await, "id")
}

/// A disclosure of its own for one call, proposed by somebody else: whom and what it is about, and
/// the disclosure.
pub async fn propose(workspace: &str, by: &Member, visitor: &Visitor) -> (String, String) {
    let conversation = visitor.start("Hello").await.id;
    let body = demand(&conversation);
    let place = format!("{workspace}/contacts/{}/disclosures", visitor.contact_id);
    let made = by.post(&place, body, 201).await;
    (conversation, text(&made, "id"))
}

pub fn demand(conversation: &str) -> Value {
    json!({
        "ground": "legal_demand", "recipient": "A court", "reference": "Order 12",
        "conversations": [conversation],
    })
}

/// An invitation of its own for one call.
pub async fn invite(workspace: &str, owner: &Member) -> String {
    let body = json!({ "email": "lea@example.com", "role": "viewer" });
    let place = format!("{workspace}/invitations");
    text(&owner.post(&place, body, 202).await, "id")
}

/// A conversation of its own for one call, in which there is what the call is about.
pub async fn stage(
    route: &Route,
    workspace: &str,
    owner: &Member,
    member: &Member,
    visitor: &Visitor,
) -> String {
    let conversation = visitor.start("Hello").await.id;
    let place = format!("{workspace}/conversations/{conversation}");
    if route.path.contains("{seq}") {
        member
            .post(&format!("{place}/messages"), message("Helo"), 201)
            .await;
    }
    let until = START.plus(DAY);
    if route.path.ends_with("/hold") && route.method != Method::PUT {
        let hold = json!({ "reason": "Complaint 17", "until": until });
        owner.put(&format!("{place}/hold"), hold, 200).await;
    }
    if route.path.ends_with("/draft") && route.method != Method::PUT {
        member
            .put(&format!("{place}/draft"), json!({ "text": "Well" }), 200)
            .await;
    }
    if route.path.ends_with("/wake") {
        owner
            .post(&format!("{place}/snooze"), json!({ "until": until }), 200)
            .await;
    }
    conversation
}
