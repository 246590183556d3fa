//! What visitors ask, how they prove it, and what the team answers.

use harness::text;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{ASK, GRACE, World};

/// CHAT-21: what a visitor asks goes to the workspace, is told to who answers there, and is answered.
#[tokio::test]
async fn what_a_visitor_asks_comes_to_the_workspace_and_its_answer_goes_back() {
    let world = World::new().await;
    let asks = json!({
        "type": "question", "message": "What do you know?", "reply_to": "grace@example.com",
    });
    let asked = world.visitor.post(ASK, asks, 202).await;
    assert_eq!(
        asked["status"], "in_progress",
        "nothing is on file to prove it by"
    );
    assert_eq!(asked["processing_details"], "waiting_for_decision");
    assert_eq!(asked["contact_id"], world.visitor.contact_id.as_str());
    assert_eq!(
        world.subjects(GRACE).await,
        ["Your privacy request was received"]
    );
    let told = world.subjects("ada@example.com").await;
    let notice = "Somebody asks your workspace about their data".to_owned();
    assert_eq!(told.iter().filter(|one| **one == notice).count(), 1);

    let list = world.owner.get(&world.place("privacy/requests"), 200).await;
    assert_eq!(list["data"], json!([asked]));
    let answer = json!({ "decision": "fulfil", "explanation": "All of it is attached." });
    let done = world.decide(&asked, answer).await;
    assert_eq!(
        (&done["status"], &done["overdue"]),
        (&json!("fulfilled"), &json!(false))
    );
    assert_eq!(done["processing_details"], "over");
    let mails = world.harness.mails(GRACE).await;
    let last = mails.last().expect("a mail");
    assert_eq!(last.subject, "Your privacy request is done");
    for part in [&last.text, last.html.as_ref().expect("HTML")] {
        assert!(part.contains("All of it is attached."), "{part}");
        assert!(part.contains("Test"), "who answers is named: {part}");
        assert!(!part.contains("src=") && !part.contains("<img"), "{part}");
    }
    let own = format!("{ASK}/{}", text(&asked, "id"));
    assert_eq!(world.visitor.get(&own, 200).await, done);
    assert_eq!(world.visitor.get(ASK, 200).await["data"], json!([done]));
}

/// CALL-35: nothing happens before the address on file has confirmed, and looking at the link is not
/// confirming.
#[tokio::test]
async fn a_request_is_proved_by_the_address_on_file_and_by_a_post_alone() {
    let world = World::known().await;
    let asks = json!({ "type": "erase", "reply_to": "eve@example.com" });
    let asked = world.visitor.post(ASK, asks, 202).await;
    assert_eq!(asked["status"], "need_user_verification");
    assert_eq!(
        world.subjects("eve@example.com").await,
        Vec::<String>::new()
    );
    assert_eq!(
        world.subjects(GRACE).await,
        ["Confirm your privacy request"]
    );
    let yes = json!({ "decision": "fulfil" });
    world
        .is_refused(&asked, yes.clone(), 409, "not_changeable")
        .await;

    let token = world.link(GRACE).await;
    let mut scanner = world.harness.browser();
    scanner
        .open(&format!("/privacy/confirm?token={token}"), 200)
        .await;
    assert_eq!(world.seen(&asked).await["status"], "need_user_verification");
    for forged in [
        "",
        "pr_x.y",
        &token[..token.len() - 2],
        &format!("{token}A"),
    ] {
        scanner
            .submit("/privacy/confirm", &[("token", forged)], 401)
            .await;
    }
    assert_eq!(world.seen(&asked).await["status"], "need_user_verification");
    // Once is enough, and twice is no more.
    for _ in 0..2 {
        scanner
            .submit("/privacy/confirm", &[("token", &token)], 200)
            .await;
    }
    let seen = world.seen(&asked).await;
    assert_eq!(seen["status"], "in_progress");
    let notices = world.subjects("ada@example.com").await;
    let notice = "Somebody asks your workspace about their data";
    assert_eq!(notices.iter().filter(|one| *one == notice).count(), 1);
    // The clock started at receipt.
    assert_eq!(seen["expected_by"], asked["expected_by"]);
}

