//! Teams: what is put to one waits there, and finds somebody by the way of the team.

use std::time::Duration;

use harness::{Harness, Member, Socket, Visitor, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
}

/// A member of a team, as a client that is connected.
struct There {
    member: Member,
    id: String,
    _socket: Option<Socket>,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        Self {
            harness,
            owner,
            workspace,
            visitor,
        }
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    async fn team(&self, body: Value) -> String {
        text(&self.owner.post(&self.at("/teams"), body, 201).await, "id")
    }

    /// An agent in a team.
    async fn agent(&self, name: &str, team: &str) -> There {
        let address = format!("{name}@example.com");
        let member = self
            .harness
            .join(&self.owner, &self.workspace, &address, "agent");
        let member = member.await;
        let id = text(&member.get(&self.workspace.path, 200).await, "member_id");
        let place = self.at(&format!("/teams/{team}/members/{id}"));
        self.owner.send(Method::PUT, &place, None).await;
        There {
            member,
            id,
            _socket: None,
        }
    }

    /// The same, whose client listens to the inbox.
    async fn connected(&self, name: &str, team: &str) -> There {
        let mut there = self.agent(name, team).await;
        there._socket = Some(self.listen(&there.member).await);
        there
    }

    async fn listen(&self, member: &Member) -> Socket {
        let mut socket = member.socket(&self.workspace).await;
        socket.sub("inbox").await;
        socket
    }

    /// A conversation that is put to a team.
    async fn put(&self, team: &str) -> String {
        let id = self.visitor.start("Hello").await.id;
        let place = self.at(&format!("/conversations/{id}/team"));
        self.owner
            .put(&place, json!({ "team_id": team }), 200)
            .await;
        self.harness.drain().await;
        self.harness.advance(Duration::from_millis(5));
        id
    }

    async fn shown(&self, conversation: &str) -> Value {
        let place = self.at(&format!("/conversations/{conversation}"));
        self.owner.get(&place, 200).await
    }

    async fn assignee(&self, conversation: &str) -> Option<String> {
        let shown = self.shown(conversation).await;
        shown["assignee"].as_str().map(str::to_owned)
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        let list = self
            .owner
            .get(&self.at(&format!("/conversations?{query}")), 200)
            .await;
        let data = list["data"].as_array().expect("a list");
        data.iter().map(|one| text(one, "id")).collect()
    }

    /// The events of a thread, with whom they happened to.
    async fn lines(&self, conversation: &str) -> Vec<(String, Value)> {
        let place = self.at(&format!("/conversations/{conversation}/messages"));
        let list = self.owner.get(&place, 200).await;
        let lines = list["data"].as_array().expect("a list").iter();
        let events = lines.filter(|line| line["kind"] == "system");
        events
            .map(|line| (text(line, "event"), line["subject_member"].clone()))
            .collect()
    }
}

