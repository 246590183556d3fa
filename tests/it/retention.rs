//! Data ends when the workspace says: the setting, the jobs that follow it up, the sweep that needs
//! no TTL, and holds.

mod idle;
mod setting;

use std::time::Duration;

use harness::{
    Conversation, Fault, Harness, Kind, Member, Visitor, WidgetApp, Workspace, message, text,
};
use reqwest::Method;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// A flows workspace (90 days, FLOW-33), its owner and a widget.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("flows").await;
        let app = owner.app(&workspace).await;
        Self {
            harness,
            owner,
            workspace,
            app,
        }
    }

    /// Moves the time, and renews what has expired on the way: the access token.
    async fn advance(&mut self, by: Duration) {
        self.harness.advance(by);
        self.owner = self.harness.sign_in(&self.owner.email).await;
    }

    /// A new visitor with a conversation.
    async fn thread(&self, words: &str) -> (Visitor, Conversation) {
        let visitor = self.harness.visitor(&self.app).await;
        let conversation = visitor.start(words).await;
        (visitor, conversation)
    }

    fn retention(&self) -> String {
        format!("{}/retention", self.workspace.path)
    }

    fn path(&self, conversation: &Conversation) -> String {
        format!("{}/conversations/{}", self.workspace.path, conversation.id)
    }

    /// Changes the retention, whatever its version is.
    async fn keep(&self, days: u32) -> Value {
        let now = self.owner.get(&self.retention(), 200).await;
        let owner = self
            .owner
            .with_header("if-match", &format!("\"{}\"", now["rev"]));
        owner
            .patch(&self.retention(), json!({ "conversation_days": days }), 200)
            .await
    }

    async fn preview(&self, days: u32) -> Value {
        let now = self.owner.get(&self.retention(), 200).await;
        let owner = self
            .owner
            .with_header("if-match", &format!("\"{}\"", now["rev"]));
        let path = format!("{}?preview=true", self.retention());
        let mut answer = owner
            .patch(&path, json!({ "conversation_days": days }), 200)
            .await;
        answer["preview"].take()
    }

    /// The numbers of the messages that a member can read.
    async fn numbers(&self, conversation: &Conversation) -> Vec<u64> {
        let messages = self.owner.read(&self.workspace, conversation).await;
        messages
            .iter()
            .filter_map(|message| message["seq"].as_u64())
            .collect()
    }

    /// How many messages of a conversation lie in the table, ended or not.
    async fn stored_messages(&self, conversation: &Conversation) -> usize {
        let items = self.harness.items().await;
        let of = |item: &&String| {
            item.contains(&conversation.id) && item.contains("\"kind\":{\"S\":\"Message\"}")
        };
        items.iter().filter(of).count()
    }

    async fn gone(&self, conversation: &Conversation) {
        self.owner
            .refused(
                Method::GET,
                &self.path(conversation),
                None,
                404,
                "not_found",
            )
            .await;
    }

    async fn job(&self, answer: &Value) -> Value {
        let path = format!("{}/jobs/{}", self.workspace.path, text(answer, "job_id"));
        self.owner.get(&path, 200).await
    }
}

