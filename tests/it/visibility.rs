//! Who sees which conversation is one question with one answer, whichever way somebody asks it: list,
//! search, thread, sync, and what a socket and a device are told. A webhook hears of everything, so whoever
//! sees less has none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use harness::receiver::Receiver;
use harness::{Client, Harness, Member, Socket, Visitor, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

const MS: Duration = Duration::from_millis(1);
/// How many histories are tried, and how many steps each has.
const HISTORIES: u64 = 2;
const STEPS: usize = 10;

/// Whose a conversation is, as the test knows it.
#[derive(Clone, Copy, Default)]
struct Whose {
    assignee: Option<usize>,
    team: Option<usize>,
}

/// A colleague, as the test knows them, with a client of each kind.
struct Colleague {
    member: Member,
    id: String,
    visibility: &'static str,
    teams: BTreeSet<usize>,
    socket: Socket,
    known: BTreeSet<String>,
    /// What they could see at some time.
    ever: BTreeSet<String>,
    cursor: Option<String>,
    /// Their device.
    browser: String,
}

impl Colleague {
    fn sees(&self, me: usize, whose: Whose) -> bool {
        let own = whose.assignee == Some(me);
        match self.visibility {
            "all" => true,
            "assigned" => own,
            _ => own || whose.team.is_some_and(|team| self.teams.contains(&team)),
        }
    }
}

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    teams: Vec<String>,
    colleagues: Vec<Colleague>,
    conversations: BTreeMap<String, Whose>,
    /// What is told by the webhook of the team.
    receiver: Receiver,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let mut teams = Vec::new();
        for name in ["Billing", "Returns"] {
            let path = format!("{}/teams", workspace.path);
            teams.push(text(
                &owner.post(&path, json!({ "name": name }), 201).await,
                "id",
            ));
        }
        let contact = json!({ "contact": "mailto:push@shop.example" });
        let sender = format!("{}/push/webpush", workspace.path);
        let key = text(&owner.put(&sender, contact, 200).await, "public_key");
        let receiver = Receiver::start().await;
        let hook = json!({ "name": "Shop", "url": receiver.url, "events": ["message.created"] });
        owner
            .post(&format!("{}/webhooks", workspace.path), hook, 201)
            .await;
        let mut colleagues = Vec::new();
        for (name, visibility) in [("bob", "all"), ("eve", "team"), ("zoe", "assigned")] {
            let address = format!("{name}@example.com");
            let member = harness.join(&owner, &workspace, &address, "agent").await;
            let id = text(&member.get(&workspace.path, 200).await, "member_id");
            let seat = format!("{}/members/{id}", workspace.path);
            owner
                .patch(&seat, json!({ "visibility": visibility }), 200)
                .await;
            let (browser, subscription) = harness.subscription(Some(&key));
            let device = json!({ "provider": "webpush", "subscription": subscription });
            member
                .post(&format!("{}/devices", workspace.path), device, 201)
                .await;
            let hooks = format!("{}/webhooks", workspace.path);
            assert_eq!(member.send(Method::GET, &hooks, None).await.status, 403);
            let socket = listening(&harness, &member, &workspace).await;
            colleagues.push(Colleague {
                member,
                id,
                visibility,
                teams: BTreeSet::new(),
                socket,
                known: BTreeSet::new(),
                ever: BTreeSet::new(),
                cursor: None,
                browser,
            });
        }
        Self {
            harness,
            owner,
            workspace,
            visitor,
            teams,
            colleagues,
            conversations: BTreeMap::new(),
            receiver,
        }
    }

    /// How many things a device was told.
    fn pushed(&self, browser: &str) -> usize {
        self.harness.stack.pushes.to(browser).len()
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    fn nth(&self, n: usize) -> Option<String> {
        let there = self.conversations.len();
        self.conversations.keys().nth(n % there.max(1)).cloned()
    }

    fn expected(&self, me: usize) -> BTreeSet<String> {
        let seen = self.conversations.iter();
        seen.filter(|(_, whose)| self.colleagues[me].sees(me, **whose))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Something that decides who sees what.
    async fn step(&mut self, dice: &mut Dice) {
        self.harness.advance(MS * 3);
        let (who, team) = (dice.below(3), dice.below(2));
        let chosen = self.nth(dice.below(97));
        let verb = dice.below(10);
        let Some(id) = chosen.filter(|_| verb > 1) else {
            let id = self.visitor.start("Hello").await.id;
            self.conversations.insert(id, Whose::default());
            return;
        };
        let at = self.at(&format!("/conversations/{id}"));
        let whose = self.conversations.get_mut(&id).expect("a conversation");
        match verb {
            2 | 3 => {
                whose.assignee = Some(who);
                let body = json!({ "member_id": self.colleagues[who].id });
                self.owner.put(&format!("{at}/assignee"), body, 200).await;
            }
            4 | 5 => {
                if whose.team != Some(team) {
                    *whose = Whose {
                        assignee: None,
                        team: Some(team),
                    };
                }
                let body = json!({ "team_id": self.teams[team] });
                self.owner.put(&format!("{at}/team"), body, 200).await;
            }
            6 => {
                *whose = Whose {
                    assignee: None,
                    team: None,
                };
                self.owner.delete(&format!("{at}/assignee"), 200).await;
                self.owner.delete(&format!("{at}/team"), 200).await;
            }
            7 => {
                self.conversations.remove(&id);
                self.owner.delete(&at, 204).await;
            }
            8 => {
                let place = self.at(&format!(
                    "/teams/{}/members/{}",
                    self.teams[team], self.colleagues[who].id
                ));
                let teams = &mut self.colleagues[who].teams;
                let (method, changed) = match teams.remove(&team) {
                    true => (Method::DELETE, true),
                    false => (Method::PUT, teams.insert(team)),
                };
                let answer = self.owner.send(method, &place, None).await;
                assert_eq!((answer.status, changed), (204, true), "{}", answer.text);
                if self.colleagues[who].visibility == "team" {
                    self.come_again(who).await;
                }
            }
            _ => {
                let visibility = ["all", "team", "assigned"][dice.below(3)];
                let before = std::mem::replace(&mut self.colleagues[who].visibility, visibility);
                let seat = self.at(&format!("/members/{}", self.colleagues[who].id));
                self.owner
                    .patch(&seat, json!({ "visibility": visibility }), 200)
                    .await;
                if before != visibility {
                    self.come_again(who).await;
                }
            }
        }
    }

    /// Whoever sees otherwise is told nothing more by the old socket, and opens another one.
    async fn come_again(&mut self, who: usize) {
        self.harness.drain().await;
        let again = listening(&self.harness, &self.colleagues[who].member, &self.workspace).await;
        let mut old = std::mem::replace(&mut self.colleagues[who].socket, again);
        old.closed().await;
    }

    async fn listed(&self, client: &Client) -> BTreeSet<String> {
        let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let path = self.at(&format!("/conversations?view=all&limit=3{cursor}"));
            let page = client.get(&path, 200).await;
            let data = page["data"].as_array().expect("a list");
            seen.extend(data.iter().map(|one| text(one, "id")));
            match page["page"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return seen,
            }
        }
    }

    /// The conversations of everything that is found, page by page; nothing else is counted.
    async fn found(&self, client: &Client, there: usize) -> BTreeSet<String> {
        let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
        loop {
            let path = self.at(&format!("/search?limit=3{cursor}"));
            let page = client.post(&path, json!({ "query": "seen" }), 200).await;
            let data = page["data"].as_array().expect("hits");
            seen.extend(data.iter().map(|one| text(one, "conversation_id")));
            let looked = page["searched"]["conversations"].as_u64();
            assert!(looked <= Some(there as u64), "{looked:?} of {there}");
            match page["page"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return seen,
            }
        }
    }

    /// Walks on from the last answer, and from the beginning when the cursor is good no longer.
    async fn sync(&mut self, who: usize) {
        loop {
            let one = &self.colleagues[who];
            let cursor = one
                .cursor
                .as_ref()
                .map(|cursor| format!("&cursor={cursor}"));
            let path = self.at(&format!("/sync?limit=4{}", cursor.unwrap_or_default()));
            let answer = one.member.send(Method::GET, &path, None).await;
            let one = &mut self.colleagues[who];
            if answer.status == 400 {
                (one.cursor, one.known) = (None, BTreeSet::new());
                continue;
            }
            let body: Value = serde_json::from_str(&answer.text).expect("JSON");
            for change in body["changes"].as_array().expect("changes") {
                let id = text(change, "id");
                if change["gone"] == true {
                    assert!(one.ever.contains(&id), "told of what was never seen: {id}");
                    one.known.remove(&id);
                } else {
                    assert!(
                        one.ever.contains(&id),
                        "told of what could not be seen: {id}"
                    );
                    one.known.insert(id);
                }
            }
            one.cursor = Some(text(&body, "next_cursor"));
            if body["more"] == false {
                return;
            }
        }
    }

    async fn compare(&mut self, round: usize) {
        for who in 0..self.colleagues.len() {
            let could = self.expected(who);
            self.colleagues[who].ever.extend(could);
        }
        self.harness.drain().await;
        for one in &mut self.colleagues {
            one.socket.heard().await;
        }
        let pushed: Vec<usize> = self
            .colleagues
            .iter()
            .map(|one| self.pushed(&one.browser))
            .collect();
        let hooked = self.receiver.sent().len();
        // Something happens in every conversation, and everybody asks in every way. Whoever may not see it
        // is not even named.
        for (id, whose) in &self.conversations {
            let place = self.at(&format!("/conversations/{id}/messages"));
            let note = |mentions: Vec<&str>| {
                json!({
                    "client_message_id": harness::random_uuid(), "kind": "note", "text": "seen?",
                    "mentions": mentions,
                })
            };
            let mut seeing = Vec::new();
            for (who, one) in self.colleagues.iter().enumerate() {
                match one.sees(who, *whose) {
                    true => seeing.push(one.id.as_str()),
                    false => {
                        let refused = self.owner.post(&place, note(vec![&one.id]), 422).await;
                        assert_eq!(refused["errors"][0]["code"], "cannot_see");
                    }
                }
            }
            self.owner.post(&place, note(seeing), 201).await;
        }
        self.harness.drain().await;
        let hooked = self.receiver.sent().split_off(hooked);
        let hooked = hooked.iter().map(|sent| sent.body["data"].to_string());
        let hooked: Vec<String> = hooked.collect();
        for id in self.conversations.keys() {
            let is_told = hooked.iter().any(|data| data.contains(id));
            assert!(is_told, "round {round}: the webhook heard nothing of {id}");
        }
        for who in 0..self.colleagues.len() {
            let expected = self.expected(who);
            let frames = self.colleagues[who].socket.heard().await;
            let told = frames.iter().filter(|frame| frame["t"] == "cnv.changed");
            let told: BTreeSet<String> = told.map(|frame| text(frame, "cnv")).collect();
            self.sync(who).await;
            let one = &self.colleagues[who];
            let brought = self.harness.stack.pushes.to(&one.browser);
            let brought = brought[pushed[who]..].iter();
            let brought = brought.map(|push| text(&push.data, "conversation_id"));
            let mut shown = BTreeSet::new();
            for id in self.conversations.keys() {
                let place = self.at(&format!("/conversations/{id}"));
                let answer = one.member.send(Method::GET, &place, None).await;
                let thread = one
                    .member
                    .send(Method::GET, &format!("{place}/messages"), None)
                    .await;
                assert_eq!(answer.status, thread.status);
                if answer.status == 200 {
                    shown.insert(id.clone());
                }
            }
            let ways = [
                ("list", self.listed(&one.member).await),
                ("search", self.found(&one.member, expected.len()).await),
                ("show", shown),
                ("sync", one.known.clone()),
                ("socket", told),
                ("push", brought.collect()),
            ];
            for (way, seen) in ways {
                assert_eq!(seen, expected, "round {round}, {} by {way}", one.visibility);
            }
        }
    }
}

