//! Reading a thread: its newest messages, or those on a side of a number, without what has expired.

use super::Message;
use crate::{
    domain::policy::Lens,
    store::{
        conversation::Conversation,
        db::{Store, StoreError},
        field::Field as _,
        keys,
        query::Query,
        record::read_item,
        seal::DataKey,
    },
};

/// Which messages of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The newest.
    Newest,
    /// Those after this number, oldest first.
    After(u64),
    /// Those before this number, the nearest of them.
    Before(u64),
    /// Those on both sides of this number.
    Around(u64),
}

/// Messages of a thread in the order of their numbers.
#[derive(Debug)]
pub struct Messages {
    /// Without what has expired.
    pub messages: Vec<Message>,
    /// The oldest number that has not expired, when these messages reach so far back.
    pub min_seq: Option<u64>,
}

/// How many reads one page may take to get past what has expired and was not swept yet.
const READS: u32 = 20;
/// The highest number a message can have.
const LAST: u64 = 9_999_999_999;

impl Store {
    /// Reads up to `limit` messages of `head`'s thread: one query, unless expired messages that
    /// were not swept yet lie in the way.
    pub async fn messages(
        &self,
        head: &Conversation,
        span: Span,
        limit: u16,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Messages, StoreError> {
        let policy = head.policy(lens);
        let lens = Lens {
            policy: &policy,
            ..lens
        };
        let (mut low, mut high, newest_first) = match span {
            Span::Newest => (1, LAST, true),
            Span::After(seq) => (seq.saturating_add(1), LAST, false),
            Span::Before(seq) => (1, seq.saturating_sub(1), true),
            Span::Around(seq) => {
                let low = seq.saturating_sub(u64::from(limit) / 2).max(1);
                (low, low + u64::from(limit) - 1, false)
            }
        };
        let first = low;
        let mut messages: Vec<Message> = Vec::new();
        let mut ended = false;
        for _ in 0..READS {
            let missing = usize::from(limit).saturating_sub(messages.len());
            if missing == 0 || low > high || low > LAST {
                ended = missing > 0;
                break;
            }
            let want = u16::try_from(missing).unwrap_or(limit);
            let mut query = Query::partition(keys::thread(head.workspace, head.id))
                .between(keys::message_sort(low), keys::message_sort(high.min(LAST)))
                .limit(want);
            if newest_first {
                query = query.newest_first();
            }
            let page = self.page(query).await?;
            let items = page.items;
            // A page that is short has ended at a megabyte, or at the end of the thread.
            ended = items.len() < missing && !page.more;
            for item in &items {
                messages.extend(read_item::<Message>(item, key, lens)?);
            }
            let last = items.last().and_then(|item| u64::read(item.get("seq")));
            match last {
                Some(seq) if newest_first => high = seq.saturating_sub(1),
                Some(seq) => low = seq.saturating_add(1),
                None => ended = true,
            }
            // Messages expire in their order: behind an expired one there are only expired ones.
            if ended
                || (newest_first
                    && messages.len() < usize::from(limit)
                    && items.len() > messages.len())
            {
                ended = true;
                break;
            }
        }
        messages.sort_by_key(|message| message.seq);
        let oldest = messages.first().map(|message| message.seq);
        // Forwards, a first message after the asked one says that those between have expired.
        let reached = if newest_first {
            ended
        } else {
            oldest > Some(first)
        };
        let reaches = oldest.filter(|seq| *seq == 1 || reached);
        Ok(Messages {
            messages,
            min_seq: reaches,
        })
    }
}
