use proptest::prelude::*;

use super::*;
use crate::domain::policy::Profile;

const CLASSES: [Class; 41] = [
    Class::Account,
    Class::Analytics,
    Class::Announcement,
    Class::Audit,
    Class::Billing,
    Class::Call,
    Class::CallBlock,
    Class::Challenge,
    Class::Conversation,
    Class::Counter,
    Class::Dedupe,
    Class::Delivery,
    Class::Device,
    Class::Disclosure,
    Class::Export,
    Class::Erasure,
    Class::Farewell,
    Class::Guest,
    Class::Idempotency,
    Class::Invitation,
    Class::Job,
    Class::LoginSession,
    Class::MailWish,
    Class::News,
    Class::Notice,
    Class::Notification,
    Class::Operation,
    Class::PrivacyRequest,
    Class::RequestWords,
    Class::Reset,
    Class::Root,
    Class::Salt,
    Class::Socket,
    Class::StripeEvent,
    Class::Support,
    Class::Suppression,
    Class::Ticket,
    Class::Tombstone,
    Class::Upload,
    Class::Visit,
    Class::Workspace,
];

proptest! {
    #[test]
    fn every_class_has_an_end_that_is_not_before_its_anchor(
        class in 0..CLASSES.len(), days in CONVERSATION_DAYS, ms in 0i64..4_000_000_000_000,
    ) {
        let policy = Policy { conversation_days: days, ..Policy::of(Profile::Inbox) };
        let anchor = Timestamp::from_ms(ms);
        match expiry(CLASSES[class], &policy, anchor) {
            Expiry::At(end) => {
                prop_assert!(end > anchor);
                prop_assert!(!Expiry::At(end).has_passed(Timestamp::from_ms(end.ms() - 1)));
                prop_assert!(Expiry::At(end).has_passed(end));
            }
            Expiry::With(reason) => prop_assert!(!reason.is_empty()),
        }
    }

    #[test]
    fn fewer_days_never_keep_anything_longer(
        class in 0..CLASSES.len(), a in CONVERSATION_DAYS, b in CONVERSATION_DAYS, ms in 0i64..4_000_000_000_000,
    ) {
        let (short, long) = (a.min(b), a.max(b));
        let at = |days| expiry(
            CLASSES[class],
            &Policy { conversation_days: days, ..Policy::of(Profile::Flows) },
            Timestamp::from_ms(ms),
        );
        if let (Expiry::At(short), Expiry::At(long)) = (at(short), at(long)) {
            prop_assert!(short <= long);
        }
    }

    #[test]
    fn ttl_seconds_are_seconds_and_never_early(days in CONVERSATION_DAYS, ms in 0i64..4_000_000_000_000) {
        let policy = Policy { conversation_days: days, ..Policy::of(Profile::Flows) };
        if let Expiry::At(end) = expiry(Class::Conversation, &policy, Timestamp::from_ms(ms)) {
            prop_assert!(end.ttl_seconds() * 1000 >= end.ms());
            prop_assert!(end.ttl_seconds() * 1000 - end.ms() < 1000);
        }
    }
}

fn at(day: i64) -> Timestamp {
    Timestamp::from_ms(1_768_478_400_000 + day * 86_400_000)
}

fn end(policy: &Policy, anchor: Timestamp) -> Timestamp {
    match expiry(Class::Conversation, policy, anchor) {
        Expiry::At(end) => end,
        Expiry::With(_) => panic!("conversations end"),
    }
}

proptest! {
    #[test]
    fn whatever_the_changes_an_anchor_ends_by_the_shortest_retention_it_has_seen(
        changes in proptest::collection::vec((0i64..60, 1u32..40), 0..12), anchor in 0i64..400,
    ) {
        let (mut policy, mut day) = (Policy::of(Profile::Flows), 0);
        let mut eras = vec![(i64::MIN, policy.conversation_days)];
        for (pause, days) in changes {
            day += pause;
            policy = policy.with_days(days, at(day)).expect("few steps");
            eras.push((day, days));
        }
        // The retention of an era holds for an anchor unless the next one began before it.
        let seen = eras.iter().enumerate().filter(|(era, _)| eras.get(era + 1).is_none_or(|next| anchor < next.0));
        let days = seen.map(|(_, era)| era.1).min().expect("the last era");
        let model = at(anchor + i64::from(days));
        // A step is forgotten when what it ended is gone for a week.
        if model > at(day - 7) {
            prop_assert_eq!(end(&policy, at(anchor)), model);
        }
    }

    #[test]
    fn what_has_lapsed_and_what_has_not_are_told_apart_by_one_anchor(
        changes in proptest::collection::vec((0i64..60, 1u32..90), 0..8), now in 0i64..500, class in 0..CLASSES.len(),
        offset in -3i64..3,
    ) {
        let (mut policy, mut day) = (Policy::of(Profile::Flows), 0);
        for (pause, days) in changes {
            day += pause;
            policy = policy.with_days(days, at(day)).expect("few steps");
        }
        let now = at(day.max(now));
        if let Some(edge) = lapsed(CLASSES[class], &policy, now) {
            let anchor = Timestamp::from_ms(edge.ms() + offset);
            prop_assert_eq!(expiry(CLASSES[class], &policy, anchor).has_passed(now), offset <= 0);
        }
    }
}

