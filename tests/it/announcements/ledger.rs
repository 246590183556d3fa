//! Whatever is cut off, doubled or repeated: everybody gets one letter.

use harness::{Fault, Harness, Kind};
use reqwest::Method;
use serde_json::json;

use super::{ANNOUNCEMENTS, carry_out, operator, with_subject};

const KINDS: [Kind; 4] = [
    Kind::Throttle,
    Kind::TimeoutBefore,
    Kind::TimeoutAfter,
    Kind::Conflict,
];

/// FLOW-18: a run that fails at any of its calls is gone on with, and nobody gets two letters.
#[tokio::test]
async fn everybody_gets_one_letter_whatever_fails_at_whichever_call() {
    let harness = Harness::start().await;
    let people: Vec<String> = (0..5).map(|n| format!("p{n}@example.com")).collect();
    for email in &people {
        harness.sign_up(email).await;
    }
    let operator = operator(&harness).await;
    let mut round = 0;
    for kind in KINDS {
        for call in (0..12).step_by(3) {
            round += 1;
            let subject = format!("News {round}");
            let body = json!({ "class": "service", "subject": subject, "text": "Hello." });
            let sent = operator.send(Method::POST, ANNOUNCEMENTS, Some(body)).await;
            // The proof and the token are ten minutes old at some time.
            assert_eq!(sent.status, 202, "{}", sent.text);
            harness.faults().plan(Fault::new(kind).after(call).times(3));
            // Twice at once: two runs meet at a checkpoint.
            let (one, other) =
                tokio::join!(harness.try_schedule("jobs"), harness.try_schedule("jobs"));
            drop((one, other));
            harness.faults().reset();
            carry_out(&harness).await;
            for email in &people {
                let got = with_subject(&harness, email, &subject).await.len();
                assert_eq!(got, 1, "{email} got {got} of {subject}: {kind:?} at {call}");
            }
        }
    }
}

#[tokio::test]
async fn a_repeated_request_makes_one_announcement() {
    let harness = Harness::start().await;
    harness.sign_up("ada@example.com").await;
    let operator = operator(&harness).await;
    let client = operator.with_header("idempotency-key", "one");
    let body = json!({ "class": "service", "subject": "News", "text": "Hello." });
    let first = client.post(ANNOUNCEMENTS, body.clone(), 202).await;
    let again = client.post(ANNOUNCEMENTS, body.clone(), 202).await;
    assert_eq!(first["id"], again["id"]);
    let mut other = body;
    other["text"] = "Goodbye.".into();
    client
        .refused(
            Method::POST,
            ANNOUNCEMENTS,
            Some(other),
            422,
            "idempotency_key_reused",
        )
        .await;
    assert_eq!(carry_out(&harness).await, 2);
    assert_eq!(
        with_subject(&harness, "ada@example.com", "News")
            .await
            .len(),
        1
    );
}

/// The stream comes again from the beginning of a batch that failed: who has a letter gets no second.
#[tokio::test]
async fn a_letter_whose_record_comes_again_is_not_sent_again() {
    let harness = Harness::start().await;
    let people = ["ada@example.com", "bob@example.com", "cara@example.com"];
    for email in people {
        harness.sign_up(email).await;
    }
    let operator = operator(&harness).await;
    let body = json!({ "class": "service", "subject": "News", "text": "Hello." });
    operator.post(ANNOUNCEMENTS, body, 202).await;
    for _ in 0..6 {
        harness.run_schedule("jobs").await;
    }
    // One mail goes out, the next ones find SES away.
    harness
        .faults()
        .plan(Fault::new(Kind::Throttle).on("SendEmail").after(1).times(3));
    let _ = harness.stack.drain().await;
    harness.faults().reset();
    for email in people {
        assert_eq!(
            with_subject(&harness, email, "News").await.len(),
            1,
            "{email}"
        );
    }
}
