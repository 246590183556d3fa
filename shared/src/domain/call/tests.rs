use proptest::prelude::*;
use uuid::Uuid;

use super::{CallState as S, EndReason as E, Happening as H, Side::*, *};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(1_768_478_400_000 + seconds * 1000)
}

fn done(call: Course, what: H, seconds: i64) -> Course {
    call.step(what, at(seconds))
        .unwrap_or_else(|refused| panic!("{what:?} of {:?}: {refused:?}", call.state))
}

fn begun(caller: Side) -> Course {
    Course::begun(caller, at(0))
}

fn ringing(caller: Side) -> Course {
    done(begun(caller), H::Ready(caller), 1)
}

fn connecting(caller: Side) -> Course {
    done(ringing(caller), H::Accept(caller.other()), 5)
}

fn active(caller: Side) -> Course {
    done(connecting(caller), H::Connected(Guest), 8)
}

fn ended(caller: Side) -> Course {
    done(active(caller), H::End(Guest), 60)
}

/// What a step came to: the state with its reason, or why nothing happened.
fn fate(call: Course, what: H) -> Result<(S, Option<E>), Refused> {
    let now = call
        .ended_at
        .or(call.connected_at)
        .or(call.accepted_at)
        .or(call.rang_at)
        .unwrap_or(call.created_at);
    let next = call.step(what, now.plus(Duration::from_secs(1)))?;
    Ok((next.state, next.reason))
}

/// Where something leads from `created`, `ringing`, `connecting` and `active`.
type Edges = [Result<(S, Option<E>), Refused>; 4];

#[test]
fn every_edge_of_the_machine_leads_where_it_should() {
    let over = |reason| Ok((S::Ended, Some(reason)));
    let to = |state| Ok((state, None));
    for caller in [Agent, Guest] {
        let callee = caller.other();
        let rows: [(H, Edges); 17] = [
            // what happens: created, ringing, connecting, active
            (
                H::Ready(caller),
                [
                    to(S::Ringing),
                    to(S::Ringing),
                    to(S::Connecting),
                    to(S::Active),
                ],
            ),
            (
                H::Ready(callee),
                [
                    to(S::Created),
                    to(S::Ringing),
                    to(S::Connecting),
                    to(S::Active),
                ],
            ),
            (
                H::Accept(callee),
                [
                    Err(Refused::TooEarly),
                    to(S::Connecting),
                    to(S::Connecting),
                    to(S::Active),
                ],
            ),
            (H::Accept(caller), [Err(Refused::NotYours); 4]),
            (
                H::Decline(callee),
                [
                    Err(Refused::TooEarly),
                    over(E::Declined),
                    Err(Refused::TooLate),
                    Err(Refused::TooLate),
                ],
            ),
            (H::Decline(caller), [Err(Refused::NotYours); 4]),
            (
                H::Cancel(caller),
                [
                    over(E::Cancelled),
                    over(E::Cancelled),
                    Err(Refused::TooLate),
                    Err(Refused::TooLate),
                ],
            ),
            (H::Cancel(callee), [Err(Refused::NotYours); 4]),
            (
                H::Connected(caller),
                [
                    Err(Refused::TooEarly),
                    Err(Refused::TooEarly),
                    to(S::Active),
                    to(S::Active),
                ],
            ),
            (
                H::Connected(callee),
                [
                    Err(Refused::TooEarly),
                    Err(Refused::TooEarly),
                    to(S::Active),
                    to(S::Active),
                ],
            ),
            (
                H::Alive(caller),
                [
                    to(S::Created),
                    to(S::Ringing),
                    to(S::Connecting),
                    to(S::Active),
                ],
            ),
            (
                H::Failed(callee),
                [
                    Err(Refused::TooEarly),
                    Err(Refused::TooEarly),
                    over(E::FailedIce),
                    over(E::PeerLost),
                ],
            ),
            (
                H::End(caller),
                [
                    over(E::Cancelled),
                    over(E::Cancelled),
                    over(E::Cancelled),
                    over(E::Completed),
                ],
            ),
            (
                H::End(callee),
                [
                    Err(Refused::TooEarly),
                    over(E::Declined),
                    over(E::Cancelled),
                    over(E::Completed),
                ],
            ),
            (
                H::Supersede,
                [
                    over(E::Superseded),
                    over(E::Superseded),
                    Err(Refused::TooLate),
                    Err(Refused::TooLate),
                ],
            ),
            (H::Forbid, [over(E::Forbidden); 4]),
            (
                H::Knock,
                [
                    to(S::Created),
                    to(S::Ringing),
                    to(S::Connecting),
                    to(S::Active),
                ],
            ),
        ];
        let states = [
            begun(caller),
            ringing(caller),
            connecting(caller),
            active(caller),
        ];
        for (what, fates) in rows {
            for (call, expected) in states.into_iter().zip(fates) {
                assert_eq!(
                    fate(call, what),
                    expected,
                    "{what:?} of {:?} by {caller:?}",
                    call.state
                );
            }
        }
    }
}

