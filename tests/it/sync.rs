//! `/sync`: whoever has a cursor learns everything that changed, whatever frames were lost.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{
    Client, Conversation, Fault, Harness, Kind, Member, Socket, Visitor, Workspace, message, text,
};
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
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

    fn path(&self) -> String {
        format!("{}/sync", self.workspace.path)
    }
}

/// What one client knows: how far each conversation is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known(BTreeMap<String, (u64, u64)>);

impl Known {
    /// Takes a change or a nudge; old news are no news.
    fn learn(&mut self, id: &str, change: &Value) {
        if change["gone"] == true {
            self.0.remove(id);
            return;
        }
        let number = |field: &str| change[field].as_u64().expect("a number");
        let new = (number("rev"), number("seq"));
        let known = self.0.entry(id.to_owned()).or_default();
        *known = new.max(*known);
    }

    /// Reads on from a cursor until there is no more; the next cursor. A request that fails is
    /// repeated.
    async fn sync(
        &mut self,
        client: &Client,
        path: &str,
        mut cursor: Option<String>,
    ) -> Option<String> {
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let at = cursor
                .as_ref()
                .map_or(String::new(), |cursor| format!("{sign}cursor={cursor}"));
            let answer = client.send(Method::GET, &format!("{path}{at}"), None).await;
            if answer.status == 503 {
                continue;
            }
            assert_eq!(answer.status, 200, "{}", answer.text);
            for change in answer.body["changes"].as_array().expect("changes") {
                self.learn(&text(change, "id"), change);
            }
            cursor = Some(text(&answer.body, "next_cursor"));
            if answer.body["more"] == false {
                return cursor;
            }
        }
    }
}

#[tokio::test]
async fn the_first_call_lists_everything_in_pages_and_the_next_only_what_changed() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        visitor,
        workspace,
    } = &world;
    let mut all = Vec::new();
    for n in 0..12 {
        all.push(visitor.start(&n.to_string()).await);
        harness.advance(Duration::from_millis(7));
    }
    let mut known = Known::default();
    let path = format!("{}?limit=5", world.path());
    let page = owner.get(&path, 200).await;
    assert_eq!(
        (page["changes"].as_array().map(Vec::len), &page["more"]),
        (Some(5), &json!(true))
    );
    // What changes while the pages are read is in a later one, or in the next walk.
    owner.say(workspace, &all[0], "first page, changed").await;
    for change in page["changes"].as_array().expect("changes") {
        known.learn(&text(change, "id"), change);
    }
    let cursor = known
        .sync(owner, &path, Some(text(&page, "next_cursor")))
        .await;
    assert_eq!(known.0.len(), 12);

    assert_eq!(known.0[&all[0].id], (2, 2));
    // A minute of overlap: the same again, and no news.
    let before = known.clone();
    let cursor = known.sync(owner, &path, cursor).await;
    assert_eq!(known, before);

    harness.advance(MINUTE * 4);
    let cursor = known.sync(owner, &path, cursor).await.expect("a cursor");
    let nothing = owner.get(&format!("{path}&cursor={cursor}"), 200).await;
    assert_eq!(
        (&nothing["changes"], &nothing["more"]),
        (&json!([]), &json!(false))
    );
    owner.say(workspace, &all[7], "alone").await;
    let one = owner.get(&format!("{path}&cursor={cursor}"), 200).await;
    let change = json!({ "type": "conversation", "id": all[7].id, "rev": 2, "seq": 2 });
    assert_eq!(
        (&one["changes"], &one["more"]),
        (&json!([change]), &json!(false))
    );
}

