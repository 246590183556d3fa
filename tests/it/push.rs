//! People are told on their devices what concerns them: by ids, once, when they want it, and only who may
//! know.

mod devices;
mod providers;
mod ringing;

use std::time::Duration;

use harness::{Fault, Harness, Kind, Member, Visitor, WidgetApp, Workspace, message, text};
use local::pushes::Push;
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const ADA: &str = "ada@example.com";

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
}

/// A device that was registered, and the name of its browser.
struct Device {
    path: String,
    browser: String,
    subscription: Value,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up(ADA).await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let world = Self {
            harness,
            owner,
            workspace,
            app,
        };
        let contact = json!({ "contact": "mailto:push@shop.example" });
        world
            .owner
            .put(&world.at("/push/webpush"), contact, 200)
            .await;
        world
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    /// The key that browsers bind subscriptions to.
    async fn key(&self) -> String {
        let senders = self.owner.get(&self.at("/push"), 200).await;
        let list = senders["data"].as_array().expect("a list");
        let own = list.iter().find(|one| one["provider"] == "webpush");
        text(own.expect("a key"), "public_key")
    }

    async fn register(&self, member: &Member) -> Device {
        let (browser, subscription) = self.harness.subscription(Some(&self.key().await));
        let body = json!({ "provider": "webpush", "subscription": subscription });
        let made = member.post(&self.at("/devices"), body, 201).await;
        Device {
            path: self.at(&format!("/devices/{}", text(&made, "id"))),
            browser,
            subscription,
        }
    }

    async fn visitor(&self) -> Visitor {
        self.harness.visitor(&self.app).await
    }

    async fn colleague(&self, address: &str, role: &str) -> Member {
        let workspace = &self.workspace;
        self.harness
            .join(&self.owner, workspace, address, role)
            .await
    }

    async fn member_id(&self, member: &Member) -> String {
        text(&member.get(&self.workspace.path, 200).await, "member_id")
    }

    /// What a browser was told, when everything that is to be done was done.
    async fn told(&self, device: &Device) -> Vec<Push> {
        self.harness.drain().await;
        self.harness.stack.pushes.to(&device.browser)
    }

    async fn events(&self, device: &Device) -> Vec<String> {
        let told = self.told(device).await;
        told.iter().map(|push| text(&push.data, "event")).collect()
    }

    async fn devices(&self, member: &Member) -> Vec<Value> {
        let list = member.get(&self.at("/devices"), 200).await;
        list["data"].as_array().expect("a list").clone()
    }

    /// A conversation that a member has.
    async fn taken(&self, visitor: &Visitor, member: &Member) -> (harness::Conversation, String) {
        let conversation = visitor.start("Hello").await;
        let thread = self.at(&format!("/conversations/{}", conversation.id));
        member
            .post(&format!("{thread}/claim"), json!({}), 200)
            .await;
        (conversation, thread)
    }

    async fn wish(&self, member: &Member, wishes: Value) {
        let place = self.at("/notification-preferences");
        member.put(&place, wishes, 200).await;
    }
}

async fn sorted(world: &World) -> Vec<String> {
    let mut items = world.harness.items().await;
    items.sort();
    items
}

/// CHAT-12: what goes out to a device is ids. The fake browser opens what was sealed for it, so the test
/// sees what the device sees; the planted word would be found in it, in the headers, and in our rows.
#[tokio::test]
async fn a_device_is_told_by_ids_and_not_a_word_of_what_was_said() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    world.harness.drain().await;
    visitor.say(&conversation, "A canary sings").await;
    let told = world.told(&device).await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    let expected = json!({
        "event": "message", "workspace_id": world.workspace.id,
        "conversation_id": conversation.id, "seq": 3,
    });
    assert_eq!(one.data, expected);
    assert_eq!(
        (&*one.headers["ttl"], &*one.headers["urgency"]),
        ("86400", "high")
    );
    assert_eq!(one.headers["topic"].len(), 22);
    let holds_words = |text: &str| text.to_lowercase().contains("canary");
    assert!(!holds_words(&format!("{told:?}")));
    for item in world.harness.items().await {
        assert!(!item.contains("Notification") || !holds_words(&item));
    }
    // The search sees what it should.
    let planted = json!({ "event": "message", "text": "A canary sings" }).to_string();
    assert!(holds_words(&planted));
}

