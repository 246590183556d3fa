//! Mail to the contact for privacy from somebody whom a workspace talks with: it goes to whoever answers for
//! their data, once the address on file has said so.

use std::time::Duration;

use harness::{Found, Harness, Member, Visitor, WidgetApp, Workspace, text};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{PRIVACY, outcome, raw};

const GRACE: &str = "grace@example.com";
const CONFIRM: &str = "Confirm your privacy request";

/// A workspace, and Grace, whom its customer signed for.
struct Shop {
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    grace: Visitor,
}

impl Shop {
    async fn new(harness: &Harness, owner: &str) -> Self {
        let owner = harness.sign_up(owner).await;
        let workspace = owner.workspace("inbox").await;
        let app = owner.app(&workspace).await;
        let grace = arrive(harness, &workspace, &app, GRACE).await;
        harness.drain().await;
        Self {
            owner,
            workspace,
            app,
            grace,
        }
    }

    fn place(&self, rest: &str) -> String {
        format!("{}/{rest}", self.workspace.path)
    }

    /// The contact that Grace is here.
    fn contact(&self) -> String {
        self.place(&format!("contacts/{}", self.grace.contact_id))
    }

    async fn requests(&self) -> Vec<Value> {
        let page = self.owner.get(&self.place("privacy/requests"), 200).await;
        page["data"].as_array().expect("a list").clone()
    }
}

/// Grace, as the customer signs for her.
async fn arrive(harness: &Harness, workspace: &Workspace, app: &WidgetApp, email: &str) -> Visitor {
    let claims = json!({
        "sub": "user-7", "aud": workspace.id, "exp": harness.now().seconds() + 600, "email": email,
    });
    let key = EncodingKey::from_secret(app.identity_secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key);
    let identity = json!({ "identity_token": token.expect("signed") });
    harness.visitor_with(app, identity).await
}

/// The token of the link that went to Grace about a request.
async fn link(harness: &Harness, request: &Value) -> String {
    let mails = harness.mails(GRACE).await.into_iter();
    let mut about = mails.filter(|mail| {
        mail.subject == CONFIRM && mail.text.contains(&format!("{}.", text(request, "id")))
    });
    let mail = about.next().expect("a letter").text;
    assert!(about.next().is_none(), "one letter");
    let (_, rest) = mail.split_once("?token=").expect("a link");
    rest.lines().next().expect("a line").to_owned()
}

async fn write(harness: &Harness, words: &str) -> String {
    let mail = raw("Grace@example.com", PRIVACY, &[], words);
    outcome(harness, &mail, Found::default()).await
}

async fn rows(harness: &Harness) -> usize {
    harness.items_with("REACHED#platform#").await
}

