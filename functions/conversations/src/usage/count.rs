//! How usage is counted, and which numbers may be told.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use shared::{
    domain::{ContactId, GuestId, Timestamp, day::Day},
    store::{
        call::Call,
        conversation::{AnsweredBy, Conversation, Status},
        push_day::LEAST_PEOPLE,
    },
};

use super::{By, Usage, UsageOfDay, read::Known};

/// A day, by its parts; where days are not parted, it has one, without a name.
type Parts = BTreeMap<Option<String>, Seen>;

/// Somebody, as far as they are told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Person {
    /// Who writes.
    Contact(ContactId),
    /// Who calls; another one each time they come.
    Guest(GuestId),
    /// Who calls, and for whom their app signed.
    Signed([u8; 32]),
}

/// What is known of a part of a day.
#[derive(Default)]
struct Seen {
    opened: Group,
    closed: Group,
    replied: Group,
    rated: Group,
    contained: Group,
    led: Group,
    called: Group,
    bytes: u64,
    received: u64,
    sent: u64,
}

/// What happened with whom, and a number for each time: a length of time, or a rating.
#[derive(Default)]
struct Group {
    people: BTreeSet<Person>,
    numbers: Vec<u64>,
}

impl Group {
    fn add(&mut self, person: Person, number: u64) {
        self.people.insert(person);
        self.numbers.push(number);
    }

    fn count(&self) -> u64 {
        self.numbers.len() as u64
    }

    fn median(&self) -> Option<u64> {
        let mut numbers = self.numbers.clone();
        numbers.sort_unstable();
        numbers.get(numbers.len() / 2).copied()
    }
}

/// The parts of a day of which something about these people may be told: five at the least, and as many
/// in what is not told. Otherwise the smallest of the others is not told either, since the number that is
/// left out would follow from the sum.
fn told(parts: &Parts, of: fn(&Seen) -> &Group) -> BTreeSet<&Option<String>> {
    let all = parts.iter().map(|(part, seen)| (part, &of(seen).people));
    let (mut told, few): (Vec<_>, Vec<_>) =
        all.partition(|(_, people)| people.len() >= LEAST_PEOPLE);
    told.sort_by_key(|(_, people)| Reverse(people.len()));
    let mut hidden: BTreeSet<&Person> = few.into_iter().flat_map(|(_, people)| people).collect();
    while !hidden.is_empty() && hidden.len() < LEAST_PEOPLE {
        let Some((_, people)) = told.pop() else { break };
        hidden.extend(people);
    }
    told.into_iter().map(|(part, _)| part).collect()
}

fn part_of_thread(head: &Conversation, by: By) -> Option<String> {
    match by {
        By::Day => None,
        By::Inbox => Some(name(head.app)),
        By::Member => Some(name(head.assignee)),
        By::Team => Some(name(head.team)),
    }
}

/// A call is the team's that the guest asked for; of those from before that was kept, nobody's.
fn part_of_call(call: &Call, by: By) -> Option<String> {
    match by {
        By::Day => None,
        By::Inbox => Some(name(call.app)),
        By::Member => Some(name(call.member)),
        By::Team => Some(name(call.team)),
    }
}

fn name(id: Option<impl ToString>) -> String {
    id.map_or_else(|| "none".to_owned(), |id| id.to_string())
}

fn between_ms(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.ms() - from.ms()).unwrap_or_default()
}

/// The numbers of some days.
pub(super) fn count(known: &Known, (from, to): (Day, Day), by: By, now: Timestamp) -> Usage {
    let all = std::iter::successors(Some(from), |day| Some(day.next()));
    let all = all.take_while(|day| *day <= to);
    let mut days: BTreeMap<Day, Parts> = all.map(|day| (day, begun(by))).collect();
    for head in &known.heads {
        add(&mut days, head, by, now);
    }
    if let Some(calls) = &known.calls {
        for call in &calls.all {
            let Some(parts) = days.get_mut(&Day::of(call.created_at)) else {
                continue;
            };
            if let Some((from, to)) = call.connected_at.zip(call.ended_at) {
                let guest = Person::Guest(call.guest);
                let person = call
                    .user_ref
                    .map_or(guest, |of| Person::Signed(*of.as_bytes()));
                let seen = parts.entry(part_of_call(call, by)).or_default();
                seen.called.add(person, between_ms(from, to));
            }
        }
    }
    let calls_from = known.calls.as_ref().map(|calls| calls.complete_from);
    let lines = days.into_iter().flat_map(|(day, parts)| {
        let mut lines = lines(day, &parts, by);
        for line in &mut lines {
            if by == By::Day {
                line.flows_created = known.flows.of(day);
                line.push_sent = known.pushes.get(&day).copied().flatten();
            }
            if calls_from.is_none_or(|from| day < from) {
                line.call_minutes = None;
            }
        }
        // That a part is there without a number would be told as well.
        lines.retain(|line| by == By::Day || line.has_number());
        lines
    });
    Usage {
        complete_from: from,
        least_people: LEAST_PEOPLE,
        by,
        days: lines.collect(),
    }
}