/// Whatever the stream tells twice, and whoever else tries, one message makes one push.
#[tokio::test]
async fn a_replayed_stream_and_a_second_schedule_send_nothing_twice() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    for n in 0..3 {
        visitor.say(&conversation, &format!("Message {n}")).await;
    }
    assert_eq!(world.events(&device).await, ["message"; 3]);
    for _ in 0..2 {
        world.harness.stack.redeliver().await.expect("delivered");
        world.harness.drain().await;
        world.harness.advance(MINUTE * 2);
        world.harness.run_schedule("minute").await;
    }
    assert_eq!(world.events(&device).await, ["message"; 3]);
}

#[tokio::test]
async fn what_a_provider_did_not_take_comes_again_by_the_schedule_and_is_given_up_in_the_end() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    let pushes = &world.harness.stack.pushes;
    pushes.plan(&[503]);
    visitor.say(&conversation, "Hello?").await;
    assert_eq!(world.told(&device).await.len(), 0);
    let shown = &world.devices(&world.owner).await[0];
    assert_eq!(shown["fault"], "unreachable");
    world.harness.advance(MINUTE);
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["webhooks_taken"], 1, "{report}");
    assert_eq!(world.events(&device).await, ["message"]);
    let owner = world.harness.sign_in(ADA).await;
    assert_eq!(world.devices(&owner).await[0]["fault"], Value::Null);
    // A provider that never comes back is left alone after four attempts.
    pushes.plan(&[500; 8]);
    visitor.say(&conversation, "And now?").await;
    world.harness.drain().await;
    for _ in 0..4 {
        world.harness.advance(MINUTE * 31);
        world.harness.run_schedule("minute").await;
    }
    assert_eq!(pushes.planned_left(), 4);
}

#[tokio::test]
async fn nobody_is_told_in_their_quiet_hours_and_everybody_outside_of_them() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    // It is noon of a Thursday in Greenwich, and an hour later in Berlin.
    let quiet = |from: &str, to: &str| {
        json!({
            "email": [], "in_app": [], "push": ["message"],
            "quiet_hours": {
                "time_zone": "Europe/Berlin", "days": ["thursday"], "from": from, "to": to,
            },
        })
    };
    world.wish(&world.owner, quiet("12:30", "13:30")).await;
    visitor.say(&conversation, "Lunch?").await;
    assert_eq!(world.told(&device).await.len(), 0);
    // It is not told later: it is in the inbox.
    world.harness.advance(MINUTE * 5);
    world.harness.run_schedule("minute").await;
    assert_eq!(world.told(&device).await.len(), 0);
    world.wish(&world.owner, quiet("11:30", "12:30")).await;
    visitor.say(&conversation, "Coffee?").await;
    assert_eq!(world.events(&device).await, ["message"]);
    // A test comes through.
    world.wish(&world.owner, quiet("00:00", "24:00")).await;
    let test = format!("{}/test", device.path);
    let sent = world.owner.send(Method::POST, &test, None).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    assert_eq!(world.events(&device).await, ["message", "test"]);
    let shown = &world.devices(&world.owner).await[0];
    assert_ne!(shown["tested_at"], Value::Null);
    assert_eq!(shown["fault"], Value::Null);
    // When somebody sleeps is nobody's business.
    for item in world.harness.items().await {
        assert!(!item.contains("NotifyWishes") || !item.contains("Berlin"));
    }
}

#[tokio::test]
async fn members_hear_of_what_they_chose_and_of_nothing_that_they_did_themselves() {
    let world = World::new().await;
    let grace = world.colleague("grace@example.com", "agent").await;
    let (hers, mine) = (
        world.register(&grace).await,
        world.register(&world.owner).await,
    );
    let all = [
        "assigned",
        "mention",
        "message",
        "rated",
        "team",
        "unassigned",
    ];
    let wishes = json!({ "email": [], "in_app": [], "push": all });
    world.wish(&grace, wishes).await;
    let visitor = world.visitor().await;
    let conversation = visitor.start("Hello").await;
    assert_eq!(world.events(&hers).await, ["unassigned"]);
    let thread = world.at(&format!("/conversations/{}", conversation.id));
    let her_id = world.member_id(&grace).await;
    let assign = json!({ "member_id": her_id });
    world
        .owner
        .put(&format!("{thread}/assignee"), assign, 200)
        .await;
    let note = json!({
        "client_message_id": harness::random_uuid(), "kind": "note", "text": "Look here",
        "mentions": [her_id],
    });
    world
        .owner
        .post(&format!("{thread}/messages"), note, 201)
        .await;
    visitor.say(&conversation, "Well?").await;
    let mut heard = world.events(&hers).await;
    heard.sort();
    assert_eq!(heard, ["assigned", "mention", "message", "unassigned"]);
    // What she does herself she knows; what is nobody's is told to who asked for it only.
    grace
        .post(&format!("{thread}/messages"), message("Here I am"), 201)
        .await;
    assert_eq!(world.events(&hers).await.len(), 4);
    assert_eq!(world.events(&mine).await, Vec::<String>::new());
    // And nothing more, once she wants nothing.
    let nothing = json!({ "email": [], "in_app": [], "push": [] });
    world.wish(&grace, nothing).await;
    visitor.say(&conversation, "Thanks").await;
    assert_eq!(world.events(&hers).await.len(), 4);
}

