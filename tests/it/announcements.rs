//! Announcements: whom each class reaches, once; the way out of mail; and changes of the policy.

mod changes;
mod command;
mod ledger;

use std::time::Duration;

use harness::{Answer, Client, Harness, Member};
use local::mail::Mail;
use reqwest::Method;
use serde_json::{Value, json};

/// Whom the embedded stack names.
pub const OPERATOR: &str = "demo@example.com";
/// Where announcements are made.
pub const ANNOUNCEMENTS: &str = "/v1/operator/announcements";

/// The operator, signed in with both factors.
pub async fn operator(harness: &Harness) -> Member {
    harness.sign_up(OPERATOR).await.enrol().await;
    again(harness, OPERATOR).await
}

/// Somebody signed in anew: tokens live ten minutes, codes of an authenticator are good once.
pub async fn again(harness: &Harness, email: &str) -> Member {
    harness.advance(Duration::from_secs(60));
    harness.sign_in(email).await
}

/// Lets the schedule go on until nothing is left to do, and the mails go out.
pub async fn carry_out(harness: &Harness) -> u64 {
    let mut letters = 0;
    for _ in 0..6 {
        let report = harness.run_schedule("jobs").await;
        letters += report["letters"].as_u64().expect("a count");
    }
    harness.drain().await;
    letters
}

/// The mails with this subject that somebody got.
pub async fn with_subject(harness: &Harness, email: &str, subject: &str) -> Vec<Mail> {
    let mut mails = harness.mails(email).await;
    mails.retain(|mail| mail.subject == subject);
    mails
}

/// An account that wants mail about offers, with a workspace of this profile.
async fn wanting(harness: &Harness, email: &str, profile: &str) -> Member {
    let member = harness.sign_up(email).await;
    member.workspace(profile).await;
    wish(&member, json!({ "marketing": true })).await;
    member
}

async fn wish(member: &Member, mails: Value) {
    let rev = member.get("/v1/account", 200).await["rev"].clone();
    let body = json!({ "preferences": { "mails": mails } });
    let client = member.with_header("if-match", &format!("\"{rev}\""));
    client.patch("/v1/account", body, 200).await;
}

fn offer(subject: &str) -> Value {
    json!({ "class": "marketing", "subject": subject, "text": "Hello,\n\nbuy two." })
}

/// The one-click link of a mail, as its header gives it.
fn way_out(mail: &Mail, harness: &Harness) -> String {
    let header = &mail.headers["List-Unsubscribe"];
    let url = header
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'));
    let path = url.and_then(|url| url.strip_prefix(harness.stack.api.as_str()));
    path.expect("a link to this API").to_owned()
}

/// What a mailbox program posts: no cookie, no origin, one word.
async fn one_click(client: &Client, path: &str, body: &str) -> Answer {
    let kind = "application/x-www-form-urlencoded";
    let client = client.with_header("content-type", kind);
    client
        .send_raw(Method::POST, path, body.as_bytes().to_vec())
        .await
}

/// FLOW-54: who objects, to whatever, gets no offers from that call on, before anybody decides.
#[tokio::test]
async fn an_offer_arrives_before_an_objection_and_none_after_it() {
    let harness = Harness::start().await;
    let ada = wanting(&harness, "ada@example.com", "flows").await;
    wanting(&harness, "bob@example.com", "flows").await;
    let operator = operator(&harness).await;
    operator.post(ANNOUNCEMENTS, offer("First"), 202).await;
    assert_eq!(carry_out(&harness).await, 2);
    let objects = json!({ "type": "object", "message": "Do not write to me" });
    let asked = ada.post("/v1/privacy/requests", objects, 202).await;
    assert_eq!(asked["processing_details"], "waiting_for_decision");
    operator.post(ANNOUNCEMENTS, offer("Second"), 202).await;
    assert_eq!(carry_out(&harness).await, 1, "Bob wants them still");
    let after = with_subject(&harness, "ada@example.com", "Second").await;
    assert!(after.is_empty(), "{after:?}");
    let account = ada.get("/v1/account", 200).await;
    assert_eq!(account["preferences"]["mails"]["marketing"], false);
}