#[tokio::test]
async fn what_is_put_to_a_team_lies_in_its_queue_and_in_no_other() {
    let world = World::new().await;
    let team = world.team(json!({ "name": "Billing" })).await;
    let other = world.team(json!({ "name": "Returns" })).await;
    let conversation = world.put(&team).await;
    assert_eq!(world.shown(&conversation).await["team_id"], team.as_str());
    let seen = [
        world.listed(&format!("view=team&team_id={team}")).await,
        world.listed(&format!("view=team&team_id={other}")).await,
        world.listed("view=unassigned").await,
        world.listed("view=all").await,
    ];
    let one = vec![conversation.clone()];
    assert_eq!(seen, [one.clone(), vec![], vec![], one.clone()]);
    let (event, _) = world.lines(&conversation).await[0].clone();
    assert_eq!(event, "put_to_team");

    // A second time is no change, and a visitor learns nothing of teams.
    let place = world.at(&format!("/conversations/{conversation}/team"));
    let body = json!({ "team_id": team });
    world.owner.put(&place, body, 200).await;
    assert_eq!(world.lines(&conversation).await.len(), 1);
    let own = format!("/v1/widget/conversations/{conversation}");
    assert_eq!(world.visitor.get(&own, 200).await["team_id"], Value::Null);

    world.owner.delete(&place, 200).await;
    assert_eq!(world.listed("view=unassigned").await, one);
    let left = world.listed(&format!("view=team&team_id={team}")).await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn in_turn_everybody_who_is_there_gets_one_before_anybody_gets_two() {
    let world = World::new().await;
    let team = world
        .team(json!({ "name": "Billing", "assignment": "round_robin" }))
        .await;
    let bob = world.connected("bob", &team).await;
    let eve = world.connected("eve", &team).await;
    let away = world.agent("zoe", &team).await;
    let mut got = Vec::new();
    for _ in 0..4 {
        let conversation = world.put(&team).await;
        got.push(world.assignee(&conversation).await.expect("somebody"));
        let lines = world.lines(&conversation).await;
        assert_eq!(
            lines[1].0, "assigned_in_turn",
            "the reason is told: {lines:?}"
        );
        assert_eq!(lines[1].1, got[got.len() - 1].as_str());
    }
    assert_ne!(got[0], got[1]);
    assert_eq!(got[..2], got[2..], "the same turn again");
    assert!(!got.contains(&away.id), "who is not there gets nothing");
    assert!(got.contains(&bob.id) && got.contains(&eve.id));
    let own = bob
        .member
        .get(&world.at("/conversations?view=mine"), 200)
        .await;
    assert_eq!(own["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_comes_back_from_a_snooze_into_a_team_is_given_out() {
    let world = World::new().await;
    let team = world
        .team(json!({ "name": "Billing", "assignment": "round_robin" }))
        .await;
    let conversation = world.put(&team).await;
    assert_eq!(world.assignee(&conversation).await, None, "nobody is there");
    let until = world.harness.now().plus(MINUTE * 5);
    let place = world.at(&format!("/conversations/{conversation}/snooze"));
    let put_aside = json!({ "until": until });
    world.owner.post(&place, put_aside, 200).await;
    world.harness.drain().await;
    let bob = world.connected("bob", &team).await;
    world.harness.advance(MINUTE);
    world.harness.run_schedule("minute").await;
    assert_eq!(world.assignee(&conversation).await, None, "put aside");
    world.harness.advance(MINUTE * 4);
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["woken_conversations"], 1, "{report}");
    world.harness.drain().await;
    assert_eq!(world.assignee(&conversation).await, Some(bob.id));
}

#[tokio::test]
async fn the_least_busy_gets_it_until_nobody_has_room() {
    let world = World::new().await;
    let body = json!({ "name": "Billing", "assignment": "least_busy", "capacity": 2 });
    let team = world.team(body).await;
    let bob = world.connected("bob", &team).await;
    // Bob has one of his own already.
    let own = world.visitor.start("Hello").await.id;
    let place = world.at(&format!("/conversations/{own}/assignee"));
    world
        .owner
        .put(&place, json!({ "member_id": bob.id }), 200)
        .await;
    let eve = world.connected("eve", &team).await;
    let mut got = Vec::new();
    for _ in 0..4 {
        let conversation = world.put(&team).await;
        got.push(world.assignee(&conversation).await);
    }
    assert_eq!(got[0].as_deref(), Some(eve.id.as_str()));
    let of = |id: &str| got.iter().flatten().filter(|one| *one == id).count();
    assert_eq!((of(&bob.id), of(&eve.id)), (1, 2), "{got:?}");
    assert_eq!(got[3], None, "nobody has room");

    // Room comes, and the schedule finds it.
    let place = world.at(&format!("/conversations/{own}/close"));
    world.owner.send(Method::POST, &place, None).await;
    world.harness.advance(MINUTE);
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["assigned_conversations"], 1, "{report}");
    let waiting = world.listed(&format!("view=team&team_id={team}")).await;
    assert!(waiting.is_empty(), "{waiting:?}");
}

#[tokio::test]
async fn what_no_app_sends_anywhere_waits_in_the_team_of_the_workspace_and_says_why_somebody_has_it()
 {
    let world = World::new().await;
    let set = async |team: Value| {
        let seen = world.owner.send(Method::GET, &world.workspace.path, None);
        let etag = seen.await.header("etag").to_owned();
        let owner = world.owner.with_header("if-match", &etag);
        let body = Some(json!({ "default_team_id": team }));
        owner.send(Method::PATCH, &world.workspace.path, body).await
    };
    let idle = world.team(json!({ "name": "Idle" })).await;
    let bob = world.connected("bob", &idle).await;
    let ways = [
        ("manual", "claimed"),
        ("round_robin", "assigned_in_turn"),
        ("least_busy", "assigned_to_least_busy"),
    ];
    for (way, reason) in ways {
        let team = world.team(json!({ "name": way, "assignment": way })).await;
        let place = world.at(&format!("/teams/{team}/members/{}", bob.id));
        world.owner.send(Method::PUT, &place, None).await;
        let answer = set(json!(team)).await;
        assert_eq!(answer.body["default_team_id"], team.as_str(), "{way}");
        let conversation = world.visitor.start("Hello").await.id;
        assert_eq!(world.shown(&conversation).await["team_id"], team.as_str());
        world.harness.drain().await;
        if way == "manual" {
            assert_eq!(world.assignee(&conversation).await, None);
            let claim = world.at(&format!("/conversations/{conversation}/claim"));
            bob.member.post(&claim, json!({}), 200).await;
        }
        assert_eq!(
            world.assignee(&conversation).await.as_ref(),
            Some(&bob.id),
            "{way}"
        );
        let lines = world.lines(&conversation).await;
        assert_eq!(lines.last().map(|line| line.0.as_str()), Some(reason));
    }
    // What a member begins is nobody's queue but the workspace's; and no team is no team.
    let body = json!({
        "contact_id": world.visitor.contact_id, "first_message": harness::message("Hello"),
    });
    let place = world.at("/conversations");
    let begun = world.owner.post(&place, body, 201).await;
    assert_eq!(begun["conversation"]["team_id"], Value::Null);
    let other = set(json!("tem_01kf0a1b2c3d4e5f6g7h8j9k0m")).await;
    assert_eq!(other.status, 422, "{}", other.text);
    assert_eq!(
        other.body["errors"][0]["pointer"], "#/default_team_id",
        "{}",
        other.text
    );
    // A team that goes is no longer the one of the workspace.
    assert_eq!(set(json!(idle)).await.status, 200);
    let place = world.at(&format!("/teams/{idle}"));
    world.owner.delete(&place, 204).await;
    let shown = world.owner.get(&world.workspace.path, 200).await;
    assert_eq!(shown["default_team_id"], Value::Null);
    let conversation = world.visitor.start("Hello").await.id;
    assert_eq!(world.shown(&conversation).await["team_id"], Value::Null);
    let other = world.team(json!({ "name": "Other" })).await;
    assert_eq!(set(json!(other)).await.status, 200);
    assert_eq!(set(Value::Null).await.body["default_team_id"], Value::Null);
    let conversation = world.visitor.start("Hello").await.id;
    assert_eq!(world.shown(&conversation).await["team_id"], Value::Null);
}

#[tokio::test]
async fn what_comes_at_night_is_given_out_when_the_team_opens_and_somebody_is_there() {
    let mut world = World::new().await;
    // The tests begin at noon, UTC.
    let hours = json!({
        "time_zone": "UTC", "weekly": [{ "day": "thursday", "from": "13:00", "to": "18:00" }],
    });
    world
        .owner
        .put(&world.at("/business-hours"), hours, 200)
        .await;
    let team = world
        .team(json!({ "name": "Billing", "assignment": "round_robin" }))
        .await;
    let mut bob = world.connected("bob", &team).await;
    let conversation = world.put(&team).await;
    assert_eq!(world.assignee(&conversation).await, None, "closed");
    world.harness.advance(MINUTE);
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["assigned_conversations"], 0, "still closed");
    world.harness.advance(MINUTE * 65);
    world.owner = world.owner.refresh().await;
    bob.member = bob.member.refresh().await;
    let app = world.owner.app(&world.workspace).await;
    world.visitor = world.harness.visitor(&app).await;
    // The gateway ends a socket that was silent for ten minutes: the client comes again.
    bob._socket = Some(world.listen(&bob.member).await);
    let report = world.harness.run_schedule("minute").await;
    assert_eq!(report["assigned_conversations"], 1, "{report}");
    assert_eq!(world.assignee(&conversation).await, Some(bob.id.clone()));

    // A colleague who says that they are away gets nothing, and neither does one who only looks.
    let away = json!({ "status": "away" });
    bob.member.put(&world.at("/availability"), away, 200).await;
    let second = world.put(&team).await;
    assert_eq!(world.assignee(&second).await, None);
    let online = json!({ "status": "online" });
    bob.member
        .put(&world.at("/availability"), online, 200)
        .await;
    let place = world.at(&format!("/members/{}", bob.id));
    world
        .owner
        .patch(&place, json!({ "role": "viewer" }), 200)
        .await;
    world.harness.advance(MINUTE);
    world.harness.run_schedule("minute").await;
    assert_eq!(world.assignee(&second).await, None);
    world
        .owner
        .patch(&place, json!({ "role": "agent" }), 200)
        .await;
    // Another role, other sockets.
    bob._socket = Some(world.listen(&bob.member).await);
    world.harness.advance(MINUTE);
    world.harness.run_schedule("minute").await;
    assert_eq!(world.assignee(&second).await, Some(bob.id.clone()));
    let quiet = world.harness.run_schedule("minute").await;
    world.harness.advance(MINUTE);
    let again = world.harness.run_schedule("minute").await;
    assert_eq!(
        (
            &quiet["assigned_conversations"],
            &again["assigned_conversations"]
        ),
        (&json!(0), &json!(0))
    );
}

