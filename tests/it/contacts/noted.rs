//! Notes about a contact, and what there has been with one.

use std::time::Duration;

use harness::{Member, Visitor, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::World;

const MS: Duration = Duration::from_millis(1);

impl World {
    /// Writes a note; its id.
    async fn note(&self, member: &Member, visitor: &Visitor, words: &str) -> String {
        self.harness.advance(MS);
        let place = format!("{}/notes", self.contact(visitor));
        let note = member.post(&place, json!({ "text": words }), 201).await;
        text(&note, "id")
    }

    /// What the notes about somebody say.
    async fn notes(&self, visitor: &Visitor) -> Vec<String> {
        let place = format!("{}/notes", self.contact(visitor));
        let page = self.owner.get(&place, 200).await;
        let data = page["data"].as_array().expect("a list");
        data.iter().map(|note| text(note, "text")).collect()
    }

    /// Kinds and ids of what there has been with somebody, in all pages of `limit`.
    async fn timeline(&self, member: &Member, visitor: &Visitor, limit: u8) -> Vec<String> {
        let place = format!("{}/timeline?limit={limit}", self.contact(visitor));
        let (mut all, mut path) = (Vec::new(), place.clone());
        loop {
            let page = member.get(&path, 200).await;
            for entry in page["data"].as_array().expect("a list") {
                let kind = text(entry, "type");
                all.push(text(&entry[&kind], "id"));
            }
            let Some(cursor) = page["page"]["next_cursor"].as_str() else {
                return all;
            };
            path = format!("{place}&cursor={cursor}");
        }
    }

    async fn merge(&self, who: &Visitor, into: &Visitor) {
        let merge = format!("{}/merge", self.contact(who));
        let into = json!({ "into": into.contact_id });
        self.owner.post(&merge, into, 200).await;
    }
}

#[tokio::test]
async fn notes_are_the_teams_and_a_retry_writes_one() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let place = format!("{}/notes", world.contact(&visitor));
    let bob = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "agent")
        .await;
    let once = world.owner.with_header("idempotency-key", "tea");
    let tea = json!({ "text": "Likes tea" });
    let meter = &world.harness.app_of("visitors").meter;
    world.owner.get(&place, 200).await;
    meter.take();
    let note = once.post(&place, tea.clone(), 201).await;
    assert_eq!(meter.take().sequential_round_trips(), 2);
    assert_eq!(once.post(&place, tea, 200).await, note);
    let other = json!({ "text": "Likes coffee" });
    once.refused(
        Method::POST,
        &place,
        Some(other),
        422,
        "idempotency_key_reused",
    )
    .await;
    assert_eq!(
        (&note["text"], &note["member_id"], &note["contact_id"]),
        (
            &json!("Likes tea"),
            &json!(world.workspace.member_id),
            &json!(visitor.contact_id)
        )
    );
    let second = world.note(&bob, &visitor, "Calls on Mondays").await;
    meter.take();
    assert_eq!(
        world.notes(&visitor).await,
        ["Calls on Mondays", "Likes tea"]
    );
    assert_eq!(meter.take().sequential_round_trips(), 2);

    // Somebody else's goes only by who may erase; a viewer sees none of them.
    let first = format!("{place}/{}", text(&note, "id"));
    bob.refused(Method::DELETE, &first, None, 403, "forbidden")
        .await;
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "eve@example.com", "viewer")
        .await;
    viewer
        .refused(Method::GET, &place, None, 403, "forbidden")
        .await;
    world.owner.delete(&format!("{place}/{second}"), 204).await;
    let gone = format!("{place}/{second}");
    bob.refused(Method::DELETE, &gone, None, 404, "not_found")
        .await;
    assert_eq!(world.notes(&visitor).await, ["Likes tea"]);
    for body in [json!({ "text": "" }), json!({})] {
        let refused = world.owner.post(&place, body, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], "#/text", "{refused}");
    }
}

