//! Plans and payments, against the stand-in for Stripe: what is bought, what is told in any order and any
//! number, what is refused, and what stays when the workspace goes.

mod events;
mod papers;

use std::time::Duration;

use harness::{Answer, Harness, Member, Workspace, message, text};
use local::stripe::Stripe;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

/// One plan that costs nothing and one that does.
pub const PLANS: &str = r#"[{"name":"free","seats":2,"apps":1},
    {"name":"team","price":"price_team","seats":20,"trial_days":14}]"#;
/// The same without a trial.
pub const NO_TRIAL: &str = r#"[{"name":"free","seats":2,"apps":1},
    {"name":"team","price":"price_team","seats":20}]"#;

/// A workspace of somebody, where plans are sold.
pub struct Shop {
    pub harness: Harness,
    pub owner: Member,
    pub workspace: Workspace,
}

impl Shop {
    pub async fn open(plans: &str) -> Self {
        let harness = Harness::selling(plans).await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        Self {
            harness,
            owner,
            workspace,
        }
    }

    pub fn at(&self, rest: &str) -> String {
        format!("{}/billing{rest}", self.workspace.path)
    }

    pub fn stripe(&self) -> &Stripe {
        self.harness.stack.stripe.as_ref().expect("a stand-in")
    }

    /// Begins a checkout: the id of the session.
    pub async fn begin(&self, body: Value) -> String {
        let page = self.owner.post(&self.at("/checkout"), body, 201).await;
        let url = text(&page, "url");
        url.rsplit('/').next().expect("a session").to_owned()
    }

    /// Buys the plan `team`: the id of the customer.
    pub async fn buy(&self) -> String {
        let session = self.begin(json!({ "plan": "team", "seats": 3 })).await;
        let done = self.stripe().check_out(&session).await.expect("a session");
        text(&done, "customer")
    }

    pub async fn show(&self) -> Value {
        self.owner.get(&self.at(""), 200).await
    }

    /// The schedule of a minute.
    pub async fn minute(&self) -> Value {
        self.harness.run_schedule("BillingMinute").await
    }

    /// Lets time pass, and signs the owner's session on.
    pub async fn later(&mut self, by: Duration) {
        self.harness.advance(by);
        self.owner = self.harness.sign_in("ada@example.com").await;
    }
}

async fn try_app(shop: &Shop, name: &str) -> Answer {
    let body = json!({ "name": name, "platform": "android", "bundle_id": "com.example.shop" });
    let path = format!("{}/apps", shop.workspace.path);
    shop.owner.send(Method::POST, &path, Some(body)).await
}