#[tokio::test]
async fn a_page_is_one_query_for_each_shard() {
    let world = World::new().await;
    for n in 0..20 {
        world.visitor.start(&n.to_string()).await;
    }
    let meter = &world.harness.app_of("realtime").meter;
    world.owner.get(&world.path(), 200).await;
    meter.take();
    world.owner.get(&world.path(), 200).await;
    let reading = meter.take();
    let queries = reading
        .operations()
        .iter()
        .filter(|name| **name == "Query")
        .count();
    assert_eq!(
        (queries, reading.calls.len()),
        (4, 6),
        "{:?}",
        reading.operations()
    );
    assert_eq!(reading.sequential_round_trips(), 3);

    world.visitor.get("/v1/widget/sync", 200).await;
    let reading = meter.take();
    assert_eq!(
        reading.operations(),
        ["BatchGetItem", "Query", "BatchGetItem"]
    );
}

#[tokio::test]
async fn a_cursor_is_good_for_seven_days_and_for_one_reader_only() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        visitor,
        workspace,
    } = &world;
    visitor.start("Hello").await;
    let colleague = harness
        .join(owner, workspace, "bob@example.com", "agent")
        .await;
    let path = world.path();
    let cursor = text(&owner.get(&path, 200).await, "next_cursor");
    let widget = text(&visitor.get("/v1/widget/sync", 200).await, "next_cursor");
    let at = |cursor: &str| format!("{path}?cursor={cursor}");
    colleague
        .refused(Method::GET, &at(&cursor), None, 400, "cursor_invalid")
        .await;
    owner
        .refused(Method::GET, &at(&widget), None, 400, "cursor_invalid")
        .await;
    owner
        .refused(Method::GET, &at("x"), None, 400, "cursor_invalid")
        .await;
    owner
        .refused(
            Method::GET,
            &format!("{path}?limit=101"),
            None,
            422,
            "validation_failed",
        )
        .await;
    visitor
        .refused(
            Method::GET,
            "/v1/widget/sync?limit=1",
            None,
            400,
            "unknown_field",
        )
        .await;

    harness.advance(DAY * 7 - Duration::from_millis(1));
    let owner = owner.refresh().await;
    owner.get(&at(&cursor), 200).await;
    harness.advance(Duration::from_millis(1));
    owner
        .refused(Method::GET, &at(&cursor), None, 410, "cursor_expired")
        .await;
    owner.get(&path, 200).await;
}

#[tokio::test]
async fn what_is_gone_is_told_to_those_who_knew_it() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        visitor,
        workspace,
    } = &world;
    let (one, other) = (visitor.start("one").await, visitor.start("other").await);
    let (mut team, mut widget) = (Known::default(), Known::default());
    let cursor = team.sync(owner, &world.path(), None).await;
    let own = widget.sync(visitor, "/v1/widget/sync", None).await;
    assert_eq!((team.0.len(), &widget), (2, &team));
    harness.advance(MINUTE * 2);
    erase(&world, &one).await;
    let cursor = team.sync(owner, &world.path(), cursor).await;
    let own = widget.sync(visitor, "/v1/widget/sync", own).await;
    assert_eq!(team.0.keys().collect::<Vec<_>>(), [&other.id]);
    assert_eq!(widget, team);
    // Once more for the team, by the minute of overlap; the visitor's cursor knows it no more.
    let gone = json!([{ "type": "conversation", "id": one.id, "gone": true }]);
    let page = owner
        .get(
            &format!("{}?cursor={}", world.path(), cursor.expect("a cursor")),
            200,
        )
        .await;
    assert_eq!(page["changes"], gone);
    let page = visitor
        .get(
            &format!("/v1/widget/sync?cursor={}", own.expect("a cursor")),
            200,
        )
        .await;
    assert!(!page.to_string().contains(&one.id), "{page}");
    // Nobody else hears that it was ever there.
    let colleague = harness
        .join(owner, workspace, "bob@example.com", "agent")
        .await;
    let first = colleague.get(&world.path(), 200).await;
    assert!(!first.to_string().contains(&one.id), "{first}");
}

async fn erase(world: &World, conversation: &Conversation) {
    let path = format!("{}/conversations/{}", world.workspace.path, conversation.id);
    world.owner.delete(&path, 204).await;
    world.harness.drain().await;
}

