//! Whoever is erased is erased with all of their contacts, whatever is said of them meanwhile.

use super::*;

#[tokio::test]
async fn whichever_contact_is_erased_the_person_goes_and_the_neighbour_stays() {
    for by_the_early_one in [false, true] {
        let world = World::merged().await;
        let named = if by_the_early_one {
            &world.early
        } else {
            &world.known
        };
        let going = world.owner.delete(&world.of(named, ""), 202).await;
        let erasures: Vec<String> =
            serde_json::from_value(going["erasure_ids"].clone()).expect("ids");
        assert_eq!(erasures.len(), 2);
        assert!(erasures.contains(&text(&going, "erasure_id")));
        for visitor in [&world.early, &world.known] {
            let gone = visitor
                .send(Method::GET, "/v1/widget/conversations", None)
                .await;
            assert_eq!(gone.status, 401, "{}", gone.text);
            let place = world.of(visitor, "");
            world
                .owner
                .refused(Method::GET, &place, None, 404, "not_found")
                .await;
        }
        world.harness.advance(MINUTE);
        for _ in 0..2 {
            world.a_minute().await;
        }
        for erasure in &erasures {
            let owner = world.owner.refresh().await;
            let done = owner
                .get(&world.place(&format!("erasures/{erasure}")), 200)
                .await;
            assert_eq!(done["stage"], "done", "{done}");
            assert!(done["receipt"].is_object(), "{done}");
        }
        let (early, known) = (&world.early.contact_id, &world.known.contact_id);
        let ids = [early, known, &world.asked_early.id, &world.asked_later.id].map(String::as_str);
        assert_eq!(world.left(&ids).await, Vec::<String>::new());
        world.neighbour.get("/v1/widget/conversations", 200).await;
    }
}

/// A merge and an erasure at once: whichever comes first, nobody is half erased, and nobody is joined to
/// somebody who is going.
#[tokio::test]
async fn a_merge_during_an_erasure_is_refused_or_goes_along() {
    let world = World::new().await;
    let (mut along, mut refused) = (0, 0);
    for n in 0..12 {
        let (one, two) = (
            world.harness.visitor(&world.app).await,
            world.harness.visitor(&world.app).await,
        );
        let owner = world.owner.refresh().await;
        // Either contact may be the one that is named, and either call a little later.
        let erased = if n % 2 == 0 { &one } else { &two };
        let other = if n % 2 == 0 { &two } else { &one };
        let (place, merge) = (world.of(erased, ""), world.of(&one, "/merge"));
        let into = Some(json!({ "into": two.contact_id }));
        let wait = Duration::from_micros(300 * n);
        let erase = async {
            tokio::time::sleep(wait).await;
            owner.send(Method::DELETE, &place, None).await
        };
        let join = owner.send(Method::POST, &merge, into);
        let (erase, join) = tokio::join!(erase, join);
        assert_eq!(erase.status, 202, "{}", erase.text);
        let going = erase.body["erasure_ids"].as_array().expect("ids").len();
        let left = owner.send(Method::GET, &world.of(other, ""), None).await;
        match join.status {
            200 => {
                assert_eq!((going, left.status), (2, 404), "{}", left.text);
                along += 1;
            }
            404 => {
                assert_eq!((going, left.status), (1, 200), "{}", left.text);
                assert_eq!(left.body["same_person"], json!([]));
                refused += 1;
            }
            _ => panic!("{}", join.text),
        }
        // What is going is joined to nobody.
        let body = Some(json!({ "into": world.known.contact_id }));
        let merge = world.of(erased, "/merge");
        owner
            .refused(Method::POST, &merge, body, 404, "not_found")
            .await;
        let body = Some(json!({ "into": erased.contact_id }));
        let merge = world.of(&world.known, "/merge");
        owner
            .refused(Method::POST, &merge, body, 404, "not_found")
            .await;
    }
    assert_eq!(along + refused, 12);
    world.harness.advance(MINUTE);
    for _ in 0..2 {
        world.a_minute().await;
    }
    let erasing = |item: &String| item.contains("\"erasing\"");
    let items = world.harness.items().await;
    assert_eq!(items.iter().filter(|item| erasing(item)).count(), 0);
}

/// A request for erasure is done when every contact of the person has its receipt; a hold of one
/// conversation keeps that one alone, and the request open.
#[tokio::test]
async fn a_request_for_erasure_ends_with_the_last_contact_and_a_hold_keeps_what_it_holds() {
    let world = World::merged().await;
    let hold = json!({ "reason": "Complaint 17", "until": world.harness.now().plus(DAY * 7) });
    let held = world.place(&format!("conversations/{}", world.asked_later.id));
    world.owner.put(&format!("{held}/hold"), hold, 200).await;
    let asked = world.early.post(ASK, json!({ "type": "erase" }), 202).await;
    let request = world.place(&format!("privacy/requests/{}", text(&asked, "id")));
    let yes = json!({ "decision": "fulfil" });
    world
        .owner
        .post(&format!("{request}/decision"), yes, 200)
        .await;
    world.harness.advance(MINUTE);
    for _ in 0..3 {
        world.a_minute().await;
    }
    let owner = world.harness.sign_in("ada@example.com").await;
    let early = [
        world.early.contact_id.as_str(),
        world.asked_early.id.as_str(),
    ];
    let own = world.left(&early).await;
    // The other one's head says still whom it was one with.
    let own: Vec<_> = own
        .iter()
        .filter(|item| !item.contains(&world.known.contact_id))
        .collect();
    assert!(own.is_empty(), "{own:?}");
    owner.get(&held, 200).await;
    let seen = owner.get(&request, 200).await;
    assert_eq!(seen["processing_details"], "executing", "{seen}");
    owner.delete(&format!("{held}/hold"), 202).await;
    // Who has waited for long is looked at once a day.
    for _ in 0..3 {
        world.harness.advance(DAY);
        world.a_minute().await;
    }
    let owner = world.harness.sign_in("ada@example.com").await;
    assert_eq!(owner.get(&request, 200).await["status"], "fulfilled");
    let ids = [&world.known.contact_id, &world.asked_later.id].map(String::as_str);
    assert_eq!(world.left(&ids).await, Vec::<String>::new());
}

/// When the team writes last a conversation outlives its contact. Its person's erasure finds it.
#[tokio::test]
async fn a_contact_that_had_ended_is_erased_with_the_person_by_its_conversations() {
    let world = World::merged().await;
    world.harness.advance(DAY * 700);
    let owner = world.harness.sign_in("ada@example.com").await;
    owner
        .say(&world.workspace, &world.asked_early, "Still there?")
        .await;
    signed(&world.harness, &world.workspace, &world.app, "user-1").await;
    world.harness.advance(DAY * 100);
    world.harness.run_schedule("sweep").await;
    world.harness.drain().await;
    let owner = world.harness.sign_in("ada@example.com").await;
    let place = world.of(&world.early, "");
    owner
        .refused(Method::GET, &place, None, 404, "not_found")
        .await;
    let thread = world.place(&format!("conversations/{}", world.asked_early.id));
    owner.get(&thread, 200).await;
    owner.delete(&world.of(&world.known, ""), 202).await;
    world.harness.advance(MINUTE);
    for _ in 0..3 {
        world.a_minute().await;
    }
    owner
        .refresh()
        .await
        .refused(Method::GET, &thread, None, 404, "not_found")
        .await;
    let (early, known) = (&world.early.contact_id, &world.known.contact_id);
    let ids = [early, known, &world.asked_early.id].map(String::as_str);
    assert_eq!(world.left(&ids).await, Vec::<String>::new());
}
