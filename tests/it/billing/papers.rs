//! Documents: what they show, and how long they stay.

use std::time::Duration;

use harness::{START, text};
use serde_json::json;
use shared::domain::time::DAY;

use super::{NO_TRIAL, Shop};

/// FLOW-15
#[tokio::test]
async fn invoices_are_listed_with_what_corrected_them_and_lead_to_their_pdf() {
    let shop = Shop::open(NO_TRIAL).await;
    let customer = shop.buy().await;
    shop.stripe().press(&customer, "refund").await;
    shop.stripe().press(&customer, "bill").await;
    let all = shop.owner.get(&shop.at("/invoices"), 200).await;
    let all = all["data"].as_array().expect("a list").clone();
    assert_eq!(all.len(), 2);
    let refunded = all
        .iter()
        .find(|one| one["adjustments"] != json!([]))
        .expect("one");
    assert_eq!(
        (&refunded["status"], &refunded["total"], &refunded["paid"]),
        (&json!("paid"), &json!(4500), &json!(4500))
    );
    assert_eq!(refunded["adjustments"][0]["kind"], "refund");
    assert_eq!(refunded["adjustments"][0]["amount"], 4500);
    assert_eq!(refunded["kept_until"], "2034-01-01T00:00:00.000Z");
    let id = text(refunded, "id");
    let pdf = shop
        .owner
        .get(&shop.at(&format!("/invoices/{id}/pdf")), 200)
        .await;
    assert!(text(&pdf, "url").ends_with(&format!("/pdf/{id}")));
    // Pages lead on, and end.
    let first = shop.owner.get(&shop.at("/invoices?limit=1"), 200).await;
    let cursor = text(&first["page"], "next_cursor");
    let second = shop
        .owner
        .get(&shop.at(&format!("/invoices?limit=1&cursor={cursor}")), 200)
        .await;
    assert_eq!(second["page"]["has_more"], false);
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
    // Another workspace sees none of it, by whatever id.
    let other = shop.harness.sign_up("eve@example.com").await;
    let theirs = other.workspace("inbox").await;
    let path = format!("{}/billing/invoices/{id}/pdf", theirs.path);
    other.get(&path, 404).await;
    assert_eq!(
        other
            .get(&format!("{}/billing/invoices", theirs.path), 200)
            .await["data"],
        json!([])
    );
}

/// FLOW-35
#[tokio::test]
async fn documents_outlive_their_workspace_and_end_after_seven_years_and_not_before() {
    let shop = Shop::open(NO_TRIAL).await;
    let customer = shop.buy().await;
    let harness = &shop.harness;
    assert_eq!(harness.items_with("PAPER#platform#in_").await, 2);
    shop.owner.delete(&shop.workspace.path, 202).await;
    harness.advance(7 * DAY + Duration::from_secs(60));
    harness.run_schedule("erasures").await;
    // What Stripe tells meanwhile is heard, and changes nothing.
    let late = json!({ "id": customer, "object": "customer", "name": "Late" });
    shop.stripe().happen("customer.updated", late).await;
    for _ in 0..6 {
        harness.advance(Duration::from_secs(60));
        harness.run_schedule("erasures").await;
    }
    assert_eq!(harness.items_with("CUSTOMER#platform").await, 0);
    assert_eq!(harness.items_with("\"WORKSPACE#").await, 0);
    // Whoever is gone pays for nothing, whenever Stripe hears of it.
    assert!(shop.stripe().has(&customer));
    shop.minute().await;
    assert!(!shop.stripe().has(&customer));
    assert_eq!(harness.items_with("STRIPETASK#platform#part").await, 0);
    // The document and its key.
    assert_eq!(harness.items_with("PAPER#platform#in_").await, 2);
    let end = shared::domain::billing::kept::until(START);
    let left = u64::try_from(end.ms() - harness.now().ms()).expect("a future");
    harness.advance(Duration::from_millis(left - 1));
    harness.sweep_ttl().await;
    harness.run_schedule("sweep").await;
    assert_eq!(harness.items_with("PAPER#platform#in_").await, 2);
    // TTL knows whole seconds, and takes what lies behind the present one.
    harness.advance(Duration::from_secs(2));
    harness.sweep_ttl().await;
    harness.drain().await;
    assert_eq!(harness.items_with("PAPER#platform").await, 0);
}
