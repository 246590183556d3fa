//! `GET /v1/workspaces/{workspace}/usage`: how many conversations there were, day by day, and how long
//! people waited.
//!
//! Counted from the heads of conversations when it is asked, and kept nowhere: what was deleted or has
//! ended is counted no more, so no count outlives anybody. A number about fewer than five people is
//! left out. There are no sums over days, and no counts by member: from a sum the number that was left
//! out would follow, and one member is one person (CALL-08).
//!
//! Notifications on devices are counted from what is kept of them, which is two days: how many there were
//! before yesterday nobody knows.
//!
//! One batch on entry, six queries, and a batch for a hundred conversations, of a thousand for each
//! quarter of them at the most. Days that are not within that are not shown; `complete_from` says so.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        ContactId, FlowId, NotificationId, Permission, Timestamp, WorkspaceId, day::Day,
        policy::Module, push::NotifyEvent,
    },
    http::{AccessToken, Json, Path, Problem, Problems, Query, actor::Entry},
    store::{
        self, Key, Table, Unsealed,
        conversation::{AnsweredBy, Conversation, Status},
        db::key_of,
        keys,
        notification::Notification,
        record::read_item,
        subject::State as Liveness,
    },
    words,
};
use utoipa::ToSchema;

/// How many days are shown unless asked otherwise.
const USUAL_DAYS: usize = 30;
/// How many days are shown at the most.
const MOST_DAYS: usize = 92;
/// How many conversations of each shard of the change index are read at the most.
const MOST_READ: u16 = 1000;
/// About how many people a number has to be (inbox.md 2.10).
const LEAST_PEOPLE: usize = 5;

words! {
    /// The form of the numbers.
    pub enum UsageFormat {
        /// Lines of a table.
        Csv = "csv",
        /// JSON.
        Json = "json",
    }
}

/// Which days.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Days {
    /// The first, UTC; thirty days in all unless said otherwise.
    #[param(inline)]
    from: Option<Day>,
    /// The last; today unless said otherwise. 92 days in all at the most.
    #[param(inline)]
    to: Option<Day>,
    /// The form; `json` unless said otherwise.
    #[param(inline)]
    format: Option<UsageFormat>,
}

/// What happened, day by day.
#[derive(Serialize, ToSchema)]
pub struct Usage {
    /// The first day that is counted whole; later than asked where there were more conversations than
    /// are read at once.
    #[schema(example = "2026-01-01")]
    complete_from: Day,
    /// About how many people every number is at the least; others are left out.
    #[schema(example = 5)]
    least_people: usize,
    /// Every day from `complete_from` on, the oldest first.
    days: Vec<UsageOfDay>,
}

/// What happened on one day. A number that is about fewer than five people is not there.
#[derive(Serialize, ToSchema)]
pub struct UsageOfDay {
    /// Which, UTC.
    #[schema(example = "2026-01-15")]
    day: Day,
    /// Conversations that began.
    #[schema(example = 31)]
    conversations_opened: Option<u64>,
    /// Conversations that were closed, and still are.
    #[schema(example = 28)]
    conversations_closed: Option<u64>,
    /// Visitors in conversations that began.
    #[schema(example = 27)]
    visitors: Option<u64>,
    /// What visitors have written in the conversations that began.
    #[schema(example = 96)]
    messages_received: Option<u64>,
    /// What was written to them there.
    #[schema(example = 88)]
    messages_sent: Option<u64>,
    /// How long visitors waited for the first answer in them, in seconds: the middle one.
    #[schema(example = 95)]
    first_reply_p50_seconds: Option<u64>,
    /// How long the conversations that were closed had been there, in seconds: the middle one.
    #[schema(example = 5400)]
    resolution_p50_seconds: Option<u64>,
    /// Of the conversations that were closed, those in which a flow answered and nobody else.
    #[schema(example = 9)]
    bot_contained: Option<u64>,
    /// Conversations that began, and that a flow led.
    #[schema(example = 17)]
    conversations_led: Option<u64>,
    /// Flows that were made, and are still there. They are about nobody.
    #[schema(example = 1)]
    flows_created: Option<u64>,
    /// How large the files are in the conversations that began, in bytes.
    #[schema(example = 1048576)]
    attachment_bytes: Option<u64>,
    /// Visitors' answers to how content they are.
    #[schema(example = 12)]
    ratings: Option<u64>,
    /// How content they were, from 1 to 5: the middle one.
    #[schema(example = 4)]
    rating_p50: Option<u64>,
    /// Notifications that a device took; today's and yesterday's, since no more is kept of them.
    #[schema(example = 140)]
    push_sent: Option<u64>,
}