#[test]
fn shorter_holds_at_once_and_longer_only_for_what_comes_after() {
    let policy = Policy::of(Profile::Flows);
    let short = policy.with_days(30, at(100)).expect("a change");
    assert_eq!(
        (end(&short, at(60)), end(&short, at(100))),
        (at(90), at(130))
    );
    assert!(short.steps.is_empty());
    let long = short.with_days(90, at(110)).expect("a change");
    assert_eq!(
        (end(&long, at(90)), end(&long, at(110))),
        (at(120), at(200))
    );
    assert_eq!(long.version, 3);
    // Shortened below the step, the step has nothing more to say.
    assert!(
        long.with_days(10, at(111))
            .expect("a change")
            .steps
            .is_empty()
    );
}

#[test]
fn a_hold_keeps_what_lived_and_brings_nothing_back() {
    let hold = crate::domain::policy::Hold {
        since: at(95),
        until: at(365),
        lapsed: at(5),
    };
    let held = Policy::of(Profile::Flows).under(Some(hold));
    assert_eq!((end(&held, at(5)), end(&held, at(6))), (at(95), at(365)));
    assert_eq!(end(&held, at(300)), at(390));
    let shorter = held.with_days(1, at(96)).expect("a change");
    assert_eq!(end(&shorter, at(6)), at(365));
    let Expiry::At(visit) = expiry(Class::Visit, &held, at(6)) else {
        panic!("visits end")
    };
    assert_eq!(visit, at(36));
}

#[test]
fn every_profile_keeps_every_class_as_long_as_the_table_says() {
    // Days of conversation content, of a visit, of a client's message id, and of a beacon
    // (FLOW-33, FLOW-36, CHAT-18).
    let table = [
        (Profile::Calls, 90, 30, 7, 30),
        (Profile::Flows, 90, 30, 7, 365),
        (Profile::Inbox, 760, 30, 7, 90),
    ];
    for (profile, content, visit, dedupe, beacon) in table {
        let policy = Policy::of(profile);
        let days = |class| match expiry(class, &policy, at(0)) {
            Expiry::At(end) => Some((end.ms() - at(0).ms()) / 60_000),
            Expiry::With(_) => None,
        };
        let day = 24 * 60;
        let expected = [
            (Class::Account, None),
            (Class::Analytics, Some(beacon * day)),
            (Class::Announcement, Some(365 * day)),
            (Class::Audit, Some(365 * day)),
            // From January 2026 to the first day of 2034.
            (Class::Billing, Some(2907 * day + day / 2)),
            (Class::Call, None),
            (Class::Challenge, Some(10)),
            (Class::Conversation, Some(content * day)),
            (Class::Counter, Some(60)),
            (Class::Dedupe, Some(dedupe * day)),
            (Class::Delivery, Some(7 * day)),
            (Class::Device, Some(270 * day)),
            (Class::Disclosure, Some(1096 * day)),
            (Class::CallBlock, Some(365 * day)),
            (Class::Erasure, Some(1096 * day)),
            (Class::Export, Some(7 * day)),
            (Class::Farewell, Some(2 * day)),
            (Class::Guest, Some(day)),
            (Class::Idempotency, Some(day)),
            (Class::Invitation, Some(14 * day)),
            (Class::Job, Some(30 * day)),
            (Class::LoginSession, Some(14 * day)),
            (Class::MailWish, Some(3 * 365 * day)),
            (Class::News, Some(30 * day)),
            (Class::Notice, Some(day)),
            (Class::Notification, Some(2 * day)),
            (Class::Operation, None),
            (Class::PrivacyRequest, Some(1096 * day)),
            (Class::RequestWords, Some(60 * day)),
            (Class::Reset, Some(30)),
            (Class::Root, None),
            (Class::Salt, Some(25 * 60)),
            (Class::Socket, Some(130)),
            (Class::StripeEvent, Some(40 * day)),
            (Class::Support, Some(2 * 365 * day)),
            (Class::Suppression, Some(365 * day)),
            (Class::Ticket, Some(1)),
            (Class::Tombstone, Some(7 * day)),
            (Class::Upload, Some(day)),
            (Class::Visit, Some(visit * day)),
            (Class::Workspace, None),
        ];
        assert_eq!(expected.len(), CLASSES.len());
        for (class, minutes) in expected {
            assert_eq!(days(class), minutes, "{profile:?} {class:?}");
        }
    }
}