async fn assign(world: &World, conversation: &Conversation, to: Option<&str>) {
    let path = format!(
        "{}/conversations/{}/assignee",
        world.workspace.path, conversation.id
    );
    match to {
        Some(member) => {
            world
                .owner
                .put(&path, json!({ "member_id": member }), 200)
                .await
        }
        None => world.owner.delete(&path, 200).await,
    };
}

#[tokio::test]
async fn whoever_sees_only_what_is_assigned_learns_when_it_comes_and_when_it_goes() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        visitor,
        workspace,
    } = &world;
    let colleague = harness
        .join(owner, workspace, "bob@example.com", "agent")
        .await;
    let members = owner.get(&format!("{}/members", workspace.path), 200).await;
    let members = members["data"].as_array().expect("members").iter();
    let mut bobs = members.filter(|member| member["name"] == "bob");
    let bob = text(bobs.next().expect("bob"), "id");
    let place = format!("{}/members/{bob}", workspace.path);
    let changed = owner
        .patch(&place, json!({ "visibility": "assigned" }), 200)
        .await;
    assert_eq!(
        (&changed["visibility"], &changed["role"]),
        (&json!("assigned"), &json!("agent"))
    );
    let (one, other) = (visitor.start("one").await, visitor.start("other").await);

    let (mut known, path) = (Known::default(), world.path());
    let cursor = known.sync(&colleague, &path, None).await;
    assert_eq!(known, Known::default());
    let mut socket = colleague.socket(workspace).await;
    socket.sub("inbox").await;
    let refused = socket.ask(json!({ "t": "sub", "topic": one.id })).await;
    assert_eq!(refused["code"], "not_found");

    harness.advance(MINUTE);
    assign(&world, &one, Some(&bob)).await;
    owner.say(workspace, &other, "not for bob").await;
    harness.drain().await;
    assert_eq!(socket.next().await["cnv"], one.id.as_str());
    assert_eq!(socket.heard().await, Vec::<Value>::new());
    let cursor = known.sync(&colleague, &path, cursor).await;
    assert_eq!(known.0.keys().collect::<Vec<_>>(), [&one.id]);

    harness.advance(MINUTE);
    assign(&world, &one, None).await;
    harness.drain().await;
    assert_eq!(
        socket.next().await["cnv"],
        one.id.as_str(),
        "the last nudge about it"
    );
    let cursor = known
        .sync(&colleague, &path, cursor)
        .await
        .expect("a cursor");
    assert_eq!(known, Known::default());
    let page = owner.get(&path, 200).await;
    assert_eq!(
        page["changes"].as_array().map(Vec::len),
        Some(2),
        "the owner sees both"
    );

    // Another view of the inbox is another list.
    owner
        .patch(&place, json!({ "visibility": "all" }), 200)
        .await;
    let at = format!("{path}?cursor={cursor}");
    colleague
        .refused(Method::GET, &at, None, 400, "cursor_invalid")
        .await;
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).expect("small")
    }
}

/// A client that loses half of its frames.
struct Deaf {
    client: Client,
    path: String,
    socket: Socket,
    known: Known,
    cursor: Option<String>,
}

impl Deaf {
    async fn listen(&mut self, dice: &mut Dice) {
        for frame in self.socket.heard().await {
            if frame["t"] == "cnv.changed" && dice.below(2) == 0 {
                self.known.learn(&text(&frame, "cnv"), &frame);
            }
        }
    }
}

/// Hands the stream to outbox in batches that are doubled and out of order.
async fn deliver(harness: &Harness, dice: &mut Dice, passed: &mut Option<String>) {
    let data = harness.stack.data();
    let mut records = data
        .stream_records("DataTable", passed.as_deref(), 1_000)
        .expect("records");
    let number = |record: &Value| text(&record["dynamodb"], "SequenceNumber");
    *passed = records.last().map(number).or_else(|| passed.take());
    records.extend(records.clone());
    for at in (1..records.len()).rev() {
        records.swap(at, dice.below(at + 1));
    }
    let outbox = harness.stack.function("outbox").expect("the function");
    for batch in records.chunks(7) {
        let event = json!({ "Records": batch }).to_string().into_bytes();
        outbox.invoke(event, "a-batch").await.expect("an answer");
    }
}

