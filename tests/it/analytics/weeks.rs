//! Weeks: counted once, about nobody, and what they were made from dies at its time.

use std::time::Duration;

use harness::{Fault, Kind, Visitor, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

use super::{EDGE, FIREFOX, SAFARI, World, loaded, send};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Twelve people with Firefox, two with Safari; each says three things.
async fn fill(world: &World) -> Vec<Visitor> {
    let mut all = Vec::new();
    for n in 0..14 {
        let visitor = world.visitor().await;
        let agent = if n < 12 { FIREFOX } else { SAFARI };
        for ms in [300, 700, 700] {
            let headers = [("user-agent", agent), EDGE[1], EDGE[2]];
            let answer = send(&visitor, &headers, loaded(ms)).await;
            assert_eq!(answer.status, 204, "{}", answer.text);
        }
        all.push(visitor);
    }
    all
}

fn cells(week: &Value, dimension: &str) -> Vec<(String, u64)> {
    let cells = week["cells"].as_array().expect("cells").iter();
    let of = cells.filter(|cell| cell["dimension"] == dimension);
    of.map(|cell| {
        (
            text(cell, "value"),
            cell["beacons"].as_u64().expect("a count"),
        )
    })
    .collect()
}

/// FLOW-19: weeks of beacons become counts about ten people at least, which owners and admins read;
/// what is about fewer is under `rest`, and both together are all there was.
#[tokio::test]
async fn a_week_that_is_over_is_counted_and_no_count_is_about_fewer_than_ten_people() {
    let world = World::new("flows").await;
    fill(&world).await;
    let before = world.figures(&world.owner).await;
    assert_eq!(before["weeks"][0]["state"], "open");
    assert_eq!(before["weeks"][0]["beacons"], Value::Null);
    let counted = world.harness.run_schedule("jobs").await;
    assert_eq!(
        counted["counted_weeks"], 0,
        "the week is not over: {counted}"
    );
    // Monday at 01:00.
    world.harness.advance(DAY * 3 + HOUR * 13);
    let counted = world.harness.run_schedule("jobs").await;
    assert_eq!(counted["counted_weeks"], 1, "{counted}");
    let owner = world.owner.refresh().await;
    let figures = world.figures(&owner).await;
    let week = &figures["weeks"][0];
    assert_eq!(
        (&week["week"], &week["state"]),
        (&json!("2026-01-12"), &json!("counted"))
    );
    assert_eq!(week["beacons"], 42);
    assert_eq!(
        cells(week, "load"),
        [
            ("500ms_to_1s".to_owned(), 28),
            ("under_500ms".to_owned(), 14)
        ]
    );
    assert_eq!(cells(week, "country"), [("DE".to_owned(), 42)]);
    // Two people with Safari are too few; that alone would show them, so Firefox goes with them.
    assert_eq!(cells(week, "browser"), [("rest".to_owned(), 42)]);
    for dimension in ["browser", "country", "error", "load"] {
        let sum: u64 = cells(week, dimension).iter().map(|(_, count)| count).sum();
        assert_eq!(sum, 42, "{dimension}");
    }
    // No pseudonym, no contact: nothing in the counts leads to anybody.
    let row = world.of_kind("AnalyticsWeek").await[0].to_string();
    assert!(!row.contains("psd_") && !row.contains("ctc_"), "{row}");
    // Counted once.
    let again = world.harness.run_schedule("jobs").await;
    assert_eq!(again["counted_weeks"], 0);
    assert_eq!(world.figures(&owner).await, figures);

    let path = format!(
        "{}/figures?format=csv&from=2026-01-14&to=2026-01-14",
        world.workspace.path
    );
    let csv = owner.send(Method::GET, &path, None).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text.lines().collect();
    assert_eq!(lines[0], "week,dimension,value,beacons");
    assert!(lines.contains(&"2026-01-12,country,DE,42"), "{lines:?}");
    for (query, pointer) in [
        ("from=2026-02-01&to=2026-01-01", "?from"),
        ("from=2024-01-01&to=2026-01-01", "?from"),
        ("from=yesterday", "?from"),
        ("format=xml", "?format"),
    ] {
        let path = format!("{}/figures?{query}", world.workspace.path);
        let answer = owner.send(Method::GET, &path, None).await;
        assert_eq!(answer.status, 422, "{query}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{query}");
    }
}

/// However often it is cut off, and wherever, a week comes to the same.
#[tokio::test]
async fn a_count_that_is_cut_off_at_any_call_comes_to_the_same() {
    let world = World::new("flows").await;
    fill(&world).await;
    world.harness.advance(DAY * 4);
    let mut cut_off = 0_u64;
    for (operation, kind) in [
        ("BatchGetItem", Kind::ServerError),
        ("Query", Kind::TimeoutBefore),
        ("TransactWriteItems", Kind::ServerError),
        ("TransactWriteItems", Kind::TimeoutAfter),
    ] {
        world.harness.faults().reset();
        let of_figures = |call: &local::faults::Call| {
            call.body.to_string().contains("ANALYTICS#")
                || call.body.to_string().contains("BEACON#")
        };
        let lost = Fault::new(kind).on(operation).when(of_figures).times(12);
        world.harness.faults().plan(lost);
        cut_off += match world.harness.try_schedule("jobs").await {
            Ok(report) => report["failed_weeks"].as_u64().expect("a count"),
            Err(_) => 1,
        };
    }
    world.harness.faults().reset();
    assert!(cut_off >= 3, "{cut_off} runs were cut off");
    world.harness.run_schedule("jobs").await;
    let owner = world.owner.refresh().await;
    let week = &world.figures(&owner).await["weeks"][0];
    assert_eq!(
        (&week["state"], &week["beacons"]),
        (&json!("counted"), &json!(42))
    );
    assert_eq!(
        cells(week, "load"),
        [
            ("500ms_to_1s".to_owned(), 28),
            ("under_500ms".to_owned(), 14)
        ]
    );
    assert_eq!(world.beacons().await.len(), 42, "counting takes nothing");
}

/// FLOW-36: what counts were made from is gone after twelve months, and the counts stay.
#[tokio::test]
async fn beacons_end_after_twelve_months_and_counts_about_nobody_stay() {
    let world = World::new("flows").await;
    fill(&world).await;
    world.harness.advance(DAY * 4);
    world.harness.run_schedule("jobs").await;
    let before = world.of_kind("AnalyticsWeek").await;
    world.harness.advance(DAY * 361 - Duration::from_millis(1));
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.beacons().await.len(), 42);
    world.harness.advance(Duration::from_millis(1));
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.beacons().await, Vec::<Value>::new());
    assert_eq!(world.of_kind("AnalyticsWeek").await, before);
}

