//! When a team works, who of it is there, and what a visitor learns of both.

use std::time::Duration;

use harness::{Harness, Member, START, Visitor, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(60 * 60);

struct World {
    harness: Harness,
    owner: Member,
    agent: Member,
    workspace: Workspace,
    visitor: Visitor,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let agent = harness
            .join(&owner, &workspace, "bob@example.com", "agent")
            .await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        Self {
            harness,
            owner,
            agent,
            workspace,
            visitor,
        }
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    async fn set(&self, hours: Value) -> Value {
        self.owner
            .put(&self.at("/business-hours"), hours, 200)
            .await
    }

    /// What the visitor sees: open, and somebody there.
    async fn seen(&self) -> (bool, bool) {
        let seen = self.visitor.get("/v1/widget/availability", 200).await;
        let is = |field: &str| seen[field].as_bool().expect("a truth value");
        (is("open"), is("answering"))
    }

    async fn id(&self, member: &Member) -> String {
        text(&member.get(&self.workspace.path, 200).await, "member_id")
    }

    /// The rows of members that say whether they are there.
    async fn said(&self) -> usize {
        let items = self.harness.items().await;
        let said = items.iter().filter(|item| item.contains("AVAILABILITY"));
        said.count()
    }

    /// How many rows name a member, besides what says who they are and whether they are there.
    async fn named_elsewhere(&self, member: &str) -> usize {
        let own = ["AVAILABILITY#", "MEMBERSHIP#", "SEAT#", "SUBJECT#"];
        let items = self.harness.items().await;
        let named = items.iter().filter(|item| item.contains(member));
        named
            .filter(|item| !own.iter().any(|kind| item.contains(kind)))
            .count()
    }
}

/// Thursday, 15 January 2026, from 13:00 to 18:00 in Berlin; the tests begin at 13:00 there.
fn thursdays() -> Value {
    json!({
        "time_zone": "Europe/Berlin",
        "weekly": [
            { "day": "thursday", "from": "13:00", "to": "15:00" },
            { "day": "thursday", "from": "16:00", "to": "18:00" },
        ],
        "exceptions": [{ "date": "2026-01-22", "spans": [] }],
    })
}

#[tokio::test]
async fn a_visitor_sees_open_or_closed_and_when_that_changes() {
    let world = World::new().await;
    assert_eq!(
        world.seen().await,
        (true, false),
        "without hours it is open"
    );
    let app = world.owner.app(&world.workspace).await;
    world.set(thursdays()).await;
    let seen = world.visitor.get("/v1/widget/availability", 200).await;
    assert_eq!(seen["open"], true);
    assert_eq!(seen["closes_at"], "2026-01-15T14:00:00.000Z");
    assert_eq!(seen["opens_at"], Value::Null);
    world.harness.advance(HOUR * 2);
    let visitor = world.harness.visitor(&app).await;
    let seen = visitor.get("/v1/widget/availability", 200).await;
    assert_eq!(seen["open"], false);
    assert_eq!(seen["opens_at"], "2026-01-15T15:00:00.000Z");
    world.harness.advance(HOUR * 3);
    let visitor = world.harness.visitor(&app).await;
    let seen = visitor.get("/v1/widget/availability", 200).await;
    // Next Thursday is closed.
    assert_eq!(seen["opens_at"], "2026-01-29T12:00:00.000Z");
    let fields = seen.as_object().expect("an object");
    assert_eq!(fields.len(), 4, "nothing of who is there: {seen}");
}

#[tokio::test]
async fn somebody_is_there_who_is_connected_and_online_within_the_hours() {
    let world = World::new().await;
    let status = world.at("/availability");
    assert_eq!(world.seen().await, (true, false), "nobody is connected");
    let mut socket = world.agent.socket(&world.workspace).await;
    assert_eq!(world.seen().await, (true, false), "nobody listens");
    socket.sub("inbox").await;
    assert_eq!(world.seen().await, (true, true));
    let all = world.owner.get(&status, 200).await;
    let agent = world.id(&world.agent).await;
    let there = json!([{ "member_id": agent, "status": "online", "until": null, "present": true }]);
    assert_eq!(all["connected"], there);

    let until = START.plus(HOUR / 2);
    let away = json!({ "status": "away", "until": until });
    world.agent.put(&status, away.clone(), 200).await;
    assert_eq!(world.agent.put(&status, away, 200).await["status"], "away");
    assert_eq!(world.seen().await, (true, false), "away");
    let own = world.agent.get(&status, 200).await;
    assert_eq!(own["own_status"], "away");
    assert_eq!(own["connected"][0]["present"], false);
    world
        .agent
        .put(&status, json!({ "status": "online" }), 200)
        .await;
    assert_eq!(world.seen().await, (true, true));
    let closed = json!({ "time_zone": "UTC", "weekly": [] });
    world.set(closed).await;
    assert_eq!(world.seen().await, (false, false));
    let all = world.owner.get(&status, 200).await;
    assert_eq!(all["open"], false);
    let there = &all["connected"][0];
    assert_eq!(
        (&there["status"], &there["present"]),
        (&json!("online"), &json!(false))
    );
}

#[tokio::test]
async fn what_somebody_says_for_a_time_is_over_to_the_millisecond() {
    let world = World::new().await;
    let status = world.at("/availability");
    let until = START.plus(HOUR);
    let away = json!({ "status": "away", "until": until });
    world.agent.put(&status, away, 200).await;
    let own = async || {
        let agent = world.harness.sign_in("bob@example.com").await;
        text(&agent.get(&status, 200).await, "own_status")
    };
    let left = until.ms() - world.harness.now().ms() - 1;
    world.harness.advance(Duration::from_millis(
        u64::try_from(left).expect("before it"),
    ));
    assert_eq!(own().await, "away");
    world.harness.advance(Duration::from_millis(1));
    assert_eq!(own().await, "online");
}

#[tokio::test]
async fn what_somebody_had_said_without_an_end_holds_again_after_what_they_say_for_a_time() {
    let world = World::new().await;
    let status = world.at("/availability");
    let minutes = |count: u32| world.harness.now().plus(Duration::from_secs(60) * count);
    let says = async |who: &Member, status: &str, until: Option<shared::domain::Timestamp>| {
        let said = json!({ "status": status, "until": until });
        who.put(&world.at("/availability"), said, 200).await;
    };
    let own = async |who: &Member| text(&who.get(&status, 200).await, "own_status");
    let agent = &world.agent;
    says(agent, "away", None).await;
    says(agent, "offline", Some(minutes(30))).await;
    // Said for a time upon a time: the first of them is not what comes back.
    says(agent, "online", Some(minutes(20))).await;
    assert_eq!(own(agent).await, "online");
    world.harness.advance(Duration::from_secs(20 * 60));
    let agent = &world.harness.sign_in("bob@example.com").await;
    assert_eq!(own(agent).await, "away");
    assert_eq!(world.said().await, 1, "one row");
    says(agent, "online", None).await;
    says(agent, "offline", Some(minutes(5))).await;
    assert_eq!(own(agent).await, "offline");
    world.harness.advance(Duration::from_secs(5 * 60));
    assert_eq!(own(agent).await, "online");
}

#[tokio::test]
async fn whoever_is_away_gives_back_what_they_have_open_and_keeps_what_is_closed() {
    let world = World::new().await;
    let (owner, agent) = (&world.owner, &world.agent);
    let team = json!({ "name": "Ours", "assignment": "manual" });
    let team = text(&owner.post(&world.at("/teams"), team, 201).await, "id");
    let me = json!({ "member_id": world.id(agent).await });
    let mut threads = Vec::new();
    for words in ["Open", "Of a team", "Put aside", "Closed", "Another's"] {
        threads.push(world.visitor.start(words).await.id);
    }
    let at =
        |number: usize, rest: &str| world.at(&format!("/conversations/{}{rest}", threads[number]));
    let to_team = json!({ "team_id": team });
    owner.put(&at(1, "/team"), to_team, 200).await;
    for number in 0..4 {
        owner.put(&at(number, "/assignee"), me.clone(), 200).await;
    }
    let theirs = json!({ "member_id": world.id(owner).await });
    owner.put(&at(4, "/assignee"), theirs, 200).await;
    let later = json!({ "until": world.harness.now().plus(HOUR) });
    owner.post(&at(2, "/snooze"), later, 200).await;
    owner.post(&at(3, "/close"), json!({}), 200).await;

    let place = world.at("/availability");
    let none = json!({ "status": "online", "reassign": true });
    let refused = agent.send(Method::PUT, &place, Some(none)).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(refused.body["errors"][0]["pointer"], "#/reassign");
    let kept = agent.put(&place, json!({ "status": "away" }), 200).await;
    assert_eq!(kept.get("job_id"), None, "{kept}");
    let away = json!({ "status": "away", "reassign": true });
    let said = agent.put(&place, away, 200).await;
    world.harness.run_schedule("Jobs").await;
    let job = world.at(&format!("/jobs/{}", text(&said, "job_id")));
    let job = owner.get(&job, 200).await;
    assert_eq!(
        (&job["state"], &job["kind"], &job["roots_done"]),
        (&json!("done"), &json!("reassign"), &json!(3))
    );
    let mut who = Vec::new();
    for number in 0..5 {
        let seen = owner.get(&at(number, ""), 200).await;
        who.push((seen["assignee"].clone(), seen["team_id"].clone()));
    }
    let nobodys = (Value::Null, Value::Null);
    assert_eq!(who[0], nobodys);
    assert_eq!(who[1], (Value::Null, json!(team)), "it waits in its team");
    assert_eq!(who[2], nobodys);
    assert!(!who[3].0.is_null() && !who[4].0.is_null(), "{who:?}");
    // The transcript says that, and they are still one of the team.
    let lines = owner.get(&at(0, "/messages"), 200).await;
    let lines = lines["data"].as_array().expect("lines");
    assert_eq!(lines.last().expect("a line")["event"], "unassigned");
    agent.get(&world.workspace.path, 200).await;
}

/// CHAT-07: the present state, not a history of it.
#[tokio::test]
async fn of_what_somebody_said_only_the_last_is_there_and_it_goes_with_them() {
    let world = World::new().await;
    let status = world.at("/availability");
    for said in ["away", "offline", "online", "offline"] {
        world
            .agent
            .put(&status, json!({ "status": said }), 200)
            .await;
        world.harness.advance(Duration::from_millis(5));
    }
    assert_eq!(world.said().await, 1);
    let agent = world.at(&format!("/members/{}", world.id(&world.agent).await));
    world.owner.delete(&agent, 202).await;
    assert_eq!(
        world.said().await,
        0,
        "gone in the transaction of the removal"
    );
}

#[tokio::test]
async fn hours_are_set_as_a_whole_seen_by_everybody_and_written_down() {
    let world = World::new().await;
    let place = world.at("/business-hours");
    let none = world.agent.get(&place, 200).await;
    assert_eq!(
        (&none["set"], &none["open"], &none["rev"]),
        (&json!(false), &json!(true), &json!(0))
    );
    let first = world.owner.with_header("if-match", "\"0\"");
    let set = first.put(&place, thursdays(), 200).await;
    assert_eq!(set["weekly"], thursdays()["weekly"]);
    assert_eq!(set["exceptions"], thursdays()["exceptions"]);
    assert_eq!(
        (&set["rev"], &set["closes_at"]),
        (&json!(1), &json!("2026-01-15T14:00:00.000Z"))
    );
    assert_eq!(world.agent.get(&place, 200).await, set);
    assert_eq!(
        first.put(&place, thursdays(), 200).await,
        set,
        "a repeat changes nothing"
    );
    let other = json!({ "time_zone": "utc", "weekly": [] });
    first
        .refused(Method::PUT, &place, Some(other.clone()), 409, "conflict")
        .await;
    let set = world.set(other).await;
    assert_eq!((&set["rev"], &set["time_zone"]), (&json!(2), &json!("UTC")));
    first
        .refused(Method::DELETE, &place, None, 409, "conflict")
        .await;
    world.owner.delete(&place, 204).await;
    world.owner.delete(&place, 204).await;
    assert_eq!(world.owner.get(&place, 200).await["set"], false);
    let log = world.owner.get(&world.at("/audit?limit=100"), 200).await;
    let acts = log["data"].as_array().expect("lines").iter();
    assert_eq!(
        acts.filter(|line| line["act"] == "settings_changed")
            .count(),
        3
    );
}

#[tokio::test]
async fn hours_that_are_none_and_times_that_have_passed_are_refused_and_change_nothing() {
    let world = World::new().await;
    world.set(thursdays()).await;
    let mut before = world.harness.items().await;
    before.sort();
    let day = |from: &str, to: &str| json!({ "day": "monday", "from": from, "to": to });
    let many: Vec<Value> = (0..71).map(|_| day("09:00", "10:00")).collect();
    let date = json!({ "date": "2026-12-24", "spans": [] });
    for (hours, pointer) in [
        (
            json!({ "time_zone": "Mars/Olympus", "weekly": [] }),
            "#/time_zone",
        ),
        (
            json!({ "time_zone": "UTC", "weekly": [day("9:00", "10:00")] }),
            "#/weekly/0/from",
        ),
        (
            json!({ "time_zone": "UTC", "weekly": [day("22:00", "06:00")] }),
            "#/weekly/0/to",
        ),
        (
            json!({ "time_zone": "UTC", "weekly": [day("09:00", "12:00"), day("11:00", "13:00")] }),
            "#/weekly",
        ),
        (json!({ "time_zone": "UTC", "weekly": many }), "#/weekly"),
        (
            json!({ "time_zone": "UTC", "weekly": [], "exceptions": [date.clone(), date] }),
            "#/exceptions",
        ),
        (
            json!({ "time_zone": "UTC", "weekly": [], "exceptions": [{ "date": "2026-02-30", "spans": [] }] }),
            "#/exceptions/0/date",
        ),
    ] {
        let place = world.at("/business-hours");
        let problem = world
            .owner
            .refused(Method::PUT, &place, Some(hours), 422, "validation_failed")
            .await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let past = json!({ "status": "away", "until": START });
    let problem = world
        .agent
        .refused(
            Method::PUT,
            &world.at("/availability"),
            Some(past),
            422,
            "validation_failed",
        )
        .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/until");
    let mut after = world.harness.items().await;
    after.sort();
    assert_eq!(after, before);
}

#[tokio::test]
async fn the_widget_learns_how_it_stands_in_three_reads_at_most() {
    let world = World::new().await;
    let mut socket = world.agent.socket(&world.workspace).await;
    socket.sub("inbox").await;
    let meter = &world.harness.app_of("teams").meter;
    world.seen().await;
    meter.take();
    world.seen().await;
    let reading = meter.take();
    assert_eq!(
        reading.operations(),
        ["BatchGetItem", "Query", "BatchGetItem"]
    );
    world.set(json!({ "time_zone": "UTC", "weekly": [] })).await;
    meter.take();
    world.seen().await;
    assert_eq!(
        meter.take().operations(),
        ["BatchGetItem"],
        "who is there is not asked when it is closed"
    );
}

/// CHAT-07: who is there is one row of the present. What was said before is nowhere, so nobody's day can
/// be read from it; who had a conversation when is told by its own thread alone, and ends with it.
#[tokio::test]
async fn who_is_there_and_who_has_a_conversation_is_the_present_and_no_history() {
    let world = World::new().await;
    let status = world.at("/availability");
    let agent = world.id(&world.agent).await;
    for said in ["online", "away", "offline", "away"] {
        world
            .agent
            .put(&status, json!({ "status": said }), 200)
            .await;
        world.harness.advance(Duration::from_secs(60));
    }
    world.harness.drain().await;
    assert_eq!(world.said().await, 1, "one row, whatever was said before");
    let audit = world.owner.get(&world.at("/audit"), 200).await.to_string();
    assert!(!audit.contains("availability"), "{audit}");

    let conversation = world.visitor.start("Hello").await.id;
    let thread = world.at(&format!("/conversations/{conversation}"));
    for _ in 0..3 {
        let place = format!("{thread}/assignee");
        let whom = json!({ "member_id": agent });
        world.owner.put(&place, whom, 200).await;
        world.owner.delete(&place, 200).await;
    }
    world.harness.drain().await;
    // What names the agent besides their own rows is the thread, and ends with it.
    assert!(world.named_elsewhere(&agent).await > 0, "nothing was seen");
    world.owner.delete(&thread, 204).await;
    world.harness.drain().await;
    assert_eq!(world.named_elsewhere(&agent).await, 0);
}
