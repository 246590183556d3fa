//! The erasure of a contact: gone at once, nothing left after it, and nobody else touched (CHAT-19).

mod account;
mod receipts;
mod rested;
mod workspace;

use std::time::Duration;

use harness::{
    Conversation, Fault, Harness, Kind, Member, Visitor, WidgetApp, Workspace, message, text,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60 + 60);

/// Somebody who is to be forgotten, and a neighbour who is not.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    forgotten: Visitor,
    conversations: [Conversation; 2],
    neighbour: Visitor,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let forgotten = signed(&harness, &workspace, &app).await;
        let neighbour = harness.visitor(&app).await;
        neighbour.start("I stay").await;
        let conversations = [forgotten.start("one").await, forgotten.start("other").await];
        let world = Self {
            harness,
            owner,
            workspace,
            app,
            forgotten,
            conversations,
            neighbour,
        };
        for conversation in &world.conversations {
            let at = |rest: &str| world.at(conversation, rest);
            let owner = &world.owner;
            owner
                .post(&at("/messages"), message("An answer"), 201)
                .await;
            owner.put(&at("/read"), json!({ "seq": 2 }), 200).await;
            owner
                .put(&at("/draft"), json!({ "text": "Well" }), 200)
                .await;
        }
        let known = json!({ "name": "Grace", "email": "grace@example.com" });
        world.owner.patch(&world.contact(), known, 200).await;
        world
    }

    fn contact(&self) -> String {
        format!(
            "{}/contacts/{}",
            self.workspace.path, self.forgotten.contact_id
        )
    }

    fn at(&self, conversation: &Conversation, rest: &str) -> String {
        format!(
            "{}/conversations/{}{rest}",
            self.workspace.path, conversation.id
        )
    }

    /// Every item that names the forgotten contact, or one of its conversations.
    async fn left(&self) -> Vec<String> {
        let ids = [&self.conversations[0].id, &self.conversations[1].id];
        let names = |item: &String| {
            item.contains(&self.forgotten.contact_id) || ids.iter().any(|id| item.contains(*id))
        };
        let items = self.harness.items().await;
        items.into_iter().filter(names).collect()
    }

    /// Every item that names the neighbour.
    async fn of_the_neighbour(&self) -> Vec<String> {
        let mut items = self.harness.items().await;
        items.retain(|item| item.contains(&self.neighbour.contact_id));
        items.sort();
        items
    }

    async fn erase(&self) -> Value {
        self.harness.advance(MINUTE);
        self.harness.run_schedule("minute").await
    }
}

