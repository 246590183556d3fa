//! Who is in no figures: who asks for it, who refuses, and who is forgotten.

use std::time::Duration;

use harness::{Fault, Kind, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use super::{EDGE, FIGURES, World, loaded, send};

#[tokio::test]
async fn a_browser_that_asks_not_to_be_followed_leaves_nothing() {
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    let before = world.harness.items().await;
    for wish in [("sec-gpc", "1"), ("dnt", "1")] {
        let headers = [EDGE[0], EDGE[1], EDGE[2], wish];
        let answer = send(&visitor, &headers, loaded(840)).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
    assert_eq!(world.harness.items().await, before);
    let heard = [EDGE[0], ("dnt", "0"), ("sec-gpc", "0")];
    send(&visitor, &heard, loaded(840)).await;
    assert_eq!(world.beacons().await.len(), 1);
}

/// CALL-33, FLOW-16: who objects is in no figures from that call on, and what was kept goes with it.
#[tokio::test]
async fn who_refuses_is_in_no_figures_and_takes_back_what_was_said() {
    let world = World::new("flows").await;
    let (visitor, other) = (world.visitor().await, world.visitor().await);
    for who in [&visitor, &other] {
        for n in 0..3 {
            send(who, &EDGE, loaded(n)).await;
        }
    }
    assert_eq!(world.beacons().await.len(), 6);
    for _ in 0..2 {
        let said = visitor.put(FIGURES, json!({ "allowed": false }), 200).await;
        assert_eq!(said["allowed"], false);
    }
    let left = world.beacons().await;
    assert_eq!(left.len(), 3, "the other's stay");
    let answer = send(&visitor, &EDGE, loaded(9)).await;
    assert_eq!(answer.status, 204);
    assert_eq!(world.beacons().await, left);
    visitor.put(FIGURES, json!({ "allowed": true }), 200).await;
    send(&visitor, &EDGE, loaded(10)).await;
    assert_eq!(world.beacons().await.len(), 4);
}

/// CALL-33, FLOW-54: an objection needs no decision to end this.
#[tokio::test]
async fn who_objects_is_in_no_figures_from_then_on_and_what_was_kept_goes_within_a_minute() {
    let world = World::new("flows").await;
    let (visitor, other) = (world.visitor().await, world.visitor().await);
    for who in [&visitor, &other] {
        send(who, &EDGE, loaded(1)).await;
    }
    let asks = "/v1/widget/privacy/requests";
    let objects = json!({ "type": "object", "message": "No figures of me" });
    let asked = visitor.post(asks, objects.clone(), 202).await;
    assert_eq!(send(&visitor, &EDGE, loaded(2)).await.status, 204);
    assert_eq!(world.beacons().await.len(), 2, "nothing was added");
    world.harness.run_schedule("minute").await;
    assert_eq!(world.beacons().await.len(), 1, "the other's stays");
    // Asked once more it is the same request, and whether it is granted changes nothing.
    let again = visitor.post(asks, objects, 200).await;
    assert_eq!(again["id"], asked["id"]);
    assert_eq!(asked["status"], "in_progress");
    send(&visitor, &EDGE, loaded(3)).await;
    assert_eq!(world.beacons().await.len(), 1);
    // A question refuses nothing.
    let question = json!({ "type": "question", "message": "What do you count?" });
    other.post(asks, question, 202).await;
    send(&other, &EDGE, loaded(4)).await;
    assert_eq!(world.beacons().await.len(), 2);
}

#[tokio::test]
async fn a_refusal_that_is_cut_off_is_carried_out_within_a_minute() {
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    send(&visitor, &EDGE, loaded(1)).await;
    let lost = Fault::new(Kind::ServerError).on("DeleteItem").times(9);
    world.harness.faults().plan(lost);
    let body = Some(json!({ "allowed": false }));
    let answer = visitor.send(Method::PUT, FIGURES, body).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(world.beacons().await.len(), 1);
    world.harness.faults().reset();
    assert_eq!(send(&visitor, &EDGE, loaded(2)).await.status, 204);
    world.harness.run_schedule("minute").await;
    assert_eq!(world.beacons().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_bad_wish_changes_nothing() {
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    let before = world.harness.items().await;
    for (body, status) in [
        (json!({}), 422),
        (json!({ "allowed": "no" }), 422),
        (json!({ "allowed": false, "why": "x" }), 400),
    ] {
        let answer = visitor.send(Method::PUT, FIGURES, Some(body)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(world.harness.items().await, before);
}

/// An erased contact takes its beacons along, at once, and nobody else's.
#[tokio::test]
async fn of_an_erased_contact_no_beacon_is_left_and_counts_stay_as_they_were() {
    let world = World::new("flows").await;
    let (visitor, other) = (world.visitor().await, world.visitor().await);
    for who in [&visitor, &other] {
        send(who, &EDGE, loaded(1)).await;
        send(who, &EDGE, loaded(2)).await;
    }
    let contact = format!("{}/contacts/{}", world.workspace.path, visitor.contact_id);
    world.owner.delete(&contact, 202).await;
    // Fenced: what was on its way writes nothing.
    assert_eq!(send(&visitor, &EDGE, loaded(3)).await.status, 401);
    world.harness.run_schedule("minute").await;
    world.harness.drain().await;
    world.harness.run_schedule("minute").await;
    let left = world.beacons().await;
    assert_eq!(left.len(), 2);
    let links = world.of_kind("BeaconLink").await;
    assert_eq!(links.len(), 1);
    assert_eq!(text(&links[0]["contact"], "S"), other.contact_id);
    let theirs = &links[0]["pseudonym"];
    assert!(left.iter().all(|beacon| beacon["pseudonym"] == *theirs));
    let erasure = &world.of_kind("Erasure").await[0];
    assert!(
        erasure.to_string().contains("Beacon"),
        "it was counted: {erasure}"
    );
}

/// What was said is in the copy that somebody takes along.
#[tokio::test]
async fn a_visitors_copy_holds_their_beacons_and_nobody_elses() {
    let world = World::new("flows").await;
    let (visitor, other) = (world.visitor().await, world.visitor().await);
    send(&visitor, &EDGE, loaded(4711)).await;
    send(&other, &EDGE, loaded(815)).await;
    let exports = format!(
        "{}/contacts/{}/exports",
        world.workspace.path, visitor.contact_id
    );
    let answer = world.owner.send(Method::POST, &exports, None).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let place = format!(
        "{}/exports/{}",
        world.workspace.path,
        text(&answer.body, "id")
    );
    for _ in 0..3 {
        world.harness.run_schedule("minute").await;
    }
    let done = world.owner.get(&place, 200).await;
    assert_eq!(done["state"], "done", "{done}");
    let mut copy = String::new();
    for part in 1..=done["parts"].as_u64().unwrap_or(1) {
        let path = format!("{place}/parts/{part}");
        let link = world.owner.send(Method::GET, &path, None).await;
        assert_eq!(link.status, 302, "{}", link.text);
        let client = reqwest::Client::builder().no_proxy().build();
        let got = client
            .expect("a client")
            .get(link.header("location"))
            .send();
        copy.push_str(&got.await.expect("answered").text().await.expect("text"));
    }
    assert!(
        copy.contains("4711") && copy.contains("\"firefox\""),
        "{copy}"
    );
    assert!(!copy.contains("815"));
}

/// CALL-33, FLOW-54: an objection that came by mail ends the same, when the address on file confirms it.
#[tokio::test]
async fn who_objects_by_mail_is_in_no_figures_once_the_address_has_confirmed_it() {
    let world = World::new("flows").await;
    let harness = &world.harness;
    let claims = json!({
        "sub": "user-7", "aud": world.workspace.id, "exp": harness.now().seconds() + 600,
        "email": "grace@example.com",
    });
    let key = EncodingKey::from_secret(world.app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let identity = json!({ "identity_token": token.expect("signed") });
    let visitor = harness.visitor_with(&world.app, identity).await;
    send(&visitor, &EDGE, loaded(1)).await;
    harness.drain().await;
    let mail = "From: grace@example.com\r\nTo: privacy@example.com\r\nSubject: No\r\n\r\nNo figures of me\r\n";
    let taken = harness
        .stack
        .receive(mail.as_bytes(), harness::Found::default());
    taken.expect("a desk");
    harness.advance(Duration::from_secs(60));
    send(&visitor, &EDGE, loaded(2)).await;
    assert_eq!(world.beacons().await.len(), 2, "nobody has confirmed it");
    let mails = harness.mails("grace@example.com").await;
    let (_, token) = mails[0].text.split_once("?token=").expect("a link");
    let token = token.lines().next().expect("a line");
    let form = [("token", token), ("type", "object")];
    harness
        .browser()
        .submit("/privacy/confirm", &form, 200)
        .await;
    assert_eq!(send(&visitor, &EDGE, loaded(3)).await.status, 204);
    assert_eq!(world.beacons().await.len(), 2, "nothing was added");
    world.harness.run_schedule("minute").await;
    assert_eq!(world.beacons().await, Vec::<Value>::new());
}
