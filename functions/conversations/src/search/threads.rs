//! Conversations from the latest change on, and what was written in them.
//!
//! Whoever does not see a conversation has it neither found nor counted: heads come first, and only of
//! those that are seen keys and texts are read.

use std::{collections::VecDeque, sync::Arc};

use serde::{Deserialize, Serialize};
use shared::{
    domain::{AppId, ConversationId, Policy, Timestamp, label::LabelName, policy::Lens},
    http::Problem,
    store::{
        DataKey, Fetched, Key, RootRef, SubjectId, Unsealed,
        conversation::Conversation,
        keys,
        message::{Message, Messages, Span},
        saved_view::Sort,
        subject::State,
        together::together,
    },
};

use super::{Answer, Asked, Hit, people};
use crate::list::{self, Reach};

/// How many places of the index are read at once.
const PLACES: u16 = 100;
/// How often, so that who sees few of many conversations gets further than an empty page.
const ROUNDS: usize = 4;
/// After how many conversations a search pauses.
const MOST_CONVERSATIONS: u64 = 100;
/// After how many messages.
const MOST_MESSAGES: u64 = 1_000;
/// After how many bytes of text.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// How many messages of a conversation are read at once.
const PART: u16 = 50;
/// Of how many conversations at once: so many parts of long messages may be in memory.
const WAVE: usize = 10;

/// Which conversations and messages.
pub struct Filter {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub authors: Vec<SubjectId>,
    pub label: Option<LabelName>,
    pub app: Option<AppId>,
}

/// Where a search goes on: behind this place of the index, and before it with the rest of a
/// conversation that was begun there.
#[derive(Serialize, Deserialize)]
pub struct Onward {
    after: String,
    within: Option<(ConversationId, u64)>,
}

impl Onward {
    fn behind(after: &str) -> Self {
        let after = after.to_owned();
        Self {
            after,
            within: None,
        }
    }

    /// What changed after this was looked through.
    fn at(&self) -> Option<Timestamp> {
        let ms = self.after.split('#').next()?.parse().ok()?;
        Some(Timestamp::from_ms(ms))
    }
}

impl Filter {
    fn fits(&self, head: &Conversation) -> bool {
        let label = self.label.as_ref();
        label.is_none_or(|label| head.labels.contains(label))
            && self.app.is_none_or(|app| head.app == Some(app))
            && self.to.is_none_or(|to| head.created_at < to)
            && self.from.is_none_or(|from| head.last_activity_at >= from)
    }

    fn fits_message(&self, message: &Message) -> bool {
        self.to.is_none_or(|to| message.sent_at < to)
            && self.from.is_none_or(|from| message.sent_at >= from)
            && (self.authors.is_empty()
                || message
                    .author
                    .is_some_and(|author| self.authors.contains(&author)))
    }
}

/// A conversation that is seen, at its place in the index.
struct Seen {
    place: String,
    head: Conversation,
}

/// Places of the index that were looked at: what is seen of them, and behind which there are more.
type Round = (Vec<Seen>, Option<String>);

/// The head, if it may be used and whoever asks sees it.
fn seen(asked: &Asked<'_>, filter: &Filter, head: Option<Conversation>) -> Option<Conversation> {
    head.filter(|head| {
        head.state == State::Live && asked.caller.sight.sees(head.standing()) && filter.fits(head)
    })
}

async fn round(
    asked: &Asked<'_>,
    filter: &Filter,
    after: Option<String>,
) -> Result<Round, Problem> {
    let entry = &asked.caller.entry;
    let reach = Reach {
        sort: Sort::Newest,
        from: after,
        limit: PLACES,
    };
    // Nothing is written in a conversation after its last change.
    let since = filter.from.map(|from| format!("{:015}", from.ms()));
    let since = since.as_deref().unwrap_or("0");
    let (places, more) = list::changed(asked.app, entry.workspace, &reach, since).await?;
    let last = places.last().map(|(place, _)| place.clone());
    let heads = places.iter().filter(|(_, at)| at.sk == keys::HEAD);
    let wanted = heads.clone().map(|(_, at)| at.clone()).collect();
    let fetched = asked.app.store.batch(wanted).await?;
    let mut found = Vec::new();
    for (place, at) in heads {
        let head = fetched.get::<Conversation>(at, &Unsealed, entry.lens())?;
        let place = place.clone();
        found.extend(seen(asked, filter, head).map(|head| Seen { place, head }));
    }
    Ok((found, last.filter(|_| more)))
}