/// FLOW-54, CALL-35: an objection that came by mail ends offers when the address on file confirms it, and a mail
/// that nobody confirms ends nothing.
#[tokio::test]
async fn an_offer_arrives_before_an_objection_by_mail_is_confirmed_and_none_after_it() {
    let harness = Harness::start().await;
    let ada = wanting(&harness, "ada@example.com", "flows").await;
    wanting(&harness, "bob@example.com", "flows").await;
    let operator = operator(&harness).await;
    let mail = "From: ada@example.com\r\nTo: privacy@example.com\r\nSubject: No\r\n\r\nDo not write to me\r\n";
    let found = harness::Found::default();
    let taken = harness.stack.receive(mail.as_bytes(), found);
    taken.expect("a desk");
    harness.advance(Duration::from_secs(60));
    operator.post(ANNOUNCEMENTS, offer("First"), 202).await;
    assert_eq!(carry_out(&harness).await, 2, "nobody has confirmed it");
    let mails = with_subject(&harness, "ada@example.com", "Confirm your privacy request").await;
    let (_, token) = mails[0].text.split_once("token=").expect("a link");
    let token = token.lines().next().expect("a line");
    let mut browser = harness.browser();
    for _ in 0..2 {
        let form = [("token", token), ("type", "object")];
        browser.submit("/privacy/confirm", &form, 200).await;
    }
    operator.post(ANNOUNCEMENTS, offer("Second"), 202).await;
    assert_eq!(carry_out(&harness).await, 1, "Bob wants them still");
    let after = with_subject(&harness, "ada@example.com", "Second").await;
    assert!(after.is_empty(), "{after:?}");
    let account = ada.get("/v1/account", 200).await;
    assert_eq!(account["preferences"]["mails"]["marketing"], false);
}

/// FLOW-52: a request to opt out ends offers with the call, and says so when it is written down.
#[tokio::test]
async fn an_offer_arrives_before_a_request_to_opt_out_and_none_after_it() {
    let harness = Harness::start().await;
    let ada = wanting(&harness, "ada@example.com", "flows").await;
    wanting(&harness, "bob@example.com", "flows").await;
    let operator = operator(&harness).await;
    operator.post(ANNOUNCEMENTS, offer("First"), 202).await;
    assert_eq!(carry_out(&harness).await, 2);
    // Written, but not yet sent.
    operator.post(ANNOUNCEMENTS, offer("Second"), 202).await;
    harness.run_schedule("jobs").await;
    let own = "/v1/privacy/requests";
    let asked = ada.post(own, json!({ "type": "opt_out" }), 202).await;
    assert_eq!(asked["processing_details"], "executing");
    carry_out(&harness).await;
    operator.post(ANNOUNCEMENTS, offer("Third"), 202).await;
    assert_eq!(carry_out(&harness).await, 1, "Bob wants them still");
    for subject in ["Second", "Third"] {
        let after = with_subject(&harness, "ada@example.com", subject).await;
        assert!(after.is_empty(), "{subject} came after the opt-out");
        let others = with_subject(&harness, "bob@example.com", subject).await;
        assert_eq!(others.len(), 1);
    }
    harness.run_schedule("minute").await;
    let place = format!("{own}/{}", harness::text(&asked, "id"));
    assert_eq!(ada.get(&place, 200).await["status"], "fulfilled");
    let account = ada.get("/v1/account", 200).await;
    assert_eq!(account["preferences"]["mails"]["marketing"], false);
    // Of the people it talks with, nobody gets an offer.
    let workspace = ada.workspace("inbox").await;
    let visitor = harness.visitor(&ada.app(&workspace).await).await;
    let asks = Some(json!({ "type": "opt_out" }));
    let path = "/v1/widget/privacy/requests";
    visitor
        .refused(Method::POST, path, asks, 422, "validation_failed")
        .await;
}