/// Show usage.
///
/// What was deleted, and what has ended, is counted no more.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/usage",
    operation_id = "show_usage",
    params(("workspace" = WorkspaceId, Path, description = "The workspace."), Days),
    responses(
        (status = 200, description = "The numbers.", content(
            (Usage = "application/json"),
            (String = "text/csv"),
        )),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Query(asked): Query<Days>,
) -> Result<Response, Problem> {
    let today = Day::of(app.clock.now());
    let to = asked.to.unwrap_or(today);
    let from = asked.from.unwrap_or_else(|| to.before(USUAL_DAYS - 1));
    if from > to {
        return Err(Problem::invalid("?from", "out_of_range", "not after `to`"));
    }
    if to.before(MOST_DAYS - 1) > from {
        return Err(Problem::invalid("?from", "out_of_range", "92 days at most"));
    }
    let member = app
        .member(&token, workspace, Permission::UsageRead, Vec::new())
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let ((heads, complete_from), pushes, flows) = tokio::try_join!(
        heads(&app, entry, from),
        pushes(&app, entry),
        flows(&app, entry, from)
    )?;
    let days = (complete_from, to.min(today));
    let usage = count((&heads, &pushes, &flows), days, entry.now);
    Ok(match asked.format.unwrap_or(UsageFormat::Json) {
        UsageFormat::Csv => csv(&usage),
        UsageFormat::Json => Json(usage).into_response(),
    })
}

/// The living conversations that have changed since a day began, and the first day of which that is
/// all of them.
async fn heads(app: &App, entry: &Entry, from: Day) -> Result<(Vec<Conversation>, Day), Problem> {
    let since = format!("{:015}", from.start().ms());
    let shard = |shard| {
        let list = store::Query::changes(keys::change_shard(entry.workspace, shard));
        let list = list.between(since.clone(), "~").newest_first();
        app.store.page(list.limit(MOST_READ))
    };
    const { assert!(keys::CHANGE_SHARDS == 4) };
    let (a, b, c, d) = tokio::try_join!(shard(0), shard(1), shard(2), shard(3))?;
    let mut complete_from = from;
    let mut places = Vec::new();
    for listed in [a, b, c, d] {
        if let Some(last) = listed.items.last().filter(|_| listed.more) {
            let sort = last.get("changes_sk").and_then(|sort| sort.as_s().ok());
            let at = sort.and_then(|sort| sort.split('#').next()?.parse().ok());
            let at = Timestamp::from_ms(at.unwrap_or(entry.now.ms()));
            complete_from = complete_from.max(Day::of(at).next());
        }
        places.extend(
            listed
                .items
                .iter()
                .filter_map(|item| key_of(Table::Data, item)),
        );
    }
    // A tombstone lies in the same index; what is gone is not counted.
    let places: Vec<Key> = places
        .into_iter()
        .filter(|place| place.sk == keys::HEAD)
        .collect();
    let fetched = app.store.batch_all(places.clone()).await?;
    let mut heads = Vec::with_capacity(places.len());
    for place in &places {
        let head = fetched.get::<Conversation>(place, &Unsealed, entry.lens())?;
        heads.extend(head.filter(|head| head.state == Liveness::Live));
    }
    Ok((heads, complete_from))
}

