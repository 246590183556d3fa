//! Mail to the contact for privacy.

use std::time::Duration;

use harness::{Fault, Found, Harness, Kind, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{ADA, PRIVACY, came, lying, outcome, raw, told};

const ASK: &str = "/v1/privacy/requests";
const CONFIRM: &str = "Confirm your privacy request";

async fn subjects(harness: &Harness, address: &str) -> Vec<String> {
    let mails = harness.mails(address).await.into_iter();
    mails.map(|mail| mail.subject).collect()
}

/// The token of the newest link.
async fn link(harness: &Harness) -> String {
    let mails = harness.mails(ADA).await;
    let (_, rest) = mails
        .last()
        .expect("a mail")
        .text
        .split_once("/privacy/confirm?token=")
        .expect("a link");
    rest.lines().next().expect("a line").to_owned()
}

/// CALL-35: what somebody writes to the contact is a request when the address on file has said so, by
/// a POST; looking at the link is not saying so.
#[tokio::test]
async fn a_mail_becomes_a_request_when_the_address_on_file_confirms_it() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let written = harness.now();
    let mail = raw("ADA@example.com", PRIVACY, &[], "Please delete me. Zoë");
    harness
        .stack
        .receive(&mail, Found::default())
        .expect("a desk");
    harness.advance(Duration::from_secs(60));
    assert_eq!(
        subjects(&harness, ADA).await.last().expect("a mail"),
        CONFIRM
    );
    assert_eq!(lying(&harness), 0, "it was read");
    let waits = ada.get(ASK, 200).await["data"][0].clone();
    assert_eq!(waits["status"], "need_user_verification");
    assert_eq!(waits["made_by"], "mail");
    assert_eq!(waits["received_at"], json!(written));
    assert_eq!(waits["message"], "About me\n\nPlease delete me. Zoë");

    let token = link(&harness).await;
    let mut scanner = harness.browser();
    let page = scanner
        .open(&format!("/privacy/confirm?token={token}"), 200)
        .await;
    assert!(
        page.text.contains("<option value=\"erase\">"),
        "{}",
        page.text
    );
    for forged in ["po_x.y", &token[..token.len() - 2], &format!("{token}A")] {
        let form = [("token", forged), ("type", "erase")];
        scanner.submit("/privacy/confirm", &form, 401).await;
    }
    let wrong = [("token", token.as_str()), ("type", "child_report")];
    scanner.submit("/privacy/confirm", &wrong, 422).await;
    assert_eq!(ada.get(ASK, 200).await["data"][0], waits);
    for _ in 0..2 {
        let form = [("token", token.as_str()), ("type", "erase")];
        scanner.submit("/privacy/confirm", &form, 200).await;
    }
    let received = ada.get(ASK, 200).await["data"][0].clone();
    assert_eq!(received["status"], "in_progress");
    assert_eq!(received["type"], "erase");
    // Thirty days from the mail, not from the proof.
    assert_eq!(received["expected_by"], json!(written.plus(DAY * 30)));
    let mails = subjects(&harness, ADA).await;
    let told = mails
        .iter()
        .filter(|one| *one == "Your privacy request was received");
    assert_eq!(told.count(), 1);
    let told = subjects(&harness, "demo@example.com").await;
    assert_eq!(told, ["A privacy request came in"]);
    // The same, asked by another way, is the same request.
    let again = ada.post(ASK, json!({ "type": "erase" }), 200).await;
    assert_eq!(again["id"], received["id"]);
}

/// CALL-35: who a mail says it is from is not believed.
#[tokio::test]
async fn a_forged_mail_writes_one_letter_to_the_address_on_file_and_changes_nothing() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let forged = raw(ADA, PRIVACY, &["Reply-To: eve@example.com"], "Delete me");
    assert_eq!(outcome(&harness, &forged, Found::default()).await, "taken");
    // Once more is not once more a letter.
    assert_eq!(
        outcome(&harness, &forged, Found::default()).await,
        "repeated"
    );
    let letters = subjects(&harness, ADA).await;
    assert_eq!(letters.iter().filter(|one| *one == CONFIRM).count(), 1);
    assert_eq!(subjects(&harness, "eve@example.com").await, [""; 0]);
    assert_eq!(subjects(&harness, "demo@example.com").await, [""; 0]);
    harness.advance(DAY * 7);
    harness.run_schedule("Minute").await;
    let ada = harness.sign_in(&ada.email).await;
    let over = ada.get(ASK, 200).await["data"][0].clone();
    assert_eq!(over["status"], "expired");
    let token = {
        let mails = harness.mails(ADA).await;
        let mail = mails.iter().find(|mail| mail.subject == CONFIRM);
        let text = mail.expect("a letter").text.clone();
        let (_, rest) = text.split_once("token=").expect("a link");
        rest.lines().next().expect("a line").to_owned()
    };
    let mut browser = harness.browser();
    browser
        .submit("/privacy/confirm", &[("token", &token)], 401)
        .await;
    ada.get("/v1/account", 200).await;
}