#[tokio::test]
async fn clients_that_lose_half_of_all_frames_converge_whatever_the_order_of_batches() {
    for seed in [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03] {
        let mut dice = Dice(seed);
        let world = World::new().await;
        let World {
            harness,
            owner,
            visitor,
            workspace,
        } = &world;
        let colleague = harness
            .join(owner, workspace, "bob@example.com", "agent")
            .await;
        let conversations = [
            visitor.start("a").await,
            visitor.start("b").await,
            visitor.start("c").await,
        ];
        let mut clients = Vec::new();
        for member in [owner, &colleague, owner] {
            let mut socket = member.socket(workspace).await;
            socket.sub("inbox").await;
            let (client, path) = ((**member).clone(), format!("{}?limit=2", world.path()));
            clients.push(Deaf {
                client,
                path,
                socket,
                known: Known::default(),
                cursor: None,
            });
        }
        let mut socket = visitor.socket().await;
        for conversation in &conversations {
            socket.sub(&conversation.id).await;
        }
        let (client, path) = ((**visitor).clone(), "/v1/widget/sync".to_owned());
        clients.push(Deaf {
            client,
            path,
            socket,
            known: Known::default(),
            cursor: None,
        });

        let mut passed = None;
        for _ in 0..25 {
            harness.advance(Duration::from_millis(dice.below(30_000) as u64));
            let conversation = &conversations[dice.below(3)];
            let (writer, path): (&Client, String) = match dice.below(3) {
                0 => (
                    visitor,
                    format!("/v1/widget/conversations/{}/messages", conversation.id),
                ),
                1 => (
                    owner,
                    format!(
                        "{}/conversations/{}/messages",
                        workspace.path, conversation.id
                    ),
                ),
                _ => (
                    &colleague,
                    format!(
                        "{}/conversations/{}/messages",
                        workspace.path, conversation.id
                    ),
                ),
            };
            let body = message("again and again");
            if dice.below(3) == 0 {
                let kind = [Kind::Throttle, Kind::TimeoutAfter, Kind::Conflict][dice.below(3)];
                harness
                    .faults()
                    .plan(Fault::new(kind).after(dice.below(4)).times(3));
            }
            // Sent until it is known to be there, and once more.
            while writer
                .send(Method::POST, &path, Some(body.clone()))
                .await
                .status
                >= 500
            {}
            harness.faults().reset();
            writer.post(&path, body, 200).await;
            if dice.below(4) == 0 {
                deliver(harness, &mut dice, &mut passed).await;
                for client in &mut clients {
                    client.listen(&mut dice).await;
                }
            }
            if dice.below(3) == 0 {
                let which = dice.below(clients.len());
                let client = &mut clients[which];
                harness
                    .faults()
                    .plan(Fault::new(Kind::Throttle).after(dice.below(6)).times(3));
                client.cursor = client
                    .known
                    .sync(&client.client, &client.path, client.cursor.take())
                    .await;
                harness.faults().reset();
            }
        }
        deliver(harness, &mut dice, &mut passed).await;
        let mut truth = Known::default();
        truth.sync(owner, &world.path(), None).await;
        assert_eq!(
            truth.0.values().map(|(_, seq)| seq).sum::<u64>(),
            28,
            "sent exactly once"
        );
        for client in &mut clients {
            client.listen(&mut dice).await;
            client
                .known
                .sync(&client.client, &client.path, client.cursor.take())
                .await;
            assert_eq!(client.known, truth, "{}", client.path);
        }
    }
}