/// CALL-31: what is to be erased is gone for everybody with the decision, and the request ends when
/// nothing is left.
#[tokio::test]
async fn an_erasure_that_was_asked_for_takes_the_contact_and_ends_when_nothing_is_left() {
    let world = World::known().await;
    let conversation = world.visitor.start("Forget me").await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "erase" }), 202)
        .await;
    let token = world.link(GRACE).await;
    let mut browser = world.harness.browser();
    browser
        .submit("/privacy/confirm", &[("token", &token)], 200)
        .await;
    let decided = world.decide(&asked, json!({ "decision": "fulfil" })).await;
    assert_eq!(decided["processing_details"], "executing");
    let place = world.place(&format!("contacts/{}", world.visitor.contact_id));
    world.owner.get(&place, 404).await;
    world
        .visitor
        .refused(Method::GET, ASK, None, 401, "token_invalid")
        .await;
    world
        .is_refused(
            &asked,
            json!({ "decision": "fulfil" }),
            409,
            "not_changeable",
        )
        .await;

    world.harness.run_schedule("Minute").await;
    world.harness.advance(std::time::Duration::from_secs(61));
    world.harness.run_schedule("Minute").await;
    let done = world.seen(&asked).await;
    assert_eq!(done["status"], "fulfilled");
    let mails = world.subjects(GRACE).await;
    assert_eq!(
        mails.last().map(String::as_str),
        Some("Your privacy request is done")
    );
    let left = world.harness.items().await;
    let contact = world.visitor.contact_id.as_str();
    for item in left.iter().filter(|item| item.contains(&conversation.id)) {
        assert!(item.contains("TOMB"), "{item}");
    }
    let about: Vec<&String> = left.iter().filter(|item| item.contains(contact)).collect();
    assert!(
        about.iter().all(|item| item.contains("PRIVACY#")
            || item.contains("ASKED#")
            || item.contains("TOMB")),
        "only what was asked is remembered: {about:?}"
    );
    // Every round after the end changes nothing.
    let before = world.harness.items().await.len();
    world.harness.advance(std::time::Duration::from_secs(61));
    world.harness.run_schedule("Minute").await;
    assert_eq!(world.harness.items().await.len(), before);
}

/// A contact that was not seen for days and waits for a hold is still there: nobody is told otherwise.
#[tokio::test]
async fn an_erasure_that_waits_for_a_hold_is_not_called_done() {
    let mut world = World::known().await;
    let conversation = world.visitor.start("Forget me").await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "erase" }), 202)
        .await;
    let token = world.link(GRACE).await;
    let mut browser = world.harness.browser();
    browser
        .submit("/privacy/confirm", &[("token", &token)], 200)
        .await;
    world.harness.advance(2 * DAY);
    world.owner = world.harness.sign_in("ada@example.com").await;
    let hold = world.place(&format!("conversations/{}/hold", conversation.id));
    let until = world.harness.now().plus(DAY);
    let body = json!({ "reason": "Complaint 17", "until": until });
    world.owner.put(&hold, body, 200).await;
    world.decide(&asked, json!({ "decision": "fulfil" })).await;
    for _ in 0..3 {
        world.harness.advance(std::time::Duration::from_secs(61));
        world.harness.run_schedule("Minute").await;
    }
    assert_eq!(world.seen(&asked).await["processing_details"], "executing");
    let told = |mails: Vec<String>| mails.iter().any(|mail| mail.contains("is done"));
    assert!(!told(world.subjects(GRACE).await), "done, and it is there");

    for _ in 0..3 {
        world.harness.advance(DAY);
        world.harness.run_schedule("Minute").await;
        // A letter that nobody delivers ends within a day.
        world.harness.drain().await;
    }
    world.owner = world.harness.sign_in("ada@example.com").await;
    assert_eq!(world.seen(&asked).await["status"], "fulfilled");
    let mails = world.subjects(GRACE).await;
    assert!(told(mails.clone()), "{mails:?}");
}

