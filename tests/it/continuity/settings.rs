//! Who may say no to mail about conversations: the workspace, the app, the team, the visitor; and where
//! mail did not arrive.

use super::*;

use harness::{Fault, Kind};
use reqwest::Method;

#[tokio::test]
async fn a_workspace_mails_the_messages_or_that_there_are_some_or_nothing() {
    let world = World::new().await;
    let path = world.workspace.path.clone();
    let set = async |word: &str| {
        let owner = world.owner().await;
        let seen = owner.send(Method::GET, &path, None).await;
        let owner = owner.with_header("if-match", seen.header("etag"));
        let body = json!({ "visitor_mail": word });
        owner.patch(&path, body, 200).await["visitor_mail"].clone()
    };
    assert_eq!(
        world.owner().await.get(&path, 200).await["visitor_mail"],
        "messages"
    );
    assert_eq!(set("notice").await, "notice");
    world.answer("One").await;
    assert_eq!(world.wait(10).await, 1);
    let mails = world.mails().await;
    assert_eq!(said(&mails[0]), Vec::<&str>::new());
    assert!(
        mails[0].text.contains("a new message from"),
        "{}",
        mails[0].text
    );
    world.answer("Two").await;
    assert_eq!(set("off").await, "off");
    assert_eq!(world.wait(15).await, 0, "it holds for what waits already");
    world.answer("Three").await;
    assert_eq!(world.wait(15).await, 0);
    assert_eq!(world.mails().await.len(), 1);
    let owner = world.owner().await;
    let body = Some(json!({ "visitor_mail": "always" }));
    let answer = owner.send(Method::PATCH, &path, body).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
}

#[tokio::test]
async fn an_app_that_does_not_mail_and_a_contact_that_was_blocked_or_whose_address_nobody_proved_get_none()
 {
    let world = World::new().await;
    // Blocked.
    world.answer("One").await;
    let block = format!("{}/block", world.contact());
    world.owner().await.put(&block, json!({}), 200).await;
    assert_eq!(world.wait(10).await, 0);
    let owner = world.owner().await;
    owner.delete(&block, 200).await;
    // The team wrote another address down: nobody has proved that one.
    let seen = owner.get(&world.contact(), 200).await;
    assert_eq!(seen["email_proof"], "signed");
    let changed = json!({ "email": "eve@example.com" });
    let seen = owner.patch(&world.contact(), changed, 200).await;
    assert_eq!(seen["email_proof"], Value::Null);
    world.answer("Two").await;
    assert_eq!(world.wait(11).await, 0);
    assert_eq!(world.harness.mails("eve@example.com").await.len(), 0);
    // The app.
    let visitor = signed(&world.harness, &world.workspace, &world.app, GRACE).await;
    let owner = world.owner().await;
    let apps = owner
        .get(&format!("{}/apps", world.workspace.path), 200)
        .await;
    let app = format!(
        "{}/apps/{}",
        world.workspace.path,
        text(&apps["data"][0], "id")
    );
    assert_eq!(apps["data"][0]["mails_offline"], true);
    let quiet = json!({ "mails_offline": false });
    assert_eq!(owner.patch(&app, quiet, 200).await["mails_offline"], false);
    drop(visitor);
    let visitor = signed(&world.harness, &world.workspace, &world.app, GRACE).await;
    let conversation = visitor.start("And another thing").await;
    let world = World {
        conversation,
        visitor,
        ..world
    };
    world.answer("Three").await;
    assert_eq!(world.wait(11).await, 0);
    assert_eq!(world.mails().await.len(), 0);
}

#[tokio::test]
async fn one_click_ends_mail_about_conversations_and_opening_the_page_does_not() {
    let world = World::new().await;
    world.answer("One").await;
    assert_eq!(world.wait(10).await, 1);
    let mails = world.mails().await;
    let link = header(&mails[0], "List-Unsubscribe").trim_matches(['<', '>']);
    assert!(mails[0].text.contains(link));
    let (_, path) = link.split_once("/unsubscribe").expect("our page");
    let path = format!("/unsubscribe{path}");
    let nobody = world.harness.anonymous();
    let page = nobody.send(Method::GET, &path, None).await;
    assert_eq!(page.status, 200, "{}", page.text);
    world.answer("Two").await;
    assert_eq!(world.wait(15).await, 1, "a look ends nothing");
    world.answer("Three").await;
    for _ in 0..2 {
        let form = b"List-Unsubscribe=One-Click".to_vec();
        let posted = nobody
            .with_header("content-type", "application/x-www-form-urlencoded")
            .send_raw(Method::POST, &path, form)
            .await;
        assert_eq!(posted.status, 200, "{}", posted.text);
    }
    assert_eq!(world.wait(15).await, 0, "it holds for what waits already");
    world.answer("Four").await;
    assert_eq!(world.wait(15).await, 0);
    assert_eq!(world.mails().await.len(), 2);
    let owner = world.owner().await;
    let seen = owner.get(&world.contact(), 200).await;
    assert!(seen["mail_refused_at"].is_string(), "{seen}");
    for token in ["ur_", "ur_AAAA", &path[path.len() - 40..]] {
        let forged = format!("/unsubscribe?token={token}");
        let answer = nobody.send(Method::GET, &forged, None).await;
        assert_eq!(answer.status, 404, "{token}");
    }
}

#[tokio::test]
async fn mail_that_came_back_or_was_complained_of_is_not_sent_there_again() {
    let harness = Harness::start().await;
    let mut owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let optional = json!({
        "platform": "web", "origins": [harness::ORIGIN], "identity": "optional",
    });
    let app = owner.app_with(&workspace, optional).await;
    for address in [
        "bounce+grace@simulator.amazonses.com",
        "complaint+grace@simulator.amazonses.com",
    ] {
        let visitor = signed(&harness, &workspace, &app, address).await;
        let conversation = visitor.start("Hello").await;
        let path = format!(
            "{}/conversations/{}/messages",
            workspace.path, conversation.id
        );
        for expected in [1, 1] {
            owner = owner.refresh().await;
            owner.post(&path, message("One"), 201).await;
            harness.drain().await;
            harness.advance(MINUTE * 20);
            harness.run_schedule("minute").await;
            assert_eq!(harness.mails(address).await.len(), expected, "{address}");
            harness.drain().await;
        }
    }
}

#[tokio::test]
async fn a_mail_is_decided_on_once_whatever_call_fails() {
    let world = World::new().await;
    for after in 0.. {
        let before = world.mails().await.len();
        world.harness.advance(MINUTE * 20);
        world.answer(&format!("Word {after}")).await;
        world.harness.advance(MINUTE * 11);
        let faults = world.harness.faults();
        faults.reset();
        faults.plan(Fault::new(Kind::Throttle).after(after).times(usize::MAX));
        let failed = world.harness.try_schedule("minute").await.is_err();
        world.harness.faults().reset();
        world.harness.run_schedule("minute").await;
        let mails = world.mails().await;
        assert_eq!(mails.len(), before + 1, "call {after}");
        let last = mails.last().expect("a mail");
        let word = format!("Word {after}\n");
        assert!(last.text.contains(&word), "{}", last.text);
        if !failed {
            break;
        }
        assert!(after < 30, "it never succeeds");
    }
}
