//! How a thread grows: a step takes its head from one version to the next, with everything that
//! has to be in the transcript for it to explain itself.
//!
//! Every step first writes down what the clock has decided: the end of a snooze. So any write is
//! the knock that settles a deadline, and the schedule of the minute makes a step that does nothing
//! else.

use uuid::Uuid;

use super::{
    conversation::{AnsweredBy, Conversation, Priority, Status},
    db::{Store, StoreError},
    flow_run::Said,
    keyring::NewDataKey,
    keys::{self, Key},
    message::{Audience, Dedupe, Draft, Event, Message, MessageKind, RACES, raced},
    record::{Stored, read_item},
    seal::{DataKey, Unsealed},
    subject::SubjectId,
    transaction::{CommitError, Slot, Transaction},
};
use crate::domain::{
    MemberId, MessageId, TeamId, Timestamp, attachment::Files, label::LabelName, policy::Lens,
};

/// A line of the system: what happened, and to what.
#[derive(Clone, Debug)]
pub struct Line {
    event: Event,
    actor: Option<SubjectId>,
    member: Option<MemberId>,
    team: Option<TeamId>,
    priority: Option<Priority>,
    seq: Option<u64>,
    labels: Vec<LabelName>,
    until: Option<Timestamp>,
    audience: Audience,
}

impl Line {
    /// What somebody did, or the clock.
    pub const fn new(event: Event, actor: Option<SubjectId>) -> Self {
        let audience = match event {
            Event::CallHeld
            | Event::CallMissed
            | Event::Closed
            | Event::Rated
            | Event::RatingAsked
            | Event::Reopened => Audience::Both,
            _ => Audience::Team,
        };
        Self {
            event,
            actor,
            member: None,
            team: None,
            priority: None,
            seq: None,
            labels: Vec::new(),
            until: None,
            audience,
        }
    }

    /// To a member.
    pub const fn member(mut self, member: Option<MemberId>) -> Self {
        self.member = member;
        self
    }

    /// To a team.
    pub const fn team(mut self, team: Option<TeamId>) -> Self {
        self.team = team;
        self
    }

    /// Of a priority.
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// With labels.
    pub fn labels(mut self, labels: Vec<LabelName>) -> Self {
        self.labels = labels;
        self
    }

    /// Until a time.
    pub const fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// For the team only.
    pub const fn to_team(mut self) -> Self {
        self.audience = Audience::Team;
        self
    }

    /// To a message: whoever may read that learns of it.
    const fn about(mut self, message: &Message) -> Self {
        self.seq = Some(message.seq);
        self.audience = message.audience;
        self
    }
}

/// The next version of a head, and the messages that come with it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The head.
    pub head: Conversation,
    lines: Vec<Message>,
    now: Timestamp,
}

impl Step {
    /// A step from `head` on. When a snooze is over, it writes that down.
    pub fn on(head: &Conversation, now: Timestamp) -> Self {
        let mut step = Self {
            head: head.clone(),
            lines: Vec::new(),
            now,
        };
        step.head.touch(now);
        if head.is_due(now) {
            step.head.come_back();
            step.line(Line::new(Event::Woke, None));
        }
        step
    }

    /// The next message, empty. A clock that runs behind another function's must not move the
    /// thread back in time.
    fn next(&mut self, kind: MessageKind) -> Message {
        let head = &mut self.head;
        head.seq += 1;
        head.last_activity_at = self.now.max(head.last_activity_at);
        Message {
            id: MessageId::new(head.last_activity_at),
            workspace: head.workspace,
            conversation: head.id,
            seq: head.seq,
            author: None,
            message_kind: kind,
            audience: Audience::Team,
            text: None,
            files: Files::default(),
            client_message_id: None,
            event: None,
            subject_member: None,
            subject_team: None,
            priority: None,
            mentions: None,
            reply_to_seq: None,
            subject_seq: None,
            labels: Vec::new(),
            until: None,
            edited_at: None,
            deleted_at: None,
            redacted: false,
            in_seq: head.in_seq,
            out_seq: head.out_seq,
            sent_at: head.last_activity_at,
            rev: 1,
        }
    }

    /// Adds a line of the system. It counts as nobody's message.
    pub fn line(&mut self, line: Line) {
        let message = self.next(MessageKind::System);
        self.lines.push(Message {
            author: line.actor,
            audience: line.audience,
            event: Some(line.event),
            subject_member: line.member,
            subject_team: line.team,
            priority: line.priority,
            subject_seq: line.seq,
            labels: line.labels,
            until: line.until,
            ..message
        });
    }

