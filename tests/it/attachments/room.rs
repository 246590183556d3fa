//! How much somebody may have lying in a conversation.

use harness::files::File;
use reqwest::Method;
use serde_json::json;
use shared::domain::time::DAY;

use harness::{Harness, Member, Visitor};
use serde_json::Value;

use super::{World, text};

const MEBIBYTE: u64 = 1024 * 1024;

#[tokio::test]
async fn two_hundred_mebibytes_are_the_most_of_one_person_in_one_conversation_until_some_end() {
    let world = World::new().await;
    let path = format!("{}/attachments", world.teams());
    let mut large = File::text("x").request();
    large["bytes"] = json!(20 * MEBIBYTE);
    for _ in 0..10 {
        world.owner.post(&path, large.clone(), 201).await;
    }
    let before = world.harness.items_under("CONVERSATION#").await.len();
    let small = File::text("x").request();
    let full = Some(small.clone());
    world
        .owner
        .refused(Method::POST, &path, full, 409, "files_full")
        .await;
    let after = world.harness.items_under("CONVERSATION#").await.len();
    assert_eq!(before, after, "a refused file changed something");
    // It is theirs alone, and of this conversation alone.
    let visitors = format!("{}/attachments", world.visitors());
    world.visitor.post(&visitors, small.clone(), 201).await;
    let other = world.visitor.start("Another matter").await;
    let other = format!("{}/conversations/{}", world.workspace.path, other.id);
    let other = format!("{other}/attachments");
    world.owner.post(&other, small, 201).await;
    // What nobody sent is gone after a day, and so is what it took up.
    world.harness.advance(DAY);
    let owner = world.harness.sign_in("ada@example.com").await;
    let made = owner.post(&path, large, 201).await;
    assert!(text(&made["attachment"], "id").starts_with("att_"));
}

/// A plan whose files may take up 50 MiB together.
const PLANS: &str = r#"[{"name":"free","seats":5,"apps":5,"files_mib":50}]"#;

/// Two conversations of a workspace with that plan.
struct Small {
    harness: Harness,
    owner: Member,
    visitors: [Visitor; 2],
    threads: [String; 2],
}

impl Small {
    async fn new() -> Self {
        let harness = Harness::selling(PLANS).await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let visitors = [harness.visitor(&app).await, harness.visitor(&app).await];
        let mut threads = [String::new(), String::new()];
        for (visitor, thread) in visitors.iter().zip(&mut threads) {
            let id = visitor.start("Look").await.id;
            *thread = format!("{}/conversations/{id}", workspace.path);
        }
        Self {
            harness,
            owner,
            visitors,
            threads,
        }
    }

    /// The sum of the workspace, and how many files count in it.
    async fn sum(&self) -> (u64, usize) {
        let rows = self.harness.items_under("FILEROOM#").await;
        let sum = rows.iter().find(|row| row["sk"]["S"] == "SUM");
        let sum = sum.map_or(0, |row| text(&row["bytes"], "N").parse().expect("a number"));
        (sum, rows.len().saturating_sub(1))
    }
}

fn of(mebibytes: u64) -> Value {
    let mut file = File::text("x").request();
    file["bytes"] = json!(mebibytes * MEBIBYTE);
    file
}

#[tokio::test]
async fn the_files_of_a_workspace_take_up_what_its_plan_allows_and_what_goes_makes_room_once() {
    let small = Small::new().await;
    let [one, other] = &small.threads;
    let (one, other) = (format!("{one}/attachments"), format!("{other}/attachments"));
    let first = small.owner.post(&one, of(20), 201).await;
    small.owner.post(&other, of(20), 201).await;
    assert_eq!(small.sum().await, (40 * MEBIBYTE, 2));
    // Beyond it nothing is made, whoever asks, and the answer says where more is sold.
    let asks = small.owner.send(Method::POST, &other, Some(of(11))).await;
    assert_eq!(
        (asks.status, asks.body["code"].as_str()),
        (402, Some("plan_limit"))
    );
    assert!(text(&asks.body, "upgrade_url").ends_with("/billing"));
    let theirs = small.threads[0].rsplit('/').next().expect("an id");
    let theirs = format!("/v1/widget/conversations/{theirs}/attachments");
    let visitor = &small.visitors[0];
    let asks = visitor.send(Method::POST, &theirs, Some(of(11))).await;
    assert_eq!(asks.status, 402, "{}", asks.text);
    assert_eq!(small.sum().await, (40 * MEBIBYTE, 2));
    small.owner.post(&other, of(10), 201).await;
    assert_eq!(small.sum().await, (50 * MEBIBYTE, 3));

    // What ends by itself gives its room back, and told twice it gives it back once.
    small.harness.advance(DAY);
    small.harness.run_schedule("sweep").await;
    small.harness.drain().await;
    assert_eq!(small.sum().await, (0, 0));
    small.harness.stack.redeliver().await.expect("delivered");
    small.harness.drain().await;
    assert_eq!(small.sum().await, (0, 0));
    assert!(text(&first["attachment"], "id").starts_with("att_"));

    // What was sent counts until its message goes, and a conversation takes its files along.
    let owner = small.harness.sign_in("ada@example.com").await;
    let mut small = Small { owner, ..small };
    let sent = small
        .harness
        .send_file(&small.owner, &small.threads[0], &File::text("kept"))
        .await;
    small.harness.drain().await;
    assert_eq!(small.sum().await, (4, 1), "the row of the upload has gone");
    let message = format!("{}/messages/{}", small.threads[0], sent["seq"]);
    small.owner.delete(&message, 200).await;
    small.harness.drain().await;
    assert_eq!(small.sum().await, (0, 0));
    small
        .harness
        .send_file(&small.owner, &small.threads[1], &File::text("kept"))
        .await;
    small.owner = small.owner.refresh().await;
    small.owner.delete(&small.threads[1], 204).await;
    small.harness.drain().await;
    small.harness.run_schedule("minute").await;
    small.harness.drain().await;
    assert_eq!(small.sum().await, (0, 0));
}

/// Of many who ask for the last place at once one gets it, and the sum is that of the files.
#[tokio::test]
async fn of_many_who_ask_for_the_last_room_at_once_as_many_get_it_as_it_has_room_for() {
    let small = Small::new().await;
    let places: Vec<String> = small
        .threads
        .iter()
        .map(|one| format!("{one}/attachments"))
        .collect();
    let asked = (0..8).map(|n| small.owner.send(Method::POST, &places[n % 2], Some(of(20))));
    let answers = futures_util::future::join_all(asked).await;
    let count = |status| answers.iter().filter(|one| one.status == status).count();
    assert_eq!((count(201), count(402)), (2, 6));
    assert_eq!(small.sum().await, (40 * MEBIBYTE, 2));
}

/// The sum costs no round trip: it is read on entry and written with the row.
#[tokio::test]
async fn asking_for_a_link_is_a_batch_two_counts_two_sums_of_ones_own_and_one_transaction() {
    let small = Small::new().await;
    let place = format!("{}/attachments", small.threads[0]);
    small.owner.post(&place, of(1), 201).await;
    let meter = &small.harness.app_of("attachments").meter;
    meter.take();
    small.owner.post(&place, of(1), 201).await;
    let reading = meter.take();
    let operations = reading.operations();
    let count = |name: &str| operations.iter().filter(|one| one.contains(name)).count();
    assert_eq!(
        (
            count("BatchGetItem"),
            count("Query"),
            count("TransactWriteItems")
        ),
        (1, 2, 1),
        "{operations:?}"
    );
}