#[tokio::test]
async fn the_sweep_alone_leaves_no_row_no_key_and_no_edge_after_ninety_days_and_a_second() {
    let mut world = World::new().await;
    let (visitor, conversation) = world.thread("first").await;
    visitor.say(&conversation, "second").await;
    let read = format!("{}/read", world.path(&conversation));
    world.harness.advance(DAY * 89);
    world.advance(Duration::ZERO).await;
    // A mark of a member that would outlive the conversation.
    world.owner.put(&read, json!({ "seq": 2 }), 200).await;
    world.advance(DAY + SECOND).await;

    for (method, path, body) in [
        (Method::GET, String::new(), None),
        (Method::GET, "/messages".into(), None),
        (Method::POST, "/messages".into(), Some(message("late"))),
        (Method::PUT, "/read".into(), Some(json!({ "seq": 1 }))),
        (Method::GET, "/hold".into(), None),
        (
            Method::PUT,
            "/hold".into(),
            Some(json!({ "reason": "late", "until": "2027-01-01T00:00:00Z" })),
        ),
        (Method::DELETE, "/hold".into(), None),
    ] {
        let path = format!("{}{path}", world.path(&conversation));
        world
            .owner
            .refused(method, &path, body, 404, "not_found")
            .await;
    }
    assert!(
        world.harness.items_with(&conversation.id).await > 0,
        "there is nothing to sweep"
    );

    let report = world.harness.run_schedule("sweep").await;
    assert_eq!(report["sweep_heartbeat"], 1);
    // Idempotency and dedupe rows ended long ago; nothing ran meanwhile.
    assert!(report["overdue_items"].as_u64() > Some(0), "{report}");
    assert_eq!(report["unreadable_items"], 0);
    world.harness.run_schedule("sweep").await;
    assert_eq!(
        world.harness.items_with(&conversation.id).await,
        0,
        "something outlived its conversation"
    );
    assert_eq!(
        world.harness.items_with(&visitor.contact_id).await,
        0,
        "something outlived its contact"
    );
    // What lives is untouched, and a second sweep finds nothing.
    let again = world.harness.run_schedule("sweep").await;
    assert_eq!(
        (&again["deleted_items"], &again["overdue_items"]),
        (&json!(0), &json!(0))
    );
    world.owner.get(&world.workspace.path, 200).await;
    // The stream may tell of it late, and of what is long gone.
    world.harness.drain().await;
}

#[tokio::test]
async fn a_conversation_that_was_busy_for_a_hundred_days_has_lost_its_first_ten_days_physically_too()
 {
    let mut world = World::new().await;
    let (_, conversation) = world.thread("day 0").await;
    for _ in 1..100 {
        world.advance(DAY).await;
        world
            .owner
            .say(&world.workspace, &conversation, "one a day")
            .await;
    }
    // Day 99 and a second short of day 100: days 0 to 9 have ended, message n+1 is that of day n.
    world.advance(DAY - SECOND).await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(
        world.numbers(&conversation).await,
        (11..=100).collect::<Vec<_>>()
    );
    assert_eq!(world.stored_messages(&conversation).await, 90);
    world.owner.get(&world.path(&conversation), 200).await;
}