/// CALL-30: what is to be put right is written by the decision, and nothing else is.
#[tokio::test]
async fn what_is_to_be_put_right_is_written_when_the_team_says_so() {
    let world = World::known().await;
    let asks = json!({ "type": "rectify", "name": "Grace Hopper", "email": "hopper@example.com" });
    let asked = world.visitor.post(ASK, asks, 202).await;
    let token = world.link(GRACE).await;
    let place = world.place(&format!("contacts/{}", world.visitor.contact_id));
    let mut browser = world.harness.browser();
    browser
        .submit("/privacy/confirm", &[("token", &token)], 200)
        .await;
    assert_eq!(world.owner.get(&place, 200).await["name"], "Grace");
    world.decide(&asked, json!({ "decision": "fulfil" })).await;
    let contact = world.owner.get(&place, 200).await;
    assert_eq!(
        (&contact["name"], &contact["email"]),
        (&json!("Grace Hopper"), &json!("hopper@example.com"))
    );
    // The answer goes to the address that was on file when it was asked.
    assert_eq!(
        world.subjects("hopper@example.com").await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_same_wish_is_one_request_until_it_is_answered() {
    let world = World::new().await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "export" }), 202)
        .await;
    let again = world
        .visitor
        .post(ASK, json!({ "type": "export", "message": "Now" }), 200)
        .await;
    assert_eq!(again, asked);
    let entered = json!({ "type": "export", "contact_id": world.visitor.contact_id });
    let place = world.place("privacy/requests");
    assert_eq!(
        world.owner.post(&place, entered, 200).await["id"],
        asked["id"]
    );
    // Another wish is another request, and so are other words of a question.
    for asks in [
        json!({ "type": "access" }),
        json!({ "type": "question", "message": "Why?" }),
        json!({ "type": "question", "message": "How?" }),
    ] {
        world.visitor.post(ASK, asks, 202).await;
    }
    world
        .visitor
        .post(ASK, json!({ "type": "question", "message": "How?" }), 200)
        .await;
    let revoked = format!("{ASK}/{}/revoke", text(&asked, "id"));
    for _ in 0..2 {
        let view = world.visitor.post(&revoked, json!({}), 200).await;
        assert_eq!(view["status"], "revoked");
    }
    world.harness.advance(std::time::Duration::from_millis(1));
    let anew = world
        .visitor
        .post(ASK, json!({ "type": "export" }), 202)
        .await;
    assert_ne!(anew["id"], asked["id"]);
    let own = world.visitor.get(&format!("{ASK}?limit=2"), 200).await;
    assert_eq!(own["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(own["data"][0]["id"], anew["id"], "newest first");
    let cursor = text(&own["page"], "next_cursor");
    let rest = world
        .visitor
        .get(&format!("{ASK}?limit=100&cursor={cursor}"), 200)
        .await;
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(3));
    let theirs = world.owner.get(&format!("{place}?limit=2"), 200).await;
    let cursor = text(&theirs["page"], "next_cursor");
    let rest = world
        .owner
        .get(&format!("{place}?limit=100&cursor={cursor}"), 200)
        .await;
    assert_eq!(rest["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_request_of_somebody_else_is_not_there_and_nobody_takes_back_what_is_not_theirs() {
    let world = World::new().await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "access" }), 202)
        .await;
    let neighbour = world.harness.visitor(&world.app).await;
    let place = format!("{ASK}/{}", text(&asked, "id"));
    neighbour
        .refused(Method::GET, &place, None, 404, "not_found")
        .await;
    let revoke = format!("{place}/revoke");
    neighbour
        .refused(Method::POST, &revoke, None, 404, "not_found")
        .await;
    assert_eq!(neighbour.get(ASK, 200).await["data"], json!([]));
    let entered = json!({ "type": "export", "contact_id": neighbour.contact_id });
    let place = world.place("privacy/requests");
    let entered = world.owner.post(&place, entered, 202).await;
    let revoke = format!("{ASK}/{}/revoke", text(&entered, "id"));
    neighbour
        .refused(Method::POST, &revoke, None, 409, "not_changeable")
        .await;
    // Of a contact that is being erased, nothing can be asked any more.
    let gone = world.place(&format!("contacts/{}", neighbour.contact_id));
    world.owner.delete(&gone, 202).await;
    let late = json!({ "type": "access", "contact_id": neighbour.contact_id });
    world
        .owner
        .refused(Method::POST, &place, Some(late), 404, "not_found")
        .await;
    neighbour
        .refused(
            Method::POST,
            ASK,
            Some(json!({ "type": "access" })),
            401,
            "token_invalid",
        )
        .await;
}

