//! How much somebody may have lying in a conversation.

use harness::files::File;
use reqwest::Method;
use serde_json::json;
use shared::domain::time::DAY;

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
