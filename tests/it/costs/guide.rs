//! The table of docs/performance.md is what was counted here, and the dollars under it are its sum.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use harness::{Conversation, Harness, Member, Visitor, WidgetApp, Workspace, repository};
use serde_json::{Value, json};

const GUIDE: &str = "docs/performance.md";
/// The functions that take part; `outbox` is the stream's.
const FUNCTIONS: [&str; 6] = [
    "auth",
    "conversations",
    "messages",
    "outbox",
    "realtime",
    "visitors",
];
/// Messages of one conversation, and so records of it that the outbox hears of together.
const LENGTH: u64 = 10;

// List prices of us-east-1, in dollars for a million.
const WRITES: f64 = 0.625;
const READS: f64 = 0.125;
/// A request of the HTTP API, Lambda with 6 ms at 256 MB, a line of log, and half a kilobyte to the client.
const REQUEST: f64 = 1.00 + 0.22 + 0.13 + 0.05;
/// Lambda of the outbox: no request of the API.
const RECORD: f64 = 0.02 + 0.13;
/// A month has so many working days.
const DAYS: f64 = 21.0;

/// A kind of operation, how often a team of five does it on a working day, and what it takes.
struct Row {
    what: &'static str,
    a_day: u64,
    trips: usize,
    reads: f64,
    writes: f64,
}

impl Row {
    fn dollars_a_month(&self) -> f64 {
        let units = self.reads * READS + self.writes * WRITES;
        let call = match self.what.starts_with("the outbox") {
            true => RECORD,
            false => REQUEST,
        };
        (units + call) * self.a_day as f64 * DAYS / 1e6
    }
}

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
    conversation: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let visitor = harness.visitor(&app).await;
        for n in 1..25 {
            visitor.start(&n.to_string()).await;
        }
        let conversation = visitor.start("1").await;
        for n in 1..LENGTH {
            visitor.say(&conversation, &n.to_string()).await;
        }
        harness.drain().await;
        let world = Self {
            harness,
            owner,
            workspace,
            app,
            visitor,
            conversation,
        };
        // What is counted is the usual call, whose keys were unwrapped within five minutes.
        for path in [world.list(""), world.thread("/messages"), world.thread("")] {
            world.owner.get(&path, 200).await;
        }
        world.take();
        world
    }

    fn list(&self, rest: &str) -> String {
        format!("{}/conversations{rest}", self.workspace.path)
    }

    fn thread(&self, rest: &str) -> String {
        self.list(&format!("/{}{rest}", self.conversation.id))
    }

    /// What all functions took since the last time: round trips, read and write units.
    fn take(&self) -> (usize, f64, f64) {
        let mut sum = (0, 0.0, 0.0);
        for name in FUNCTIONS {
            let reading = self.harness.app_of(name).meter.take();
            sum.0 += reading.sequential_round_trips();
            sum.1 += reading.read_units();
            sum.2 += reading.write_units();
        }
        self.harness.advance(Duration::from_millis(1));
        sum
    }

    fn row(&self, what: &'static str, a_day: u64) -> Row {
        let (trips, reads, writes) = self.take();
        Row {
            what,
            a_day,
            trips,
            reads,
            writes,
        }
    }
}

async fn rows() -> Vec<Row> {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
        app,
        visitor,
        conversation,
    } = &world;
    let mut rows = Vec::new();
    harness.visitor(app).await;
    world.take();
    harness.visitor(app).await;
    rows.push(world.row("a page opens the widget", 200));
    harness.drain().await;
    world.take();
    visitor.start("Hello").await;
    rows.push(world.row("a visitor begins a conversation", 40));
    harness.drain().await;
    rows.push(world.row("the outbox hears of that", 40));
    visitor.say(conversation, "How much is it?").await;
    rows.push(world.row("a visitor writes", 160));
    harness.drain().await;
    rows.push(world.row("the outbox hears of a visitor's message", 160));
    owner.say(workspace, conversation, "It is 17.").await;
    rows.push(world.row("a member writes", 160));
    harness.drain().await;
    rows.push(world.row("the outbox hears of a member's message", 160));
    owner.get(&world.list(""), 200).await;
    rows.push(world.row("a member opens the inbox: 25 conversations", 150));
    owner.get(&world.thread(""), 200).await;
    rows.push(world.row("a member opens a conversation", 200));
    owner.get(&world.thread("/messages"), 200).await;
    rows.push(world.row("its twelve messages", 200));
    owner
        .put(&world.thread("/read"), json!({ "seq": 12 }), 200)
        .await;
    rows.push(world.row("a member has read", 320));
    owner.post(&world.thread("/close"), Value::Null, 200).await;
    rows.push(world.row("a member closes a conversation", 40));
    owner.get(&format!("{}/sync", workspace.path), 200).await;
    rows.push(world.row("a client catches up", 100));
    owner.refresh().await;
    rows.push(world.row("a session goes on, every ten minutes", 240));
    rows
}

fn table(rows: &[Row]) -> String {
    let mut text =
        "| operation | round trips | read units | write units | a day |\n|---|---|---|---|---|\n"
            .to_owned();
    for row in rows {
        let Row {
            what,
            a_day,
            trips,
            reads,
            writes,
        } = row;
        let _ = writeln!(text, "| {what} | {trips} | {reads} | {writes} | {a_day} |");
    }
    let dollars: f64 = rows.iter().map(Row::dollars_a_month).sum();
    let writes: f64 = rows
        .iter()
        .map(|row| row.writes * WRITES * row.a_day as f64 * DAYS / 1e6)
        .sum();
    let _ = writeln!(
        text,
        "\nTogether **{dollars:.2} dollars a month**, of which {:.0} % are writes.",
        100.0 * writes / dollars
    );
    text
}

#[tokio::test]
async fn what_operations_take_and_a_workspace_costs_stands_in_the_guide() {
    let counted = table(&rows().await);
    let guide = fs::read_to_string(repository().join(GUIDE)).expect("the guide");
    if !guide.contains(&counted) {
        let place = repository().join("target/tmp/costs.md");
        fs::write(&place, &counted).expect("written");
        panic!("{GUIDE} says something else; this was counted:\n{counted}");
    }
}