    /// Adds what a flow says to the visitor.
    pub(super) fn say(&mut self, flow: SubjectId, said: &Said) {
        self.head.out_seq += 1;
        self.head.answered_by.get_or_insert(AnsweredBy::Flow);
        self.head.waiting_since = None;
        let message = Message {
            id: said.id,
            author: Some(flow),
            audience: Audience::Both,
            text: Some(said.text.clone()),
            ..self.next(MessageKind::Text)
        };
        self.lines.push(message);
    }

    /// Adds what a flow notes for the team.
    pub(super) fn note(&mut self, flow: SubjectId, said: &Said) {
        let message = Message {
            id: said.id,
            author: Some(flow),
            text: Some(said.text.clone()),
            ..self.next(MessageKind::Note)
        };
        self.lines.push(message);
    }

    /// Makes a new conversation of the step.
    pub(super) fn begin(
        self,
        transaction: &mut Transaction,
        data_key: &NewDataKey,
        lens: Lens<'_>,
    ) -> Result<Conversation, StoreError> {
        let head = Stored::new(self.head, lens.policy);
        transaction.create_root(&head, &Unsealed, data_key)?;
        for line in self.lines {
            transaction.create(&Stored::new(line, lens.policy), &data_key.key)?;
        }
        Ok(head.into_record())
    }

    /// Adds what somebody wrote; it comes last. To the other side it opens what was closed, and the
    /// visitor's brings back what was put aside; spam stays where it is.
    pub(super) fn with_message(mut self, draft: &Draft) -> (Message, Self) {
        let visitor = matches!(draft.author, SubjectId::Contact(_));
        let event = match (self.head.status_at(self.now), draft.kind) {
            (Status::Closed, MessageKind::Text) => Some(Event::Reopened),
            (Status::Snoozed, MessageKind::Text) if visitor => Some(Event::Woke),
            _ => None,
        };
        // Whoever of the team writes takes the conversation from the flow.
        let taken = self.head.status_at(self.now) == Status::Bot && !visitor;
        if taken && draft.kind == MessageKind::Text {
            self.head.stand(Status::Open, self.now);
        }
        if let Some(event) = event {
            self.head.stand(Status::Open, self.now);
            self.line(Line::new(event, Some(draft.author)));
        }
        let (audience, at) = match draft.kind {
            MessageKind::Text => (Audience::Both, self.now.max(self.head.last_activity_at)),
            MessageKind::Note | MessageKind::System => (Audience::Team, self.now),
        };
        match draft.kind {
            MessageKind::Text if visitor => {
                self.head.in_seq += 1;
                self.head.waiting_since.get_or_insert(at);
            }
            MessageKind::Text => {
                self.head.out_seq += 1;
                self.head.answered_by = Some(AnsweredBy::Team);
                if let Some(since) = self.head.waiting_since.take() {
                    let waited = u64::try_from(at.ms() - since.ms()).unwrap_or_default();
                    self.head.first_reply_ms.get_or_insert(waited);
                }
            }
            MessageKind::Note | MessageKind::System => {}
        }
        if !draft.files.is_empty() {
            let before = self.head.file_bytes.unwrap_or_default();
            self.head.file_bytes = Some(before + draft.files.bytes());
        }
        let message = Message {
            author: Some(draft.author),
            audience,
            text: draft.text.clone(),
            files: draft.files.clone(),
            mentions: Some(draft.mentions.clone()).filter(|named| !named.is_empty()),
            reply_to_seq: draft.reply_to_seq,
            client_message_id: Some(draft.client_message_id),
            ..self.next(draft.kind)
        };
        (message, self)
    }

