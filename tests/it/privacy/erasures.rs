//! Accounts whose holders ask to be erased: begun with the operator's yes, done when nothing is left.

use std::time::Duration;

use harness::{Harness, Member, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::accounts::{operator, subjects};

const ASK: &str = "/v1/privacy/requests";
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const WAITS: &str = "Your privacy request waits for you";
const DONE: &str = "Your privacy request is done";

struct World {
    harness: Harness,
    operator: Member,
    ada: Member,
    workspace: Workspace,
}

impl World {
    /// An account that owns a workspace.
    async fn new() -> Self {
        let harness = Harness::start().await;
        let operator = operator(&harness).await;
        let ada = harness.sign_up(ADA).await;
        let workspace = ada.workspace("inbox").await;
        Self {
            harness,
            operator,
            ada,
            workspace,
        }
    }

    /// Ada asks to be erased, and the operator says yes.
    async fn granted(&self) -> String {
        let asked = self.ada.post(ASK, json!({ "type": "erase" }), 202).await;
        assert_eq!(asked["processing_details"], "waiting_for_decision");
        assert_eq!(asked["erasure_id"], Value::Null);
        let place = format!("/v1/operator/privacy/requests/{}", text(&asked, "id"));
        let yes = json!({ "decision": "fulfil" });
        let decision = format!("{place}/decision");
        let decided = self.operator.post(&decision, yes.clone(), 200).await;
        assert_eq!(decided["processing_details"], "executing");
        self.operator
            .refused(Method::POST, &decision, Some(yes), 409, "not_changeable")
            .await;
        place
    }

    async fn minutes(&self, count: u32) {
        for _ in 0..count {
            self.harness.run_schedule("Minute").await;
            self.harness.run_schedule("Erasures").await;
            self.harness.drain().await;
            self.harness.advance(Duration::from_secs(61));
        }
    }

    async fn seen(&self, place: &str) -> Value {
        self.operator.get(place, 200).await
    }

    async fn told(&self, subject: &str) -> usize {
        let told = subjects(&self.harness, ADA).await;
        told.iter().filter(|one| *one == subject).count()
    }
}

/// FLOW-50: the yes begins the erasure, and the request ends with its receipt.
#[tokio::test]
async fn an_account_is_erased_at_once_when_the_operator_says_so_and_the_receipt_is_named() {
    let world = World::new().await;
    world
        .harness
        .join(&world.ada, &world.workspace, BOB, "owner")
        .await;
    let place = world.granted().await;
    world.harness.run_schedule("Minute").await;
    world
        .ada
        .refused(Method::GET, "/v1/account", None, 401, "token_invalid")
        .await;
    let seen = world.seen(&place).await;
    assert_eq!(seen["processing_details"], "executing");
    assert_eq!(world.told(DONE).await, 0, "not yet");
    world.minutes(5).await;
    let seen = world.seen(&place).await;
    assert_eq!(seen["status"], "fulfilled", "{seen}");
    let erasure = text(&seen, "erasure_id");
    let mails = world.harness.mails(ADA).await;
    let named = mails.iter().filter(|mail| mail.subject == DONE);
    let named = named.filter(|mail| mail.text.contains(&erasure));
    assert_eq!(named.count(), 1);
    let left = world.harness.items().await;
    let about: Vec<&String> = left
        .iter()
        .filter(|item| item.contains(&world.ada.account_id))
        .collect();
    assert!(
        about
            .iter()
            .all(|item| item.contains("PRIVACY#") || item.contains("ASKED#")),
        "{about:?}"
    );
    let proof = |item: &&String| item.contains(&erasure) && item.contains("\"receipt\"");
    assert_eq!(left.iter().filter(proof).count(), 1, "the signed receipt");
    // The workspace goes on with whoever owned it too.
    let bob = world.harness.sign_in(BOB).await;
    assert_eq!(bob.get(&world.workspace.path, 200).await["role"], "owner");
}

/// FLOW-37: whoever is the only owner is told so, once, and it waits for what they do.
#[tokio::test]
async fn the_only_owner_of_a_workspace_is_told_and_erased_when_it_is_handed_over() {
    let world = World::new().await;
    let place = world.granted().await;
    world.minutes(3).await;
    let seen = world.seen(&place).await;
    assert_eq!(seen["processing_details"], "waiting_for_owner", "{seen}");
    assert_eq!(seen["erasure_id"], Value::Null, "nothing has begun");
    assert_eq!((world.told(WAITS).await, world.told(DONE).await), (1, 0));
    // They can still do it: nobody was signed out.
    let ada = world.harness.sign_in(ADA).await;
    world
        .harness
        .join(&ada, &world.workspace, BOB, "owner")
        .await;
    world.minutes(9).await;
    let operator = world.operator.refresh().await;
    let seen = operator.get(&place, 200).await;
    assert_eq!(seen["status"], "fulfilled", "{seen}");
    assert_eq!((world.told(WAITS).await, world.told(DONE).await), (1, 1));
}

#[tokio::test]
async fn what_waits_for_its_person_can_be_taken_back_and_what_has_begun_cannot() {
    let world = World::new().await;
    let place = world.granted().await;
    world.minutes(1).await;
    let revoke = place.replace("/v1/operator/privacy", "/v1/privacy") + "/revoke";
    assert_eq!(
        world.ada.post(&revoke, json!({}), 200).await["status"],
        "revoked"
    );
    world.minutes(2).await;
    assert_eq!(
        world.ada.get("/v1/account", 200).await["id"],
        world.ada.account_id
    );
    // The same again, by somebody who owns nothing alone.
    world
        .harness
        .join(&world.ada, &world.workspace, BOB, "owner")
        .await;
    let place = world.granted().await;
    let revoke = place.replace("/v1/operator/privacy", "/v1/privacy") + "/revoke";
    world
        .ada
        .refused(Method::POST, &revoke, None, 409, "not_changeable")
        .await;
}
