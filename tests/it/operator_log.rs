//! What operators did, as operators read it: every act once, by opaque ids, for twelve months.

use std::time::Duration;

use harness::{Harness, Member, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

/// Whom the embedded stack names.
const OPERATOR: &str = "demo@example.com";
const LOG: &str = "/v1/operator/log";
const SETTINGS: &str = "/v1/operator/settings";

async fn operator(harness: &Harness) -> Member {
    let operator = harness.sign_up(OPERATOR).await;
    operator.enrol().await;
    harness.advance(Duration::from_secs(60));
    harness.sign_in(OPERATOR).await
}

fn acts(page: &Value) -> Vec<&str> {
    let lines = page["data"].as_array().expect("lines").iter();
    lines
        .map(|line| line["act"].as_str().expect("a word"))
        .collect()
}

#[tokio::test]
async fn every_act_of_an_operator_is_in_the_log_once_and_a_refused_one_is_not() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let other = harness.sign_up("ivy@example.com").await;
    let operator = operator(&harness).await;
    let place = format!("/v1/operator{}", &workspace.path[3..]);
    let step = || harness.advance(Duration::from_secs(1));

    let version = operator.get(SETTINGS, 200).await["rev"].clone();
    step();
    let settings = operator.with_header("if-match", &format!("\"{version}\""));
    settings
        .patch(SETTINGS, json!({ "sign_up": "open" }), 200)
        .await;
    step();
    let stale = Some(json!({ "sign_up": "closed" }));
    settings
        .refused(Method::PATCH, SETTINGS, stale, 409, "conflict")
        .await;
    let reason = json!({ "reason": "abuse" });
    for _ in 0..2 {
        // The second time it is suspended already, which is no act.
        operator
            .post(&format!("{place}/suspend"), reason.clone(), 200)
            .await;
    }
    step();
    operator
        .post(&format!("{place}/resume"), json!(null), 200)
        .await;
    step();
    let cap = json!({ "sessions_per_minute": 60 });
    operator
        .patch(&format!("{place}/apps/{}", app.id), cap, 200)
        .await;
    step();
    let enter = json!({ "reason": "support", "hours": 1 });
    operator
        .post(&format!("{place}/break-glass"), enter, 201)
        .await;
    step();
    operator.delete(&format!("{place}/break-glass"), 204).await;
    step();
    let seats = json!({ "account_id": other.account_id });
    operator.post("/v1/operator/seats", seats, 201).await;
    step();
    let seat = format!("/v1/operator/seats/{}", other.account_id);
    operator.delete(&seat, 204).await;
    step();
    let news =
        json!({ "class": "service", "subject": "News", "text": "Hello.", "mode": "rehearse" });
    let announced = operator.post("/v1/operator/announcements", news, 202).await;

    let log = operator.get(LOG, 200).await;
    assert_eq!(
        acts(&log),
        [
            "announced",
            "operator_unseated",
            "operator_seated",
            "break_glass_closed",
            "break_glass_opened",
            "app_limited",
            "workspace_resumed",
            "workspace_suspended",
            "settings_changed",
            // Their own seat, with their first call.
            "operator_seated",
        ]
    );
    let lines = &log["data"];
    assert_eq!(lines[0]["announcement_id"], announced["id"]);
    assert_eq!(lines[1]["account_id"], other.account_id);
    assert_eq!(lines[5]["app_id"], app.id);
    assert_eq!(lines[7]["workspace_id"], workspace.id);
    for line in lines.as_array().expect("lines") {
        assert_eq!(line["operator_id"], operator.account_id);
    }
    for word in ["@", "Ada", "ivy"] {
        assert!(!log.to_string().contains(word), "{word} is in the log");
    }

    // Page by page, and every line once.
    let (mut path, mut all) = (format!("{LOG}?limit=4"), Vec::new());
    loop {
        let page = operator.get(&path, 200).await;
        all.extend(acts(&page).into_iter().map(str::to_owned));
        if page["page"]["next_cursor"].is_null() {
            break;
        }
        let cursor = text(&page["page"], "next_cursor");
        path = format!("{LOG}?limit=4&cursor={cursor}");
    }
    assert_eq!(all, acts(&log));
    owner
        .refused(Method::GET, LOG, None, 403, "forbidden")
        .await;
}

#[tokio::test]
async fn a_line_is_gone_after_twelve_months_and_so_is_its_row() {
    let harness = Harness::start().await;
    operator(&harness).await.get(LOG, 200).await;
    assert_eq!(
        harness.items_with(r#""kind":{"S":"OperatorDeed"}"#).await,
        1
    );
    harness.advance(366 * DAY);
    harness.run_schedule("sweep").await;
    assert_eq!(
        harness.items_with(r#""kind":{"S":"OperatorDeed"}"#).await,
        0
    );
}

#[tokio::test]
async fn what_an_operator_decides_about_a_request_is_in_the_log_with_the_decision() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let operator = operator(&harness).await;
    let mut expected = Vec::new();
    for (decision, act) in [
        (
            json!({ "decision": "extend", "days": 5, "explanation": "It takes longer." }),
            "request_extended",
        ),
        (
            json!({ "decision": "deny", "reason": "no_match", "explanation": "It is not ours." }),
            "request_refused",
        ),
        (
            json!({ "decision": "fulfil", "explanation": "Here you are." }),
            "request_answered",
        ),
    ] {
        harness.advance(Duration::from_secs(1));
        let asks = json!({ "type": "question", "message": format!("Why {act}?") });
        let asked = owner.post("/v1/privacy/requests", asks, 202).await;
        let id = text(&asked, "id");
        let place = format!("/v1/operator/privacy/requests/{id}/decision");
        // Who is no operator decides nothing, and a decision that is not whole is none.
        owner
            .refused(
                Method::POST,
                &place,
                Some(decision.clone()),
                403,
                "forbidden",
            )
            .await;
        let half = Some(json!({ "decision": "deny" }));
        operator
            .refused(Method::POST, &place, half, 422, "validation_failed")
            .await;
        operator.post(&place, decision, 200).await;
        expected.insert(0, (act.to_owned(), id));
    }
    let log = operator.get(LOG, 200).await;
    let lines = log["data"].as_array().expect("lines").iter();
    let seen = lines
        .filter(|line| !line["request_id"].is_null())
        .map(|line| (text(line, "act"), text(line, "request_id")));
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert!(!log.to_string().contains("It is not ours"));
}