#[tokio::test]
async fn what_waits_in_a_team_that_ends_goes_back_to_the_workspace() {
    let world = World::new().await;
    let team = world.team(json!({ "name": "Billing" })).await;
    let bob = world.agent("bob", &team).await;
    let conversation = world.put(&team).await;
    let place = world.at(&format!("/teams/{team}"));
    let shown = world.owner.get(&place, 200).await;
    assert_eq!(shown["members"], json!([bob.id]));
    world.owner.delete(&place, 204).await;
    assert_eq!(world.owner.get(&place, 404).await["code"], "not_found");
    world.harness.run_schedule("minute").await;
    assert_eq!(
        world.listed("view=unassigned").await,
        std::slice::from_ref(&conversation)
    );
    assert_eq!(world.shown(&conversation).await["team_id"], Value::Null);
    let items = world.harness.items().await;
    let left = items
        .iter()
        .filter(|item| item.contains("TEAM#") || item.contains("TEAMMATE#"));
    assert_eq!(left.count(), 0, "neither a place nor a look is left");

    // What reaches a team that has just gone comes back as well.
    let gone = json!({ "team_id": team });
    let place = world.at(&format!("/conversations/{conversation}/team"));
    let refused = world.owner.put(&place, gone, 422).await;
    assert_eq!(refused["errors"][0]["pointer"], "#/team_id");
}