/// CHAT-21, CALL-35: every workspace that the customer's word brought her to is asked, each by itself, and none
/// before the address has said so.
#[tokio::test]
async fn a_mail_from_a_visitors_address_asks_every_workspace_that_signed_for_it() {
    let harness = Harness::start().await;
    let shop = Shop::new(&harness, "ada@example.com").await;
    let other = Shop::new(&harness, "bob@example.com").await;
    // A third one knows somebody by her address whom nobody signed for.
    let third = harness.sign_up("eve@example.com").await;
    let theirs = third.workspace("inbox").await;
    let app = third.app(&theirs).await;
    let stranger = harness.visitor(&app).await;
    let path = format!("{}/contacts/{}", theirs.path, stranger.contact_id);
    third.patch(&path, json!({ "email": GRACE }), 200).await;

    let mail = raw("Grace@example.com", PRIVACY, &[], "Please delete me. Zoë");
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "taken");
    assert_eq!(outcome(&harness, &mail, Found::default()).await, "repeated");
    for one in [&shop, &other] {
        let waits = one.requests().await;
        assert_eq!(waits.len(), 1);
        assert_eq!(waits[0]["status"], "need_user_verification");
        assert_eq!(waits[0]["made_by"], "mail");
        assert_eq!(waits[0]["contact_id"], one.grace.contact_id.as_str());
        assert_eq!(waits[0]["message"], "About me\n\nPlease delete me. Zoë");
    }
    let place = format!("{}/privacy/requests", theirs.path);
    assert_eq!(third.get(&place, 200).await["data"], json!([]));
    let told = harness.mails("ada@example.com").await.len();

    let links = [
        link(&harness, &shop.requests().await[0]).await,
        link(&harness, &other.requests().await[0]).await,
    ];
    let mut browser = harness.browser();
    let place = format!("/privacy/confirm?token={}", links[0]);
    let page = browser.open(&place, 200).await;
    assert!(page.text.contains("<option value=\"erase\">"));
    for wrong in ["child_report", "delete_call_metadata", "opt_out"] {
        let form = [("token", links[0].as_str()), ("type", wrong)];
        browser.submit("/privacy/confirm", &form, 422).await;
    }
    // The secret of one request opens no other.
    let (place, _) = links[1].split_once('.').expect("two parts");
    let (_, secret) = links[0].split_once('.').expect("two parts");
    for forged in [format!("{place}.{secret}"), links[0].replace("pm_", "po_")] {
        let form = [("token", forged.as_str()), ("type", "erase")];
        browser.submit("/privacy/confirm", &form, 401).await;
    }
    for _ in 0..2 {
        let form = [("token", links[0].as_str()), ("type", "erase")];
        browser.submit("/privacy/confirm", &form, 200).await;
    }
    let (asked, waits) = (shop.requests().await, other.requests().await);
    assert_eq!(asked[0]["status"], "in_progress");
    assert_eq!(asked[0]["type"], "erase");
    assert_eq!(waits[0]["status"], "need_user_verification");
    let now = harness.mails("ada@example.com").await;
    assert_eq!(now.len(), told + 1, "who answers is told");
    assert!(now[told].subject.contains("asks your workspace"));
    shop.owner.get(&shop.contact(), 200).await;

    // A person decides, and what the index knew of her here goes with her.
    assert_eq!(rows(&harness).await, 2);
    let decide = format!("privacy/requests/{}/decision", text(&asked[0], "id"));
    let fulfil = json!({ "decision": "fulfil" });
    shop.owner.post(&shop.place(&decide), fulfil, 200).await;
    for _ in 0..3 {
        harness.advance(Duration::from_secs(60));
        harness.run_schedule("minute").await;
    }
    harness.drain().await;
    assert_eq!(rows(&harness).await, 1, "the other one's stays");
    let hers = format!("CONTACT#{}#{}", shop.workspace.id, shop.grace.contact_id);
    assert_eq!(harness.items_with(&hers).await, 0);
    assert_eq!(shop.requests().await[0]["status"], "fulfilled");
}

/// CHAT-21: an answer that leaves nothing to decide is given at once, and silence is told to the operator.
#[tokio::test]
async fn a_copy_asked_for_by_mail_is_made_and_what_is_asked_twice_stays_a_question() {
    let harness = Harness::start().await;
    let shop = Shop::new(&harness, "ada@example.com").await;
    shop.grace.start("canary-words").await;
    for words in ["Everything, please", "Everything, I said"] {
        assert_eq!(write(&harness, words).await, "taken");
        let token = link(&harness, &shop.requests().await[0]).await;
        let form = [("token", token.as_str()), ("type", "access")];
        harness
            .browser()
            .submit("/privacy/confirm", &form, 200)
            .await;
        harness.advance(Duration::from_secs(1));
    }
    let asked = shop.requests().await;
    assert_eq!(
        (&asked[1]["type"], &asked[0]["type"]),
        (&json!("access"), &json!("question"))
    );
    for _ in 0..3 {
        harness.advance(Duration::from_secs(60));
        harness.run_schedule("minute").await;
    }
    assert_eq!(shop.requests().await[1]["status"], "fulfilled");
    let mails = harness.mails(GRACE).await;
    assert!(
        mails
            .iter()
            .any(|mail| mail.text.contains("/privacy/copy?token="))
    );
    // The question waits; nobody answers it for two weeks.
    harness.advance(DAY * 14);
    harness.run_schedule("minute").await;
    let told = harness.mails("demo@example.com").await;
    let silent = "A workspace does not answer a privacy request";
    assert_eq!(told.iter().filter(|mail| mail.subject == silent).count(), 1);
}

