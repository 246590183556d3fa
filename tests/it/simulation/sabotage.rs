//! The matrix of sabotage beyond a contact's own items: whole workspaces, files, and what Stripe is told. An eraser
//! that is switched off is noticed, and where it is on again nothing is left.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use shared::domain::time::DAY;

use super::residue::{DECLARED, Stage, in_vain, kind_of};
use crate::billing::{NO_TRIAL, Shop};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_eraser_of_a_workspace_that_is_switched_off_for_any_kind_is_noticed_and_signs_nothing() {
    let stage = Stage::new().await;
    let kinds = stage.of_the_workspace().await;
    for kind in [
        "Attachment",
        "Call",
        "DataKeyRow",
        "Delivery",
        "Message",
        "PushSender",
        "TenantKeyRow",
        "TranscriptMail",
        "VisitorDevice",
        "Webhook",
        "WorkspacePolicy",
    ] {
        assert!(
            kinds.contains(kind),
            "NO BASELINE: {kind} is not among {kinds:?}"
        );
    }
    stage.switch_off_all_of_the_workspace().await;
    stage.end_the_workspace_in_vain().await;
    let left = stage.of_the_workspace().await;
    let unnoticed: Vec<_> = kinds.difference(&left).collect();
    assert_eq!(unnoticed, Vec::<&String>::new());
    assert_ne!(
        stage.of_the_erasure().await,
        "done",
        "signed, with {left:?} left"
    );
    stage.switch_on().await;
    assert_eq!(stage.of_the_workspace().await, BTreeSet::new());
    assert_eq!(stage.of_the_erasure().await, "done");
}

#[tokio::test]
async fn an_eraser_of_files_that_is_switched_off_for_any_folder_is_noticed() {
    let folders = Stage::new().await.folders();
    for folder in ["exports", "links"] {
        assert!(folders.contains(folder), "NO BASELINE: {folders:?}");
    }
    assert!(folders.len() >= 3, "NO BASELINE: {folders:?}");
    let mut unnoticed = Vec::new();
    for folder in folders {
        let stage = Stage::new().await;
        stage.switch_off_files(&folder);
        stage.forget().await;
        if !stage.folders().contains(&folder) {
            unnoticed.push(folder);
        }
    }
    assert_eq!(unnoticed, Vec::<String>::new());
}

/// The kinds of items that name a workspace or its customer, but for what says that it was erased.
async fn of_whoever_paid(shop: &Shop, customer: &str) -> BTreeSet<String> {
    let items = shop.harness.items().await;
    let named = items.iter().filter(|item| {
        let names = item.contains(&shop.workspace.id) || item.contains(customer);
        names && !item.contains("\"ERASURE#") && !item.contains("\"NOTICE#")
    });
    named.map(|item| kind_of(item)).collect()
}

#[tokio::test]
async fn of_whoever_paid_documents_stay_and_an_eraser_of_the_rest_that_is_switched_off_is_noticed()
{
    let shop = Shop::open(NO_TRIAL).await;
    let customer = shop.buy().await;
    let harness = &shop.harness;
    let rows = ["BillingAccount", "StripeCustomer"];
    let kinds = of_whoever_paid(&shop, &customer).await;
    for kind in rows {
        assert!(
            kinds.contains(kind),
            "NO BASELINE: {kind} is not among {kinds:?}"
        );
    }
    let items = harness.items().await;
    let kept: BTreeSet<String> = items
        .iter()
        .filter(|item| rows.contains(&kind_of(item).as_str()))
        .map(|item| {
            let item: Value = serde_json::from_str(item).expect("an item");
            item["pk"]["S"].as_str().expect("a key").to_owned()
        })
        .collect();
    let ignored = move |key: &Value| key["pk"]["S"].as_str().is_some_and(|pk| kept.contains(pk));
    harness.faults().ignore_deletions(ignored);
    shop.owner.delete(&shop.workspace.path, 202).await;
    harness.advance(7 * DAY);
    for _ in 0..2 {
        harness.advance(MINUTE);
        in_vain(harness).await;
    }
    let left = of_whoever_paid(&shop, &customer).await;
    for kind in rows {
        assert!(
            left.contains(kind),
            "unnoticed: {kind} is not among {left:?}"
        );
    }
    harness.faults().reset();
    for _ in 0..6 {
        harness.advance(MINUTE);
        harness.run_schedule("Erasures").await;
    }
    shop.minute().await;
    harness.drain().await;
    let left = of_whoever_paid(&shop, &customer).await;
    // Documents stay for seven years, and ids of Stripe's events until they end by themselves.
    let stays =
        |kind: &str| DECLARED.contains(&kind) || ["BillingPaper", "StripeEvent"].contains(&kind);
    let undeclared: Vec<_> = left.iter().filter(|kind| !stays(kind)).collect();
    assert_eq!(undeclared, Vec::<&String>::new());
    // The documents of seven years are there, and say nothing of the workspace.
    let papers = harness.items_under("PAPER#platform#in_").await;
    assert!(!papers.is_empty(), "no document is left");
    for paper in papers {
        let paper = paper.to_string();
        assert!(!paper.contains(&shop.workspace.id), "{paper}");
    }
}
