//! Services of a customer are told what happens: at least once, signed, under a stable id.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use harness::receiver::Receiver;
use harness::{Harness, Member, Visitor, WidgetApp, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};

mod chosen;
mod endpoints;
mod failures;
mod others;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const ADA: &str = "ada@example.com";

/// Everything that an endpoint can choose.
const ALL: [&str; 13] = [
    "contact.created",
    "contact.deleted",
    "contact.merged",
    "contact.updated",
    "conversation.assigned",
    "conversation.closed",
    "conversation.created",
    "conversation.deleted",
    "conversation.updated",
    "message.created",
    "message.deleted",
    "message.edited",
    "message.redacted",
];

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    receiver: Receiver,
}

/// An endpoint that was made.
struct Hook {
    path: String,
    secret: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up(ADA).await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let receiver = Receiver::start().await;
        Self {
            harness,
            owner,
            workspace,
            app,
            receiver,
        }
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    async fn hook(&self, events: &[&str], payload: &str) -> Hook {
        let body = json!({
            "name": "Shop", "url": self.receiver.url, "events": events, "payload": payload,
        });
        let made = self.owner.post(&self.at("/webhooks"), body, 201).await;
        Hook {
            path: self.at(&format!("/webhooks/{}", text(&made, "id"))),
            secret: text(&made, "secret"),
        }
    }

    async fn visitor(&self) -> Visitor {
        self.harness.visitor(&self.app).await
    }

    /// The owner as they sign in anew, after a time.
    async fn owner_again(&self) -> Member {
        self.harness.sign_in(ADA).await
    }

    async fn due(&self) -> Value {
        self.harness.run_schedule("minute").await
    }

    async fn deliveries(&self, owner: &Member, hook: &Hook) -> Vec<Value> {
        let place = format!("{}/deliveries?limit=100", hook.path);
        let list = owner.get(&place, 200).await;
        list["data"].as_array().expect("a list").clone()
    }
}

async fn sorted(world: &World) -> Vec<String> {
    let mut items = world.harness.items().await;
    items.sort();
    items
}

#[tokio::test]
async fn an_endpoint_hears_once_of_each_contact_that_was_found_to_be_one_person_with_another() {
    let world = World::new().await;
    world.hook(&["contact.merged"], "thin").await;
    let (one, other) = (world.visitor().await, world.visitor().await);
    let place = world.at(&format!("/contacts/{}/merge", one.contact_id));
    let into = json!({ "into": other.contact_id });
    for _ in 0..2 {
        world.owner.post(&place, into.clone(), 200).await;
    }
    world.harness.drain().await;
    let sent = world.receiver.sent();
    let about = |id: &str| {
        let named = sent.iter().filter(|one| one.event() == "contact.merged");
        named
            .filter(|one| one.body["data"]["contact_id"] == id)
            .count()
    };
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!((about(&one.contact_id), about(&other.contact_id)), (1, 1));
}

