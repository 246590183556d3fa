//! Events: what is believed, what is heard once, what comes late, out of order, or not at all.

use std::time::Duration;

use harness::{Answer, text};
use local::stripe::{WEBHOOK_SECRET, Webhooks};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Timestamp;
use shared::domain::billing::signature::WebhookSecret;
use shared::domain::time::DAY;

use super::{NO_TRIAL, PLANS, Shop};

const PATH: &str = "/v1/billing/stripe";

/// Sends bytes with this header, or none.
async fn send(shop: &Shop, body: Vec<u8>, header: Option<&str>) -> Answer {
    let mut client = shop
        .harness
        .anonymous()
        .with_header("content-type", "application/json; charset=utf-8");
    if let Some(header) = header {
        client = client.with_header("stripe-signature", header);
    }
    client.send_raw(Method::POST, PATH, body).await
}

/// Sends an event, signed now.
async fn tell(shop: &Shop, event: &Value) -> Answer {
    let (body, header) = shop.stripe().signed(event);
    send(shop, body, Some(&header)).await
}

/// Tells everything that has happened once more, and backwards.
pub async fn repeat_everything(shop: &Shop) {
    let events = shop.stripe().events();
    for event in events.iter().chain(events.iter().rev()) {
        assert_eq!(tell(shop, event).await.status, 204, "{event}");
    }
}

fn event(id: &str, kind: &str, at: i64, object: Value) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "created": at, "livemode": false,
        "data": { "object": object } })
}

fn subscription(customer: &str, id: &str, status: &str, seats: u32) -> Value {
    json!({ "id": id, "object": "subscription", "customer": customer, "status": status, "created": 2_000_000_000,
        "items": { "data": [{ "id": "si_1", "quantity": seats, "price": { "id": "price_team" } }] } })
}

#[tokio::test]
async fn what_is_not_signed_as_an_event_for_us_is_refused_and_changes_nothing() {
    let shop = Shop::open(PLANS).await;
    let customer = shop.buy().await;
    let ended = subscription(&customer, "sub_x", "active", 9);
    let good = event("evt_x", "customer.subscription.created", 1, ended);
    let body = good.to_string().into_bytes();
    let now = shop.harness.now();
    let signed = |secret: &str, seconds: i64| {
        let at = Timestamp::from_ms(now.ms() + seconds * 1000);
        WebhookSecret::new(secret).header(&body, at)
    };
    let before = shop.harness.items().await;
    let right = signed(WEBHOOK_SECRET, 0);
    let t = now.seconds();
    let headers = [
        None,
        Some(String::new()),
        Some("x".to_owned()),
        Some(signed("whsec_other", 0)),
        Some(signed(WEBHOOK_SECRET, -301)),
        Some(signed(WEBHOOK_SECRET, 301)),
        Some(format!("t={t},{right}")),
        Some(right.replace("v1=", "v0=")),
        Some(format!("t={t},v1={}", "0".repeat(64))),
    ];
    for header in headers {
        let answer = send(&shop, body.clone(), header.as_deref()).await;
        let code = answer.body["code"].clone();
        assert_eq!(
            (answer.status, code),
            (400, json!("webhook_refused")),
            "{header:?}"
        );
    }
    // Signed well, and no event for us.
    let mut live = good.clone();
    live["livemode"] = json!(true);
    let mut foreign = good.clone();
    foreign["account"] = json!("acct_1");
    let mut nameless = good.clone();
    nameless["id"] = json!("not an id");
    for bad in [
        live,
        foreign,
        nameless,
        json!([]),
        json!({}),
        json!("evt_1"),
        json!(null),
    ] {
        let answer = tell(&shop, &bad).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (400, &json!("webhook_refused")),
            "{bad}"
        );
    }
    for bytes in [
        b"".to_vec(),
        b"{".to_vec(),
        body[..body.len() - 1].to_vec(),
        vec![0xff; 100],
    ] {
        let header = WebhookSecret::new(WEBHOOK_SECRET).header(&bytes, now);
        let answer = send(&shop, bytes, Some(&header)).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
    let huge = vec![b' '; 256 * 1024 + 1];
    let header = WebhookSecret::new(WEBHOOK_SECRET).header(&huge, now);
    assert_eq!(send(&shop, huge, Some(&header)).await.status, 413);
    assert_eq!(shop.harness.items().await, before);
    // The same bytes, signed rightly, are heard: what was refused was refused for its fault.
    assert_eq!(send(&shop, body, Some(&right)).await.status, 204);
    assert_eq!(shop.show().await["seats"]["paid"], 9);
}

