//! Questions to the operator, by mail and in the service.

use std::time::Duration;

use harness::{Fault, Found, Harness, Kind, Member, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{ADA, came, lying, outcome, raw, told};

const SUPPORT: &str = "support@example.com";
const OPERATOR: &str = "demo@example.com";
const GUS: &str = "gus@example.com";
const OWN: &str = "/v1/support";
const DESK: &str = "/v1/operator/support";

/// The operator, signed in with both factors.
async fn operator(harness: &Harness) -> Member {
    let operator = harness.sign_up(OPERATOR).await;
    operator.enrol().await;
    harness.advance(Duration::from_secs(60));
    harness.sign_in(OPERATOR).await
}

/// The address for replies of the newest mail to somebody.
async fn reply_to(harness: &Harness, address: &str) -> String {
    let mails = harness.mails(address).await;
    let last = mails.last().expect("a mail");
    last.headers.get("Reply-To").expect("an address").clone()
}

/// What was said in a thread, as the operator sees it.
async fn said(operator: &Member, thread: &Value) -> Vec<(String, String)> {
    let place = format!("{DESK}/{}", text(thread, "id"));
    let seen = operator.get(&place, 200).await;
    let messages = seen["messages"].as_array().expect("messages").iter();
    messages
        .map(|one| (text(one, "by"), text(one, "text")))
        .collect()
}

fn lines(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(by, text): &(&str, &str)| ((*by).to_owned(), (*text).to_owned());
    all.iter().map(owned).collect()
}

/// CALL-24: what somebody asks is answered, by the service and by mail, in one thread.
#[tokio::test]
async fn a_question_is_answered_by_mail_and_goes_on_by_mail() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let ada = harness.sign_up(ADA).await;
    let asked = ada
        .post(OWN, json!({ "message": "How do I add a colleague?" }), 201)
        .await;
    assert_eq!(asked["account_id"], ada.account_id.as_str());
    assert_eq!(ada.get(OWN, 200).await["data"], json!([asked]));
    assert_eq!(operator.get(DESK, 200).await["data"], json!([asked]));
    let mails = harness.mails(OPERATOR).await;
    let told = mails.last().expect("a mail");
    assert_eq!(told.subject, "Somebody wrote to support");
    assert!(told.text.contains("How do I add a colleague?"));

    harness.advance(Duration::from_secs(1));
    // The operator answers the mail; what it quotes is left out.
    let to = reply_to(&harness, OPERATOR).await;
    assert!(to.starts_with("support+"), "{to}");
    let answer = "Press Invite.\r\n\r\nOn Monday, Sotto wrote:\r\n> Hello,\r\n>\r\n> somebody";
    let mail = raw(OPERATOR, &to, &[], answer);
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "taken");
    let mails = harness.mails(ADA).await;
    let answered = mails.last().expect("a mail");
    assert_eq!(answered.subject, "An answer from support");
    assert!(answered.text.contains("Press Invite."));

    harness.advance(Duration::from_secs(1));
    // And Ada answers hers.
    let to = reply_to(&harness, ADA).await;
    let mail = raw(ADA, &to, &[], "Thank you!");
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "taken");
    harness.advance(Duration::from_secs(1));
    let place = format!("{DESK}/{}/messages", text(&asked, "id"));
    let client = operator.with_header("idempotency-key", "one");
    for _ in 0..2 {
        client
            .post(&place, json!({ "message": "You are welcome." }), 201)
            .await;
    }
    let all = [
        ("person", "How do I add a colleague?"),
        ("operator", "Press Invite."),
        ("person", "Thank you!"),
        ("operator", "You are welcome."),
    ];
    assert_eq!(said(&operator, &asked).await, lines(&all));
    let own = format!("{OWN}/{}", text(&asked, "id"));
    let seen = ada.get(&own, 200).await;
    assert_eq!(seen["thread"]["message_count"], 4);
    assert_eq!(seen["thread"]["last_by"], "operator");
    ada.post(&format!("{own}/messages"), json!({ "message": "Bye" }), 201)
        .await;
    assert_eq!(lying(&harness), 0);
}