#[tokio::test]
async fn mail_about_a_conversation_comes_to_who_asked_for_it_once_an_hour_and_without_a_word() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    world.harness.drain().await;
    let before = world.harness.mails(ADA).await.len();
    let wishes = json!({ "email": ["message"], "in_app": [], "push": [] });
    world.wish(&world.owner, wishes).await;
    for n in 0..3 {
        visitor
            .say(&conversation, &format!("A canary sings {n}"))
            .await;
        world.harness.drain().await;
    }
    let mails = world.harness.mails(ADA).await.split_off(before);
    let [mail] = mails.as_slice() else {
        panic!("one mail, not {}", mails.len());
    };
    assert_eq!(mail.subject, "New message");
    assert!(!mail.text.contains("canary"));
}

/// README 8.4: visibility is equal through every channel, and this is one.
#[tokio::test]
async fn who_may_not_see_a_conversation_is_not_told_of_it() {
    let world = World::new().await;
    let grace = world.colleague("grace@example.com", "agent").await;
    let her_id = world.member_id(&grace).await;
    let device = world.register(&grace).await;
    let all = json!({ "email": ["unassigned"], "in_app": [], "push": ["unassigned", "mention"] });
    world.wish(&grace, all).await;
    let visitor = world.visitor().await;
    visitor.start("Hello").await;
    assert_eq!(world.events(&device).await, ["unassigned"]);
    let mails = world.harness.mails("grace@example.com").await.len();
    let narrow = json!({ "visibility": "assigned" });
    let place = world.at(&format!("/members/{her_id}"));
    world.owner.patch(&place, narrow, 200).await;
    world.harness.advance(Duration::from_secs(60 * 60));
    let visitor = world.visitor().await;
    visitor.start("Hello again").await;
    assert_eq!(world.events(&device).await.len(), 1);
    let after = world.harness.mails("grace@example.com").await;
    let about = |mail: &&local::mail::Mail| mail.subject == "A new conversation";
    assert_eq!(after.iter().skip(mails).filter(about).count(), 0);
    // A role that reads no conversation is told of none either.
    let owner = world.harness.sign_in(ADA).await;
    let wide = json!({ "visibility": "all", "role": "billing" });
    owner.patch(&place, wide, 200).await;
    let visitor = world.visitor().await;
    visitor.start("And again").await;
    assert_eq!(world.events(&device).await.len(), 1);
}

/// What was to be told is told only if its person may see it at that moment.
#[tokio::test]
async fn who_sees_a_conversation_no_more_when_it_is_told_is_not_told_of_it() {
    let world = World::new().await;
    let grace = world.colleague("grace@example.com", "agent").await;
    let her_id = world.member_id(&grace).await;
    let device = world.register(&grace).await;
    let visitor = world.visitor().await;
    let (_, thread) = world.taken(&visitor, &world.owner).await;
    world.harness.drain().await;
    let note = || {
        json!({
            "client_message_id": harness::random_uuid(), "kind": "note", "text": "Look here",
            "mentions": [her_id],
        })
    };
    let say = format!("{thread}/messages");
    world.owner.post(&say, note(), 201).await;
    assert_eq!(world.events(&device).await, ["mention"]);
    world.owner.post(&say, note(), 201).await;
    let narrow = json!({ "visibility": "assigned" });
    let place = world.at(&format!("/members/{her_id}"));
    world.owner.patch(&place, narrow, 200).await;
    assert_eq!(world.events(&device).await, ["mention"]);
}