/// CALL-30: what somebody says in words a person puts right, and says so.
#[tokio::test]
async fn what_is_to_be_put_right_by_mail_is_done_by_somebody_who_says_so() {
    let harness = Harness::start().await;
    let shop = Shop::new(&harness, "ada@example.com").await;
    write(&harness, "My name is Grace").await;
    let token = link(&harness, &shop.requests().await[0]).await;
    let form = [("token", token.as_str()), ("type", "rectify")];
    harness
        .browser()
        .submit("/privacy/confirm", &form, 200)
        .await;
    let asked = shop.requests().await;
    let decide = shop.place(&format!(
        "privacy/requests/{}/decision",
        text(&asked[0], "id")
    ));
    let bare = Some(json!({ "decision": "fulfil" }));
    let problem = shop
        .owner
        .refused(Method::POST, &decide, bare, 422, "validation_failed")
        .await;
    assert_eq!(problem["errors"][0]["pointer"], "#/explanation");
    let said = json!({ "decision": "fulfil", "explanation": "You are Grace now." });
    shop.owner.post(&decide, said, 200).await;
}

/// An address leads to a contact as long as it is on file there, and the index goes with the contact, whatever
/// takes it.
#[tokio::test]
async fn the_index_of_addresses_follows_what_is_on_file_and_ends_with_it() {
    let harness = Harness::start().await;
    let shop = Shop::new(&harness, "ada@example.com").await;
    assert_eq!(
        rows(&harness).await,
        1,
        "or nothing below would prove anything"
    );
    // It names no address, neither openly nor by the hash that leads to an account.
    harness.sign_up(GRACE).await;
    let items = harness.items().await;
    let hash = |kind: &str| {
        let item = items.iter().find(|item| item.contains(kind));
        let item: Value = serde_json::from_str(item.expect("a row")).expect("an item");
        let pk = item["pk"]["S"].as_str().expect("a key").to_owned();
        pk.rsplit('#').next().expect("a hash").to_owned()
    };
    assert_ne!(hash("REACHED#platform#"), hash("ADDRESS#platform#"));
    assert!(!items.iter().any(|item| item.contains(GRACE)));

    shop.owner
        .patch(
            &shop.contact(),
            json!({ "email": "hopper@example.com" }),
            200,
        )
        .await;
    harness.drain().await;
    assert_eq!(rows(&harness).await, 1, "the old address leads nowhere");
    let old = raw("someone@example.com", PRIVACY, &[], "Hello");
    assert_eq!(outcome(&harness, &old, Found::default()).await, "unknown");
    let new = raw("hopper@example.com", PRIVACY, &[], "Hello");
    assert_eq!(outcome(&harness, &new, Found::default()).await, "taken");
    assert_eq!(shop.requests().await.len(), 1);
    shop.owner
        .patch(&shop.contact(), json!({ "email": null }), 200)
        .await;
    harness.drain().await;
    assert_eq!(rows(&harness).await, 0);

    // She comes back, and one day not any more: the sweep alone takes all of it.
    arrive(&harness, &shop.workspace, &shop.app, GRACE).await;
    harness.drain().await;
    assert_eq!(rows(&harness).await, 1);
    harness.advance(DAY * 761);
    let late = raw(GRACE, PRIVACY, &[], "Are you there?");
    assert_eq!(
        outcome(&harness, &late, Found::default()).await,
        "taken",
        "her account"
    );
    assert_eq!(
        harness.items_with("need_user_verification").await,
        2,
        "and nobody else"
    );
    harness.run_schedule("sweep").await;
    harness.run_schedule("sweep").await;
    assert_eq!(rows(&harness).await, 0);
}