/// FLOW-36: if nothing is ever counted, somebody hears of it from month 12 on, and the beacons end all
/// the same; by TTL alone, too.
#[tokio::test]
async fn what_is_never_counted_is_an_alarm_after_eleven_months_and_ends_all_the_same() {
    let world = World::new("flows").await;
    fill(&world).await;
    let counting_fails = || {
        world.harness.faults().reset();
        let of_weeks = |call: &local::faults::Call| call.body.to_string().contains("ANALYTICS#");
        let lost = Fault::new(Kind::ServerError).on("TransactWriteItems");
        world.harness.faults().plan(lost.when(of_weeks).times(12));
    };
    // The week began three and a half days before: day 333 of it, and 335.
    world.harness.advance(DAY * 330);
    for late in [0, 1] {
        counting_fails();
        let report = world.harness.run_schedule("jobs").await;
        assert_eq!(
            (&report["failed_weeks"], &report["overdue_weeks"]),
            (&json!(1), &json!(late))
        );
        world.harness.advance(DAY * 2);
    }
    assert_eq!(world.beacons().await.len(), 42);
    world.harness.advance(DAY * 33);
    world.harness.faults().reset();
    let report = world.harness.run_schedule("jobs").await;
    assert_eq!(
        (&report["lost_weeks"], &report["overdue_weeks"]),
        (&json!(1), &json!(0))
    );
    assert!(world.harness.sweep_ttl().await >= 42);
    assert_eq!(world.beacons().await, Vec::<Value>::new());
    let week = &world.of_kind("AnalyticsWeek").await[0];
    assert_eq!(week["week_state"]["S"], "lost");
}
