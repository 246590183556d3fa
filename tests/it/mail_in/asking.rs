//! Questions of people without an account: acknowledged in our own words, and answered where somebody has
//! said that they read.

use harness::{Client, Found, Harness, Member, text};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, came, outcome, raw, told};

const SUPPORT: &str = "support@example.com";
const OPERATOR: &str = "demo@example.com";
const GUS: &str = "gus@example.com";
const ASK: &str = "/v1/support";
const DESK: &str = "/v1/operator/support";
const ARRIVED: &str = "What you wrote to support has arrived";
const ANSWER: &str = "An answer from support";

async fn operator(harness: &Harness) -> Member {
    let operator = harness.sign_up(OPERATOR).await;
    operator.enrol().await;
    harness.advance(std::time::Duration::from_secs(60));
    harness.sign_in(OPERATOR).await
}

async fn ask(client: &Client, email: &str, message: &str) {
    let body = json!({ "email": email, "message": message });
    let answer = client.send(Method::POST, ASK, Some(body)).await;
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
}

/// The only thread there is, as the operator sees it.
async fn only(operator: &Member) -> Value {
    let all = operator.get(DESK, 200).await["data"].clone();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    all[0].clone()
}

async fn subjects(harness: &Harness, address: &str) -> Vec<String> {
    let mails = harness.mails(address).await;
    mails.into_iter().map(|mail| mail.subject).collect()
}

/// The link of the newest mail to an address.
async fn link(harness: &Harness, address: &str) -> String {
    let mails = harness.mails(address).await;
    let text = &mails.last().expect("a mail").text;
    let line = text.lines().find(|line| line.contains("/support/confirm?"));
    let line = line.expect("a link");
    line.split("token=").nth(1).expect("a token").to_owned()
}

fn unproved() -> Found {
    Found {
        dmarc: "none",
        ..Found::default()
    }
}

/// CALL-24: whoever has no account asks as well, and nothing but an acknowledgement goes to an address
/// that nobody has proved.
#[tokio::test]
async fn a_question_without_an_account_is_answered_where_somebody_says_that_they_read() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    ask(&harness.anonymous(), GUS, "A canary-question").await;
    // The same words are the same question.
    ask(&harness.anonymous(), "Gus@example.com", "A canary-question").await;
    let thread = only(&operator).await;
    assert_eq!(thread["address"], "unproved");
    assert_eq!(thread["account_id"], Value::Null);
    let mails = harness.mails(GUS).await;
    assert_eq!(mails.len(), 1);
    // Our own words: whoever types somebody's address sends them nothing.
    assert_eq!(mails[0].subject, ARRIVED);
    assert!(!mails[0].text.contains("canary"), "{}", mails[0].text);
    assert_eq!(mails[0].headers["Auto-Submitted"], "auto-replied");
    let told = harness.mails(OPERATOR).await;
    let told = told.last().expect("a mail");
    assert!(told.text.contains("A canary-question"));
    assert_eq!(told.headers["Auto-Submitted"], "auto-generated");

    let place = format!("{DESK}/{}", text(&thread, "id"));
    let say = format!("{place}/messages");
    operator
        .post(&say, json!({ "message": "Like so." }), 201)
        .await;
    assert_eq!(subjects(&harness, GUS).await, [ARRIVED]);
    let token = link(&harness, GUS).await;
    let page = format!("/support/confirm?token={token}");
    let mut browser = harness.browser();
    browser.open(&page, 200).await;
    assert_eq!(
        subjects(&harness, GUS).await,
        [ARRIVED],
        "looking is not saying so"
    );
    for _ in 0..2 {
        browser
            .submit("/support/confirm", &[("token", &token)], 200)
            .await;
        assert_eq!(subjects(&harness, GUS).await, [ARRIVED, ANSWER]);
    }
    operator
        .post(&say, json!({ "message": "And so." }), 201)
        .await;
    let mails = harness.mails(GUS).await;
    assert_eq!(mails.len(), 3);
    assert!(mails[1].text.contains("Like so.") && mails[2].text.contains("And so."));
    // What a person wrote says nothing of a program, so that programs of theirs take it in.
    assert!(!mails[2].headers.contains_key("Auto-Submitted"));
    assert_eq!(only(&operator).await["address"], "proved");
    // What is no token of ours, or whose thread is gone, proves nothing.
    operator.delete(&place, 204).await;
    for token in [token.as_str(), "", "aaaa", &"a".repeat(42)] {
        browser
            .submit("/support/confirm", &[("token", token)], 401)
            .await;
    }
}

/// The address of a thread is proved by whoever answers the acknowledgement from there, and by nobody else.
#[tokio::test]
async fn who_answers_the_acknowledgement_reads_at_the_address() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    ask(&harness.anonymous(), GUS, "Hello").await;
    let to = harness.mails(GUS).await[0].headers["Reply-To"].clone();
    let forged = raw("eve@example.com", &to, &[], "I am Gus");
    assert_eq!(outcome(&harness, &forged, unproved()).await, "strangers");
    assert_eq!(only(&operator).await["address"], "unproved");
    let reply = raw(GUS, &to, &[], "It was me.");
    assert_eq!(outcome(&harness, &reply, unproved()).await, "taken");
    let thread = only(&operator).await;
    assert_eq!(
        (&thread["address"], &thread["message_count"]),
        (&json!("proved"), &json!(2))
    );
    let say = format!("{DESK}/{}/messages", text(&thread, "id"));
    operator
        .post(&say, json!({ "message": "Welcome." }), 201)
        .await;
    assert_eq!(subjects(&harness, GUS).await, [ARRIVED, ANSWER]);
}