/// A day of which nothing is known yet.
fn begun(by: By) -> Parts {
    match by {
        By::Day => Parts::from([(None, Seen::default())]),
        By::Inbox | By::Member | By::Team => Parts::new(),
    }
}

/// Counts a conversation in on the days on which it began, was closed and was rated.
fn add(days: &mut BTreeMap<Day, Parts>, head: &Conversation, by: By, now: Timestamp) {
    let part = part_of_thread(head, by);
    let person = Person::Contact(head.contact);
    let mut seen_on = |at: Timestamp, note: &dyn Fn(&mut Seen)| {
        if let Some(parts) = days.get_mut(&Day::of(at)) {
            note(parts.entry(part.clone()).or_default());
        }
    };
    seen_on(head.created_at, &|seen| {
        seen.opened.add(person, 0);
        seen.received += head.in_seq;
        seen.sent += head.out_seq;
        seen.bytes += head.file_bytes.unwrap_or_default();
        if head.led == Some(true) {
            seen.led.add(person, 0);
        }
        if let Some(ms) = head.first_reply_ms {
            seen.replied.add(person, ms / 1000);
        }
    });
    if let Some((rating, at)) = head.rating.zip(head.rated_at) {
        seen_on(at, &|seen| seen.rated.add(person, rating));
    }
    let closed = head
        .closed_at
        .filter(|_| head.status_at(now) == Status::Closed);
    if let Some(at) = closed {
        seen_on(at, &|seen| {
            let lasted = between_ms(head.created_at, at) / 1000;
            seen.closed.add(person, lasted);
            if head.answered_by == Some(AnsweredBy::Flow) {
                seen.contained.add(person, 0);
            }
        });
    }
}

/// What may be told of the parts of a day.
fn lines(day: Day, parts: &Parts, by: By) -> Vec<UsageOfDay> {
    let opened = told(parts, |seen| &seen.opened);
    let closed = told(parts, |seen| &seen.closed);
    let replied = told(parts, |seen| &seen.replied);
    let rated = told(parts, |seen| &seen.rated);
    let contained = told(parts, |seen| &seen.contained);
    let led = told(parts, |seen| &seen.led);
    let called = told(parts, |seen| &seen.called);
    // How fast somebody is and how they are liked is no number about work, but about them (CALL-08).
    let judges = by == By::Member;
    let line = |(part, seen): (&Option<String>, &Seen)| {
        let tell =
            |of: &BTreeSet<&Option<String>>, number: u64| of.contains(part).then_some(number);
        let judge = |of: &BTreeSet<&Option<String>>, number: Option<u64>| {
            number.filter(|_| !judges && of.contains(part))
        };
        let spoken_ms: u64 = seen.called.numbers.iter().sum();
        UsageOfDay {
            day,
            part: part.clone(),
            conversations_opened: tell(&opened, seen.opened.count()),
            conversations_closed: tell(&closed, seen.closed.count()),
            visitors: tell(&opened, seen.opened.people.len() as u64),
            messages_received: tell(&opened, seen.received),
            messages_sent: tell(&opened, seen.sent),
            first_reply_p50_seconds: judge(&replied, seen.replied.median()),
            resolution_p50_seconds: judge(&closed, seen.closed.median()),
            bot_contained: tell(&contained, seen.contained.count()),
            conversations_led: tell(&led, seen.led.count()),
            flows_created: None,
            attachment_bytes: tell(&opened, seen.bytes),
            ratings: judge(&rated, Some(seen.rated.count())),
            rating_p50: judge(&rated, seen.rated.median()),
            push_sent: None,
            call_minutes: tell(&called, spoken_ms / 60_000),
        }
    };
    parts.iter().map(line).collect()
}

