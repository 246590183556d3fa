//! Messages, and the one way to append to a thread.
//!
//! Each conversation numbers its messages without a gap. The number, the message and the memory of
//! the client's id are written in one transaction, on the condition that the head is as it was
//! read; so two writers never get one number, and a repeated send leads to the first message.

use shared_derive::Record;
use uuid::Uuid;

use super::{
    conversation::{Conversation, Status},
    db::{Query, Store, StoreError},
    field::Field,
    keys,
    record::{Stored, read_item},
    seal::{DataKey, Unsealed},
    subject::{State, SubjectId},
    transaction::{CommitError, Refusal, Slot, Transaction},
};
use crate::{
    domain::{
        ConversationId, MessageId, Timestamp, WorkspaceId, personal::Pseudonymous, policy::Lens,
        text::Text, words::Symbol,
    },
    words,
};

/// How often a writer that lost the race for a number tries the next one: more than a room full of
/// people who all press "send" at once, fewer than a request has time for.
const RACES: u32 = 32;

words! {
    /// What a message is.
    pub enum MessageKind {
        /// Among members only.
        Note = "note",
        /// To the other side.
        Text = "text",
    }
}

impl Symbol for Uuid {
    fn symbol(&self) -> String {
        self.to_string()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Pseudonymous for Uuid {}

/// One message of a thread.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = message(workspace, conversation, seq), tenant = workspace,
    within = Conversation, class = Conversation, anchor = sent_at,
)]
pub struct Message {
    /// Its id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: MessageId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Its number: 1 is the first.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// Who wrote it: the contact or a member, by id. What a member wrote is the visitor's record,
    /// so an erased member becomes a pseudonym here.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Pseudonymise, open)]
    pub author: SubjectId,
    /// What it is.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub message_kind: MessageKind,
    /// What it says.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub text: Text,
    /// The client's own id of it.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub client_message_id: Uuid,
    /// How many messages the visitor had written up to this one.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub in_seq: u64,
    /// How many messages had been written to the visitor up to this one.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub out_seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub sent_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// Which message a client's id led to.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = dedupe(workspace, conversation, author, client_message_id), tenant = workspace,
    within = Conversation, class = Dedupe, anchor = sent_at,
)]
pub struct Dedupe {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// Who wrote: two people may choose the same id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub author: SubjectId,
    /// The client's id.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub client_message_id: Uuid,
    /// The number of the message.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub seq: u64,
    /// When.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub sent_at: Timestamp,
}

/// A message that has no number yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who writes.
    pub author: SubjectId,
    /// The client's id of it.
    pub client_message_id: Uuid,
    /// What it is.
    pub kind: MessageKind,
    /// What it says.
    pub text: Text,
}

/// How an append ended.
#[derive(Debug)]
pub enum Appended {
    /// It was written; the head as it stands now.
    New(Message, Conversation),
    /// The same client id had been used for the same message.
    Replayed(Message),
    /// The same client id had been used for another message.
    OtherContent,
    /// The conversation is gone: expired, or being erased.
    Gone,
}

impl Draft {
    /// Puts the message after `head` into `transaction`; returns the message and the head's next
    /// version.
    pub(super) fn place(&self, head: &Conversation, now: Timestamp) -> (Message, Conversation) {
        let mut next = head.clone();
        next.seq += 1;
        match (self.author, self.kind) {
            (SubjectId::Contact(_), _) => {
                next.in_seq += 1;
                next.status = Status::Open;
            }
            (_, MessageKind::Text) => next.out_seq += 1,
            (_, MessageKind::Note) => {}
        }
        // A clock that runs behind another function's must not move the thread back in time.
        let sent_at = now.max(head.last_activity_at);
        next.last_activity_at = sent_at;
        let message = Message {
            id: MessageId::new(sent_at),
            workspace: head.workspace,
            conversation: head.id,
            seq: next.seq,
            author: self.author,
            message_kind: self.kind,
            text: self.text.clone(),
            client_message_id: self.client_message_id,
            in_seq: next.in_seq,
            out_seq: next.out_seq,
            sent_at,
            rev: 1,
        };
        (message, next)
    }