/// A forged sender makes us write to somebody who never asked: a line of ours, three times an hour at most.
#[tokio::test]
async fn a_mail_that_nobody_stands_by_brings_its_victim_little() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    for number in 0..5 {
        let mail = raw(GUS, SUPPORT, &[], &format!("A canary-bait {number}"));
        let expected = if number < 3 { "taken" } else { "limited" };
        assert_eq!(
            outcome(&harness, &mail, unproved()).await,
            expected,
            "{number}"
        );
    }
    let mails = harness.mails(GUS).await;
    assert_eq!(mails.len(), 3);
    assert!(mails.iter().all(|mail| !mail.text.contains("canary")));
    let all = operator.get(DESK, 200).await["data"].clone();
    let all = all.as_array().expect("threads");
    assert!(all.iter().all(|thread| thread["address"] == "unproved"));
    // By the API it is the same limit.
    let body = Some(json!({ "email": GUS, "message": "Once more" }));
    let anonymous = harness.anonymous();
    anonymous
        .refused(Method::POST, ASK, body, 429, "rate_limited")
        .await;
}

/// RFC 3834: what a program wrote is not answered, and what we write by ourselves says so.
#[tokio::test]
async fn two_programs_do_not_talk_for_ever() {
    let harness = Harness::start().await;
    operator(&harness).await;
    let ours = raw(GUS, SUPPORT, &[], "Hello");
    assert_eq!(outcome(&harness, &ours, Found::default()).await, "taken");
    let mails = harness.mails(GUS).await;
    assert_eq!(mails.len(), 1);
    // The acknowledgement comes back as their program's, and as ours would.
    let to = &mails[0].headers["Reply-To"];
    for word in [
        mails[0].headers["Auto-Submitted"].as_str(),
        "auto-generated",
    ] {
        for to in [SUPPORT, to] {
            let answer = raw(GUS, to, &[&format!("Auto-Submitted: {word}")], "I am away");
            assert_eq!(
                outcome(&harness, &answer, Found::default()).await,
                "automatic"
            );
        }
    }
    assert_eq!(harness.mails(GUS).await.len(), 1);
}

/// The same mail, told of twice or delivered twice, is one message: in a new thread, in one that goes on,
/// and to the desk for privacy.
#[tokio::test]
async fn a_mail_that_comes_twice_counts_once() {
    let harness = Harness::start().await;
    let operator = operator(&harness).await;
    let named = |id: &str| [format!("Message-ID: <{id}@mail.example.com>")];
    let header = named("one");
    let first = raw(GUS, SUPPORT, &[&header[0]], "Hello");
    assert_eq!(outcome(&harness, &first, Found::default()).await, "taken");
    harness.advance(std::time::Duration::from_secs(60));
    // Another copy, by another way.
    let event = came(&harness, &first, Found::default());
    for repeated in [1, 0] {
        let counts = told(&harness, &event).await.expect("heard");
        assert_eq!(
            (&counts["taken"], &counts["repeated"]),
            (&json!(0), &json!(repeated))
        );
    }
    let thread = only(&operator).await;
    assert_eq!(harness.mails(GUS).await.len(), 1);
    let to = harness.mails(GUS).await[0].headers["Reply-To"].clone();
    let header = named("two");
    let reply = raw(GUS, &to, &[&header[0]], "And another thing");
    for expected in ["taken", "repeated"] {
        assert_eq!(outcome(&harness, &reply, Found::default()).await, expected);
        harness.advance(std::time::Duration::from_secs(60));
    }
    assert_eq!(only(&operator).await["message_count"], 2);
    // A name is its sender's: who takes another's loses nobody's mail.
    let taken = raw("eve@example.com", SUPPORT, &[&named("three")[0]], "Hello");
    assert_eq!(outcome(&harness, &taken, Found::default()).await, "taken");
    let mine = raw(GUS, SUPPORT, &[&named("three")[0]], "Hello again");
    assert_eq!(outcome(&harness, &mine, Found::default()).await, "taken");
    assert_ne!(text(&thread, "id"), "");

    harness.sign_up(ADA).await;
    let asks = raw(
        ADA,
        super::PRIVACY,
        &[&named("four")[0]],
        "What do you know?",
    );
    for expected in ["taken", "repeated"] {
        assert_eq!(outcome(&harness, &asks, Found::default()).await, expected);
        harness.advance(std::time::Duration::from_secs(60));
    }
}

#[tokio::test]
async fn an_address_goes_with_a_question_without_a_token_and_only_then() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let anonymous = harness.anonymous();
    let body = Some(json!({ "message": "Hello" }));
    anonymous
        .refused(Method::POST, ASK, body, 422, "validation_failed")
        .await;
    for email in ["gus", "", "gus@example.com\r\nBcc: eve@example.com"] {
        let body = json!({ "message": "Hello", "email": email });
        let answer = anonymous.send(Method::POST, ASK, Some(body)).await;
        assert!(matches!(answer.status, 400 | 422), "{}", answer.text);
    }
    let body = Some(json!({ "message": "Hello", "email": GUS }));
    ada.refused(Method::POST, ASK, body.clone(), 422, "validation_failed")
        .await;
    let bad = anonymous.with_token("a.b.c");
    bad.refused(Method::POST, ASK, body, 401, "token_invalid")
        .await;
    assert_eq!(harness.mails(GUS).await.len(), 0);
}