/// Conversations whose labels, or whose people, are called like that.
pub async fn conversations(
    asked: &Asked<'_>,
    filter: &Filter,
    from: Option<Onward>,
) -> Result<Answer<Onward>, Problem> {
    let (mut hits, mut looked) = (Vec::new(), 0);
    let mut after = from.map(|from| from.after);
    let mut onward = None;
    'rounds: for _ in 0..ROUNDS {
        let (seen, more) = round(asked, filter, after.take()).await?;
        let contacts = seen.iter().map(|seen| seen.head.contact);
        let told = people::told(asked, contacts.collect()).await?;
        onward = more.as_deref().map(Onward::behind);
        for Seen { place, head } in &seen {
            looked += 1;
            let profile = people::profile(asked, &told, head.contact)?;
            let found = profile.as_ref().and_then(|profile| asked.find_in(profile));
            let found = found.or_else(|| asked.find_label(&head.labels));
            hits.extend(found.map(|found| Hit::conversation(head, profile.as_ref(), found)));
            if hits.len() == asked.limit {
                onward = Some(Onward::behind(place));
                break 'rounds;
            }
        }
        if more.is_none() || looked >= MOST_CONVERSATIONS {
            break;
        }
        after = more;
    }
    Ok(Answer {
        back_to: onward.as_ref().and_then(Onward::at),
        hits,
        conversations: looked,
        messages: 0,
        contacts: 0,
        onward,
    })
}

/// Messages that hold every word.
pub async fn messages(
    asked: &Asked<'_>,
    filter: &Filter,
    from: Option<Onward>,
) -> Result<Answer<Onward>, Problem> {
    let mut reading = Reading {
        asked,
        filter,
        policy: Arc::new(asked.caller.entry.policy.clone()),
        hits: Vec::new(),
        conversations: 0,
        messages: 0,
        bytes: 0,
    };
    let onward = reading.go_on(from).await?;
    let mut hits = reading.hits;
    let contacts = hits.iter().map(|hit| hit.contact_id).collect();
    let told = people::told(asked, contacts).await?;
    for hit in &mut hits {
        let profile = people::profile(asked, &told, hit.contact_id)?;
        hit.name(profile.as_ref());
    }
    Ok(Answer {
        back_to: onward.as_ref().and_then(Onward::at),
        hits,
        conversations: reading.conversations,
        messages: reading.messages,
        contacts: 0,
        onward,
    })
}

/// A thread that is read from before a number on.
struct Thread {
    place: String,
    head: Conversation,
    key: Arc<DataKey>,
    before: Option<u64>,
}

/// What was read so far.
struct Reading<'a> {
    asked: &'a Asked<'a>,
    filter: &'a Filter,
    policy: Arc<Policy>,
    hits: Vec<Hit>,
    conversations: u64,
    messages: u64,
    bytes: usize,
}