#[tokio::test]
async fn one_of_many_signatures_will_do_and_the_edge_may_send_base64() {
    let shop = Shop::open(PLANS).await;
    let customer = shop.buy().await;
    let told = subscription(&customer, "sub_x", "active", 9);
    let told = event("evt_x", "customer.subscription.created", 1, told).to_string();
    let header = WebhookSecret::new(WEBHOOK_SECRET).header(told.as_bytes(), shop.harness.now());
    let (t, tag) = header.split_once(",v1=").expect("two parts");
    let header = format!("{t},v1={},v1={tag}", "0".repeat(64));
    let sent = json!({
        "version": "2.0", "routeKey": format!("POST {PATH}"), "rawPath": PATH, "rawQueryString": "",
        "headers": { "content-type": "application/json", "stripe-signature": header },
        "requestContext": { "http": { "method": "POST", "path": PATH, "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.24", "userAgent": "Stripe/1.0" }, "routeKey": format!("POST {PATH}"),
            "stage": "$default", "time": "20/Nov/2026:09:30:00 +0000", "timeEpoch": 1_795_167_000_000_u64 },
        "isBase64Encoded": true,
        "body": data_encoding::BASE64.encode(told.as_bytes()),
    });
    let billing = shop
        .harness
        .stack
        .function("billing")
        .expect("the function");
    let answer = billing
        .invoke(sent.to_string().into_bytes(), "id")
        .await
        .expect("an answer");
    let answer: Value = serde_json::from_slice(&answer).expect("json");
    assert_eq!(answer["statusCode"], 204, "{answer}");
    assert_eq!(shop.show().await["seats"]["paid"], 9);
}

#[tokio::test]
async fn a_history_in_any_order_and_any_number_leads_to_one_standing() {
    let shop = Shop::open(NO_TRIAL).await;
    let customer = shop.buy().await;
    shop.stripe().press(&customer, "fail").await;
    shop.stripe().press(&customer, "bill").await;
    shop.stripe().press(&customer, "refund").await;
    let standing = shop.show().await;
    let invoices = shop.owner.get(&shop.at("/invoices"), 200).await;
    repeat_everything(&shop).await;
    assert_eq!(shop.show().await, standing);
    assert_eq!(shop.owner.get(&shop.at("/invoices"), 200).await, invoices);
    // The end first, and whatever came before it later.
    let of = |status: &str, seats| subscription(&customer, "sub_late", status, seats);
    for (id, kind, at, object) in [
        (
            "evt_c",
            "customer.subscription.deleted",
            30,
            of("canceled", 7),
        ),
        (
            "evt_b",
            "customer.subscription.updated",
            20,
            of("active", 7),
        ),
        (
            "evt_d",
            "customer.subscription.updated",
            40,
            of("active", 8),
        ),
        (
            "evt_a",
            "customer.subscription.created",
            10,
            of("incomplete", 7),
        ),
    ] {
        let told = event(id, kind, at, object);
        assert_eq!(tell(&shop, &told).await.status, 204);
        assert_eq!(
            shop.show().await["seats"]["paid"],
            standing["seats"]["paid"],
            "{id}"
        );
    }
}

#[tokio::test]
async fn of_two_things_told_of_one_second_stripe_is_asked_which_holds() {
    let mut shop = Shop::open(NO_TRIAL).await;
    let customer = shop.buy().await;
    shop.later(Duration::from_secs(60)).await;
    shop.minute().await;
    let bought = shop.stripe().events();
    let bought = bought
        .iter()
        .rev()
        .map(|event| &event["data"]["object"])
        .find(|object| object["object"] == "subscription")
        .expect("a subscription");
    let id = text(bought, "id");
    let at = shop.harness.now().seconds() + 5;
    for (event_id, seats) in [("evt_zz_first", 8), ("evt_aa_then", 9)] {
        let told = subscription(&customer, &id, "active", seats);
        let told = event(event_id, "customer.subscription.updated", at, told);
        assert_eq!(tell(&shop, &told).await.status, 204);
    }
    // By their ids one of them holds, until the minute in which Stripe is asked: it says three, as was bought.
    assert_eq!(shop.show().await["seats"]["paid"], 8);
    let task = format!("STRIPETASK#platform#look_{id}_{at}");
    assert_eq!(shop.harness.items_with(&task).await, 1);
    shop.minute().await;
    assert_eq!(shop.show().await["seats"]["paid"], 8);
    shop.later(Duration::from_secs(60)).await;
    shop.minute().await;
    assert_eq!(shop.show().await["seats"]["paid"], 3);
    assert_eq!(shop.harness.items_with(&task).await, 0);
    // What comes late of that second changes nothing, and what comes of the next one does.
    for (event_id, second, seats) in [("evt_zz_late", at, 8), ("evt_next", at + 1, 7)] {
        assert_ne!(shop.show().await["seats"]["paid"], seats);
        let told = subscription(&customer, &id, "active", seats);
        let told = event(event_id, "customer.subscription.updated", second, told);
        assert_eq!(tell(&shop, &told).await.status, 204);
    }
    assert_eq!(shop.show().await["seats"]["paid"], 7);
    assert_eq!(shop.harness.items_with("STRIPETASK#platform#look").await, 0);
}

