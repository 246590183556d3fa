//! Histories that nobody wrote: teams and visitors do what they like in any order, the clock moves,
//! calls fail, the stream repeats itself, and somebody is forgotten in the middle of it. What was
//! promised must hold after each of them (FLOW-38).
//!
//! | | invariant | where it is looked at |
//! |---|---|---|
//! | I1 | of somebody erased nothing is left but what the manifest keeps | `World::left` |
//! | I2 | everybody else's items are as they were, byte for byte | `World::forget` |
//! | I3 | what is left is what was announced: tombstones, and jobs that name ids | `World::left` |
//! | I4 | that holds as well when a backup of any moment was put back | `World::put_back` |
//! | I5 | what a copy of the tables still holds can no longer be opened | `World::left`: no data key |
//! | I6 | nothing is written for somebody who is fenced | `World::forget` |
//! | I7 | it ends, once calls stop failing | `World::settle` |
//! | I8 | it ends in time | `World::close` |
//! | I9 | doing it again changes nothing | `World::settle` |
//! | I10 | a copy made before the erasure holds what can be shown, and nothing of others | `World::copy` |
//! | I11 | what is over is never shown, and what is not over is | `World::look` |
//!
//! `PROPTEST_CASES=500 cargo test -p it --test it -- simulation` is the long run; the seed is fixed,
//! and `PROPTEST_RNG_SEED` chooses another one.

mod history;
pub mod residue;
mod sabotage;
mod world;

use std::cell::RefCell;

use crate::privacy_at_rest::log::Log;
use harness::Kind;
use history::{Act, history};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use residue::DECLARED;
use world::{Seen, World};

/// How many histories a usual run plays, and how long each of them is at most.
const CASES: u32 = 6;
const ACTS: usize = 40;
/// The seed of a usual run.
const SEED: u64 = 0x0050_7770;

#[test]
fn whatever_happens_what_was_promised_about_erasure_and_retention_holds() {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    // proptest's own defaults say that the environment said nothing.
    if config.cases == 256 {
        config.cases = CASES;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    let seen = RefCell::new(Seen::default());
    let play = |acts: Vec<Act>| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let new = runtime.block_on(World::play(acts));
        seen.borrow_mut().add(new);
        Ok(())
    };
    let outcome = TestRunner::new(config.clone()).run(&history(ACTS), play);
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // A run in which nothing happened would prove nothing.
    let seen = seen.into_inner();
    assert!(seen.is_enough_for(config.cases), "{seen:?}");
}

#[tokio::test]
async fn an_eraser_that_is_switched_off_for_any_kind_of_item_is_noticed() {
    let kinds = residue::Stage::new().await.kinds().await;
    // Something of everything: what is missing here nobody would see.
    for kind in [
        "Attachment",
        "Beacon",
        "BeaconLink",
        "Call",
        "Contact",
        "ContactNote",
        "Continuity",
        "Conversation",
        "DataKeyRow",
        "Edge",
        "Export",
        "FlowRun",
        "Mention",
        "Message",
        "Profile",
        "ReachedLink",
        "ReadMark",
        "TranscriptMail",
        "UnsentDraft",
        "Visit",
        "VisitorContext",
        "VisitorDevice",
    ] {
        assert!(
            kinds.contains(kind),
            "NO BASELINE: {kind} is not among {kinds:?}"
        );
    }
    let mut unnoticed = Vec::new();
    for kind in kinds
        .iter()
        .filter(|kind| !DECLARED.contains(&kind.as_str()))
        .cloned()
    {
        let stage = residue::Stage::new().await;
        stage.switch_off(&kind).await;
        stage.forget().await;
        let left = stage.left().await;
        if !left.contains(&kind) {
            unnoticed.push(kind);
        }
    }
    assert_eq!(unnoticed, Vec::<String>::new());
}

#[tokio::test]
async fn with_every_eraser_on_nothing_is_left_but_what_the_receipt_names() {
    let (log, _listening) = Log::listen();
    let stage = residue::Stage::new().await;
    stage.forget().await;
    let left = stage.left().await;
    let undeclared: Vec<_> = left
        .iter()
        .filter(|kind| !DECLARED.contains(&kind.as_str()))
        .collect();
    assert!(
        undeclared.is_empty() && left.contains("Tombstone"),
        "{left:?}"
    );
    // Nor does anybody who kept the log know what was said, or who said it.
    let logged = log.bytes();
    let has = |word: &str| {
        logged
            .windows(word.len())
            .any(|part| part == word.as_bytes())
    };
    assert!(logged.len() > 10_000, "NO BASELINE: {} bytes", logged.len());
    for canary in residue::CANARIES {
        assert!(!has(canary), "{canary} is in the log");
    }
}

#[tokio::test]
async fn of_a_workspace_with_everything_in_it_nothing_is_left() {
    let stage = residue::Stage::new().await;
    let kinds = stage.of_the_workspace().await;
    for kind in [
        "Call",
        "CallLink",
        "Delivery",
        "FlowVersion",
        "Guest",
        "Notification",
        "PushSender",
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
    stage.end_the_workspace().await;
    let left: Vec<String> = stage.of_the_workspace().await.into_iter().collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_call_that_fails_anywhere_in_an_erasure_is_made_up_for() {
    for kind in [
        Kind::TimeoutAfter,
        Kind::Throttle,
        Kind::Conflict,
        Kind::Unprocessed,
    ] {
        for call in [1, 4, 9] {
            let stage = residue::Stage::new().await;
            stage.forget_despite(kind, call).await;
            let left = stage.left().await;
            let left: Vec<_> = left
                .into_iter()
                .filter(|kind| !DECLARED.contains(&kind.as_str()))
                .collect();
            assert!(left.is_empty(), "{kind:?} at call {call}: {left:?}");
        }
    }
}