impl Reading<'_> {
    /// Reads until something is enough; says where that was.
    async fn go_on(&mut self, from: Option<Onward>) -> Result<Option<Onward>, Problem> {
        let (mut after, within) = from.map_or((None, None), |from| (Some(from.after), from.within));
        if let (Some(place), Some((id, before))) = (&after, within) {
            let begun = self.begun(id, before, place).await?;
            let enough = self.look(begun.into_iter().collect()).await?;
            if enough.is_some() {
                return Ok(enough);
            }
        }
        for _ in 0..ROUNDS {
            let (seen, more) = round(self.asked, self.filter, after.take()).await?;
            let threads = self.open(seen).await?;
            let enough = self.look(threads).await?;
            if enough.is_some() || more.is_none() {
                return Ok(enough);
            }
            after = more;
            if self.is_enough() {
                break;
            }
        }
        Ok(after.as_deref().map(Onward::behind))
    }

    const fn is_enough(&self) -> bool {
        self.conversations >= MOST_CONVERSATIONS
            || self.messages >= MOST_MESSAGES
            || self.bytes >= MOST_BYTES
    }

    /// The rest of a conversation that an earlier page began, if it is still seen.
    async fn begun(
        &self,
        id: ConversationId,
        before: u64,
        place: &str,
    ) -> Result<Option<Thread>, Problem> {
        let entry = &self.asked.caller.entry;
        let at = keys::conversation(entry.workspace, id);
        let wanted = vec![at.clone(), keys::data_key(&RootRef::of(&at))];
        let fetched = self.asked.app.store.batch(wanted).await?;
        let head = fetched.get::<Conversation>(&at, &Unsealed, entry.lens())?;
        let head = seen(self.asked, self.filter, head);
        let key = fetched.data_key(&at, &entry.tenant_key)?;
        Ok(head.zip(key).map(|(head, key)| Thread {
            place: place.to_owned(),
            head,
            key: Arc::new(key),
            before: Some(before),
        }))
    }

    async fn open(&self, seen: Vec<Seen>) -> Result<Vec<Thread>, Problem> {
        let entry = &self.asked.caller.entry;
        let at = |head: &Conversation| keys::conversation(entry.workspace, head.id);
        let wanted: Vec<Key> = seen
            .iter()
            .map(|seen| keys::data_key(&RootRef::of(&at(&seen.head))))
            .collect();
        let fetched: Fetched = self.asked.app.store.batch(wanted).await?;
        let mut threads = Vec::with_capacity(seen.len());
        for Seen { place, head } in seen {
            let key = fetched.data_key(&at(&head), &entry.tenant_key)?;
            threads.extend(key.map(|key| Thread {
                place,
                head,
                key: Arc::new(key),
                before: None,
            }));
        }
        Ok(threads)
    }

    /// A part of a thread, from its end or from before a number on.
    fn part(
        &self,
        thread: &Thread,
        before: Option<u64>,
    ) -> impl Future<Output = Result<Messages, shared::store::StoreError>> + Send + use<> {
        let (store, policy) = (self.asked.app.store.clone(), Arc::clone(&self.policy));
        let (head, key, now) = (
            thread.head.clone(),
            Arc::clone(&thread.key),
            self.asked.caller.entry.now,
        );
        async move {
            let span = before.map_or(Span::Newest, Span::Before);
            let lens = Lens {
                now,
                policy: &policy,
            };
            store.messages(&head, span, PART, &key, lens).await
        }
    }

    /// Looks through threads in their order, the latest message first; says where it was enough.
    async fn look(&mut self, threads: Vec<Thread>) -> Result<Option<Onward>, Problem> {
        let mut threads = VecDeque::from(threads);
        while !threads.is_empty() {
            let wave: Vec<Thread> = threads.drain(..threads.len().min(WAVE)).collect();
            let parts = wave.iter().map(|thread| self.part(thread, thread.before));
            let parts = together(parts.collect::<Vec<_>>()).await?;
            for (thread, part) in wave.iter().zip(parts) {
                self.conversations += 1;
                if let Some(at) = self.look_through(thread, part).await? {
                    let after = thread.place.clone();
                    let within = Some((thread.head.id, at));
                    return Ok(Some(Onward { after, within }));
                }
                if self.is_enough() {
                    return Ok(Some(Onward::behind(&thread.place)));
                }
            }
        }
        Ok(None)
    }

    /// Looks through a thread; says before which number it was enough, if it was.
    async fn look_through(
        &mut self,
        thread: &Thread,
        mut part: Messages,
    ) -> Result<Option<u64>, Problem> {
        loop {
            for message in part.messages.iter().rev() {
                self.messages += 1;
                self.bytes += message.text.as_ref().map_or(0, |text| text.reveal().len());
                if !self.filter.fits_message(message) {
                    continue;
                }
                if let Some(found) = self.asked.find_message(message) {
                    self.hits.push(Hit::message(&thread.head, message, found));
                    if self.hits.len() == self.asked.limit {
                        return Ok(Some(message.seq));
                    }
                }
            }
            let oldest = part.messages.first();
            let before_all = |from| oldest.is_none_or(|message| message.sent_at < from);
            let Some(seq) = oldest.map(|message| message.seq) else {
                return Ok(None);
            };
            if part.min_seq.is_some() || self.filter.from.is_some_and(before_all) {
                return Ok(None);
            }
            if self.is_enough() {
                return Ok(Some(seq));
            }
            part = self.part(thread, Some(seq)).await?;
        }
    }
}
