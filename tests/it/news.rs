//! What the product shows a member of what concerns them.

use std::time::Duration;

use harness::{Harness, Member, Workspace, message, text};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct World {
    harness: Harness,
    owner: Member,
    agent: Member,
    agent_id: String,
    workspace: Workspace,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let agent = harness.join(&owner, &workspace, "bob@example.com", "agent");
        let agent = agent.await;
        let agent_id = text(&agent.get(&workspace.path, 200).await, "member_id");
        Self {
            harness,
            owner,
            agent,
            agent_id,
            workspace,
        }
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    /// What a member is shown, when everything that is to be done was done.
    async fn shown(&self, member: &Member) -> Vec<Value> {
        self.harness.drain().await;
        let list = member.get(&self.at("/notifications"), 200).await;
        list["data"].as_array().expect("a list").clone()
    }

    /// How many rows of it there are, whoever may see them.
    async fn rows(&self) -> usize {
        let items = self.harness.items().await;
        items.iter().filter(|item| item.contains("NEWS#")).count()
    }

    /// A conversation that the owner gave to the agent.
    async fn given(&self) -> (harness::Visitor, harness::Conversation, String) {
        let app = self.owner.app(&self.workspace).await;
        let visitor = self.harness.visitor(&app).await;
        let conversation = visitor.start("Hello").await;
        let thread = self.at(&format!("/conversations/{}", conversation.id));
        let assign = json!({ "member_id": self.agent_id });
        let place = format!("{thread}/assignee");
        self.owner.put(&place, assign, 200).await;
        (visitor, conversation, thread)
    }
}

/// CHAT-23: nothing that was shown is left when what it tells of is gone, or whom it was told to, or its
/// thirty days are over.
#[tokio::test]
async fn what_a_member_is_shown_comes_and_goes_with_the_conversation_that_it_tells_of() {
    let mut world = World::new().await;
    assert_eq!(world.shown(&world.agent).await, Vec::<Value>::new());
    let (visitor, conversation, thread) = world.given().await;
    let one = world.shown(&world.agent).await;
    let told = |one: &Value| (text(one, "event"), one["read"] == true);
    assert_eq!(told(&one[0]), ("assigned".to_owned(), false));
    assert_eq!(one[0]["conversation_id"], conversation.id.as_str());
    visitor.say(&conversation, "A canary sings").await;
    let one = world.shown(&world.agent).await;
    assert_eq!(
        (one.len(), told(&one[0])),
        (1, ("message".to_owned(), false))
    );
    assert!(!one[0].to_string().contains("canary"));
    // It is read when the conversation is, and not before.
    let read = format!("{thread}/read");
    let seq = one[0]["seq"].as_u64().expect("a number");
    world.agent.put(&read, json!({ "seq": seq - 1 }), 200).await;
    assert!(!told(&world.shown(&world.agent).await[0]).1);
    world.agent.put(&read, json!({ "seq": seq }), 200).await;
    assert!(told(&world.shown(&world.agent).await[0]).1);
    // Nobody is shown what they did themselves.
    assert_eq!(world.shown(&world.owner).await, Vec::<Value>::new());

    // With the conversation it goes, and what comes late is not written any more.
    assert_eq!(world.rows().await, 1);
    world.owner.delete(&thread, 204).await;
    world.harness.drain().await;
    world.harness.run_schedule("minute").await;
    assert_eq!(world.rows().await, 0);
    world.harness.stack.redeliver().await.expect("delivered");
    assert_eq!(world.shown(&world.agent).await, Vec::<Value>::new());
    assert_eq!(world.rows().await, 0);

    // With the member it goes.
    let (_, _, thread) = world.given().await;
    world.harness.drain().await;
    assert_eq!(world.rows().await, 1);
    let place = world.at(&format!("/members/{}", world.agent_id));
    world.owner.delete(&place, 202).await;
    for _ in 0..3 {
        world.harness.run_schedule("jobs").await;
        world.harness.run_schedule("minute").await;
        world.harness.drain().await;
    }
    assert_eq!(world.rows().await, 0);

    // And after thirty days, with the conversation still there.
    let agent = world
        .harness
        .join(&world.owner, &world.workspace, "eve@example.com", "agent");
    let agent = agent.await;
    let id = text(&agent.get(&world.workspace.path, 200).await, "member_id");
    let assign = json!({ "member_id": id });
    let place = format!("{thread}/assignee");
    world.owner.put(&place, assign, 200).await;
    assert_eq!(world.shown(&agent).await.len(), 1);
    world.harness.advance(DAY * 30 - Duration::from_secs(60));
    let again = world.harness.sign_in("eve@example.com").await;
    assert_eq!(world.shown(&again).await.len(), 1);
    world.harness.advance(Duration::from_secs(61));
    assert_eq!(world.shown(&again).await, Vec::<Value>::new());
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.rows().await, 0);
    world.owner = world.harness.sign_in("ada@example.com").await;
    world.owner.get(&thread, 200).await;
}