#[tokio::test]
async fn who_leaves_the_workspace_leaves_its_teams_and_what_they_had_finds_somebody_else() {
    let world = World::new().await;
    let team = world
        .team(json!({ "name": "Billing", "assignment": "round_robin" }))
        .await;
    let bob = world.connected("bob", &team).await;
    let conversation = world.put(&team).await;
    assert_eq!(world.assignee(&conversation).await, Some(bob.id.clone()));
    let eve = world.connected("eve", &team).await;
    let place = world.at(&format!("/members/{}", bob.id));
    world.owner.delete(&place, 202).await;
    world.harness.run_schedule("jobs").await;
    world.harness.drain().await;
    assert_eq!(world.assignee(&conversation).await, Some(eve.id.clone()));
    let shown = world
        .owner
        .get(&world.at(&format!("/teams/{team}")), 200)
        .await;
    assert_eq!(shown["members"], json!([eve.id]));
    let items = world.harness.items().await;
    let place = format!("TEAMMATE#{}#{}", world.workspace.id, bob.id);
    assert!(!items.iter().any(|item| item.contains(&place)));
}

#[tokio::test]
async fn a_team_is_made_once_changed_with_its_version_and_has_sane_limits() {
    let world = World::new().await;
    let teams = world.at("/teams");
    let client = world.owner.with_header("idempotency-key", "\"one\"");
    let body = json!({ "name": "Billing", "assignment": "least_busy", "capacity": 3 });
    let made = client.post(&teams, body.clone(), 201).await;
    assert_eq!(client.post(&teams, body, 200).await["id"], made["id"]);
    let listed = world.owner.get(&teams, 200).await;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    for (body, pointer) in [
        (json!({ "name": "" }), "#/name"),
        (json!({ "name": "A", "capacity": 0 }), "#/capacity"),
        (json!({ "name": "A", "capacity": 1001 }), "#/capacity"),
        (
            json!({ "name": "A", "assignment": "loudest" }),
            "#/assignment",
        ),
    ] {
        let refused = world.owner.post(&teams, body, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    let place = format!("{teams}/{}", text(&made, "id"));
    let stale = world.owner.with_header("if-match", "\"7\"");
    let refused = stale.patch(&place, json!({ "name": "Pay" }), 409).await;
    assert_eq!(refused["code"], "conflict");
    let changed = world
        .owner
        .patch(&place, json!({ "capacity": null }), 200)
        .await;
    assert_eq!(
        (&changed["capacity"], &changed["name"]),
        (&Value::Null, &json!("Billing"))
    );
    assert_eq!(changed["rev"], 2);

    let nobody = format!("{place}/members/mbr_01kf0a1b2c3d4e5f6g7h8j9k0m");
    let answer = world.owner.send(Method::PUT, &nobody, None).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    let query = world.at("/conversations?view=team");
    let refused = world.owner.get(&query, 422).await;
    assert_eq!(refused["errors"][0]["pointer"], "?team_id");
    let query = world.at(&format!(
        "/conversations?view=mine&team_id={}",
        text(&made, "id")
    ));
    world.owner.get(&query, 422).await;
}

#[tokio::test]
async fn a_message_to_what_waits_already_is_no_reason_to_look_again() {
    let world = World::new().await;
    let team = world
        .team(json!({ "name": "Billing", "assignment": "round_robin" }))
        .await;
    let conversation = world.put(&team).await;
    let before = world.harness.items().await;
    let looks = |items: &[String]| {
        items
            .iter()
            .filter(|item| item.contains("TeamWait"))
            .count()
    };
    assert_eq!(
        looks(&before),
        1,
        "nobody was there: the schedule looks again"
    );
    let bob = world.connected("bob", &team).await;
    let place = format!("/v1/widget/conversations/{conversation}/messages");
    world
        .visitor
        .post(&place, harness::message("Hello?"), 201)
        .await;
    world.harness.drain().await;
    assert_eq!(world.assignee(&conversation).await, None);
    world.harness.advance(MINUTE);
    world.harness.run_schedule("minute").await;
    assert_eq!(world.assignee(&conversation).await, Some(bob.id));
    let after = world.harness.items().await;
    assert_eq!(looks(&after), 0, "nothing waits, and nothing is looked at");
}