#[tokio::test]
async fn an_endpoint_hears_of_what_it_chose_signed_and_in_ids_only() {
    let world = World::new().await;
    let hook = world
        .hook(&["message.created", "conversation.closed"], "thin")
        .await;
    let visitor = world.visitor().await;
    let conversation = visitor.start("A canary sings").await;
    let thread = world.at(&format!("/conversations/{}", conversation.id));
    world
        .owner
        .post(&format!("{thread}/close"), json!({}), 200)
        .await;
    world.harness.drain().await;
    let sent = world.receiver.sent();
    let events: Vec<&str> = sent.iter().map(|one| one.event()).collect();
    assert_eq!(events, ["message.created", "conversation.closed"]);
    for one in &sent {
        assert!(one.is_signed_with(&hook.secret), "{}", one.signature);
        assert_eq!(one.body["data"]["conversation_id"], conversation.id);
        assert_eq!(one.body["data"]["workspace_id"], world.workspace.id);
        assert!(!String::from_utf8_lossy(&one.raw).contains("canary"));
        assert_eq!(one.headers["content-type"], "application/json");
        assert!(!one.headers.contains_key("authorization"));
    }
    assert_eq!(sent[0].body["data"]["seq"], 1);
    assert_ne!(sent[0].id, sent[1].id);
    let log = world.deliveries(&world.owner, &hook).await;
    assert_eq!(log.len(), 2);
    for one in &log {
        assert_eq!(
            (&one["state"], &one["answer"]),
            (&json!("delivered"), &json!(204))
        );
    }
    // Nothing is left to do.
    let report = world.due().await;
    assert_eq!(
        (&report["webhooks_taken"], &report["webhooks_failed"]),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn every_event_that_can_be_chosen_happens_and_is_told_once() {
    let world = World::new().await;
    world.hook(&ALL, "thin").await;
    let visitor = world.visitor().await;
    let conversation = visitor.start("Hello").await.id;
    let thread = world.at(&format!("/conversations/{conversation}"));
    let owner = &world.owner;
    let said = owner
        .post(&format!("{thread}/messages"), message("Helo"), 201)
        .await;
    let place = format!("{thread}/messages/{}", said["seq"]);
    owner.patch(&place, json!({ "text": "Hello" }), 200).await;
    let ranges = json!({ "ranges": [{ "start": 0, "end": 2 }] });
    owner.post(&format!("{place}/redact"), ranges, 200).await;
    owner.delete(&place, 200).await;
    owner.post(&format!("{thread}/claim"), json!({}), 200).await;
    owner
        .put(
            &format!("{thread}/labels"),
            json!({ "labels": ["urgent"] }),
            200,
        )
        .await;
    owner.post(&format!("{thread}/close"), json!({}), 200).await;
    let contact = world.at(&format!("/contacts/{}", visitor.contact_id));
    owner.patch(&contact, json!({ "name": "Grace" }), 200).await;
    let other = world.visitor().await.contact_id;
    let into = json!({ "into": other });
    owner.post(&format!("{contact}/merge"), into, 200).await;
    world.harness.drain().await;
    owner.delete(&contact, 202).await;
    for _ in 0..3 {
        world.harness.advance(MINUTE);
        world.due().await;
        world.harness.drain().await;
    }
    // The stream may tell everything once more; nothing is written twice.
    world.harness.stack.redeliver().await.expect("delivered");
    world.harness.drain().await;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for event in world.receiver.taken() {
        *told.entry(event).or_default() += 1;
    }
    let mut expected: BTreeMap<String, usize> =
        ALL.iter().map(|event| ((*event).to_owned(), 1)).collect();
    // The visitor's and the owner's.
    expected.insert("message.created".to_owned(), 2);
    // The person's two contacts.
    for event in ["contact.created", "contact.deleted", "contact.merged"] {
        expected.insert(event.to_owned(), 2);
    }
    assert_eq!(told, expected);
}

#[tokio::test]
async fn words_go_out_only_where_the_full_payload_was_chosen_and_only_while_they_are_there() {
    let world = World::new().await;
    world
        .hook(&["message.created", "contact.created"], "full")
        .await;
    let visitor = world.visitor().await;
    let conversation = visitor.start("A canary sings").await.id;
    world.harness.drain().await;
    let sent = world.receiver.sent();
    let told = sent.iter().find(|one| one.event() == "message.created");
    let data = &told.expect("the message").body["data"];
    assert_eq!(data["message"]["text"], "A canary sings");
    assert_eq!(data["message"]["internal"], false);
    assert_eq!(data["conversation"]["id"], conversation);
    let contact = sent.iter().find(|one| one.event() == "contact.created");
    let contact = &contact.expect("the contact").body["data"];
    assert_eq!(contact["contact"]["id"], visitor.contact_id);
    // What was deleted before it could be told is not told.
    world.receiver.answers(500);
    let said = world.at(&format!("/conversations/{conversation}/messages"));
    let said_of = world
        .owner
        .post(&said, message("A second canary"), 201)
        .await;
    world.harness.drain().await;
    let place = format!("{said}/{}", said_of["seq"]);
    world.owner.delete(&place, 200).await;
    world.harness.drain().await;
    world.receiver.answers(200);
    let before = world.receiver.sent().len();
    world.harness.advance(MINUTE * 2);
    world.due().await;
    let again = world.receiver.sent().split_off(before);
    assert!(!again.is_empty());
    for one in again {
        assert!(!String::from_utf8_lossy(&one.raw).contains("canary"));
    }
    // Nothing of it lies in a row of ours.
    for item in world.harness.items().await {
        let kind = item.contains("Delivery");
        assert!(!kind || !item.contains("canary"));
    }
}

#[tokio::test]
async fn what_was_told_is_told_again_by_one_or_by_a_span_and_a_test_comes_at_once() {
    let world = World::new().await;
    let hook = world.hook(&["message.created"], "thin").await;
    let test = format!("{}/test", hook.path);
    let tested = world.owner.send(Method::POST, &test, None).await;
    assert_eq!(tested.status, 202, "{}", tested.text);
    world.harness.drain().await;
    assert_eq!(world.receiver.taken(), ["webhook.test"]);
    world.harness.advance(Duration::from_secs(1));
    let from = world.harness.now();
    let visitor = world.visitor().await;
    let conversation = visitor.start("Hello").await;
    world.harness.advance(MINUTE);
    visitor.say(&conversation, "Hello?").await;
    world.harness.drain().await;
    let first = world.receiver.sent();
    assert_eq!(first.len(), 3);
    let replay = format!("{}/replay", hook.path);
    let one = json!({ "delivery_id": first[1].id });
    let answer = world.owner.post(&replay, one.clone(), 202).await;
    assert_eq!(answer["queued"], 1);
    // Repeated, it waits already.
    assert_eq!(world.owner.post(&replay, one, 202).await["queued"], 0);
    world.due().await;
    assert_eq!(world.receiver.sent().len(), 4);
    assert_eq!(world.receiver.sent()[3].id, first[1].id);
    let span = json!({ "from": from, "to": from.plus(MINUTE * 10), "state": "delivered" });
    let answer = world.owner.post(&replay, span, 202).await;
    assert_eq!(
        (&answer["queued"], &answer["continue_from"]),
        (&json!(2), &Value::Null)
    );
    world.due().await;
    let ids: BTreeSet<String> = world
        .receiver
        .sent()
        .split_off(4)
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(ids, [first[1].id.clone(), first[2].id.clone()].into());
    for (wrong, pointer) in [
        (json!({}), "#/delivery_id"),
        (json!({ "from": from }), "#/delivery_id"),
        (json!({ "from": from, "to": from }), "#/to"),
        (
            json!({ "delivery_id": first[1].id, "from": from }),
            "#/delivery_id",
        ),
    ] {
        let answer = world.owner.send(Method::POST, &replay, Some(wrong)).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
    }
    let unknown = json!({ "delivery_id": "evt_01kf0a1b2c3d4e5f6g7h8j9k0m" });
    world.owner.post(&replay, unknown, 404).await;
}

#[tokio::test]
async fn whoever_was_told_of_a_contact_hears_that_it_is_gone_whatever_was_chosen() {
    let world = World::new().await;
    world.hook(&[], "thin").await;
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    world.harness.drain().await;
    assert!(world.receiver.sent().is_empty());
    let contact = world.at(&format!("/contacts/{}", visitor.contact_id));
    world.owner.delete(&contact, 202).await;
    for _ in 0..3 {
        world.harness.advance(MINUTE);
        world.due().await;
        world.harness.drain().await;
    }
    let sent = world.receiver.sent();
    assert_eq!(world.receiver.taken(), ["contact.deleted"]);
    assert_eq!(sent[0].body["data"]["contact_id"], visitor.contact_id);
}