impl UsageOfDay {
    /// Whether anything is told of a part of a day.
    fn has_number(&self) -> bool {
        // The others are there where one of these is.
        let numbers = [
            self.conversations_opened,
            self.conversations_closed,
            self.first_reply_p50_seconds,
            self.bot_contained,
            self.conversations_led,
            self.ratings,
            self.call_minutes,
        ];
        numbers.iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::{
        domain::{
            ConversationId, MemberId, WorkspaceId,
            call::{CallKind, Side},
            time::DAY,
            token::SecretHash,
        },
        store::call::{Beginning, Guest},
    };

    use super::{
        super::read::{Calls, Made},
        *,
    };

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn guest(workspace: WorkspaceId) -> Guest {
        Guest {
            id: GuestId::new(AT),
            workspace,
            app: None,
            token: SecretHash::from_stored(Vec::new()),
            user_ref: None,
            asks: None,
            asks_team: None,
            conversation: None,
            call: None,
            call_request: None,
            created_at: AT,
            rev: 1,
        }
    }

    fn known(heads: Vec<Conversation>) -> Known {
        let complete_from = Day::of(AT);
        let days = BTreeMap::new();
        Known {
            complete_from,
            heads,
            pushes: BTreeMap::new(),
            flows: Made {
                complete_from,
                days,
            },
            calls: None,
        }
    }

    proptest! {
        /// What is not told is about five people at least, or is everything: it does not follow from a sum.
        #[test]
        fn what_is_left_out_of_a_day_does_not_follow_from_the_rest(
            made in prop::collection::vec((0usize..4, 0usize..30), 0..60),
        ) {
            let contacts: Vec<ContactId> = (0..30).map(|_| ContactId::new(AT)).collect();
            let members: Vec<MemberId> = (0..4).map(|_| MemberId::new(AT)).collect();
            let workspace = WorkspaceId::new(AT);
            let heads = made.iter().map(|(whose, who)| {
                let mut head = Conversation::begin(ConversationId::new(AT), workspace, contacts[*who], AT);
                head.assignee = Some(members[*whose]);
                head.first_reply_ms = Some(1000);
                head
            });
            let (day, known) = (Day::of(AT), known(heads.collect()));
            let usage = count(&known, (day, day), By::Member, AT);
            let is_told = |member: usize| {
                let name = Some(members[member].to_string());
                usage.days.iter().any(|line| line.part == name && line.conversations_opened.is_some())
            };
            let people = |hidden: bool| -> BTreeSet<usize> {
                let of = made.iter().filter(|(whose, _)| is_told(*whose) != hidden);
                of.map(|(_, who)| *who).collect()
            };
            let hidden = people(true).len();
            prop_assert!(hidden == 0 || hidden >= LEAST_PEOPLE || people(false).is_empty());
            for line in &usage.days {
                prop_assert_eq!(line.first_reply_p50_seconds, None, "how fast one person is");
                prop_assert!(line.visitors.is_none_or(|visitors| visitors >= 5));
            }
        }

        /// Minutes are those between the beginning of sound and the end, of five people at least.
        #[test]
        fn calls_count_for_as_long_as_people_spoke(
            made in prop::collection::vec((0usize..8, prop::option::of(0i64..9_000_000)), 0..20),
        ) {
            let (workspace, day) = (WorkspaceId::new(AT), Day::of(AT));
            let guests: Vec<Guest> = (0..8).map(|_| guest(workspace)).collect();
            let call = |(who, ms): &(usize, Option<i64>)| {
                let beginning = Beginning {
                    guest: &guests[*who], kind: CallKind::Audio, caller: Side::Guest,
                    asked: None, teammates: None, relay_only: None, now: AT,
                };
                let mut call = Call::begin(beginning);
                call.connected_at = ms.map(|_| AT);
                call.ended_at = Some(Timestamp::from_ms(AT.ms() + ms.unwrap_or(5)));
                call
            };
            let all = made.iter().map(call).collect();
            let calls = Some(Calls { complete_from: day, all });
            let known = Known { calls, ..known(Vec::new()) };
            let usage = count(&known, (day, day), By::Day, AT);
            let spoke: Vec<_> = made.iter().filter_map(|(who, ms)| Some((who, (*ms)?))).collect();
            let people: BTreeSet<_> = spoke.iter().map(|(who, _)| who).collect();
            let sum = spoke.iter().map(|(_, ms)| ms).sum::<i64>() / 60_000;
            prop_assert_eq!(usage.days[0].call_minutes, (people.len() >= LEAST_PEOPLE).then_some(sum.unsigned_abs()));
        }

        /// FLOW-08: a number stands there when at least five people are behind it, and is right then.
        #[test]
        fn a_number_is_there_when_five_people_are_behind_it(
            made in prop::collection::vec((0u32..3, 0usize..9, prop::option::of(0u64..9000)), 0..60),
        ) {
            let contacts: Vec<ContactId> = (0..9).map(|_| ContactId::new(AT)).collect();
            let workspace = WorkspaceId::new(AT);
            let heads: Vec<Conversation> = made.iter().map(|(day, who, reply)| {
                let at = AT.plus(DAY * *day);
                let mut head = Conversation::begin(ConversationId::new(at), workspace, contacts[*who], at);
                head.in_seq = 2;
                head.first_reply_ms = reply.map(|seconds| seconds * 1000);
                head
            }).collect();
            let (from, to) = (Day::of(AT), Day::of(AT.plus(DAY * 2)));
            let flows = Made { complete_from: from.next(), days: BTreeMap::from([(from, 1), (to, 2)]) };
            let known = Known { flows, ..known(heads) };
            let usage = count(&known, (from, to), By::Day, AT.plus(DAY * 3));
            let flows_created: Vec<_> = usage.days.iter().map(|of| of.flows_created).collect();
            // Of the first day not all flows were read.
            prop_assert_eq!(flows_created, [None, Some(0), Some(2)]);
            prop_assert_eq!(usage.days.len(), 3);
            for (n, of) in usage.days.iter().enumerate() {
                let here: Vec<_> = made.iter().filter(|(day, _, _)| *day as usize == n).collect();
                let people = |all: &[&(u32, usize, Option<u64>)]| all.iter().map(|(_, who, _)| *who).collect::<BTreeSet<_>>().len();
                let enough = people(&here) >= LEAST_PEOPLE;
                prop_assert_eq!(of.conversations_opened, enough.then_some(here.len() as u64));
                prop_assert_eq!(of.messages_received, enough.then_some(2 * here.len() as u64));
                prop_assert_eq!(of.visitors, enough.then_some(people(&here) as u64));
                let replied: Vec<_> = here.into_iter().filter(|(_, _, reply)| reply.is_some()).collect();
                prop_assert_eq!(of.first_reply_p50_seconds.is_some(), people(&replied) >= LEAST_PEOPLE);
                prop_assert_eq!(of.conversations_closed, None);
            }
        }
    }

    #[test]
    fn what_a_flow_answered_alone_counts_when_it_is_closed_and_files_count_with_the_rest() {
        let workspace = WorkspaceId::new(AT);
        let heads = |answered: [Option<AnsweredBy>; 6]| -> Vec<Conversation> {
            let head = |by| {
                let id = ConversationId::new(AT);
                let mut head = Conversation::begin(id, workspace, ContactId::new(AT), AT);
                head.answered_by = by;
                head.file_bytes = by.map(|_| 100);
                head.led = by.map(|_| true);
                head.stand(Status::Closed, AT);
                head
            };
            answered.into_iter().map(head).collect()
        };
        let day = |answered| {
            let day = Day::of(AT);
            let mut usage = count(&known(heads(answered)), (day, day), By::Day, AT);
            let of = usage.days.remove(0);
            (
                of.conversations_closed,
                of.bot_contained,
                of.conversations_led,
                of.attachment_bytes,
            )
        };
        let (flow, team) = (Some(AnsweredBy::Flow), Some(AnsweredBy::Team));
        let five = [flow, flow, flow, flow, flow, None];
        assert_eq!(day(five), (Some(6), Some(5), Some(5), Some(500)));
        // Four people are too few, and what the team answered as well is no flow's.
        let four = [flow, flow, flow, flow, team, None];
        assert_eq!(day(four), (Some(6), None, Some(5), Some(500)));
    }
}