proptest! {
    #[test]
    fn what_has_lapsed_has_ended_and_what_is_a_moment_younger_lives(
        class in 0..CLASSES.len(),
        days in CONVERSATION_DAYS, next in CONVERSATION_DAYS, then in 0i64..4_000_000_000_000,
    ) {
        let policy = Policy { conversation_days: days, ..Policy::of(Profile::Inbox) };
        let changed = Timestamp::from_ms(then);
        let policy = policy.with_days(next, changed).expect("a first step");
        let class = CLASSES[class];
        let now = changed.plus(DAY * days.max(next) / 2);
        let Some(newest) = lapsed(class, &policy, now) else {
            prop_assert!(matches!(expiry(class, &policy, now), Expiry::With(_)));
            return Ok(());
        };
        let younger = Timestamp::from_ms(newest.ms() + 1);
        prop_assert!(expiry(class, &policy, newest).has_passed(now));
        prop_assert!(!expiry(class, &policy, younger).has_passed(now));
    }
}

#[test]
fn the_ends_of_what_was_asked_for_once_are_fixed_and_others_move_with_use() {
    let fixed = CLASSES.iter().filter(|class| !class.rolls());
    let fixed: Vec<String> = fixed.map(|class| format!("{class:?}")).collect();
    let expected = [
        "Announcement",
        "CallBlock",
        "Challenge",
        "Export",
        "Farewell",
        "Guest",
        "Invitation",
        "Reset",
    ];
    assert_eq!(fixed, expected);
}

#[test]
fn the_days_until_nothing_can_be_read_are_those_that_were_promised() {
    assert_eq!(erasure_days::WORST, 23);
}

#[test]
fn a_login_session_ends_after_thirty_days_however_much_it_is_used() {
    assert_eq!(SESSION_ABSOLUTE, 30 * DAY);
    assert!(SESSION_IDLE < SESSION_ABSOLUTE);
}

#[test]
fn flows_conversations_live_ninety_days_to_the_millisecond() {
    let anchor = Timestamp::from_ms(1_768_478_400_123);
    let Expiry::At(end) = expiry(Class::Conversation, &Policy::of(Profile::Flows), anchor) else {
        panic!("conversations end");
    };
    assert_eq!(end.ms() - anchor.ms(), 90 * 86_400_000);
}

/// A conversation of `flows` (90 days) that began on day 0, as it was written.
fn borne() -> Borne {
    Borne {
        stamp: Some(at(90)),
        anchor: at(0),
        held_until: None,
    }
}

fn lens(policy: &Policy, now: Timestamp) -> Lens<'_> {
    Lens { now, policy }
}

fn a_moment_before(at: Timestamp) -> Timestamp {
    Timestamp::from_ms(at.ms() - 1)
}

#[test]
fn an_item_is_over_by_its_own_stamp_or_by_the_present_policy_whichever_is_earlier() {
    let class = Class::Conversation;
    let kept = Policy::of(Profile::Flows);
    let over = |borne: Borne, policy: &Policy, now| borne.over_since(class, lens(policy, now));
    assert_eq!(over(borne(), &kept, a_moment_before(at(90))), None);
    assert_eq!(over(borne(), &kept, at(90)), Some(at(90)));
    assert_eq!(over(borne(), &kept, at(200)), Some(at(90)));
    // A shorter retention holds at once, whatever the stamp says.
    let shorter = kept.with_days(30, at(29)).expect("a change");
    assert_eq!(over(borne(), &shorter, a_moment_before(at(30))), None);
    assert_eq!(over(borne(), &shorter, at(30)), Some(at(30)));
    // A longer one does not, whatever the policy would say without its steps.
    let longer = Policy {
        conversation_days: 365,
        ..kept
    };
    assert_eq!(over(borne(), &longer, at(90)), Some(at(90)));
    // What has no stamp of its own ends with something else, and not by itself.
    let with_its_root = Borne {
        stamp: None,
        ..borne()
    };
    let now = lens(&longer, at(100_000));
    assert_eq!(with_its_root.over_since(Class::Root, now), None);
}