#[tokio::test]
async fn a_head_that_ttl_took_takes_what_is_left_in_its_partition() {
    let mut world = World::new().await;
    let (visitor, conversation) = world.thread("first").await;
    visitor.say(&conversation, "second").await;
    // A note has no end of its own.
    let hold = json!({ "reason": "Complaint 17", "until": "2026-01-20T00:00:00Z" });
    world
        .owner
        .put(&format!("{}/hold", world.path(&conversation)), hold, 200)
        .await;
    world.harness.drain().await;
    world.advance(DAY * 90 + SECOND).await;
    assert!(world.harness.sweep_ttl().await > 0);
    world.harness.drain().await;
    // A job whose conversation is gone has nothing to do.
    world.harness.run_schedule("jobs").await;
    let left: Vec<String> = world
        .harness
        .items()
        .await
        .into_iter()
        .filter(|item| item.contains(&conversation.id))
        .collect();
    // The job itself holds no words and ends after thirty days.
    assert!(
        left.iter().all(|item| item.contains("\"S\":\"Job\"")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_shorter_retention_holds_with_the_next_read_and_a_job_brings_it_to_what_is_stored() {
    let mut world = World::new().await;
    let (_, old) = world.thread("day 0").await;
    world.advance(DAY * 20).await;
    let (_, busy) = world.thread("day 20").await;
    world.advance(DAY * 20).await;
    world.owner.say(&world.workspace, &busy, "day 40").await;
    let before = world.owner.get(&world.retention(), 200).await;
    assert_eq!(
        (&before["conversation_days"], &before["rev"]),
        (&json!(90), &json!(1))
    );

    let counted = world.preview(10).await;
    let expected = json!({ "conversations": 1, "messages": 2, "contacts": 2, "complete": true });
    assert_eq!(counted, expected);
    assert_eq!(
        world.owner.get(&world.retention(), 200).await,
        before,
        "a preview changes nothing"
    );

    let changed = world.keep(10).await;
    assert_eq!(
        (&changed["conversation_days"], &changed["rev"]),
        (&json!(10), &json!(2))
    );
    world.gone(&old).await;
    assert_eq!(world.numbers(&busy).await, [2]);
    assert_eq!(world.job(&changed).await["state"], "queued");

    let report = world.harness.run_schedule("jobs").await;
    let job = world.job(&changed).await;
    assert_eq!(
        (&job["state"], &job["kind"]),
        (&json!("done"), &json!("restamp")),
        "{job}"
    );
    assert_eq!(job["items_changed"], report["restamped_items"]);
    assert!(job["items_changed"].as_u64() >= Some(5), "{job}");
    // TTL alone now takes what the change has ended.
    world.harness.sweep_ttl().await;
    world.harness.drain().await;
    assert_eq!(world.stored_messages(&old).await, 0);
    assert_eq!(world.stored_messages(&busy).await, 1);
    // Nothing is open any more, and a run more changes nothing.
    assert_eq!(
        world.harness.run_schedule("jobs").await["restamped_items"],
        0
    );
    assert_eq!(world.numbers(&busy).await, [2]);
}

#[tokio::test]
async fn the_sweep_needs_no_job_to_find_what_a_shorter_retention_has_ended() {
    let mut world = World::new().await;
    let (visitor, conversation) = world.thread("day 0").await;
    world.advance(DAY * 20).await;
    world.keep(10).await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.harness.items_with(&conversation.id).await, 0);
    assert_eq!(world.harness.items_with(&visitor.contact_id).await, 0);
}

#[tokio::test]
async fn a_longer_retention_holds_only_for_what_comes_after_it() {
    let mut world = World::new().await;
    world.keep(30).await;
    let (_, quiet) = world.thread("promised thirty days").await;
    let (visitor, busy) = world.thread("promised thirty days").await;
    world.advance(DAY * 10).await;
    let changed = world.keep(90).await;
    assert!(
        changed["job_id"].is_null(),
        "nothing stored changes: {changed}"
    );
    assert_eq!(changed["earlier"][0]["conversation_days"], 30);
    assert_eq!(world.preview(90).await["conversations"], 0);
    world
        .owner
        .say(&world.workspace, &busy, "promised ninety")
        .await;
    // A change of the head that is no activity must not lengthen anything.
    let read = format!("/v1/widget/conversations/{}/read", quiet.id);
    let _ = (&visitor, read);
    let mark = format!("{}/read", world.path(&quiet));
    world.owner.put(&mark, json!({ "seq": 1 }), 200).await;
    let shown = world.owner.get(&world.path(&quiet), 200).await;
    assert_eq!(shown["expires_at"], "2026-02-14T12:00:00.000Z", "day 30");

    world.advance(DAY * 20 - SECOND).await;
    assert_eq!(world.numbers(&busy).await, [1, 2]);
    world.advance(SECOND).await;
    world.gone(&quiet).await;
    assert_eq!(world.numbers(&busy).await, [2]);
    world.harness.run_schedule("sweep").await;
    assert_eq!(
        (
            world.stored_messages(&quiet).await,
            world.stored_messages(&busy).await
        ),
        (0, 1)
    );
    world.advance(DAY * 70 - SECOND).await;
    assert_eq!(world.numbers(&busy).await, [2]);
    world.advance(SECOND).await;
    world.gone(&busy).await;
}

#[tokio::test]
async fn shortened_and_lengthened_again_before_any_job_ran_nothing_comes_back() {
    let mut world = World::new().await;
    let (_, conversation) = world.thread("day 0").await;
    world.advance(DAY * 20).await;
    world.keep(10).await;
    world.gone(&conversation).await;
    world.advance(SECOND).await;
    world.keep(3650).await;
    world.gone(&conversation).await;
    world.harness.run_schedule("jobs").await;
    world.gone(&conversation).await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.stored_messages(&conversation).await, 0);
}

#[tokio::test]
async fn a_job_that_is_cut_off_at_any_call_is_finished_by_a_later_run() {
    // More than one page of messages, and more than one conversation in a shard.
    let mut world = World::new().await;
    let mut conversations = Vec::new();
    for _ in 0..6 {
        conversations.push(world.thread("day 0").await.1);
    }
    world.advance(DAY * 5).await;
    let mut finished = 0;
    for call in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55] {
        let days = 80 - call;
        let changed = world.keep(u32::try_from(days).expect("days")).await;
        // The SDK makes three attempts; the fault must outlast them.
        let skip = usize::try_from(call).expect("a call");
        world
            .harness
            .faults()
            .plan(Fault::new(Kind::ServerError).after(skip).times(usize::MAX));
        let cut = world.harness.try_schedule("jobs").await;
        world.harness.faults().reset();
        finished += usize::from(cut.is_ok());
        let now = world.job(&changed).await;
        assert_eq!(now["state"] == "done", cut.is_ok(), "call {call}: {now}");
        world.harness.run_schedule("jobs").await;
        assert_eq!(world.job(&changed).await["state"], "done", "call {call}");
        // Every item bears the end that follows from its anchor.
        let end = harness::START
            .plus(DAY * u32::try_from(days).expect("days"))
            .ms()
            .to_string();
        for conversation in &conversations {
            let items = world.harness.items().await;
            let of = |item: &&String| {
                item.contains(&conversation.id)
                    && (item.contains("\"S\":\"Message\"")
                        || item.contains("\"S\":\"Conversation\""))
            };
            for item in items.iter().filter(of) {
                assert!(
                    item.contains(&format!("\"exp\":{{\"N\":\"{end}\"}}")),
                    "call {call}: {item}"
                );
            }
        }
    }
    assert!(finished < 10, "no run was cut off");
}