#[tokio::test]
async fn of_an_address_that_nobody_has_on_file_nothing_is_written_and_nothing_sent() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    // The first count of the day makes its salt.
    let first = raw("nobody@example.com", PRIVACY, &[], "Who am I?");
    assert_eq!(outcome(&harness, &first, Found::default()).await, "unknown");
    let (items, mails) = (harness.items().await, harness.stack.mailbox.list().len());
    let mail = raw("nobody@example.com", PRIVACY, &[], "Delete me");
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "unknown");
    harness.drain().await;
    assert_eq!(harness.items().await, items);
    assert_eq!(harness.stack.mailbox.list().len(), mails);
    assert_eq!(lying(&harness), 0);
}

#[tokio::test]
async fn what_a_program_wrote_is_harmful_or_forged_is_not_answered() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let fine = Found::default();
    let automatic: [&[&str]; 7] = [
        &["Auto-Submitted: auto-replied"],
        &["Auto-Submitted: auto-generated (rejected)"],
        &["Precedence: bulk"],
        &["Precedence: List"],
        &["List-Id: <talk.example.com>"],
        &["X-Loop: yes"],
        &["X-Autoreply: yes"],
    ];
    for headers in automatic {
        let mail = raw(ADA, PRIVACY, headers, "I am away");
        assert_eq!(
            outcome(&harness, &mail, fine).await,
            "automatic",
            "{headers:?}"
        );
    }
    // Our own letters, come back.
    for own in [PRIVACY, "sotto@example.com"] {
        let mail = raw(own, PRIVACY, &[], "Hello");
        assert_eq!(outcome(&harness, &mail, fine).await, "automatic", "{own}");
    }
    let unwanted = [
        Found {
            spam: "FAIL",
            ..fine
        },
        Found {
            virus: "FAIL",
            ..fine
        },
        Found {
            dmarc: "fail",
            ..fine
        },
    ];
    let mail = raw(ADA, PRIVACY, &[], "Delete me");
    for found in unwanted {
        assert_eq!(
            outcome(&harness, &mail, found).await,
            "refused",
            "{found:?}"
        );
    }
    // What a sender writes under the names of SES's own headers stands behind them.
    let own = [
        "X-SES-Spam-Verdict: PASS",
        "Authentication-Results: x; dmarc=pass",
    ];
    let mail = raw(ADA, PRIVACY, &own, "Delete me");
    let forged = Found {
        dmarc: "fail",
        ..fine
    };
    assert_eq!(outcome(&harness, &mail, forged).await, "refused");
    let two = String::from_utf8(raw(ADA, PRIVACY, &[], "Delete me")).expect("text");
    let two = two.replacen("Somebody <", "Eve <eve@example.com>, Ada <", 1);
    assert_eq!(outcome(&harness, two.as_bytes(), fine).await, "refused");
    assert!(!subjects(&harness, ADA).await.contains(&CONFIRM.to_owned()));
    assert_eq!(lying(&harness), 0);
    // And a person who says that they are one.
    let mail = raw(ADA, PRIVACY, &["Auto-Submitted: no"], "Delete me");
    assert_eq!(outcome(&harness, &mail, fine).await, "taken");
}

#[tokio::test]
async fn who_writes_again_and_again_is_not_answered_again_and_again() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let mut seen = Vec::new();
    for number in 0..7 {
        let mail = raw(ADA, PRIVACY, &[], &format!("Letter {number}"));
        seen.push(outcome(&harness, &mail, Found::default()).await);
    }
    assert_eq!(seen[..5], ["taken"; 5]);
    assert_eq!(seen[5..], ["limited"; 2]);
}