    fn dedupe(&self, message: &Message) -> Dedupe {
        Dedupe {
            workspace: message.workspace,
            conversation: message.conversation,
            author: self.author,
            client_message_id: self.client_message_id,
            seq: message.seq,
            sent_at: message.sent_at,
        }
    }

    fn is_same_as(&self, message: &Message) -> bool {
        self.kind == message.message_kind && self.text == message.text
    }
}

/// A new conversation with its first message: there are no empty ones.
pub fn first(
    transaction: &mut Transaction,
    head: &Conversation,
    draft: &Draft,
    data_key: &super::keyring::NewDataKey,
    lens: Lens<'_>,
) -> Result<(Message, Conversation), StoreError> {
    let (message, head) = draft.place(head, lens.now);
    let head = Stored::new(head, lens.policy);
    transaction.create_root(&head, &Unsealed, data_key)?;
    transaction.create(&Stored::new(draft.dedupe(&message), lens.policy), &Unsealed)?;
    let message = Stored::new(message, lens.policy);
    transaction.create(&message, &data_key.key)?;
    Ok((message.into_record(), head.into_record()))
}

impl Store {
    /// Appends to a thread whose head was read as `head`, under the thread's own key.
    ///
    /// One transaction; one more round trip after a failed condition.
    pub async fn append(
        &self,
        mut head: Conversation,
        draft: &Draft,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Appended, StoreError> {
        for _ in 0..RACES {
            let (message, next) = draft.place(&head, lens.now);
            let next = Stored::next(next, lens.policy);
            let message = Stored::new(message, lens.policy);
            let mut transaction = Transaction::new(lens.now);
            let at_head = transaction.replace(&next, &Unsealed)?;
            transaction.create(&message, key)?;
            let dedupe = Stored::new(draft.dedupe(message.record()), lens.policy);
            let at_dedupe = transaction.create(&dedupe, &Unsealed)?;
            let refusal = match self.commit(transaction).await {
                Ok(()) => return Ok(Appended::New(message.into_record(), next.into_record())),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(refusal)) => refusal,
            };
            if let Some(found) = refusal.found(at_dedupe) {
                let dedupe: Option<Dedupe> = read_item(found, &Unsealed, lens)?;
                return self.replayed(&head, draft, dedupe, key, lens).await;
            }
            match raced(&refusal, at_head, lens)? {
                Some(now) => head = now,
                None => return Ok(Appended::Gone),
            }
        }
        Err(StoreError::Conflict)
    }

    async fn replayed(
        &self,
        head: &Conversation,
        draft: &Draft,
        dedupe: Option<Dedupe>,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Appended, StoreError> {
        let Some(dedupe) = dedupe else {
            return Ok(Appended::Gone);
        };
        let place = keys::message(head.workspace, head.id, dedupe.seq);
        let fetched = self.batch(vec![place.clone()]).await?;
        Ok(match fetched.get::<Message>(&place, key, lens)? {
            Some(message) if draft.is_same_as(&message) => Appended::Replayed(message),
            Some(_) => Appended::OtherContent,
            None => Appended::Gone,
        })
    }
}

/// The head as the winner of the race left it; `None` when it is no longer there to write to.
fn raced(
    refusal: &Refusal,
    at_head: Slot,
    lens: Lens<'_>,
) -> Result<Option<Conversation>, StoreError> {
    let Some(found) = refusal.found(at_head) else {
        return Ok(None);
    };
    let head: Option<Conversation> = read_item(found, &Unsealed, lens)?;
    Ok(head.filter(|head| head.state == State::Live))
}

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
            let items = self.query(query).await?;
            ended = items.len() < missing;
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