async fn listening(harness: &Harness, member: &Member, workspace: &Workspace) -> Socket {
    harness.advance(MS * 3);
    let mut socket = member.socket(workspace).await;
    socket.sub("inbox").await;
    socket
}

/// Numbers that a seed decides.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

#[tokio::test]
async fn what_somebody_sees_is_the_same_by_every_way_whatever_happens() {
    for seed in 0..HISTORIES {
        let (mut world, mut dice) = (World::new().await, Dice(seed + 7));
        for round in 0..STEPS {
            for _ in 0..3 {
                world.step(&mut dice).await;
                for who in 0..world.colleagues.len() {
                    let could = world.expected(who);
                    world.colleagues[who].ever.extend(could);
                }
            }
            world.compare(round).await;
        }
        world.harness.stop().await;
    }
}

#[tokio::test]
async fn who_writes_first_sees_what_they_wrote_and_a_team_sees_what_its_app_brings() {
    let mut world = World::new().await;
    let app = world.owner.app(&world.workspace).await;
    let place = world.at(&format!("/apps/{}", app.id));
    let nobodys = json!({ "team_id": "team_01kf0a1b2c3d4e5f6g7h8j9k0m" });
    let refused = world.owner.patch(&place, nobodys, 422).await;
    assert_eq!(refused["errors"][0]["pointer"], "#/team_id");
    let body = json!({ "team_id": world.teams[0] });
    let changed = world.owner.patch(&place, body, 200).await;
    assert_eq!(changed["team_id"], world.teams[0].as_str());
    let visitor = world.harness.visitor(&app).await;
    let id = visitor.start("Hello").await.id;
    world.conversations.insert(
        id.clone(),
        Whose {
            assignee: None,
            team: Some(0),
        },
    );
    let shown = world
        .owner
        .get(&world.at(&format!("/conversations/{id}")), 200)
        .await;
    assert_eq!(shown["team_id"], world.teams[0].as_str());

    let contact = text(&shown, "contact_id");
    for (who, kept) in [(0, None), (1, Some(1)), (2, Some(2))] {
        let body = json!({ "contact_id": contact, "first_message": harness::message("Hi") });
        let begun = world.colleagues[who]
            .member
            .post(&world.at("/conversations"), body, 201)
            .await;
        let id = text(&begun["conversation"], "id");
        world.conversations.insert(
            id,
            Whose {
                assignee: kept,
                team: None,
            },
        );
    }
    world.compare(0).await;
    // What a team gets is its members' from their first moment in it.
    let place = world.at(&format!(
        "/teams/{}/members/{}",
        world.teams[0], world.colleagues[1].id
    ));
    world.harness.advance(MS);
    world.owner.send(Method::PUT, &place, None).await;
    world.colleagues[1].teams.insert(0);
    world.come_again(1).await;
    world.compare(1).await;
}