/// README 8.4: visibility is equal through every channel, and this is one.
#[tokio::test]
async fn who_sees_a_conversation_no_more_is_shown_nothing_of_it_and_who_wants_nothing_neither() {
    let world = World::new().await;
    let (visitor, conversation, thread) = world.given().await;
    assert_eq!(world.shown(&world.agent).await.len(), 1);
    let place = world.at(&format!("/members/{}", world.agent_id));
    let only_own = json!({ "visibility": "assigned" });
    world.owner.patch(&place, only_own, 200).await;
    assert_eq!(world.shown(&world.agent).await.len(), 1);
    world.owner.delete(&format!("{thread}/assignee"), 200).await;
    assert_eq!(world.shown(&world.agent).await, Vec::<Value>::new());

    let wishes = json!({ "email": [], "in_app": ["mention"], "push": [] });
    let preferences = world.at("/notification-preferences");
    world.agent.put(&preferences, wishes, 200).await;
    let wide = json!({ "visibility": "all" });
    world.owner.patch(&place, wide, 200).await;
    let assign = json!({ "member_id": world.agent_id });
    let assignee = format!("{thread}/assignee");
    world.owner.put(&assignee, assign, 200).await;
    visitor.say(&conversation, "Anybody?").await;
    let shown = world.shown(&world.agent).await;
    assert_eq!(
        shown[0]["event"], "assigned",
        "the one from before: {shown:?}"
    );
    let mut note = message("Look here");
    note["kind"] = "note".into();
    note["mentions"] = json!([world.agent_id]);
    let say = format!("{thread}/messages");
    world.owner.post(&say, note, 201).await;
    let shown = world.shown(&world.agent).await;
    assert_eq!((shown.len(), &shown[0]["event"]), (1, &json!("mention")));
}

/// Pages follow each other without a gap, and reading one is two batches and a query.
#[tokio::test]
async fn pages_of_what_one_is_shown_lead_on_and_cost_the_same_each() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.given().await.1.id);
        world.harness.advance(Duration::from_secs(1));
    }
    world.harness.drain().await;
    let place = world.at("/notifications?limit=2");
    let first = world.agent.get(&place, 200).await;
    let cursor = text(&first["page"], "next_cursor");
    let meter = &world.harness.app_of("notifications").meter;
    meter.take();
    let second = world
        .agent
        .get(&format!("{place}&cursor={cursor}"), 200)
        .await;
    let reading = meter.take();
    assert_eq!(reading.calls.len(), 3, "{:?}", reading.operations());
    let of = |page: &Value| -> Vec<String> {
        let all = page["data"].as_array().expect("entries").iter();
        all.map(|one| text(one, "conversation_id")).collect()
    };
    ids.reverse();
    assert_eq!([of(&first), of(&second)].concat(), ids);
    assert_eq!(second["page"]["has_more"], false);
    // Whoever has no seat in the workspace is shown nothing.
    let stranger = world.harness.sign_up("mallory@example.com").await;
    stranger.get(&world.at("/notifications"), 404).await;
}
