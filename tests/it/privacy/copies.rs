//! What answers who wants to see or take along what is kept: a copy, behind a link that counts.

use std::time::Duration;

use harness::{Answer, Browser, Fault, Harness, Kind, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{ASK, GRACE, World};

const OWN: &str = "/v1/privacy/requests";
const DONE: &str = "Your privacy request is done";
const ADA: &str = "ada@example.com";

/// Long enough that whoever waits looks again.
async fn minutes(harness: &Harness, count: u32) {
    for _ in 0..count {
        harness.run_schedule("minute").await;
        harness.advance(Duration::from_secs(61));
    }
}

/// Where the newest mail to an address leads.
async fn leads(harness: &Harness, address: &str) -> String {
    let mails = harness.mails(address).await;
    let text = &mails.last().expect("a mail").text;
    let at = text.find("/privacy/copy").expect("a link");
    text[at..].lines().next().expect("a line").to_owned()
}

/// The file that a page links to.
async fn opened(page: &Answer) -> String {
    let at = page.text.find("<a href=\"http").expect("a link") + "<a href=\"".len();
    let link = page.text[at..].split('"').next().expect("an end");
    let link = link.replace("&amp;", "&");
    let client = reqwest::Client::builder().no_proxy().build();
    let file = client.expect("a client").get(link).send().await;
    let file = file.expect("answered");
    assert_eq!(file.status().as_u16(), 200);
    file.text().await.expect("text")
}

/// A part, fetched on the page.
async fn part(browser: &mut Browser, whose: (&str, &str), part: &str, status: u16) -> Answer {
    let (token, export) = whose;
    let mut fields = vec![("export", export), ("part", part)];
    if !token.is_empty() {
        fields.push(("token", token));
    }
    browser.submit("/privacy/copy", &fields, status).await
}

impl World {
    /// The visitor confirms with the newest link.
    async fn prove(&self) {
        let token = self.link(GRACE).await;
        let mut browser = self.harness.browser();
        browser
            .submit("/privacy/confirm", &[("token", &token)], 200)
            .await;
    }

    /// How the visitor sees a request.
    async fn own(&self, request: &Value) -> Value {
        let place = format!("{ASK}/{}", text(request, "id"));
        self.visitor.get(&place, 200).await
    }

    async fn told(&self) -> usize {
        let mails = self.subjects(GRACE).await;
        mails.iter().filter(|mail| *mail == DONE).count()
    }
}

/// CALL-29, CALL-32, FLOW-51: who has proved who they are gets a copy of their own data without anybody's
/// decision, by a link that counts and ends.
#[tokio::test]
async fn a_copy_for_somebody_proved_is_made_at_once_and_lies_behind_a_link_that_counts() {
    let world = World::known().await;
    world.visitor.start("canary-own").await;
    let neighbour = world.harness.visitor(&world.app).await;
    neighbour.start("canary-neighbour").await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "access" }), 202)
        .await;
    assert_eq!(asked["status"], "need_user_verification");
    assert_eq!(asked["export_id"], Value::Null);
    minutes(&world.harness, 2).await;
    assert_eq!(
        world.own(&asked).await["export_id"],
        Value::Null,
        "unproved"
    );

    world.prove().await;
    let seen = world.own(&asked).await;
    assert_eq!(seen["processing_details"], "executing");
    let export = text(&seen, "export_id");
    assert_eq!(world.told().await, 0, "it is not there yet");
    minutes(&world.harness, 3).await;
    assert_eq!(world.own(&asked).await["status"], "fulfilled");
    assert_eq!(world.told().await, 1);

    let link = leads(&world.harness, GRACE).await;
    let token = link.split("token=").nth(1).expect("a token").to_owned();
    let mut browser = world.harness.browser();
    // A scanner of mail uses nothing up.
    for _ in 0..12 {
        browser.open(&link, 200).await;
    }
    for forged in [
        "cp_x.y".to_owned(),
        format!("{token}A"),
        token.replace("cp_", "pr_"),
    ] {
        browser
            .open(&format!("/privacy/copy?token={forged}"), 401)
            .await;
        part(&mut browser, (&forged, &export), "1", 401).await;
    }
    for time in 0..10 {
        let page = part(&mut browser, (&token, &export), "1", 200).await;
        if time == 0 {
            let file = opened(&page).await;
            assert!(
                file.contains("canary-own") && file.contains(GRACE),
                "{file}"
            );
            assert!(!file.contains("canary-neighbour"), "somebody else's");
        }
    }
    part(&mut browser, (&token, &export), "1", 410).await;
    part(&mut browser, (&token, &export), "9", 404).await;
    let manifest = part(&mut browser, (&token, &export), "0", 200).await;
    assert!(opened(&manifest).await.contains("\"left_out\""));
    world.harness.advance(DAY * 7);
    browser.open(&link, 401).await;
}