#[tokio::test]
async fn an_event_costs_two_reads_and_a_transaction_and_a_repeated_one_a_read() {
    let shop = Shop::open(NO_TRIAL).await;
    let customer = shop.buy().await;
    let meter = &shop.harness.app_of("billing").meter;
    let told = subscription(&customer, "sub_x", "incomplete", 9);
    let told = event("evt_x", "customer.subscription.created", 1, told);
    meter.take();
    assert_eq!(tell(&shop, &told).await.status, 204);
    let first = meter.take();
    assert_eq!(
        first.operations(),
        ["BatchGetItem", "BatchGetItem", "TransactWriteItems"]
    );
    assert_eq!(tell(&shop, &told).await.status, 204);
    assert_eq!(meter.take().operations(), ["BatchGetItem"]);
    let of_nobody = subscription("cus_of_somebody_else", "sub_y", "active", 9);
    let of_nobody = event("evt_y", "customer.subscription.created", 1, of_nobody);
    assert_eq!(tell(&shop, &of_nobody).await.status, 204);
    assert_eq!(
        meter.take().operations(),
        ["BatchGetItem", "TransactWriteItems"]
    );
    assert_eq!(shop.show().await["seats"]["paid"], 3);
}

#[tokio::test]
async fn what_we_were_not_told_is_asked_for_once_a_day() {
    let mut shop = Shop::open(NO_TRIAL).await;
    shop.minute().await;
    shop.stripe().lose(Webhooks::Lost);
    let customer = shop.buy().await;
    for _ in 0..12 {
        shop.stripe().press(&customer, "bill").await;
    }
    shop.minute().await;
    assert_eq!(shop.show().await["plan"], "free");
    shop.later(DAY).await;
    // An answer has twenty events, so this takes two; a run reads on until there are no more.
    shop.minute().await;
    assert_eq!(shop.show().await["plan"], "team");
    let invoices = shop.owner.get(&shop.at("/invoices"), 200).await;
    assert_eq!(invoices["data"].as_array().map(Vec::len), Some(13));
    // What was told of one second is looked at, once.
    shop.later(DAY).await;
    shop.minute().await;
    shop.later(DAY).await;
    let items = shop.harness.items_with("\"STRIPE#platform").await;
    shop.minute().await;
    assert_eq!(shop.harness.items_with("\"STRIPE#platform").await, items);
}

#[tokio::test]
async fn an_event_that_cannot_be_used_waits_is_tried_again_and_can_be_driven_by_hand() {
    let mut shop = Shop::open(NO_TRIAL).await;
    let customer = shop.buy().await;
    let odd = subscription(&customer, "sub_x", "brand_new", 9);
    let id = shop
        .stripe()
        .happen("customer.subscription.updated", odd)
        .await;
    let task = format!("STRIPETASK#platform#hear_{id}");
    assert_eq!(shop.harness.items_with(&task).await, 1);
    let told = shop
        .stripe()
        .events()
        .into_iter()
        .find(|one| one["id"] == json!(id));
    assert_eq!(tell(&shop, &told.expect("the event")).await.status, 204);
    for _ in 0..10 {
        shop.harness.advance(DAY);
        shop.minute().await;
    }
    let report = shop.minute().await;
    assert_eq!(
        (&report["stuck_stripe_tasks"], &report["stripe_tasks"]),
        (&json!(1), &json!(0))
    );
    // Somebody has looked, and what reads events knows the word now; here Stripe says another one.
    shop.stripe()
        .mend(&id, subscription(&customer, "sub_x", "active", 9));
    let store = &shop.harness.app_of("billing").store;
    let driven = store
        .redrive_stripe(shop.harness.now())
        .await
        .expect("redriven");
    assert_eq!(driven.len(), 1);
    shop.minute().await;
    shop.later(Duration::from_secs(1)).await;
    assert_eq!(shop.show().await["seats"]["paid"], 9);
    assert_eq!(shop.harness.items_with(&task).await, 0);
    assert_eq!(shop.minute().await["stuck_stripe_tasks"], 0);
}

#[tokio::test]
async fn nobody_but_those_who_keep_the_books_sees_or_changes_anything() {
    let shop = Shop::open(NO_TRIAL).await;
    shop.buy().await;
    let books = shop
        .harness
        .join(&shop.owner, &shop.workspace, "books@example.com", "billing")
        .await;
    let agent = shop
        .harness
        .join(&shop.owner, &shop.workspace, "agent@example.com", "agent")
        .await;
    assert_eq!(books.get(&shop.at(""), 200).await["plan"], "team");
    text(
        &books.post(&shop.at("/portal"), json!({}), 201).await,
        "url",
    );
    for (method, rest, body) in [
        (Method::GET, "", None),
        (Method::GET, "/invoices", None),
        (Method::GET, "/invoices/in_1/pdf", None),
        (Method::PATCH, "", Some(json!({ "seats": 5 }))),
        (Method::POST, "/checkout", Some(json!({ "plan": "team" }))),
        (Method::POST, "/portal", Some(json!({}))),
    ] {
        let answer = agent.send(method, &shop.at(rest), body).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (403, &json!("forbidden")),
            "{rest}"
        );
    }
    // A page elsewhere is no place that Stripe leads back to.
    let bad = json!({ "return_url": "javascript:alert(1)" });
    let answer = shop
        .owner
        .send(Method::POST, &shop.at("/portal"), Some(bad))
        .await;
    assert_eq!(answer.body["errors"][0]["pointer"], "#/return_url");
}
