//! What usage is counted from: heads of conversations and of calls, ids of flows, and what is known of
//! notifications.

use std::collections::BTreeMap;

use shared::{
    app::App,
    domain::{CallId, FlowId, Timestamp, call::CallState, day::Day, policy::Module},
    http::{Problem, actor::Entry},
    store::{
        self, Key, Table, Unsealed, call::Call, conversation::Conversation, db::key_of, keys,
        push_day::PushDay, record::read_item, subject::State as Liveness,
    },
};

/// How many conversations of each shard of the change index are read at the most; and how many calls,
/// flows and notifications.
const MOST_READ: u16 = 1000;

/// All that usage is counted from.
pub(super) struct Known {
    /// The first day of which these are all conversations.
    pub(super) complete_from: Day,
    /// The conversations.
    pub(super) heads: Vec<Conversation>,
    /// Notifications by day, of the days of which it is known.
    pub(super) pushes: BTreeMap<Day, Option<u64>>,
    /// Flows.
    pub(super) flows: Made,
    /// Calls that are over, where calls are on.
    pub(super) calls: Option<Calls>,
}

/// Flows that were made.
pub(super) struct Made {
    pub(super) complete_from: Day,
    pub(super) days: BTreeMap<Day, u64>,
}

/// Calls that are over.
pub(super) struct Calls {
    /// The first day of which these are all of them.
    pub(super) complete_from: Day,
    pub(super) all: Vec<Call>,
}

impl Made {
    pub(super) fn of(&self, day: Day) -> Option<u64> {
        let known = day >= self.complete_from;
        known.then(|| self.days.get(&day).copied().unwrap_or_default())
    }
}

impl Known {
    /// What there is of some days; of other days there may be more in it.
    pub(super) async fn read(
        app: &App,
        entry: &Entry,
        (from, to): (Day, Day),
    ) -> Result<Self, Problem> {
        let talks = entry.policy.has(Module::Conversations);
        let ((heads, complete_from), flows, pushes, calls) = tokio::try_join!(
            async {
                match talks {
                    true => heads(app, entry, from).await,
                    false => Ok((Vec::new(), from)),
                }
            },
            flows(app, entry, from),
            pushes(app, entry, (from, to)),
            async {
                match entry.policy.has(Module::Sessions) {
                    true => calls(app, entry, from).await.map(Some),
                    false => Ok(None),
                }
            },
        )?;
        Ok(Self {
            complete_from,
            heads,
            pushes,
            flows,
            calls,
        })
    }
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

/// How often devices took a notification, by day: what was counted when a day was over, and what is kept
/// of today and, until it is counted, of yesterday.
async fn pushes(
    app: &App,
    entry: &Entry,
    (from, to): (Day, Day),
) -> Result<BTreeMap<Day, Option<u64>>, Problem> {
    let (workspace, lens) = (entry.workspace, entry.lens());
    let low = keys::push_day(workspace, from);
    let high = keys::push_day(workspace, to);
    let counted = store::Query::partition(low.pk).between(low.sk, high.sk);
    let today = Day::of(entry.now);
    let (counted, kept) = tokio::try_join!(
        app.store.query(counted),
        app.store
            .pushes_since(workspace, today.before(1), MOST_READ, lens)
    )?;
    let mut days: BTreeMap<Day, Option<u64>> = kept
        .into_iter()
        .map(|(day, told)| (day, told.sent()))
        .collect();
    for item in &counted {
        if let Some(day) = read_item::<PushDay>(item, &Unsealed, lens)? {
            days.insert(Day::of(day.since), day.sent);
        }
    }
    Ok(days)
}

/// How many flows were made, by day, and the first day of which that is all of them.
async fn flows(app: &App, entry: &Entry, from: Day) -> Result<Made, Problem> {
    let low = FlowId::derived(from.start(), &[0; 32]).to_string();
    let list = store::Query::lists(keys::flows(entry.workspace)).between(low, "~");
    let listed = app.store.page(list.newest_first().limit(MOST_READ)).await?;
    let mut made = Made {
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

/// The calls that were made since a day began and are over, and the first day of which that is all of
/// them.
async fn calls(app: &App, entry: &Entry, from: Day) -> Result<Calls, Problem> {
    let workspace = entry.workspace;
    let low = CallId::derived(from.start(), &[0; 32]).to_string();
    let list = store::Query::lists(keys::calls(workspace, CallState::Ended)).between(low, "~");
    let listed = app.store.page(list.newest_first().limit(MOST_READ)).await?;
    let mut complete_from = from;
    let mut places = Vec::new();
    for item in &listed.items {
        let id = item.get("lists_sk").and_then(|sort| sort.as_s().ok());
        let Some(id) = id.and_then(|id| id.parse::<CallId>().ok()) else {
            continue;
        };
        places.push(keys::call(workspace, id));
        if listed.more {
            complete_from = Day::of(id.born_at()).next();
        }
    }
    let fetched = app.store.batch_all(places.clone()).await?;
    let mut all = Vec::with_capacity(places.len());
    for place in &places {
        all.extend(fetched.get::<Call>(place, &Unsealed, entry.lens())?);
    }
    Ok(Calls { complete_from, all })
}