#[tokio::test]
async fn a_workspace_that_is_suspended_or_has_no_push_tells_nobody() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    world.harness.drain().await;
    world.owner.delete(&world.at("/push/webpush"), 204).await;
    visitor.say(&conversation, "Hello?").await;
    assert_eq!(world.told(&device).await.len(), 0);
    let rows = world.harness.items().await;
    assert!(!rows.iter().any(|item| item.contains("NOTIFICATION#")));
    // What waits when a workspace is suspended is not told any more.
    let contact = json!({ "contact": "mailto:push@shop.example" });
    world
        .owner
        .put(&world.at("/push/webpush"), contact, 200)
        .await;
    world.harness.stack.pushes.plan(&[503, 503]);
    let again = world.register(&world.owner).await;
    visitor.say(&conversation, "And now?").await;
    assert_eq!(world.told(&again).await.len(), 0);
    let operator = world.harness.sign_up("demo@example.com").await;
    operator.enrol().await;
    world.harness.advance(MINUTE);
    let operator = world.harness.sign_in("demo@example.com").await;
    let place = format!("/v1/operator{}/suspend", &world.workspace.path[3..]);
    let reason = json!({ "reason": "abuse" });
    operator.post(&place, reason, 200).await;
    world.harness.run_schedule("minute").await;
    assert_eq!(world.told(&again).await.len(), 0);
    let owner = world.harness.sign_in(ADA).await;
    let (_, subscription) = world.harness.subscription(None);
    let body = json!({ "provider": "webpush", "subscription": subscription });
    let place = world.at("/devices");
    let refused = owner.send(Method::POST, &place, Some(body)).await;
    assert_eq!(refused.body["code"], "workspace_suspended");
    // Without the module there is nothing to register.
    let flows = world.harness.sign_up("bea@example.com").await;
    let plain = flows.workspace("calls").await;
    let (_, subscription) = world.harness.subscription(None);
    let body = json!({ "provider": "webpush", "subscription": subscription });
    let place = format!("{}/devices", plain.path);
    let refused = flows.send(Method::POST, &place, Some(body)).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (403, &json!("module_off"))
    );
}

#[tokio::test]
async fn a_visitor_is_told_of_answers_and_of_no_notes_until_they_have_read_them() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let key = visitor.get("/v1/widget/push", 200).await;
    let key = text(&key["data"][0], "public_key");
    let (browser, subscription) = world.harness.subscription(Some(&key));
    let body = json!({ "provider": "webpush", "subscription": subscription });
    let made = visitor.post("/v1/widget/devices", body.clone(), 201).await;
    visitor.post("/v1/widget/devices", body, 200).await;
    let device = Device {
        path: format!("/v1/widget/devices/{}", text(&made, "id")),
        browser,
        subscription,
    };
    let (_, thread) = world.taken(&visitor, &world.owner).await;
    let note = json!({
        "client_message_id": harness::random_uuid(), "kind": "note", "text": "Difficult",
    });
    let say = format!("{thread}/messages");
    world.owner.post(&say, note, 201).await;
    world.owner.post(&say, message("Here you are"), 201).await;
    assert_eq!(world.events(&device).await, ["message"]);
    visitor.delete(&device.path, 204).await;
    world.owner.post(&say, message("Still there?"), 201).await;
    assert_eq!(world.events(&device).await.len(), 1);
}

/// A crash between saying that it is tried and sending it loses nothing.
#[tokio::test]
async fn a_notification_survives_faults_of_the_storage_and_is_told_in_the_end() {
    let world = World::new().await;
    let device = world.register(&world.owner).await;
    let visitor = world.visitor().await;
    let (conversation, _) = world.taken(&visitor, &world.owner).await;
    world.harness.drain().await;
    for call in 0..6 {
        visitor.say(&conversation, &format!("Message {call}")).await;
        let fault = Fault::new(Kind::ServerError).on("TransactWriteItems");
        world.harness.faults().plan(fault.after(call % 3).times(3));
        world.harness.drain().await;
        world.harness.faults().reset();
    }
    for _ in 0..4 {
        world.harness.advance(MINUTE);
        let _ = world.harness.try_schedule("minute").await;
        world.harness.drain().await;
    }
    let told = world.told(&device).await;
    let mut seqs: Vec<u64> = told
        .iter()
        .filter_map(|push| push.data["seq"].as_u64())
        .collect();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs, [3, 4, 5, 6, 7, 8]);
}