/// How often devices of people were told something, by day and by person: of the days of which everything
/// is kept.
async fn pushes(app: &App, entry: &Entry) -> Result<Pushes, Problem> {
    let since = Day::of(entry.now).before(1).start();
    // Ids begin with the time at which it happened.
    let since = NotificationId::derived(since, &[0; 32]);
    let low = keys::notification(entry.workspace, since);
    let list = store::Query::partition(low.pk).between(low.sk, "~");
    let list = list.newest_first().limit(MOST_READ);
    let listed = app.store.page(list).await?;
    let mut days = Pushes::new();
    let mut oldest = None;
    for item in &listed.items {
        let found = read_item::<Notification>(item, &Unsealed, entry.lens())?;
        let Some(one) = found.filter(|one| one.event != NotifyEvent::Test) else {
            continue;
        };
        let day = Day::of(one.happened_at);
        oldest = Some(day);
        let taken = one.taken.unwrap_or_default();
        if taken > 0 {
            let seen = days.entry(day).or_default();
            seen.0.insert(one.recipient.to_string());
            seen.1 += taken;
        }
    }
    // The last that was read is perhaps not the last of its day.
    if let Some(day) = oldest.filter(|_| listed.more) {
        days.retain(|one, _| *one > day);
    }
    Ok(days)
}

/// How many flows were made, by day, and the first day of which that is all of them.
async fn flows(app: &App, entry: &Entry, from: Day) -> Result<Flows, Problem> {
    let low = FlowId::derived(from.start(), &[0; 32]).to_string();
    let list = store::Query::lists(keys::flows(entry.workspace)).between(low, "~");
    let listed = app.store.page(list.newest_first().limit(MOST_READ)).await?;
    let mut made = Flows {
        complete_from: from,
        days: BTreeMap::new(),
    };
    for item in &listed.items {
        let id = item.get("lists_sk").and_then(|sort| sort.as_s().ok());
        let Some(id) = id.and_then(|id| id.parse::<FlowId>().ok()) else {
            continue;
        };
        let day = Day::of(id.born_at());
        *made.days.entry(day).or_default() += 1;
        if listed.more {
            made.complete_from = day.next();
        }
    }
    Ok(made)
}

/// Flows that were made.
struct Flows {
    complete_from: Day,
    days: BTreeMap<Day, u64>,
}

impl Flows {
    fn of(&self, day: Day) -> Option<u64> {
        let known = day >= self.complete_from;
        known.then(|| self.days.get(&day).copied().unwrap_or_default())
    }
}

/// Who was told something on a day, and how often.
type Pushes = BTreeMap<Day, (BTreeSet<String>, u64)>;

/// What is known of one day.
#[derive(Default)]
struct Seen {
    opened: Group,
    closed: Group,
    replied: Group,
    rated: Group,
    contained: Group,
    led: Group,
    bytes: u64,
    received: u64,
    sent: u64,
}

/// Conversations with whom they were, and a number for each: a length of time, or a rating.
#[derive(Default)]
struct Group {
    people: BTreeSet<ContactId>,
    count: u64,
    numbers: Vec<u64>,
}

impl Group {
    fn add(&mut self, contact: ContactId, number: u64) {
        self.people.insert(contact);
        self.count += 1;
        self.numbers.push(number);
    }

    /// A number about these people, if they are enough.
    fn tell(&self, number: u64) -> Option<u64> {
        (self.people.len() >= LEAST_PEOPLE).then_some(number)
    }

    fn median(mut self) -> Option<u64> {
        self.numbers.sort_unstable();
        let middle = self.numbers.get(self.numbers.len() / 2).copied()?;
        self.tell(middle)
    }
}

