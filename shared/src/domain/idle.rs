//! What nobody has touched for two years: whoever answers for it is told, and it ends thirty days later
//! (CHAT-18). "As long as needed" is a number that way, and nobody is surprised by it.

use std::time::Duration;

use super::{
    policy::Policy,
    retention::{Class, Expiry, expiry},
    time::{DAY, Timestamp},
};

/// How long something lies before somebody is told: 24 months.
pub const IDLE_DAYS: u32 = 730;
/// How long before its end they are told, at the least.
pub const NOTICE_DAYS: u32 = 30;
/// How often a workspace is told: a letter is about everything that is near its end.
pub const TOLD_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How near an end has to be. Whatever comes that near after a letter is in the next one, thirty days before
/// its end at the least: the letters are a week apart, and the schedule that looks comes round within a day.
pub const NEAR: Duration =
    Duration::from_secs((NOTICE_DAYS as u64 + 1) * 24 * 60 * 60 + TOLD_EVERY.as_secs());

/// When what was used last at `anchor` ends, if that is near and nobody chose it: where a workspace keeps its
/// conversations for less than two years and a month, it has said so itself and waits for no letter.
pub fn near_end(policy: &Policy, anchor: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let is_long = policy.conversation_lifetime(anchor) >= DAY * (IDLE_DAYS + NOTICE_DAYS);
    match expiry(Class::Conversation, policy, anchor) {
        Expiry::At(end) if is_long && end > now && end <= now.plus(NEAR) => Some(end),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Hold, Profile};

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn day(day: u32) -> Timestamp {
        AT.plus(DAY * day)
    }

    #[test]
    fn an_end_is_near_for_thirty_eight_days_and_not_before_and_not_after_it() {
        let policy = Policy::of(Profile::Inbox);
        assert_eq!(policy.conversation_days, IDLE_DAYS + NOTICE_DAYS);
        let end = day(760);
        let last = Timestamp::from_ms(end.ms() - 1);
        let before = Timestamp::from_ms(day(722).ms() - 1);
        assert_eq!(near_end(&policy, AT, before), None);
        assert_eq!(near_end(&policy, AT, day(722)), Some(end));
        assert_eq!(near_end(&policy, AT, last), Some(end));
        assert_eq!(near_end(&policy, AT, end), None);
    }

    #[test]
    fn who_chose_fewer_days_is_told_of_nothing_and_who_chose_more_is_told_then() {
        let of = |days| Policy {
            conversation_days: days,
            ..Policy::of(Profile::Inbox)
        };
        for now in 0..800 {
            assert_eq!(near_end(&of(759), AT, day(now)), None, "{now}");
        }
        assert_eq!(near_end(&of(1000), AT, day(730)), None);
        assert_eq!(near_end(&of(1000), AT, day(962)), Some(day(1000)));
    }

    #[test]
    fn what_is_on_hold_is_not_near_its_end() {
        let hold = Hold {
            since: day(700),
            until: day(2000),
            lapsed: Timestamp::from_ms(AT.ms() - 1),
        };
        let policy = Policy::of(Profile::Inbox).under(Some(hold));
        assert_eq!(near_end(&policy, AT, day(759)), None);
        assert_eq!(near_end(&policy, AT, day(1990)), Some(day(2000)));
    }
}