    /// Puts the head and the lines into a transaction: the slot of the head, and the head as it
    /// will be.
    pub(super) fn write(
        self,
        transaction: &mut Transaction,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<(Slot, Conversation), StoreError> {
        let head = Stored::next(self.head, lens.policy);
        let slot = transaction.replace(&head, &Unsealed)?;
        let policy = head.record().policy(lens);
        for line in self.lines {
            transaction.create(&Stored::new(line, &policy), key)?;
        }
        Ok((slot, head.into_record()))
    }
}

/// How a change of a head ended.
#[derive(Debug)]
pub enum Changed {
    /// It was written; the head as it stands now.
    Done(Conversation),
    /// There was nothing to change: an earlier try, or somebody else, did it.
    Unchanged(Conversation),
    /// What it depends on is not there.
    Missing,
    /// The conversation is gone: expired, or being erased.
    Gone,
}

impl Store {
    /// Changes a message that was read as `message`, and tells so at the end of its thread: `decide`
    /// makes the next version and the line, or says that there is nothing to do.
    ///
    /// The message as it is now, changed by this call or before; `None` when it is gone. One
    /// transaction; a lost race decides again on what the winner left.
    pub async fn correct<E: From<StoreError>>(
        &self,
        mut head: Conversation,
        mut message: Message,
        key: &DataKey,
        lens: Lens<'_>,
        mut decide: impl FnMut(&Message) -> Result<Option<(Message, Line)>, E>,
    ) -> Result<Option<Message>, E> {
        for _ in 0..RACES {
            let Some((next, line)) = decide(&message)? else {
                return Ok(Some(message));
            };
            let mut step = Step::on(&head, lens.now);
            step.line(line.about(&next));
            let freed = message.files.bytes().saturating_sub(next.files.bytes());
            if let Some(bytes) = &mut step.head.file_bytes {
                *bytes = bytes.saturating_sub(freed);
            }
            let mut transaction = Transaction::new(lens.now);
            let (at_head, _) = step.write(&mut transaction, key, lens)?;
            let policy = head.policy(lens);
            let within = Lens {
                policy: &policy,
                ..lens
            };
            // What it has no more goes with the same stroke; `outbox` hears of it and takes the bytes.
            let kept = next.files.ids();
            for gone in message
                .files
                .ids()
                .into_iter()
                .filter(|id| !kept.contains(id))
            {
                let (workspace, conversation) = (message.workspace, message.conversation);
                transaction.remove(keys::attachment(workspace, conversation, gone));
            }
            let next = Stored::next(next, within.policy);
            let at_message = transaction.replace(&next, key)?;
            let refusal = match self.commit(transaction).await {
                Ok(()) => return Ok(Some(next.into_record())),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Refused(refusal)) => refusal,
            };
            if refusal.failed(at_message) {
                let found = refusal.found(at_message);
                let Some(now) = found
                    .map(|item| read_item(item, key, within))
                    .transpose()?
                    .flatten()
                else {
                    return Ok(None);
                };
                message = now;
            }
            if refusal.failed(at_head) {
                let Some(now) = raced(&refusal, at_head, lens)? else {
                    return Ok(None);
                };
                head = now;
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Changes a head that was read as `head`, under the thread's own key: `decide` makes the step,
    /// or says that there is nothing to do. A lost race decides again on what the winner left.
    ///
    /// One transaction, which holds only while what lies at `live` is live.
    pub async fn change<E: From<StoreError>>(
        &self,
        mut head: Conversation,
        key: &DataKey,
        lens: Lens<'_>,
        live: Option<Key>,
        mut decide: impl FnMut(&Conversation) -> Result<Option<Step>, E>,
    ) -> Result<Changed, E> {
        for _ in 0..RACES {
            let Some(step) = decide(&head)? else {
                return Ok(Changed::Unchanged(head));
            };
            let mut transaction = Transaction::new(lens.now);
            let (at_head, next) = step.write(&mut transaction, key, lens)?;
            let at_live = live.clone().map(|key| transaction.check_live(key));
            let refusal = match self.commit(transaction).await {
                Ok(()) => return Ok(Changed::Done(next)),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Refused(refusal)) => refusal,
            };
            if at_live.is_some_and(|slot| refusal.failed(slot)) {
                return Ok(Changed::Missing);
            }
            match raced(&refusal, at_head, lens)? {
                Some(now) => head = now,
                None => return Ok(Changed::Gone),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Adds a line to a thread whose head was read as `head`, under the thread's own key: once for `once`, which
    /// is remembered as the ids of messages are.
    ///
    /// One transaction; a lost race adds it to what the winner left.
    pub(super) async fn tell_once(
        &self,
        mut head: Conversation,
        line: &Line,
        (author, client_message_id): (SubjectId, Uuid),
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Changed, StoreError> {
        for _ in 0..RACES {
            let mut step = Step::on(&head, lens.now);
            step.line(line.clone());
            let mut transaction = Transaction::new(lens.now);
            let (at_head, next) = step.write(&mut transaction, key, lens)?;
            let told = Dedupe {
                workspace: next.workspace,
                conversation: next.id,
                author,
                client_message_id,
                seq: next.seq,
                sent_at: next.last_activity_at,
            };
            let at_told = transaction.create(&Stored::new(told, lens.policy), &Unsealed)?;
            let refusal = match self.commit(transaction).await {
                Ok(()) => return Ok(Changed::Done(next)),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(refusal)) => refusal,
            };
            if refusal.failed(at_told) {
                return Ok(Changed::Unchanged(head));
            }
            match raced(&refusal, at_head, lens)? {
                Some(now) => head = now,
                None => return Ok(Changed::Gone),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Writes the end of a snooze down, if its time has come: what a knock and the schedule call.
    pub async fn wake(
        &self,
        head: Conversation,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Changed, StoreError> {
        let step =
            |head: &Conversation| Ok(head.is_due(lens.now).then(|| Step::on(head, lens.now)));
        self.change(head, key, lens, None, step).await
    }
}