#[tokio::test]
async fn where_nothing_is_sold_everything_is_allowed_and_stripe_is_not_there() {
    let harness = Harness::start().await;
    assert!(harness.stack.stripe.is_none());
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    for number in 0..4 {
        owner.app(&workspace).await;
        let invitation = json!({ "email": format!("kim{number}@example.com"), "role": "agent" });
        owner
            .post(&format!("{}/invitations", workspace.path), invitation, 202)
            .await;
    }
    let billing = format!("{}/billing", workspace.path);
    let shown = owner.get(&billing, 200).await;
    assert_eq!(
        (&shown["plan"], &shown["plans"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(shown["seats"]["most"], Value::Null);
    let invoices = owner.get(&format!("{billing}/invoices"), 200).await;
    assert_eq!(invoices["data"], json!([]));
    let off = json!({ "plan": "team" });
    let checkout = format!("{billing}/checkout");
    let answer = owner.send(Method::POST, &checkout, Some(off)).await;
    assert_eq!(answer.body["code"], "billing_off");
    let answer = owner.send(Method::PATCH, &billing, Some(json!({ "seats": 3 })));
    assert_eq!(answer.await.body["code"], "billing_off");
    let hook = harness.anonymous();
    let answer = hook
        .send(Method::POST, "/v1/billing/stripe", Some(json!({})))
        .await;
    assert_eq!(answer.body["code"], "billing_off");
    let report = harness.run_schedule("BillingMinute").await;
    assert_eq!(report["stripe_tasks"], 0);
    assert_eq!(harness.items_with("STRIPETASK#").await, 0);
}

/// CALL-25, FLOW-13, FLOW-14
#[tokio::test]
async fn a_plan_is_bought_on_a_page_of_stripes_and_holds_when_stripe_says_so() {
    let shop = Shop::open(PLANS).await;
    let before = shop.show().await;
    assert_eq!(
        (&before["plan"], &before["status"]),
        (&json!("free"), &Value::Null)
    );
    assert_eq!(
        before["seats"],
        json!({ "used": 1, "paid": null, "most": 2 })
    );
    assert_eq!(try_app(&shop, "first").await.status, 201);
    let refused = try_app(&shop, "second").await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (402, &json!("plan_limit"))
    );
    let upgrade = text(&refused.body, "upgrade_url");
    assert_eq!(
        upgrade,
        format!("{}{}", shop.harness.stack.api, shop.at(""))
    );

    let session = shop.begin(json!({ "plan": "team", "seats": 3 })).await;
    // What the browser does says nothing; what Stripe says does.
    assert_eq!(shop.show().await["plan"], "free");
    shop.stripe().check_out(&session).await.expect("a session");
    let after = shop.show().await;
    assert_eq!(
        (&after["plan"], &after["status"]),
        (&json!("team"), &json!("trialing"))
    );
    assert_eq!(after["seats"], json!({ "used": 1, "paid": 3, "most": 3 }));
    assert_eq!(after["renews"], true);
    let ends = harness::START.plus(14 * DAY).to_string();
    assert_eq!(after["trial_ends_at"], json!(ends));
    let card = json!({ "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034 });
    assert_eq!(after["card"], card);
    assert_eq!(after["address"]["city"], "Berlin");
    assert_eq!(
        (&after["name"], &after["email"]),
        (&json!("Example GmbH"), &json!("books@example.com"))
    );
    assert_eq!(try_app(&shop, "second").await.status, 201);
    // Neither the fingerprint nor the country of the card is anywhere, and the rest is sealed.
    for secret in [
        "Xt5EWLLDS7FJjR1c",
        "Beispielweg",
        "books@example.com",
        "Example GmbH",
    ] {
        assert_eq!(shop.harness.items_with(secret).await, 0, "{secret}");
    }
    let again = json!({ "plan": "team" });
    let answer = shop
        .owner
        .send(Method::POST, &shop.at("/checkout"), Some(again))
        .await;
    assert_eq!(answer.body["code"], "subscribed_already");
    let portal = shop.owner.post(&shop.at("/portal"), json!({}), 201).await;
    assert!(text(&portal, "url").contains("/portal/cus_"));
}

#[tokio::test]
async fn a_plan_that_is_full_lets_nobody_in_and_no_repeated_request_is_refused() {
    let shop = Shop::open(PLANS).await;
    let invitations = format!("{}/invitations", shop.workspace.path);
    let invite = |email: &str| json!({ "email": email, "role": "agent" });
    let keyed = shop.owner.with_header("idempotency-key", "one");
    let first = keyed
        .post(&invitations, invite("kim@example.com"), 202)
        .await;
    let full = shop
        .owner
        .send(Method::POST, &invitations, Some(invite("bob@example.com")));
    assert_eq!(full.await.body["code"], "plan_limit");
    // The last seat is taken by what this very request made.
    let repeated = keyed
        .post(&invitations, invite("kim@example.com"), 202)
        .await;
    assert_eq!(repeated["id"], first["id"]);
    shop.buy().await;
    shop.owner
        .post(&invitations, invite("bob@example.com"), 202)
        .await;
    assert_eq!(shop.show().await["seats"]["used"], 3);
    let full = shop
        .owner
        .send(Method::POST, &invitations, Some(invite("eve@example.com")));
    assert_eq!(full.await.status, 402);
    // Messages are nobody's seat: they are taken however full it is.
    let app = shop.owner.app(&shop.workspace).await;
    let visitor = shop.harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    shop.owner
        .say(&shop.workspace, &conversation, "Hello back")
        .await;
}

#[tokio::test]
async fn seats_change_and_a_plan_ends_and_goes_on_within_the_minute() {
    let shop = Shop::open(NO_TRIAL).await;
    let billing = shop.at("");
    let none = shop
        .owner
        .send(Method::PATCH, &billing, Some(json!({ "seats": 5 })))
        .await;
    assert_eq!(none.body["code"], "no_subscription");
    shop.buy().await;
    for (body, pointer) in [
        (json!({ "seats": 0 }), "#/seats"),
        (json!({ "seats": 21 }), "#/seats"),
        (json!({}), "#"),
    ] {
        let answer = shop.owner.send(Method::PATCH, &billing, Some(body)).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["pointer"]),
            (422, &json!(pointer))
        );
    }
    let change = json!({ "seats": 5, "renews": false });
    let answer = shop.owner.patch(&billing, change, 202).await;
    assert_eq!(answer["seats"]["paid"], 3);
    shop.minute().await;
    let after = shop.show().await;
    assert_eq!(
        (&after["seats"]["paid"], &after["renews"]),
        (&json!(5), &json!(false))
    );
    // Of two wishes the later one counts, and is another version: what does the earlier one is not to end it.
    let mut revs = std::collections::BTreeSet::new();
    for renews in [true, false, true] {
        shop.harness.advance(Duration::from_millis(1));
        let wish = json!({ "renews": renews });
        shop.owner.patch(&billing, wish, 202).await;
        let items = shop.harness.items().await;
        let task = items.iter().find(|item| item.contains("\"renewal_"));
        let task: Value = serde_json::from_str(task.expect("a task")).expect("JSON");
        revs.insert(task["rev"].to_string());
    }
    assert_eq!(revs.len(), 3, "{revs:?}");
    shop.minute().await;
    assert_eq!(shop.show().await["renews"], true);
    assert_eq!(shop.minute().await["stuck_stripe_tasks"], 0);
}

/// FLOW-17
#[tokio::test]
async fn a_payment_that_fails_is_mailed_to_owners_once_and_the_end_of_a_plan_takes_nothing_away() {
    let shop = Shop::open(PLANS).await;
    let customer = shop.buy().await;
    try_app(&shop, "first").await;
    try_app(&shop, "second").await;
    let stripe = shop.stripe();
    let subjects = async || -> Vec<String> {
        let mails = shop.harness.mails("ada@example.com").await;
        mails.iter().map(|mail| mail.subject.clone()).collect()
    };
    let count = |subjects: &[String], word: &str| {
        subjects
            .iter()
            .filter(|subject| subject.contains(word))
            .count()
    };
    stripe.press(&customer, "trial").await;
    assert_eq!(count(&subjects().await, "trial"), 1);
    stripe.press(&customer, "fail").await;
    assert_eq!(shop.show().await["status"], "past_due");
    // Nobody loses a plan while a payment is tried again.
    assert_eq!(shop.show().await["plan"], "team");
    events::repeat_everything(&shop).await;
    assert_eq!(count(&subjects().await, "payment"), 1);
    stripe.press(&customer, "cancel").await;
    let after = shop.show().await;
    assert_eq!(
        (&after["plan"], &after["status"]),
        (&json!("free"), &json!("canceled"))
    );
    assert_eq!(count(&subjects().await, "has ended"), 1);
    let apps = shop
        .owner
        .get(&format!("{}/apps", shop.workspace.path), 200)
        .await;
    assert_eq!(apps["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(try_app(&shop, "third").await.status, 402);
    // And it can be bought again, without a second trial.
    shop.buy().await;
    assert_eq!(shop.show().await["status"], "active");
}

/// CALL-12, FLOW-12
#[tokio::test]
async fn a_card_that_somebody_types_is_masked_before_it_is_stored_or_shown() {
    let shop = Shop::open(PLANS).await;
    let customer = shop.buy().await;
    let app = shop.owner.app(&shop.workspace).await;
    let visitor = shop.harness.visitor(&app).await;
    let conversation = visitor.start("my card is 4242 4242 4242 4242").await;
    let read = shop.owner.read(&shop.workspace, &conversation).await;
    assert_eq!(read[0]["text"], "my card is •••• •••• •••• 4242");
    let path = format!(
        "{}/conversations/{}/messages",
        shop.workspace.path, conversation.id
    );
    let said = shop
        .owner
        .post(&path, message("5555-5555-5555-4444?"), 201)
        .await;
    assert_eq!(said["text"], "••••-••••-••••-4444?");
    let typed = json!({ "id": customer, "object": "customer", "name": "Ada 378282246310005",
        "email": "ada@example.com", "address": { "line1": "6011111111111117" } });
    shop.stripe().happen("customer.updated", typed).await;
    let shown = shop.show().await;
    // Later than what the checkout said, so it counts.
    assert_eq!(shown["name"], "Ada •••••••••••0005");
    assert_eq!(shown["address"]["line1"], "••••••••••••1117");
    for number in ["4242424242424242", "378282246310005", "6011111111111117"] {
        assert_eq!(shop.harness.items_with(number).await, 0, "{number}");
    }
}