#[test]
fn a_head_on_hold_is_not_over_until_the_hold_is() {
    let policy = Policy::of(Profile::Flows);
    let held = Borne {
        held_until: Some(at(200)),
        ..borne()
    };
    let is_over = |now| held.is_over(Class::Conversation, lens(&policy, now));
    assert!(!is_over(a_moment_before(at(200))));
    assert!(is_over(at(200)));
    // A hold that has run out keeps nothing, and one is written with its end.
    let end = |until| Borne::end(Class::Conversation, &policy, at(0), until);
    assert_eq!(end(None), Expiry::At(at(90)));
    assert_eq!(end(Some(at(10))), Expiry::At(at(90)));
    assert_eq!(end(Some(at(200))), Expiry::At(at(200)));
    let root = Borne::end(Class::Root, &policy, at(0), Some(at(200)));
    assert!(matches!(root, Expiry::With(_)));
}

#[test]
fn what_lies_within_a_hold_counts_its_stamp_up_to_the_beginning_of_the_hold() {
    let hold = |since, lapsed| {
        let until = at(300);
        Some(crate::domain::policy::Hold {
            since,
            until,
            lapsed,
        })
    };
    let policy = Policy::of(Profile::Flows);
    let is_over = |policy: &Policy, class, now| borne().is_over(class, lens(policy, now));
    // It lived when the hold began, and lives on although nobody has moved its stamp yet.
    let held = policy.under(hold(at(89), at(-1)));
    assert!(!is_over(
        &held,
        Class::Conversation,
        a_moment_before(at(300))
    ));
    assert!(is_over(&held, Class::Conversation, at(300)));
    // It had ended when the hold began, and does not come back.
    let late = policy.under(hold(at(90), at(0)));
    assert!(is_over(&late, Class::Conversation, at(91)));
    // A hold that is said to begin later counts to the present.
    let coming = policy.under(hold(at(250), at(-1)));
    assert!(is_over(&coming, Class::Conversation, at(90)));
    assert!(!is_over(&coming, Class::Conversation, at(89)));
    // Holds are about conversations: a visit that has ended by its stamp has ended.
    let visit = Borne {
        stamp: Some(at(20)),
        ..borne()
    };
    let early = policy.under(hold(at(10), at(-1)));
    assert!(visit.is_over(Class::Visit, lens(&early, at(25))));
    assert!(!visit.is_over(Class::Conversation, lens(&early, at(25))));
    // And one that ends now counts for nothing any more.
    let late = Borne {
        stamp: Some(at(295)),
        anchor: at(220),
        held_until: None,
    };
    let ending = policy.under(hold(at(290), at(-1)));
    let is_over = |now| late.is_over(Class::Conversation, lens(&ending, now));
    assert!(!is_over(a_moment_before(at(300))));
    assert!(is_over(at(300)));
}

#[test]
fn new_stamps_are_for_what_lives_and_bears_another_end() {
    let class = Class::Conversation;
    let kept = Policy::of(Profile::Flows);
    let other = |borne: Borne, policy: &Policy, now| borne.other_end(class, lens(policy, now));
    assert_eq!(other(borne(), &kept, at(1)), None);
    let shorter = kept.with_days(30, at(1)).expect("a change");
    assert_eq!(other(borne(), &shorter, at(1)), Some(at(30)));
    // What has ended by its stamp is not brought back by a later end.
    let longer = Policy {
        conversation_days: 365,
        ..kept.clone()
    };
    assert_eq!(
        other(borne(), &longer, a_moment_before(at(90))),
        Some(at(365))
    );
    assert_eq!(other(borne(), &longer, at(90)), None);
    // Under a hold it had to live when the hold began.
    let held = |since| {
        kept.under(Some(crate::domain::policy::Hold {
            since,
            until: at(300),
            lapsed: at(-1),
        }))
    };
    assert_eq!(other(borne(), &held(at(89)), at(200)), Some(at(300)));
    assert_eq!(other(borne(), &held(at(90)), at(200)), None);
    // What ends with something else, by its stamp or by its class, gets none.
    let without = Borne {
        stamp: None,
        ..borne()
    };
    assert_eq!(other(without, &shorter, at(1)), None);
    assert_eq!(borne().other_end(Class::Root, lens(&shorter, at(1))), None);
}
