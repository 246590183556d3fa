//! What nobody has touched for two years: who answers for it hears of its end in time.

use std::time::Duration;

use harness::Harness;
use reqwest::Method;

use super::DAY;

/// CHAT-18: "as long as needed" is 24 months without a touch, then a word to whoever answers for it, then thirty
/// days.
#[tokio::test]
async fn what_nobody_touches_for_two_years_is_told_of_once_thirty_days_before_it_goes() {
    const TOLD: &str = "Old conversations of your Sotto workspace will be deleted";
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    harness
        .join(&owner, &workspace, "bob@example.com", "agent")
        .await;
    let told = async || {
        let mails = harness.mails("ada@example.com").await.into_iter();
        mails.filter(|mail| mail.subject == TOLD).count()
    };
    let idle = harness.visitor(&app).await.start("Anybody?").await;
    // Whoever keeps less has said so, and is told of nothing.
    let short = owner.workspace("flows").await;
    let other = owner.app(&short).await;
    harness.visitor(&other).await.start("Hello").await;
    harness.advance(DAY * 721);
    harness.run_schedule("sweep").await;
    assert_eq!(told().await, 0, "it is not near yet");
    harness.advance(DAY);
    let report = harness.run_schedule("sweep").await;
    assert_eq!(report["told_workspaces"], 1, "{report}");
    assert_eq!(told().await, 1);
    assert_eq!(
        harness.mails("bob@example.com").await.len(),
        2,
        "a code and an invitation"
    );
    // Neither the next round nor the next week says it again.
    for _ in 0..2 {
        harness.advance(Duration::from_secs(60 * 60));
        let report = harness.run_schedule("sweep").await;
        assert_eq!(report["told_workspaces"], 0, "{report}");
    }
    harness.advance(DAY * 8);
    harness.run_schedule("sweep").await;
    assert_eq!(told().await, 1, "it is the same conversation");
    // It is there for thirty days after the word, and not a day longer than it was said to be.
    harness.advance(DAY * 29);
    let owner = harness.sign_in("ada@example.com").await;
    let path = format!("{}/conversations/{}", workspace.path, idle.id);
    owner.get(&path, 200).await;
    harness.advance(DAY);
    let owner = harness.sign_in("ada@example.com").await;
    owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    harness.run_schedule("sweep").await;
    assert_eq!(harness.items_with(&idle.id).await, 0);
}

/// CHAT-18: what comes near its end after a letter is in the next one, in time.
#[tokio::test]
async fn what_is_near_its_end_later_is_told_of_a_week_later_and_still_thirty_days_before() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    harness.visitor(&app).await.start("First").await;
    harness.advance(DAY);
    harness.visitor(&app).await.start("A day later").await;
    harness.advance(DAY * 721);
    let mut letters = Vec::new();
    for day in 0..10 {
        let report = harness.run_schedule("sweep").await;
        if report["told_workspaces"] == 1 {
            letters.push(day);
        }
        harness.advance(DAY);
    }
    assert_eq!(letters, [0, 7], "of the second one 32 days before its end");
}