/// CALL-26: whoever writes by mail gets a thread, with an account or without one.
#[tokio::test]
async fn a_mail_begins_a_thread_and_a_stranger_does_not_go_on_in_it() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let mail = raw(GUS, SUPPORT, &[], "What does it cost?");
    let event = came(&harness, &mail, Found::default());
    for count in ["taken", "repeated"] {
        // Told twice at once, the second finds nothing to read.
        let counts = told(&harness, &event).await.expect("heard");
        let expected = u64::from(count == "taken");
        assert_eq!(counts["taken"], expected, "{count}");
    }
    let all = operator.get(DESK, 200).await["data"].clone();
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    assert_eq!(all[0]["account_id"], Value::Null);
    let place = format!("{DESK}/{}", text(&all[0], "id"));
    let seen = operator.get(&place, 200).await;
    assert_eq!(seen["messages"][0]["from"], GUS);
    operator
        .post(
            &format!("{place}/messages"),
            json!({ "message": "Nothing." }),
            201,
        )
        .await;
    let to = reply_to(&harness, GUS).await;
    let before = said(&operator, &all[0]).await;
    // Who saw the address, or was forwarded the mail, is nobody in this thread.
    for stranger in ["eve@example.com", OPERATOR, ADA] {
        let mail = raw(stranger, &to, &[], "Hand it over");
        let came = outcome(&harness, &mail, Found::default()).await;
        assert_eq!(came, "strangers", "{stranger}");
    }
    // Nor does a person become the operator by knowing their address.
    let operators = reply_to(&harness, OPERATOR).await;
    for (from, found) in [
        (GUS, Found::default()),
        (
            OPERATOR,
            Found {
                dmarc: "none",
                ..Found::default()
            },
        ),
    ] {
        let mail = raw(from, &operators, &[], "Here is your refund");
        assert_eq!(outcome(&harness, &mail, found).await, "strangers", "{from}");
    }
    assert_eq!(said(&operator, &all[0]).await, before);
    // An address that nobody signed begins another thread.
    let (_, host) = to.split_once('@').expect("an address");
    let forged = format!("support+{}@{host}", "a".repeat(42));
    let mail = raw("eve@example.com", &forged, &[], "Hello");
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "taken");
    assert_eq!(said(&operator, &all[0]).await, before);
    let mail = raw("Gus@example.com", &to.to_uppercase(), &[], "Fine");
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "taken");
    assert_eq!(said(&operator, &all[0]).await.len(), 3);
}

#[tokio::test]
async fn a_thread_is_for_whom_it_is_with_and_for_the_operator() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let eve = harness.sign_up("eve@example.com").await;
    let asked = ada.post(OWN, json!({ "message": "Hello" }), 201).await;
    let own = format!("{OWN}/{}", text(&asked, "id"));
    let theirs = format!("{DESK}/{}", text(&asked, "id"));
    let hello = Some(json!({ "message": "Hello" }));
    eve.refused(Method::GET, &own, None, 404, "not_found").await;
    let say = format!("{own}/messages");
    eve.refused(Method::POST, &say, hello.clone(), 404, "not_found")
        .await;
    for path in [DESK, theirs.as_str()] {
        eve.refused(Method::GET, path, None, 403, "forbidden").await;
    }
    eve.refused(Method::DELETE, &theirs, None, 403, "forbidden")
        .await;
    let answer = format!("{theirs}/messages");
    eve.refused(Method::POST, &answer, hello, 403, "forbidden")
        .await;
    for body in [
        json!({}),
        json!({ "message": " " }),
        json!({ "message": "a", "x": 1 }),
    ] {
        let answer = ada.send(Method::POST, OWN, Some(body)).await;
        assert!(matches!(answer.status, 400 | 422), "{}", answer.text);
    }
    assert_eq!(eve.get(OWN, 200).await["data"], json!([]));
    let operator = operator(&harness).await;
    operator.delete(&theirs, 204).await;
    ada.get(&own, 404).await;
    harness.drain().await;
    assert_eq!(harness.items_with(&text(&asked, "id")).await, 0);
}

