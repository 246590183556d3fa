//! The chain: what was taken away or changed shows, and time takes its oldest end.

use std::time::Duration;

use harness::{Fault, Kind, START};
use serde_json::{Value, json};
use shared::domain::{retention::AUDIT_LIFETIME, time::DAY};

use super::{SECOND, World};

#[tokio::test]
async fn whoever_takes_a_line_away_or_changes_one_is_seen() {
    let mut world = World::new().await;
    world.keep_a_log(5).await;
    let good = world.check().await;
    assert_eq!(
        (
            &good["holds"],
            &good["checked"],
            &good["last_seq"],
            &good["waiting"]
        ),
        (&json!(true), &json!(6), &json!(6), &json!(0)),
        "{good}"
    );
    let lines = world.stored("L#").await;
    let end = world.stored("END").await.remove(0);
    let broken = |answer: Value| (answer["holds"] == false).then(|| answer["broken_at"].clone());

    // One from the middle, from the beginning, from the end.
    for (place, seq) in [(2, 3), (0, 1), (5, 6)] {
        world.harness.steal(&lines[place]).await;
        assert_eq!(broken(world.check().await), Some(json!(seq)), "line {seq}");
        world.harness.forge(lines[place].clone()).await;
        assert_eq!(world.check().await["holds"], true);
    }
    // Another act, another actor, another time, and a line in the place of another.
    let mut forged = lines[2].clone();
    forged["act"] = json!({ "S": "app_made" });
    world.harness.forge(forged).await;
    assert_eq!(broken(world.check().await), Some(json!(3)));
    let mut forged = lines[3].clone();
    forged["sk"] = lines[2]["sk"].clone();
    world.harness.forge(forged).await;
    assert!(broken(world.check().await).is_some());
    world.harness.forge(lines[2].clone()).await;
    // The end turned back to an earlier line, and the end taken away.
    let mut back = end.clone();
    back["seq"] = lines[4]["seq"].clone();
    back["hash"] = lines[4]["hash"].clone();
    world.harness.forge(back).await;
    assert!(broken(world.check().await).is_some());
    world.harness.steal(&end).await;
    assert!(broken(world.check().await).is_some());
    // And the whole log.
    for line in &lines {
        world.harness.steal(line).await;
    }
    assert_eq!(broken(world.check().await), Some(json!(1)));
    for item in lines.iter().chain([&end]) {
        world.harness.forge(item.clone()).await;
    }
    assert_eq!(world.check().await, good);
}

#[tokio::test]
async fn the_schedule_reports_a_chain_that_lost_its_end_and_goes_on() {
    let mut world = World::new().await;
    world.keep_a_log(2).await;
    let last = world.stored("L#").await.pop().expect("a line");
    world.harness.steal(&last).await;
    world.owner.app(&world.workspace).await;
    let report = world.chain().await;
    assert_eq!(
        (
            &report["broken_audit_chains"],
            &report["chained_audit_lines"]
        ),
        (&json!(1), &json!(1)),
        "{report}"
    );
    let seen = world.check().await;
    assert_eq!(
        (&seen["holds"], &seen["broken_at"]),
        (&json!(false), &json!(3)),
        "{seen}"
    );
    world.owner.app(&world.workspace).await;
    assert_eq!(
        world.chain().await["broken_audit_chains"],
        0,
        "it was told once"
    );
}

#[tokio::test]
async fn a_line_lives_twelve_months_to_the_millisecond_and_the_rest_of_the_chain_holds() {
    let mut world = World::new().await;
    world.keep_a_log(3).await;
    let ms = Duration::from_millis(1);
    let passed = world.harness.now().ms() - START.ms();
    let passed = Duration::from_millis(u64::try_from(passed).expect("later"));
    world.harness.advance(AUDIT_LIFETIME - passed - ms);
    world.owner = world.harness.sign_in("ada@example.com").await;
    assert_eq!(world.log().await.len(), 4);
    world.harness.advance(ms);
    // The first two were written at the same time as the workspace.
    assert_eq!(world.log().await.len(), 2);
    assert_eq!(
        world.check().await["holds"],
        true,
        "{}",
        world.check().await
    );
    world.harness.advance(SECOND);
    world.harness.sweep_ttl().await;
    assert_eq!(world.stored("L#").await.len(), 2);
    let seen = world.check().await;
    assert_eq!(
        (&seen["holds"], &seen["checked"]),
        (&json!(true), &json!(2)),
        "{seen}"
    );
    // What is taken before its time shows, though the beginning may be missing.
    let lines = world.stored("L#").await;
    world.harness.steal(&lines[0]).await;
    assert_eq!(world.check().await["holds"], false);
    world.harness.forge(lines[0].clone()).await;
    world.harness.advance(DAY * 3);
    world.harness.sweep_ttl().await;
    world.owner = world.harness.sign_in("ada@example.com").await;
    let seen = world.check().await;
    assert_eq!(
        (&seen["holds"], &seen["last_seq"]),
        (&json!(true), &json!(4)),
        "{seen}"
    );
    world.owner.app(&world.workspace).await;
    assert_eq!(world.chain().await["broken_audit_chains"], 0);
    assert_eq!(world.check().await["holds"], true);
}

#[tokio::test]
async fn a_pass_that_is_cut_off_at_any_call_loses_no_line_and_doubles_none() {
    let mut cut_off = 0;
    for call in 0..6 {
        let world = World::new().await;
        for _ in 0..50 {
            world.owner.app(&world.workspace).await;
        }
        for kind in [Kind::ServerError, Kind::TimeoutAfter] {
            let fault = Fault::new(kind).after(call).times(usize::MAX);
            world.harness.faults().plan(fault);
            let cut = world.harness.try_schedule("minute").await;
            world.harness.faults().reset();
            cut_off += usize::from(cut.is_err());
        }
        world.chain().await;
        assert_eq!(world.stored("W#").await.len(), 0, "call {call}");
        assert_eq!(world.stored("L#").await.len(), 51, "call {call}");
        let seen = world.check().await;
        assert_eq!(
            (&seen["holds"], &seen["checked"]),
            (&json!(true), &json!(51)),
            "{seen}"
        );
    }
    assert!(cut_off >= 6, "only {cut_off} runs were cut off");
}