#[tokio::test]
async fn a_sweep_that_is_cut_off_at_any_call_is_finished_by_a_later_run() {
    for call in [0, 1, 2, 4, 8, 16, 24, 32] {
        let mut world = World::new().await;
        let (visitor, conversation) = world.thread("first").await;
        visitor.say(&conversation, "second").await;
        world.advance(DAY * 90 + SECOND).await;
        world
            .harness
            .faults()
            .plan(Fault::new(Kind::ServerError).after(call).times(usize::MAX));
        let cut = world.harness.try_schedule("sweep").await;
        world.harness.faults().reset();
        assert!(cut.is_err(), "call {call} was not reached");
        for _ in 0..2 {
            world.harness.run_schedule("sweep").await;
        }
        assert_eq!(
            world.harness.items_with(&conversation.id).await,
            0,
            "call {call}"
        );
        assert_eq!(
            world.harness.items_with(&visitor.contact_id).await,
            0,
            "call {call}"
        );
    }
}

#[tokio::test]
async fn what_the_stream_lost_is_found_by_the_sweep() {
    let mut world = World::new().await;
    let (visitor, conversation) = world.thread("first").await;
    world.advance(DAY * 90 + SECOND).await;
    // TTL takes the rows; the outbox never hears of it.
    assert!(world.harness.sweep_ttl().await > 0);
    assert!(
        world.harness.items_with(&conversation.id).await > 0,
        "key and edge"
    );
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.harness.items_with(&conversation.id).await, 0);
    assert_eq!(world.harness.items_with(&visitor.contact_id).await, 0);
}