/// CHAT-21: of whom nothing is on file the workspace decides, and its yes is done when the copy is there.
#[tokio::test]
async fn a_copy_for_somebody_unknown_waits_for_a_decision_and_then_for_the_archive() {
    let world = World::new().await;
    world.visitor.start("canary-own").await;
    let asks = json!({ "type": "export", "reply_to": GRACE });
    let asked = world.visitor.post(ASK, asks, 202).await;
    assert_eq!(asked["processing_details"], "waiting_for_decision");
    minutes(&world.harness, 2).await;
    assert_eq!(world.own(&asked).await["export_id"], Value::Null);
    let yes = json!({ "decision": "fulfil" });
    let decided = world.decide(&asked, yes.clone()).await;
    assert_eq!(decided["processing_details"], "executing");
    world.is_refused(&asked, yes, 409, "not_changeable").await;
    let revoke = format!("{ASK}/{}/revoke", text(&asked, "id"));
    world
        .visitor
        .refused(Method::POST, &revoke, None, 409, "not_changeable")
        .await;
    assert_eq!(world.told().await, 0);
    minutes(&world.harness, 3).await;
    let seen = world.own(&asked).await;
    assert_eq!(seen["status"], "fulfilled");
    assert_eq!(world.told().await, 1);
    // The session that asked may fetch what it was given, though the app vouches for nobody.
    let export = format!("/v1/widget/exports/{}", text(&seen, "export_id"));
    assert_eq!(world.visitor.get(&export, 200).await["state"], "done");
    let file = world
        .visitor
        .send(Method::GET, &format!("{export}/parts/1"), None)
        .await;
    assert_eq!(file.status, 302, "{}", file.text);
    let neighbour = world.harness.visitor(&world.app).await;
    neighbour
        .refused(Method::GET, &export, None, 404, "not_found")
        .await;
    let owner = world.owner.refresh().await;
    let log = owner.get(&world.place("audit"), 200).await["data"].to_string();
    for deed in ["export_made", "export_fetched", "request_answered"] {
        assert!(log.contains(deed), "{deed}: {log}");
    }
}

#[tokio::test]
async fn a_copy_that_fails_is_tried_again_and_one_that_is_lost_begun_anew() {
    let world = World::known().await;
    world.visitor.start("canary-own").await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "export" }), 202)
        .await;
    world.prove().await;
    let first = text(&world.own(&asked).await, "export_id");
    for kind in [Kind::ServerError, Kind::TimeoutAfter] {
        let fault = Fault::new(kind).after(3).times(3);
        world.harness.faults().plan(fault);
        let _ = world.harness.try_schedule("minute").await;
        world.harness.faults().reset();
        assert_eq!(world.told().await, 0, "told of what is not there");
    }
    // Whoever holds the table takes the copy away before anybody has looked.
    let place = format!("EXPORT#{}#{first}", world.workspace.id);
    for item in world.harness.items_under(&place).await {
        world.harness.steal(&item).await;
    }
    world.harness.advance(Duration::from_secs(61));
    minutes(&world.harness, 4).await;
    let seen = world.own(&asked).await;
    assert_ne!(text(&seen, "export_id"), first);
    assert_eq!(seen["status"], "fulfilled");
    assert_eq!(world.told().await, 1);
    let link = leads(&world.harness, GRACE).await;
    world.harness.browser().open(&link, 200).await;
}

#[tokio::test]
async fn whoever_is_erased_while_their_copy_is_made_is_told_that_nothing_is_kept() {
    let world = World::known().await;
    world.visitor.start("canary-own").await;
    let asked = world
        .visitor
        .post(ASK, json!({ "type": "access" }), 202)
        .await;
    world.prove().await;
    let contact = world.place(&format!("contacts/{}", world.visitor.contact_id));
    world.owner.delete(&contact, 202).await;
    minutes(&world.harness, 4).await;
    let seen = world.seen(&asked).await;
    assert_eq!(seen["status"], "denied", "{seen}");
    assert_eq!(seen["reason"], "no_match");
    assert_eq!(world.told().await, 0);
    let place = format!("EXPORT#{}", world.workspace.id);
    let left = world.harness.items().await;
    assert!(
        !left.iter().any(|item| item.contains(&place)),
        "a copy is left"
    );
}

/// CALL-29, FLOW-48: the holder of an account needs nobody's decision, and the page asks for more than
/// a mail.
#[tokio::test]
async fn a_copy_of_an_account_is_made_at_once_and_fetched_by_whoever_proves_to_be_its_holder() {
    let harness = Harness::start().await;
    let ada = harness.sign_up(ADA).await;
    let asked = ada.post(OWN, json!({ "type": "access" }), 202).await;
    assert_eq!(asked["processing_details"], "executing");
    let export = text(&asked, "export_id");
    assert!(
        harness.mails("demo@example.com").await.is_empty(),
        "not theirs to answer"
    );
    minutes(&harness, 3).await;
    let own = format!("{OWN}/{}", text(&asked, "id"));
    assert_eq!(ada.get(&own, 200).await["status"], "fulfilled");
    let link = leads(&harness, ADA).await;
    assert_eq!(link, "/privacy/copy");

    let mut nobody = harness.browser();
    let answer = nobody.open(&link, 303).await;
    assert_eq!(answer.header("location"), "/sign-in");
    part(&mut nobody, ("", &export), "0", 303).await;
    let mut browser = crate::pages::signed_in(&harness, "/sign-in", ADA).await;
    let page = browser.open(&link, 200).await;
    assert!(page.text.contains(&export), "{}", page.text);
    let page = part(&mut browser, ("", &export), "1", 200).await;
    assert!(opened(&page).await.contains(ADA));
    let mut eve = crate::pages::signed_in(&harness, "/sign-up", "eve@example.com").await;
    let page = eve.open(&link, 200).await;
    assert!(!page.text.contains(&export), "somebody else's copy");
    part(&mut eve, ("", &export), "1", 404).await;

    harness.advance(Duration::from_secs(11 * 60));
    let answer = browser.open(&link, 303).await;
    assert_eq!(answer.header("location"), "/account?page=prove&next=copy");
    part(&mut browser, ("", &export), "1", 303).await;
}