#[tokio::test]
async fn notes_go_with_their_contact_by_erasure_and_by_time() {
    let world = World::new().await;
    let visitor = world.harness.visitor(&world.app).await;
    let other = world.harness.visitor(&world.app).await;
    let note = world.note(&world.owner, &visitor, "Likes tea").await;
    let kept = world.note(&world.owner, &other, "Likes coffee").await;
    let named = async |id: &String| {
        let items = world.harness.items().await;
        items
            .iter()
            .filter(|item| item.contains(id.as_str()))
            .count()
    };
    assert_eq!((named(&note).await, named(&kept).await), (1, 1));
    world.owner.delete(&world.contact(&visitor), 202).await;
    let place = format!("{}/notes", world.contact(&visitor));
    world
        .owner
        .refused(Method::GET, &place, None, 404, "not_found")
        .await;
    world.harness.run_schedule("minute").await;
    assert_eq!((named(&note).await, named(&kept).await), (0, 1));

    // By its own time as well: a note keeps nobody longer, and no note outlives its contact.
    world
        .harness
        .advance(Duration::from_secs(24 * 60 * 60 * 761));
    world.harness.run_schedule("sweep").await;
    world.harness.run_schedule("sweep").await;
    assert_eq!(named(&kept).await, 0);
}

#[tokio::test]
async fn what_there_has_been_with_a_person_is_one_list_as_far_as_the_reader_sees_it() {
    let world = World::new().await;
    let early = world.harness.visitor(&world.app).await;
    let late = world.harness.visitor(&world.app).await;
    let mut all = Vec::new();
    for n in 0..3 {
        let who = [&early, &late][n % 2];
        world.harness.advance(MS);
        all.push(who.start(&format!("Question {n}")).await.id);
        all.push(world.note(&world.owner, who, &format!("Note {n}")).await);
    }
    all.reverse();
    let own = world.timeline(&world.owner, &early, 100).await;
    let of_early: Vec<String> = [0, 1, 4, 5].map(|n| all[n].clone()).to_vec();
    assert_eq!(own, of_early);
    world.merge(&late, &early).await;
    for limit in [1, 2, 3, 100] {
        for visitor in [&early, &late] {
            assert_eq!(world.timeline(&world.owner, visitor, limit).await, all);
        }
    }
    let mut notes = world.notes(&late).await;
    notes.sort();
    assert_eq!(notes, ["Note 0", "Note 1", "Note 2"]);
    // Found by whichever contact of the person it is asked.
    let gone = format!("{}/notes/{}", world.contact(&late), all[0]);
    world.owner.delete(&gone, 204).await;

    // Closed, and whose it is.
    let path = format!("{}/conversations/{}", world.workspace.path, all[1]);
    world
        .owner
        .post(&format!("{path}/close"), json!({}), 200)
        .await;
    let meter = &world.harness.app_of("conversations").meter;
    let place = format!("{}/timeline", world.contact(&early));
    meter.take();
    let page = world.owner.get(&place, 200).await;
    // Entry, the other contact, edges and notes of both at once, heads.
    assert_eq!(meter.take().sequential_round_trips(), 4);
    let entry = &page["data"][0];
    assert_eq!(
        (&entry["type"], &entry["conversation"]["status"]),
        (&json!("conversation"), &json!("closed"))
    );
    assert!(entry["closed_at"].is_string(), "{entry}");

    // A viewer sees no notes, and who sees only their own no conversation of others.
    let viewer = world
        .harness
        .join(&world.owner, &world.workspace, "eve@example.com", "viewer")
        .await;
    let threads: Vec<String> = [1, 3, 5].map(|n| all[n].clone()).to_vec();
    assert_eq!(world.timeline(&viewer, &early, 2).await, threads);
    let bob = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "agent")
        .await;
    let id = text(&bob.get(&world.workspace.path, 200).await, "member_id");
    let seat = format!("{}/members/{id}", world.workspace.path);
    let few = json!({ "visibility": "assigned" });
    world.owner.patch(&seat, few, 200).await;
    let notes: Vec<String> = [2, 4].map(|n| all[n].clone()).to_vec();
    assert_eq!(world.timeline(&bob, &early, 1).await, notes);
    // Nobody of another workspace, and nothing of nobody.
    let eve = world.harness.sign_up("mallory@example.com").await;
    eve.refused(Method::GET, &place, None, 404, "not_found")
        .await;
    let nobody = place.replace(&early.contact_id, "ctc_01kf0a1b2c3d4e5f6g7h8j9k0m");
    world
        .owner
        .refused(Method::GET, &nobody, None::<Value>, 404, "not_found")
        .await;
}