#[test]
fn what_is_over_stays_as_it_ended() {
    let call = ended(Guest);
    for what in [
        H::End(Agent),
        H::Cancel(Guest),
        H::Decline(Agent),
        H::Forbid,
        H::Supersede,
        H::Knock,
    ] {
        assert_eq!(call.step(what, at(99)), Ok(call), "{what:?}");
    }
    for what in [
        H::Accept(Agent),
        H::Ready(Guest),
        H::Connected(Agent),
        H::Alive(Guest),
        H::Failed(Agent),
    ] {
        assert_eq!(call.step(what, at(99)), Err(Refused::Over), "{what:?}");
    }
}

#[test]
fn every_deadline_ends_a_call_at_its_own_time_whoever_notices() {
    let cases = [
        (begun(Guest), 60, E::Cancelled),
        (ringing(Guest), 1 + 45, E::NoAnswer),
        (connecting(Guest), 5 + 20, E::FailedIce),
        (active(Guest), 8 + 45 + 60, E::PeerLost),
    ];
    for (call, seconds, reason) in cases {
        assert_eq!(call.deadline(), Some(at(seconds)));
        assert_eq!(call.at(Timestamp::from_ms(at(seconds).ms() - 1)), call);
        let late = call.at(at(seconds + 1000));
        assert_eq!((late.state, late.reason), (S::Ended, Some(reason)));
        assert_eq!(late.ended_at, Some(at(seconds)));
        assert_eq!(late.deadline(), None);
    }
    assert_eq!(
        ringing(Agent).step(H::Accept(Guest), at(46)),
        Err(Refused::Over)
    );
    assert_eq!(done(ringing(Agent), H::Knock, 46).reason, Some(E::NoAnswer));
}

#[test]
fn a_call_lives_while_both_are_heard_and_for_four_hours_at_most() {
    let mut call = active(Guest);
    for seconds in (20..4 * 3600).step_by(20) {
        call = done(
            done(call, H::Alive(Agent), seconds),
            H::Alive(Guest),
            seconds,
        );
    }
    assert_eq!(call.deadline(), Some(at(5 + 4 * 3600)));
    assert_eq!(call.at(at(5 + 4 * 3600)).reason, Some(E::MaxDuration));
    // One side alone does not keep it.
    let mut call = active(Guest);
    for seconds in [20, 40, 60, 80, 100] {
        call = done(call, H::Alive(Guest), seconds);
    }
    assert!(
        call.is_away(Agent, at(53))
            && !call.is_away(Agent, at(52))
            && !call.is_away(Guest, at(100))
    );
    assert_eq!(call.at(at(113)).reason, Some(E::PeerLost));
    assert_eq!(
        done(call, H::Alive(Agent), 112).at(at(113)).state,
        S::Active
    );
}

#[test]
fn a_missed_call_is_one_that_rang_and_that_nobody_took() {
    assert!(ringing(Guest).at(at(99)).was_missed());
    assert!(done(ringing(Guest), H::Cancel(Guest), 9).was_missed());
    assert!(!done(ringing(Guest), H::Decline(Agent), 9).was_missed());
    assert!(!begun(Guest).at(at(99)).was_missed());
    assert!(!ended(Guest).was_missed());
}

proptest! {
    #[test]
    fn of_two_calls_the_same_one_goes_on_whoever_asks(a: u128, b: u128) {
        let (a, b) = (CallId::from_uuid(Uuid::from_u128(a)), CallId::from_uuid(Uuid::from_u128(b)));
        prop_assert_eq!(survivor(a, b), survivor(b, a));
    }

    #[test]
    fn no_history_brings_a_call_back_or_forgets_why_it_ended(
        steps in proptest::collection::vec((0usize..17, 0i64..80), 0..60), guest_calls: bool,
    ) {
        let caller = if guest_calls { Guest } else { Agent };
        let all = [
            H::Ready(Agent), H::Ready(Guest), H::Accept(Agent), H::Accept(Guest), H::Decline(Agent),
            H::Decline(Guest), H::Cancel(Agent), H::Cancel(Guest), H::Connected(Agent), H::Connected(Guest),
            H::Alive(Agent), H::Alive(Guest), H::Failed(Agent), H::End(Guest), H::Supersede, H::Forbid, H::Knock,
        ];
        let (mut call, mut now) = (begun(caller), 0);
        for (what, pause) in steps {
            now += pause;
            let before = call;
            if let Ok(next) = call.step(all[what], at(now)) {
                call = next;
            }
            if before.is_over() {
                prop_assert_eq!(before, call);
            }
            prop_assert_eq!(call.is_over(), call.reason.is_some());
            prop_assert_eq!(call.is_over(), call.ended_at.is_some());
            prop_assert!(call.is_over() || call.deadline().is_some());
            // Stepping again the same is the same.
            if let Ok(again) = call.step(all[what], at(now)) {
                prop_assert_eq!(again, call);
            }
        }
    }
}