/// FLOW-52, FLOW-43: an offer reaches whoever asked for it; after one click none does, and opening
/// the link alone ends nothing.
#[tokio::test]
async fn an_offer_arrives_before_the_one_click_and_none_after_it() {
    let harness = Harness::start().await;
    let ada = wanting(&harness, "ada@example.com", "flows").await;
    wanting(&harness, "cara@example.com", "inbox").await;
    harness
        .sign_up("bob@example.com")
        .await
        .workspace("flows")
        .await;
    let operator = operator(&harness).await;
    operator.post(ANNOUNCEMENTS, offer("First"), 202).await;
    assert_eq!(carry_out(&harness).await, 1);
    let got = with_subject(&harness, "ada@example.com", "First").await;
    let [first] = got.as_slice() else {
        panic!("{} mails", got.len())
    };
    let post = &first.headers["List-Unsubscribe-Post"];
    assert_eq!(post, "List-Unsubscribe=One-Click");
    // Bob never asked, and Cara's workspace promised that there is no such mail.
    for email in ["bob@example.com", "cara@example.com"] {
        assert!(with_subject(&harness, email, "First").await.is_empty());
    }

    let path = way_out(first, &harness);
    assert!(first.text.contains(&path), "{}", first.text);
    let mut browser = harness.browser();
    for _ in 0..2 {
        let page = browser.open(&path, 200).await;
        assert!(page.text.contains("List-Unsubscribe"), "{}", page.text);
    }
    operator.post(ANNOUNCEMENTS, offer("Second"), 202).await;
    carry_out(&harness).await;
    let second = with_subject(&harness, "ada@example.com", "Second").await;
    assert_eq!(second.len(), 1, "opening the link ended the mail");

    // Written, but not yet sent: the opt-out holds for it too.
    operator.post(ANNOUNCEMENTS, offer("Third"), 202).await;
    for _ in 0..6 {
        harness.run_schedule("jobs").await;
    }
    let anonymous = harness.anonymous();
    for _ in 0..2 {
        let answer = one_click(&anonymous, &path, "List-Unsubscribe=One-Click").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(carry_out(&harness).await, 0);
    operator.post(ANNOUNCEMENTS, offer("Fourth"), 202).await;
    assert_eq!(carry_out(&harness).await, 0);
    for subject in ["Third", "Fourth"] {
        let after = with_subject(&harness, "ada@example.com", subject).await;
        assert!(after.is_empty(), "{subject} came after the opt-out");
    }
    let account = ada.get("/v1/account", 200).await;
    let mails = &account["preferences"]["mails"];
    assert_eq!(
        (&mails["marketing"], &mails["service"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn a_way_out_takes_our_token_and_the_word_of_one_click_and_nothing_else() {
    let harness = Harness::start().await;
    wanting(&harness, "ada@example.com", "flows").await;
    let operator = operator(&harness).await;
    operator.post(ANNOUNCEMENTS, offer("First"), 202).await;
    carry_out(&harness).await;
    let mails = with_subject(&harness, "ada@example.com", "First").await;
    let path = way_out(&mails[0], &harness);
    let items = harness.items().await;
    let anonymous = harness.anonymous();
    let altered = path.replace("token=un_", "token=un_A");
    for (path, body, status) in [
        (path.as_str(), "", 422),
        (&path, "List-Unsubscribe=No", 422),
        (&altered, "List-Unsubscribe=One-Click", 404),
        ("/unsubscribe?token=un_x", "List-Unsubscribe=One-Click", 404),
        ("/unsubscribe?token=", "List-Unsubscribe=One-Click", 404),
        ("/unsubscribe", "List-Unsubscribe=One-Click", 422),
    ] {
        let answer = one_click(&anonymous, path, body).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
    }
    let mut browser = harness.browser();
    browser.open("/unsubscribe?token=un_x", 404).await;
    assert_eq!(
        harness.items().await,
        items,
        "a refused way out changed something"
    );
    // Mailbox programs may send the other kind of form (RFC 8058, 3.1).
    let body = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let kind = "multipart/form-data; boundary=x";
    let client = anonymous.with_header("content-type", kind);
    let answer = client.send_raw(Method::POST, &path, body.into()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// FLOW-18: news of the service reach everybody with an account, until they refuse them.
#[tokio::test]
async fn news_of_the_service_reach_every_account_but_those_that_refused_them() {
    let harness = Harness::start().await;
    for email in ["ada@example.com", "bob@example.com", "cara@example.com"] {
        harness.sign_up(email).await;
    }
    let bob = harness.sign_in("bob@example.com").await;
    wish(&bob, json!({ "service": false })).await;
    let cara = harness.sign_in("cara@example.com").await;
    let workspace = cara.workspace("inbox").await;
    let operator = operator(&harness).await;
    let news = json!({ "class": "service", "subject": "News", "text": "A new button." });
    let made = operator.post(ANNOUNCEMENTS, news.clone(), 202).await;
    // Ada, Cara and the operator.
    assert_eq!(carry_out(&harness).await, 3);
    let place = format!("{ANNOUNCEMENTS}/{}", made["id"].as_str().expect("an id"));
    let done = operator.get(&place, 200).await;
    assert_eq!(
        (&done["state"], &done["letters"]),
        (&json!("done"), &json!(3))
    );
    assert_eq!(done["looked_at"], 4);
    for (email, count) in [
        ("ada@example.com", 1),
        ("bob@example.com", 0),
        ("cara@example.com", 1),
    ] {
        assert_eq!(
            with_subject(&harness, email, "News").await.len(),
            count,
            "{email}"
        );
    }
    let mut only = news;
    only["subject"] = "Only there".into();
    only["workspaces"] = json!([workspace.id]);
    operator.post(ANNOUNCEMENTS, only, 202).await;
    assert_eq!(carry_out(&harness).await, 1);
    assert_eq!(
        with_subject(&harness, "cara@example.com", "Only there")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn a_rehearsal_counts_and_writes_to_nobody() {
    let harness = Harness::start().await;
    harness.sign_up("ada@example.com").await;
    let operator = operator(&harness).await;
    let body =
        json!({ "class": "service", "subject": "News", "text": "Hello.", "mode": "rehearse" });
    let made = operator.post(ANNOUNCEMENTS, body, 202).await;
    assert_eq!(carry_out(&harness).await, 0);
    let place = format!("{ANNOUNCEMENTS}/{}", made["id"].as_str().expect("an id"));
    let done = operator.get(&place, 200).await;
    assert_eq!(
        (&done["state"], &done["letters"]),
        (&json!("done"), &json!(2))
    );
    assert!(
        with_subject(&harness, "ada@example.com", "News")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn only_the_operator_with_a_fresh_proof_announces_and_a_wrong_announcement_is_none() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    owner
        .refused(
            Method::POST,
            ANNOUNCEMENTS,
            Some(offer("Mine")),
            403,
            "forbidden",
        )
        .await;
    let operator = operator(&harness).await;
    let unknown = format!("{ANNOUNCEMENTS}/ann_01kf0a1b2c3d4e5f6g7h8j9k0m");
    owner
        .refused(Method::GET, &unknown, None, 403, "forbidden")
        .await;
    operator
        .refused(Method::GET, &unknown, None, 404, "not_found")
        .await;
    let with = |more: Value| {
        let mut body = offer("Wrong");
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("more").clone());
        body
    };
    for (more, pointer) in [
        (json!({ "class": "news" }), "#/class"),
        (
            json!({ "subject": "Two\r\nBcc: eve@example.com" }),
            "#/subject",
        ),
        (json!({ "text": "" }), "#/text"),
        (json!({ "version": "2026-11-22" }), "#/version"),
        (
            json!({ "effective_at": "2027-01-01T00:00:00Z" }),
            "#/effective_at",
        ),
        (json!({ "class": "material_change" }), "#/version"),
        (
            json!({ "class": "material_change", "version": "1999-01-01" }),
            "#/version",
        ),
        (
            json!({ "workspaces": vec!["ws_01kf0a1b2c3d4e5f6g7h8j9k0m"; 101] }),
            "#/workspaces",
        ),
    ] {
        let body = Some(with(more.clone()));
        let code = "validation_failed";
        let problem = operator
            .refused(Method::POST, ANNOUNCEMENTS, body, 422, code)
            .await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{more}");
    }
    assert_eq!(carry_out(&harness).await, 0);
    harness.advance(Duration::from_secs(9 * 60 + 30));
    let tired = operator.refresh().await;
    harness.advance(Duration::from_secs(60));
    let body = Some(offer("Late"));
    tired
        .refused(Method::POST, ANNOUNCEMENTS, body, 403, "step_up_required")
        .await;
}