#[tokio::test]
async fn a_held_conversation_outlives_retention_sweep_and_ttl_and_what_was_gone_stays_gone() {
    let mut world = World::new().await;
    let (_, conversation) = world.thread("day 0").await;
    world.advance(DAY * 50).await;
    world
        .owner
        .say(&world.workspace, &conversation, "day 50")
        .await;
    world.advance(DAY * 45).await;
    // Day 95: the first message has ended and is not swept yet.
    let hold = format!("{}/hold", world.path(&conversation));
    let body = json!({ "reason": "Complaint 17", "until": "2027-01-15T12:00:00Z" });
    let held = world.owner.put(&hold, body.clone(), 200).await;
    assert_eq!(
        (&held["reason"], &held["until"]),
        (&json!("Complaint 17"), &json!("2027-01-15T12:00:00.000Z"))
    );
    assert_eq!(world.owner.get(&hold, 200).await["since"], held["since"]);
    assert_eq!(world.numbers(&conversation).await, [2]);

    // Shortened under the hold, and long past every end, the job still waiting.
    world.keep(1).await;
    world.advance(DAY * 100).await;
    assert_eq!(world.numbers(&conversation).await, [2]);
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.numbers(&conversation).await, [2]);
    assert_eq!(
        world.stored_messages(&conversation).await,
        1,
        "what had ended is swept under a hold as well"
    );
    world.harness.run_schedule("jobs").await;
    assert_eq!(world.job(&held).await["state"], "done");
    // With the stamps moved, TTL keeps its hands off; the thread can be written to.
    world.harness.sweep_ttl().await;
    world.harness.drain().await;
    assert_eq!(world.numbers(&conversation).await, [2]);
    world
        .owner
        .say(&world.workspace, &conversation, "under the hold")
        .await;
    assert_eq!(world.numbers(&conversation).await, [2, 3]);
    let shown = world.owner.get(&world.path(&conversation), 200).await;
    assert_eq!(shown["expires_at"], "2027-01-15T12:00:00.000Z");

    // Released, it ends by its anchors: message 3 of today lives for the one day of the policy.
    let released = world.owner.delete(&hold, 202).await;
    assert_eq!(world.numbers(&conversation).await, [3]);
    world
        .owner
        .refused(Method::GET, &hold, None, 404, "not_found")
        .await;
    assert!(
        world.owner.delete(&hold, 202).await["job_id"].is_null(),
        "there is no hold any more"
    );
    world.harness.run_schedule("jobs").await;
    assert_eq!(world.job(&released).await["state"], "done");
    world.harness.sweep_ttl().await;
    assert_eq!(world.stored_messages(&conversation).await, 1);
    world.advance(DAY).await;
    world.gone(&conversation).await;
}

#[tokio::test]
async fn a_hold_ends_by_itself_on_its_day() {
    let mut world = World::new().await;
    let (_, conversation) = world.thread("day 0").await;
    let hold = format!("{}/hold", world.path(&conversation));
    // Day 100.
    let body = json!({ "reason": "Complaint 17", "until": "2026-04-25T12:00:00Z" });
    world.owner.put(&hold, body, 200).await;
    world.harness.run_schedule("jobs").await;
    world.advance(DAY * 100 - SECOND).await;
    assert_eq!(world.numbers(&conversation).await, [1]);
    world.advance(SECOND).await;
    world.gone(&conversation).await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.stored_messages(&conversation).await, 0);
}

#[tokio::test]
async fn a_snooze_that_nobody_knocks_for_is_ended_by_the_minute() {
    let mut world = World::new().await;
    let (_, conversation) = world.thread("Hello").await;
    let snooze = format!("{}/snooze", world.path(&conversation));
    world
        .owner
        .post(&snooze, json!({ "until": "2026-01-15T13:00:00Z" }), 200)
        .await;
    assert_eq!(
        world.harness.run_schedule("minute").await["woken_conversations"],
        0
    );
    world.advance(Duration::from_secs(60 * 60)).await;
    let before = world.numbers(&conversation).await.len();
    assert_eq!(
        world.harness.run_schedule("minute").await["woken_conversations"],
        1
    );
    assert_eq!(
        world.harness.run_schedule("minute").await["woken_conversations"],
        0
    );
    assert_eq!(
        world.owner.get(&world.path(&conversation), 200).await["status"],
        "open"
    );
    assert_eq!(
        world.numbers(&conversation).await.len(),
        before + 1,
        "the transcript says so"
    );
}