/// CHAT-22: a question is answered in words, and to say nothing is no answer.
#[tokio::test]
async fn a_wish_says_what_it_needs_and_a_decision_what_it_has_to() {
    let world = World::new().await;
    let before = world.harness.items().await.len();
    for (asks, pointer) in [
        (json!({ "type": "question" }), "#/message"),
        (json!({ "type": "object" }), "#/message"),
        (json!({ "type": "rectify" }), "#/name"),
        (json!({ "type": "access", "name": "Ada" }), "#/name"),
        (
            json!({ "type": "erase", "email": "ada@example.com" }),
            "#/email",
        ),
        (json!({ "type": "sell" }), "#/type"),
    ] {
        let problem =
            world
                .visitor
                .refused(Method::POST, ASK, Some(asks), 422, "validation_failed");
        assert_eq!(problem.await["errors"][0]["pointer"], pointer);
    }
    // The count of a limit, and the salt it is hashed with.
    assert!(world.harness.items().await.len() <= before + 8);
    let asks = json!({ "type": "question", "message": "Who reads this?" });
    let asked = world.visitor.post(ASK, asks, 202).await;
    for (decision, pointer) in [
        (json!({ "decision": "fulfil" }), "#/explanation"),
        (
            json!({ "decision": "deny", "explanation": "No" }),
            "#/reason",
        ),
        (
            json!({ "decision": "deny", "reason": "other" }),
            "#/explanation",
        ),
        (
            json!({ "decision": "extend", "explanation": "Much to do" }),
            "#/days",
        ),
        (json!({ "decision": "extend", "days": 5 }), "#/explanation"),
        (
            json!({ "decision": "extend", "days": 61, "explanation": "Long" }),
            "#/days",
        ),
        (
            json!({ "decision": "extend", "days": 0, "explanation": "Short" }),
            "#/days",
        ),
        (
            json!({ "decision": "fulfil", "days": 5, "explanation": "Done" }),
            "#/days",
        ),
        (
            json!({ "decision": "extend", "reason": "other", "days": 5, "explanation": "x" }),
            "#/reason",
        ),
        (
            json!({ "decision": "deny", "reason": "bored", "explanation": "No" }),
            "#/reason",
        ),
    ] {
        let problem = world
            .is_refused(&asked, decision, 422, "validation_failed")
            .await;
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    assert_eq!(world.seen(&asked).await, asked);
    let answer = json!({ "decision": "fulfil", "explanation": "Our team." });
    let done = world.decide(&asked, answer.clone()).await;
    assert_eq!(done["answer"], "Our team.");
    world
        .is_refused(&asked, answer, 409, "not_changeable")
        .await;
}

#[tokio::test]
async fn whoever_asks_again_and_again_is_stopped() {
    let world = World::new().await;
    let mut refused = None;
    for number in 0..12 {
        let asks = json!({ "type": "question", "message": format!("Question {number}") });
        let answer = world.visitor.send(Method::POST, ASK, Some(asks)).await;
        if answer.status == 429 {
            refused = Some(number);
            assert!(!answer.header("retry-after").is_empty());
            break;
        }
        assert_eq!(answer.status, 202, "{}", answer.text);
    }
    assert_eq!(refused, Some(10));
    let open: Vec<Value> = world.owner.get(&world.place("privacy/requests"), 200).await["data"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(open.len(), 10);
}

/// Whoever writes while somebody is erased is refused, or what they wrote goes with the rest.
#[tokio::test]
async fn what_arrives_while_somebody_is_erased_is_refused_or_goes_along() {
    let world = World::new().await;
    let conversation = world.visitor.start("Forget me").await;
    let asks = json!({ "type": "erase", "contact_id": world.visitor.contact_id });
    let asked = world
        .owner
        .post(&world.place("privacy/requests"), asks, 202)
        .await;
    let theirs = format!("/v1/widget/conversations/{}/messages", conversation.id);
    let ours = world.place(&format!("conversations/{}/messages", conversation.id));
    let writing = async {
        let mut statuses = Vec::new();
        for number in 0..12 {
            let says = harness::message(&format!("Message {number}"));
            let theirs = world
                .visitor
                .send(Method::POST, &theirs, Some(says.clone()));
            statuses.push(theirs.await.status);
            let ours = world.owner.send(Method::POST, &ours, Some(says));
            statuses.push(ours.await.status);
        }
        statuses
    };
    let deciding = world.decide(&asked, json!({ "decision": "fulfil" }));
    let (statuses, _) = tokio::join!(writing, deciding);
    let known = [201, 401, 404, 409];
    assert!(
        statuses.iter().all(|one| known.contains(one)),
        "{statuses:?}"
    );
    assert!(statuses.iter().any(|one| *one != 201), "nobody was refused");
    for _ in 0..4 {
        world.harness.run_schedule("Minute").await;
        world.harness.advance(std::time::Duration::from_secs(61));
    }
    world.harness.drain().await;
    assert_eq!(world.seen(&asked).await["status"], "fulfilled");
    let left = world.harness.items().await;
    let of_it = left.iter().filter(|item| item.contains(&conversation.id));
    let rest: Vec<&String> = of_it.filter(|item| !item.contains("TOMB")).collect();
    assert!(rest.is_empty(), "{rest:?}");
}
