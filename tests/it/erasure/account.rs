//! The erasure of an account: everything that it was, everywhere it was, after seven days or at once.

use std::time::Duration;

use harness::{Fault, Harness, Kind, Member, Visitor, Workspace, message, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

const MINUTE: Duration = Duration::from_secs(60);
const ACCOUNT: &str = "/v1/account";
const BOB: &str = "bob@example.com";

/// Somebody who leaves, a colleague who stays, and a workspace that both were in.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    bob: Member,
    bob_id: String,
    conversation: String,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let bob = harness.join(&owner, &workspace, BOB, "agent").await;
        let bob_id = text(&bob.get(&workspace.path, 200).await, "member_id");
        let conversation = visitor.start("Hello").await;
        let at = |rest: &str| {
            let id = &conversation.id;
            format!("{}/conversations/{id}{rest}", workspace.path)
        };
        bob.post(&at("/messages"), message("An answer"), 201).await;
        bob.put(&at("/read"), json!({ "seq": 2 }), 200).await;
        bob.put(&at("/draft"), json!({ "text": "Well" }), 200).await;
        let assignee = json!({ "member_id": bob_id });
        owner.put(&at("/assignee"), assignee, 200).await;
        bob.with_header("if-match", "\"0\"")
            .patch(ACCOUNT, json!({ "preferences": { "theme": "dark" } }), 200)
            .await;
        bob.enrol().await;
        let conversation = conversation.id;
        harness.drain().await;
        Self {
            harness,
            owner,
            workspace,
            visitor,
            bob,
            bob_id,
            conversation,
        }
    }

    /// What names the account or the member, and is no message, no conversation and no proof.
    async fn left(&self) -> Vec<String> {
        let of_bob = |item: &String| {
            item.contains(&self.bob.account_id) || item.contains(self.bob_id.as_str())
        };
        let stays = [
            "Message",
            "Dedupe",
            "Conversation",
            "Job",
            "OpenJob",
            "Erasure",
        ];
        let stays = |item: &String| {
            let kind = |kind: &str| item.contains(&format!("\"kind\":{{\"S\":\"{kind}\"}}"));
            stays.iter().any(|word| kind(word))
        };
        let items = self.harness.items().await;
        items
            .into_iter()
            .filter(of_bob)
            .filter(|item| !stays(item))
            .collect()
    }

    async fn erase(&self) -> Value {
        self.harness.advance(MINUTE);
        let report = self.harness.run_schedule("Erasures").await;
        self.harness.drain().await;
        report
    }
}

/// FLOW-32.
#[tokio::test]
async fn after_seven_days_nothing_is_left_of_an_account_anywhere() {
    let world = World::new().await;
    assert!(world.left().await.len() > 8, "{:?}", world.left().await);
    let going = world.bob.delete(ACCOUNT, 202).await;
    world.harness.advance(DAY * 7 - MINUTE);
    assert_eq!(world.erase().await["erasures_begun"], 0);
    assert_eq!(world.erase().await["erased_accounts"], 1);
    world.harness.run_schedule("Jobs").await;
    world.harness.drain().await;
    let left = world.left().await;
    assert_eq!(left, Vec::<String>::new());
    assert_eq!(world.harness.items_with("FAREWELL#").await, 0);
    // The last mail names the erasure, and nothing knows the address any more.
    let mail = world.harness.mails(BOB).await.pop().expect("a mail");
    assert_eq!(mail.subject, "Your Sotto account was erased");
    assert!(
        mail.text.contains(&text(&going, "erasure_id")),
        "{}",
        mail.text
    );
    // What they wrote stays, and nobody is there whose name it could bear.
    let owner = world.harness.sign_in("ada@example.com").await;
    let path = format!(
        "{}/conversations/{}/messages?after_seq=0",
        world.workspace.path, world.conversation
    );
    let said = owner.get(&path, 200).await.to_string();
    assert!(
        said.contains("An answer") && said.contains(&world.bob_id),
        "{said}"
    );
    let members = owner
        .get(&format!("{}/members", world.workspace.path), 200)
        .await;
    assert_eq!(members["data"].as_array().map(Vec::len), Some(1));
    let place = format!(
        "{}/conversations/{}",
        world.workspace.path, world.conversation
    );
    assert_eq!(owner.get(&place, 200).await["assignee"], Value::Null);
    // Once more does nothing.
    let before = world.harness.items().await;
    assert_eq!(world.erase().await["erased_accounts"], 0);
    let mut now = world.harness.items().await;
    now.retain(|item| !before.contains(item));
    assert_eq!(now, Vec::<String>::new());
}

/// FLOW-37.
#[tokio::test]
async fn who_does_not_want_to_wait_is_erased_within_minutes() {
    let world = World::new().await;
    world.bob.delete("/v1/account?when=now", 202).await;
    // Whoever came in just before is out before it begins.
    assert_eq!(
        world.harness.run_schedule("Erasures").await["erasures_begun"],
        0
    );
    assert_eq!(world.erase().await["erased_accounts"], 1);
    world.harness.run_schedule("Jobs").await;
    assert_eq!(world.left().await, Vec::<String>::new());
    let subjects: Vec<String> = world
        .harness
        .mails(BOB)
        .await
        .into_iter()
        .map(|mail| mail.subject)
        .collect();
    assert!(
        !subjects.contains(&"Your Sotto account will be deleted".to_owned()),
        "{subjects:?}"
    );
}