/// A visitor whom the customer signed for, always the same one.
async fn signed(harness: &Harness, workspace: &Workspace, app: &WidgetApp) -> Visitor {
    let claims = json!({
        "sub": "user-4711", "aud": workspace.id, "exp": harness.now().seconds() + 600,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let more = json!({ "identity_token": token.expect("signed") });
    harness.visitor_with(app, more).await
}

#[tokio::test]
async fn of_an_erased_contact_tombstones_are_left_for_a_week_and_then_nothing() {
    let world = World::new().await;
    let neighbour = world.of_the_neighbour().await;
    assert!(world.left().await.len() > 15, "there is something to erase");
    world.owner.delete(&world.contact(), 202).await;
    assert_eq!(world.erase().await["erased_contacts"], 1);
    let left = world.left().await;
    let all_tombstones = left.iter().all(|item| item.contains("\"S\":\"Tombstone\""));
    assert!(all_tombstones && left.len() == 2, "{left:?}");
    assert_eq!(world.of_the_neighbour().await, neighbour);
    world.harness.drain().await;
    world.harness.advance(WEEK);
    world.harness.sweep_ttl().await;
    assert_eq!(world.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_erased_contact_is_gone_for_everybody_before_the_erasure_has_run() {
    let world = World::new().await;
    world.owner.delete(&world.contact(), 202).await;
    for method in [Method::GET, Method::DELETE] {
        let contact = world.contact();
        world
            .owner
            .refused(method, &contact, None, 404, "not_found")
            .await;
    }
    let list = format!("{}/contacts", world.workspace.path);
    let list = world.owner.get(&list, 200).await;
    assert!(
        !list.to_string().contains(&world.forgotten.contact_id),
        "{list}"
    );
    // The visitor can neither write nor begin anew as who it was.
    let body = json!({ "first_message": message("Hello?") });
    let path = "/v1/widget/conversations";
    let answer = world.forgotten.send(Method::POST, path, Some(body)).await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    let body = json!({
        "contact_id": world.forgotten.contact_id, "first_message": message("Hello?"),
    });
    let path = format!("{}/conversations", world.workspace.path);
    world
        .owner
        .refused(Method::POST, &path, Some(body), 404, "not_found")
        .await;
}

#[tokio::test]
async fn who_was_erased_may_come_again_as_somebody_new() {
    let world = World::new().await;
    world.owner.delete(&world.contact(), 202).await;
    let new = signed(&world.harness, &world.workspace, &world.app).await;
    assert_ne!(new.contact_id, world.forgotten.contact_id);
    world.erase().await;
    let conversations = new.get("/v1/widget/conversations", 200).await;
    assert_eq!(conversations["data"], json!([]));
    // The new one is known by the customer's name for it, and the old one's end did not take that.
    let again = signed(&world.harness, &world.workspace, &world.app).await;
    assert_eq!(again.contact_id, new.contact_id);
}

#[tokio::test]
async fn a_conversation_on_hold_stays_until_it_is_released_and_the_contact_with_it() {
    let world = World::new().await;
    let [held, free] = &world.conversations;
    let hold = json!({ "reason": "Complaint 17", "until": world.harness.now().plus(WEEK) });
    world.owner.put(&world.at(held, "/hold"), hold, 200).await;
    world.owner.delete(&world.contact(), 202).await;
    assert_eq!(world.erase().await["erased_contacts"], 0);
    let free = world.at(free, "");
    world
        .owner
        .refused(Method::GET, &free, None, 404, "not_found")
        .await;
    world.owner.get(&world.at(held, ""), 200).await;
    world.owner.delete(&world.at(held, "/hold"), 202).await;
    assert_eq!(world.erase().await["erased_contacts"], 1);
    let left = world.left().await;
    let job = |item: &&String| item.contains("\"S\":\"Job\"") || item.contains("\"S\":\"OpenJob\"");
    let others = left.iter().filter(|item| !job(item));
    assert_eq!(others.count(), 2, "{left:?}");
}

#[tokio::test]
async fn a_hold_that_outlasts_the_retention_does_not_let_an_erasure_be_forgotten() {
    let mut world = World::new().await;
    let held = world.conversations[0].clone();
    let until = world.harness.now().plus(WEEK);
    let hold = json!({ "reason": "Complaint 17", "until": until });
    world.owner.put(&world.at(&held, "/hold"), hold, 200).await;
    let retention = format!("{}/retention", world.workspace.path);
    let version = world.owner.send(Method::GET, &retention, None).await;
    world
        .owner
        .with_header("if-match", version.header("etag"))
        .patch(&retention, json!({ "conversation_days": 1 }), 200)
        .await;
    world.owner.delete(&world.contact(), 202).await;
    for _ in 0..6 {
        world.harness.advance(DAY / 2);
        world.harness.run_schedule("minute").await;
        world.harness.run_schedule("sweep").await;
        world.harness.sweep_ttl().await;
    }
    world.owner = world.harness.sign_in("ada@example.com").await;
    world.owner.get(&world.at(&held, ""), 200).await;
    // What is said now would be kept for another day, were the erasure forgotten.
    let said = message("Released");
    world
        .owner
        .post(&world.at(&held, "/messages"), said, 201)
        .await;
    world.owner.delete(&world.at(&held, "/hold"), 202).await;
    assert_eq!(world.erase().await["erased_contacts"], 1);
    let held = world.at(&held, "");
    world
        .owner
        .refused(Method::GET, &held, None, 404, "not_found")
        .await;
}

#[tokio::test]
async fn an_erasure_that_is_cut_off_at_any_call_is_finished_by_a_later_run() {
    let mut cut_off = 0;
    for call in [0, 1, 2, 3, 5, 8, 13, 21, 34] {
        let world = World::new().await;
        let neighbour = world.of_the_neighbour().await;
        world.owner.delete(&world.contact(), 202).await;
        world.harness.advance(MINUTE);
        let fault = Fault::new(Kind::ServerError).after(call).times(usize::MAX);
        world.harness.faults().plan(fault);
        let cut = world.harness.try_schedule("minute").await;
        world.harness.faults().reset();
        cut_off += usize::from(cut.is_err());
        world.harness.run_schedule("minute").await;
        let left = world.left().await;
        assert_eq!(left.len(), 2, "call {call}: {left:?}");
        assert_eq!(world.of_the_neighbour().await, neighbour, "call {call}");
    }
    assert!(cut_off >= 6, "only {cut_off} runs were cut off");
}

/// A long one, cut off after ever more calls: every run goes on where the one before was stopped.
#[tokio::test]
async fn a_long_erasure_that_is_stopped_again_and_again_goes_on_from_every_checkpoint() {
    let world = World::new().await;
    for _ in 0..250 {
        let thread = &world.conversations[0];
        world.owner.say(&world.workspace, thread, "Again").await;
    }
    let neighbour = world.of_the_neighbour().await;
    world.owner.delete(&world.contact(), 202).await;
    world.harness.advance(MINUTE);
    let (mut left, mut stops) = (world.left().await.len(), 0);
    let mut seen = std::collections::BTreeSet::from([left]);
    for calls in (1..).step_by(3) {
        let fault = Fault::new(Kind::ServerError).after(calls).times(usize::MAX);
        world.harness.faults().plan(fault);
        let stopped = world.harness.try_schedule("minute").await;
        world.harness.faults().reset();
        let now = world.left().await.len();
        assert!(now <= left, "something came back: {now} after {left}");
        left = now;
        seen.insert(left);
        match stopped {
            Ok(_) if left == 2 => break,
            Ok(_) => {}
            Err(_) => stops += 1,
        }
        assert!(calls < 200, "it does not end: {left} are left");
    }
    assert!(stops >= 8, "only {stops} runs were stopped");
    assert!(seen.len() >= 4, "it went in too few steps: {seen:?}");
    assert_eq!(world.left().await.len(), 2, "two tombstones");
    assert_eq!(world.of_the_neighbour().await, neighbour);
}

#[tokio::test]
async fn a_contact_with_many_conversations_is_erased_in_one_run() {
    let world = World::new().await;
    for n in 0..30 {
        world.forgotten.start(&format!("{n}")).await;
    }
    world.owner.delete(&world.contact(), 202).await;
    assert_eq!(world.erase().await["erased_contacts"], 1);
    let left = world.left().await;
    let all_tombstones = left.iter().all(|item| item.contains("\"S\":\"Tombstone\""));
    assert!(all_tombstones && left.len() == 32, "{left:?}");
}

#[tokio::test]
async fn only_owners_and_admins_erase_and_only_in_their_own_workspace() {
    let world = World::new().await;
    let agent = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "agent")
        .await;
    let contact = world.contact();
    agent
        .refused(Method::DELETE, &contact, None, 403, "forbidden")
        .await;
    let stranger = world.harness.sign_up("eve@example.com").await;
    let other = stranger.workspace("inbox").await;
    stranger
        .refused(Method::DELETE, &contact, None, 404, "not_found")
        .await;
    let foreign = format!("{}/contacts/{}", other.path, world.forgotten.contact_id);
    stranger
        .refused(Method::DELETE, &foreign, None, 404, "not_found")
        .await;
    assert_eq!(text(&world.owner.get(&contact, 200).await, "name"), "Grace");
}