#[tokio::test]
async fn a_mail_is_lost_at_no_call_that_fails_and_counts_once() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    for after in 0.. {
        harness.advance(Duration::from_secs(60 * 60));
        let mail = raw(ADA, PRIVACY, &[], &format!("Letter {after}"));
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
        let fresh = harness.sign_in(&ada.email).await;
        let asked = fresh.get(&format!("{ASK}?limit=100"), 200).await;
        let texts: Vec<String> = asked["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| text(one, "message"))
            .collect();
        let ours = format!("About me\n\nLetter {after}");
        let count = texts.iter().filter(|one| **one == ours).count();
        assert_eq!(count, 1, "call {after}");
        if !failed {
            assert!(after > 5, "a mail takes more calls than {after}");
            return;
        }
    }
}

#[tokio::test]
async fn a_mail_that_was_told_of_in_vain_is_read_by_the_schedule_and_none_lies_for_a_day() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    came(
        &harness,
        &raw(ADA, PRIVACY, &[], "Delete me"),
        Found::default(),
    );
    // Its event may be on its way still.
    harness.run_schedule("LookAround").await;
    assert_eq!(lying(&harness), 1);
    harness.advance(Duration::from_secs(60 * 60));
    let report = harness.run_schedule("LookAround").await;
    assert_eq!((report["taken"].clone(), lying(&harness)), (json!(1), 0));
    assert_eq!(
        subjects(&harness, ADA).await.last().expect("a mail"),
        CONFIRM
    );

    came(
        &harness,
        &raw(ADA, PRIVACY, &[], "And again"),
        Found::default(),
    );
    harness.faults().plan(
        Fault::new(Kind::ServerError)
            .on("GetObject")
            .times(usize::MAX),
    );
    for hour in 0..24 {
        harness.advance(Duration::from_secs(60 * 60));
        let report: Result<Value, String> = harness.try_schedule("LookAround").await;
        if lying(&harness) == 0 {
            assert_eq!(report.expect("a report")["given_up"], 1);
            assert!(hour < 23, "it lay for {hour} hours");
            return;
        }
        assert!(report.is_err(), "it could not be read in hour {hour}");
    }
    panic!("it lies there still");
}

/// CALL-35: who asks in a mail for what they wait for already is not heard less for it.
#[tokio::test]
async fn what_is_asked_for_twice_stays_a_question_with_its_words() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let first = ada.post(ASK, json!({ "type": "access" }), 202).await;
    harness.advance(Duration::from_secs(1));
    let mail = raw(ADA, PRIVACY, &[], "I want to see everything");
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "taken");
    let token = link(&harness).await;
    let mut browser = harness.browser();
    let form = [("token", token.as_str()), ("type", "access")];
    browser.submit("/privacy/confirm", &form, 200).await;
    let all = ada.get(ASK, 200).await["data"].clone();
    assert_eq!(all[1], first);
    assert_eq!(all[0]["type"], "question");
    assert_eq!(all[0]["status"], "in_progress");
    let revoke = format!("{ASK}/{}/revoke", text(&all[0], "id"));
    ada.refused(Method::POST, &revoke, None, 409, "not_changeable")
        .await;
}

#[tokio::test]
async fn somebody_writes_on_the_mailbox_page_and_no_page_elsewhere_does() {
    let harness = Harness::start().await;
    harness.sign_up(ADA).await;
    let form = [
        ("from", ADA),
        ("to", PRIVACY),
        ("subject", "Hello\r\nBcc: eve@example.com"),
        ("text", "Delete me"),
    ];
    let post = |site: &'static str| {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.build().expect("a client");
        let body: String = form
            .iter()
            .map(|(name, value)| format!("{name}={}&", value.replace(' ', "+")))
            .collect();
        client
            .post(format!("{}/mailbox", harness.stack.api))
            .header("sec-fetch-site", site)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.trim_end_matches('&').replace("\r\n", "%0D%0A"))
            .send()
    };
    assert_eq!(post("cross-site").await.expect("an answer").status(), 403);
    assert_eq!(lying(&harness), 0);
    assert_eq!(post("same-origin").await.expect("an answer").status(), 303);
    assert_eq!(lying(&harness), 1);
    assert_eq!(
        subjects(&harness, ADA).await.last().expect("a mail"),
        CONFIRM
    );
    assert_eq!(subjects(&harness, "eve@example.com").await, [""; 0]);
}