fn count(
    (heads, pushes, flows): (&[Conversation], &Pushes, &Flows),
    (from, to): (Day, Day),
    now: Timestamp,
) -> Usage {
    let all = std::iter::successors(Some(from), |day| Some(day.next()));
    let all = all.take_while(|day| *day <= to);
    let mut days: BTreeMap<Day, Seen> = all.map(|day| (day, Seen::default())).collect();
    let seconds = |from: Timestamp, to: Timestamp| {
        u64::try_from((to.ms() - from.ms()) / 1000).unwrap_or_default()
    };
    for head in heads {
        if let Some(seen) = days.get_mut(&Day::of(head.created_at)) {
            seen.opened.add(head.contact, 0);
            seen.received += head.in_seq;
            seen.sent += head.out_seq;
            if head.led == Some(true) {
                seen.led.add(head.contact, 0);
            }
            seen.bytes += head.file_bytes.unwrap_or_default();
            if let Some(ms) = head.first_reply_ms {
                seen.replied.add(head.contact, ms / 1000);
            }
        }
        if let Some((rating, at)) = head.rating.zip(head.rated_at)
            && let Some(seen) = days.get_mut(&Day::of(at))
        {
            seen.rated.add(head.contact, rating);
        }
        let closed = head
            .closed_at
            .filter(|_| head.status_at(now) == Status::Closed);
        if let Some(at) = closed
            && let Some(seen) = days.get_mut(&Day::of(at))
        {
            seen.closed.add(head.contact, seconds(head.created_at, at));
            if head.answered_by == Some(AnsweredBy::Flow) {
                seen.contained.add(head.contact, 0);
            }
        }
    }
    let days = days.into_iter().map(|(day, seen)| {
        let opened = &seen.opened;
        UsageOfDay {
            day,
            conversations_opened: opened.tell(opened.count),
            conversations_closed: seen.closed.tell(seen.closed.count),
            visitors: opened.tell(opened.people.len() as u64),
            messages_received: opened.tell(seen.received),
            messages_sent: opened.tell(seen.sent),
            first_reply_p50_seconds: seen.replied.median(),
            resolution_p50_seconds: seen.closed.median(),
            bot_contained: seen.contained.tell(seen.contained.count),
            conversations_led: seen.led.tell(seen.led.count),
            flows_created: flows.of(day),
            attachment_bytes: opened.tell(seen.bytes),
            ratings: seen.rated.tell(seen.rated.count),
            rating_p50: seen.rated.median(),
            push_sent: pushes
                .get(&day)
                .filter(|(people, _)| people.len() >= LEAST_PEOPLE)
                .map(|(_, count)| *count),
        }
    });
    Usage {
        complete_from: from,
        least_people: LEAST_PEOPLE,
        days: days.collect(),
    }
}

/// A line for each day; what is left out is empty.
fn csv(usage: &Usage) -> Response {
    let mut text = "day,conversations_opened,conversations_closed,visitors,messages_received,messages_sent,first_reply_p50_seconds,resolution_p50_seconds,bot_contained,conversations_led,flows_created,attachment_bytes,ratings,rating_p50,push_sent\r\n".to_owned();
    for of in &usage.days {
        let numbers = [
            of.conversations_opened,
            of.conversations_closed,
            of.visitors,
            of.messages_received,
            of.messages_sent,
            of.first_reply_p50_seconds,
            of.resolution_p50_seconds,
            of.bot_contained,
            of.conversations_led,
            of.flows_created,
            of.attachment_bytes,
            of.ratings,
            of.rating_p50,
            of.push_sent,
        ];
        text.push_str(&of.day.to_string());
        for number in numbers {
            text.push(',');
            text.push_str(&number.map(|number| number.to_string()).unwrap_or_default());
        }
        text.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"usage.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shared::domain::{ConversationId, time::DAY};

    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    proptest! {
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
            let flows = Flows { complete_from: from.next(), days: BTreeMap::from([(from, 1), (to, 2)]) };
            let usage = count((&heads, &Pushes::new(), &flows), (from, to), AT.plus(DAY * 3));
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
            let flows = Flows {
                complete_from: day,
                days: BTreeMap::new(),
            };
            let known = (&heads(answered)[..], &BTreeMap::new(), &flows);
            let mut usage = count(known, (day, day), AT);
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