#[tokio::test]
async fn a_mail_to_support_is_lost_at_no_call_that_fails_and_counts_once() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let asked = ada.post(OWN, json!({ "message": "Hello" }), 201).await;
    let operator = operator(&harness).await;
    let place = format!("{DESK}/{}/messages", text(&asked, "id"));
    operator
        .post(&place, json!({ "message": "Yes?" }), 201)
        .await;
    let reply = reply_to(&harness, ADA).await;
    for to in [SUPPORT, &reply] {
        for after in 0.. {
            harness.advance(Duration::from_secs(60 * 60));
            let mail = raw(ADA, to, &[], &format!("Letter {after}"));
            let event = came(&harness, &mail, Found::default());
            harness.faults().reset();
            harness
                .faults()
                .plan(Fault::new(Kind::Throttle).after(after).times(usize::MAX));
            let failed = told(&harness, &event).await.is_none();
            harness.faults().reset();
            assert_eq!(lying(&harness), usize::from(failed), "call {after}");
            for _ in 0..2 {
                told(&harness, &event).await.expect("heard");
            }
            assert_eq!(lying(&harness), 0, "call {after}");
            if !failed {
                assert!(after > 5, "a mail takes more calls than {after}");
                break;
            }
        }
    }
    let ada = harness.sign_in(ADA).await;
    let all = ada.get(&format!("{OWN}?limit=100"), 200).await;
    let threads = all["data"].as_array().expect("threads").clone();
    for thread in threads {
        let place = format!("{OWN}/{}", text(&thread, "id"));
        let seen = ada.get(&place, 200).await;
        let mut texts: Vec<String> = seen["messages"]
            .as_array()
            .expect("messages")
            .iter()
            .map(|one| text(one, "text"))
            .collect();
        let count = texts.len();
        assert_eq!(seen["thread"]["message_count"], count);
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), count, "something was said twice");
    }
}

/// CALL-26: a message ends two years after it was written, a thread after its last one, and none
/// outlives the account.
#[tokio::test]
async fn support_is_kept_for_two_years_after_the_last_word_and_no_longer_than_the_account() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let asked = ada.post(OWN, json!({ "message": "First" }), 201).await;
    let place = format!("{OWN}/{}", text(&asked, "id"));
    harness.advance(DAY * 700);
    let ada = harness.sign_in(&ada.email).await;
    ada.post(
        &format!("{place}/messages"),
        json!({ "message": "Second" }),
        201,
    )
    .await;
    harness.advance(DAY * 29 + Duration::from_secs(24 * 60 * 60 - 1));
    let ada = harness.sign_in(&ada.email).await;
    assert_eq!(ada.get(&place, 200).await["messages"][0]["text"], "First");
    harness.advance(Duration::from_secs(2));
    let seen = ada.get(&place, 200).await;
    assert_eq!(seen["messages"][0]["text"], "Second");
    harness.advance(DAY * 700);
    let ada = harness.sign_in(&ada.email).await;
    ada.get(&place, 404).await;
    assert_eq!(ada.get(OWN, 200).await["data"], json!([]));
    harness.run_schedule("Sweep").await;
    harness.drain().await;
    assert_eq!(harness.items_with(&text(&asked, "id")).await, 0);
}

/// CALL-26, CALL-29: what was written is in the copy, and goes with the account, key and all.
#[tokio::test]
async fn what_an_account_wrote_is_in_its_copy_and_goes_with_it() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let ada = harness.sign_up(ADA).await;
    let gus = harness.sign_up(GUS).await;
    let asked = ada
        .post(OWN, json!({ "message": "A canary-question" }), 201)
        .await;
    let others = gus.post(OWN, json!({ "message": "Another" }), 201).await;
    let place = format!("{DESK}/{}/messages", text(&asked, "id"));
    operator
        .post(&place, json!({ "message": "A canary-answer" }), 201)
        .await;
    let export = ada.send(Method::POST, "/v1/account/exports", None).await;
    harness.run_schedule("Minute").await;
    let part = format!("/v1/account/exports/{}/parts/1", text(&export.body, "id"));
    let (whole, ..) = harness::files::follow(&ada, &part).await;
    let whole = String::from_utf8(whole).expect("text");
    for words in ["A canary-question", "A canary-answer"] {
        assert!(whole.contains(words), "{words} is not in the copy");
    }
    assert!(!whole.contains("Another"));

    ada.delete("/v1/account?when=now", 202).await;
    harness.run_schedule("Erasures").await;
    harness.advance(Duration::from_secs(60));
    harness.run_schedule("Erasures").await;
    harness.drain().await;
    assert_eq!(harness.items_with(&text(&asked, "id")).await, 0);
    assert_eq!(harness.items_with("SUPPORTED").await, 1);
    let left = operator.get(DESK, 200).await["data"].clone();
    assert_eq!(left[0]["id"], others["id"]);
    assert_eq!(left.as_array().map(Vec::len), Some(1));
}