#[tokio::test]
async fn an_account_is_erased_at_once_only_by_who_proved_themselves_and_says_so_rightly() {
    let world = World::new().await;
    let wrong = "/v1/account?when=tomorrow";
    world
        .bob
        .refused(Method::DELETE, wrong, None, 422, "validation_failed")
        .await;
    world.harness.advance(Duration::from_secs(11 * 60));
    let bob = world.bob.refresh().await;
    let path = "/v1/account?when=now";
    bob.refused(Method::DELETE, path, None, 403, "step_up_required")
        .await;
    assert_eq!(bob.get(ACCOUNT, 200).await["email"], BOB);
}

#[tokio::test]
async fn the_same_address_is_somebody_new_even_while_the_old_account_is_going() {
    let world = World::new().await;
    world.bob.delete("/v1/account?when=now", 202).await;
    world.harness.advance(MINUTE);
    // The fence is set, and then the run is cut off.
    let fault = Fault::new(Kind::ServerError).on("TransactWriteItems");
    world
        .harness
        .faults()
        .plan(fault.after(1).times(usize::MAX));
    assert!(world.harness.try_schedule("Erasures").await.is_err());
    world.harness.faults().reset();
    let again = world.harness.sign_up(BOB).await;
    assert_ne!(again.account_id, world.bob.account_id);
    assert_eq!(world.erase().await["erased_accounts"], 1);
    world.harness.run_schedule("Jobs").await;
    assert_eq!(world.left().await, Vec::<String>::new());
    // The new account is untouched, and its address leads to it.
    assert_eq!(again.get(ACCOUNT, 200).await["email"], BOB);
    assert_eq!(again.get(ACCOUNT, 200).await["second_factor"], Value::Null);
    assert_eq!(world.harness.items_with("\"ADDRESS#").await, 2);
}

#[tokio::test]
async fn an_erasure_that_is_cut_off_anywhere_is_finished_by_a_later_run() {
    let mut cut_off = 0;
    for kind in [Kind::ServerError, Kind::TimeoutAfter] {
        for call in [0, 3, 6, 10, 15, 21, 28, 38] {
            let world = World::new().await;
            world.bob.delete("/v1/account?when=now", 202).await;
            world.harness.advance(MINUTE);
            let fault = Fault::new(kind).after(call).times(3);
            world.harness.faults().plan(fault);
            let cut = world.harness.try_schedule("Erasures").await;
            cut_off += usize::from(cut.is_err());
            world.harness.faults().reset();
            for _ in 0..2 {
                world.erase().await;
            }
            world.harness.run_schedule("Jobs").await;
            let what = format!("{kind:?} at {call}");
            assert_eq!(world.left().await, Vec::<String>::new(), "{what}");
            let mails = world.harness.mails(BOB).await;
            let last = mails
                .iter()
                .filter(|mail| mail.subject == "Your Sotto account was erased");
            assert_eq!(last.count(), 1, "{what}");
            assert_eq!(world.harness.items_with("FAREWELL#").await, 0, "{what}");
        }
    }
    assert!(cut_off >= 8, "only {cut_off} runs were cut off");
}

#[tokio::test]
async fn a_doubled_run_erases_once() {
    let world = World::new().await;
    world.bob.delete("/v1/account?when=now", 202).await;
    world.harness.advance(MINUTE);
    let (a, b) = tokio::join!(
        world.harness.try_schedule("Erasures"),
        world.harness.try_schedule("Erasures"),
    );
    assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
    world.erase().await;
    world.harness.run_schedule("Jobs").await;
    assert_eq!(world.left().await, Vec::<String>::new());
    let mails = world.harness.mails(BOB).await;
    let last = mails
        .iter()
        .filter(|mail| mail.subject == "Your Sotto account was erased");
    assert_eq!(last.count(), 1);
    // The visitor and the owner go on.
    world.visitor.start("Still here").await;
    world.owner.get(&world.workspace.path, 200).await;
}

/// CALL-27: of whoever leaves a workspace nothing is left after a month but what they wrote.
#[tokio::test]
async fn of_a_former_member_nothing_but_their_words_is_left_after_thirty_days() {
    let world = World::new().await;
    let leave = format!("{}/leave", world.workspace.path);
    assert_eq!(world.bob.send(Method::POST, &leave, None).await.status, 202);
    world.harness.run_schedule("Jobs").await;
    for _ in 0..31 {
        world.harness.advance(DAY);
        world.harness.sweep_ttl().await;
        world.harness.drain().await;
    }
    let items = world.harness.items().await;
    let of_bob = items
        .iter()
        .filter(|item| item.contains(world.bob_id.as_str()));
    for item in of_bob {
        // Their words, and on the head that they left the conversation.
        let words = ["Message", "Conversation"].map(|kind| format!("\"S\":\"{kind}\""));
        assert!(words.iter().any(|kind| item.contains(kind)), "{item}");
    }
}
