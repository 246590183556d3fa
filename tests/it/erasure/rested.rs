//! Schedules that rested for longer than a whole retention, while somebody waited to be forgotten: the
//! contact ends by its own time, and its erasure all the same ends with a receipt.

use harness::text;
use reqwest::Method;
use serde_json::json;

use super::{Conversation, DAY, WEEK, World};

/// How the contact ends, while nobody looks.
#[derive(Clone, Copy, Debug)]
enum Ends {
    BySweep,
    ByTtl,
}

impl World {
    /// A day is kept, one conversation is on hold for a week, and its visitor asks to be forgotten.
    /// Until when, and the place of the request.
    async fn waiting(&mut self) -> (Conversation, String) {
        let held = self.conversations[0].clone();
        let until = self.harness.now().plus(WEEK);
        let hold = json!({ "reason": "Complaint 17", "until": until });
        self.owner.put(&self.at(&held, "/hold"), hold, 200).await;
        let retention = format!("{}/retention", self.workspace.path);
        let version = self.owner.send(Method::GET, &retention, None).await;
        let owner = self.owner.with_header("if-match", version.header("etag"));
        owner
            .patch(&retention, json!({ "conversation_days": 1 }), 200)
            .await;
        let path = format!("{}/privacy/requests", self.workspace.path);
        let contact = &self.forgotten.contact_id;
        let asked = json!({ "type": "erase", "contact_id": contact });
        let asked = self.owner.post(&path, asked, 202).await;
        let place = format!("{path}/{}", text(&asked, "id"));
        let yes = json!({ "decision": "fulfil" });
        let decision = format!("{place}/decision");
        self.owner.post(&decision, yes, 200).await;
        (held, place)
    }

    /// What all schedules do in a minute.
    async fn a_minute(&self) {
        for name in ["jobs", "minute", "erasures"] {
            self.harness.run_schedule(name).await;
        }
        self.harness.drain().await;
        self.harness.advance(super::MINUTE);
    }
}

/// CALL-31, FLOW-50: nothing but the row of the erasure remembers, and that is enough.
#[tokio::test]
async fn a_contact_that_ends_while_the_schedule_rests_is_erased_with_a_receipt_after_its_hold() {
    for (ends, began) in [
        (Ends::BySweep, true),
        (Ends::BySweep, false),
        (Ends::ByTtl, true),
        (Ends::ByTtl, false),
    ] {
        let case = format!("{ends:?}, after a first look: {began}");
        let mut world = World::new().await;
        let (held, request) = world.waiting().await;
        if began {
            world.harness.advance(super::MINUTE);
            world.a_minute().await;
        }
        world.harness.drain().await;
        world.harness.advance(DAY * 3);
        match ends {
            Ends::BySweep => {
                world.harness.run_schedule("sweep").await;
            }
            Ends::ByTtl => {
                world.harness.sweep_ttl().await;
            }
        }
        world.harness.drain().await;
        let contact = format!(
            "CONTACT#{}#{}",
            world.workspace.id, world.forgotten.contact_id
        );
        assert_eq!(world.harness.items_under(&contact).await.len(), 0, "{case}");
        for _ in 0..3 {
            world.a_minute().await;
        }
        // The hold goes on, and nothing says that it is done.
        world.owner = world.harness.sign_in("ada@example.com").await;
        let seen = world.owner.get(&request, 200).await;
        assert_eq!(seen["processing_details"], "executing", "{case}: {seen}");
        world.owner.get(&world.at(&held, ""), 200).await;

        world.harness.advance(WEEK);
        for _ in 0..3 {
            world.a_minute().await;
        }
        // Who has waited for days is looked at once a day.
        world.harness.advance(DAY);
        world.a_minute().await;
        world.owner = world.harness.sign_in("ada@example.com").await;
        let seen = world.owner.get(&request, 200).await;
        assert_eq!(seen["status"], "fulfilled", "{case}: {seen}");
        let path = format!(
            "{}/erasures/{}",
            world.workspace.path,
            text(&seen, "erasure_id")
        );
        let done = world.owner.get(&path, 200).await;
        assert_eq!(done["stage"], "done", "{case}: {done}");
        assert!(done["receipt"].is_object(), "{case}: {done}");
        // What members keep about a conversation that ended by its own time goes within the hour.
        world.harness.run_schedule("sweep").await;
        let left = world.left().await;
        let told = |item: &&String| {
            let kinds = [
                "Tombstone",
                "Job",
                "OpenJob",
                "PrivacyRequest",
                "OwnRequest",
            ];
            !kinds
                .iter()
                .any(|kind| item.contains(&format!("\"kind\":{{\"S\":\"{kind}\"}}")))
        };
        let left: Vec<&String> = left.iter().filter(told).collect();
        assert!(left.is_empty(), "{case}: {left:?}");
    }
}

/// A hold that somebody places while its person is being erased makes the rest of the erasure wait, and
/// takes nothing out of it.
#[tokio::test]
async fn a_hold_that_is_placed_during_an_erasure_delays_it_and_no_more() {
    let world = World::new().await;
    let [held, _] = &world.conversations;
    world.owner.delete(&world.contact(), 202).await;
    let hold = json!({ "reason": "Complaint 17", "until": world.harness.now().plus(WEEK) });
    let place = world.at(held, "/hold");
    let placed = world
        .owner
        .send(Method::PUT, &place, Some(hold.clone()))
        .await;
    // The conversation is there until its turn comes: the law may need it.
    assert_eq!(placed.status, 200, "{}", placed.text);
    assert_eq!(world.erase().await["erased_contacts"], 0);
    world.owner.get(&world.at(held, ""), 200).await;
    world
        .owner
        .refused(Method::GET, &world.contact(), None, 404, "not_found")
        .await;
    world.owner.delete(&place, 202).await;
    assert_eq!(world.erase().await["erased_contacts"], 1);
    // Afterwards there is nothing to hold.
    world
        .owner
        .refused(Method::PUT, &place, Some(hold), 404, "not_found")
        .await;
}
