//! How far a conversation is in a flow, and what one turn of it adds to the thread.
//!
//! Who leads is said by the head alone: while its status is `bot`, the flow does. A turn is written in
//! the transaction of what set it off, on the condition that head and run are as they were read; so a
//! colleague who answers first has the conversation, and what the flow would have said is not said.

use aws_lc_rs::rand;
use shared_derive::Record;
use uuid::Uuid;

use super::{
    conversation::{Conversation, Priority, Status},
    db::{Store, StoreError},
    field::Field as _,
    flow_deed::FlowDeed,
    flow_figures::FlowTick,
    flow_request::FlowRequest,
    keyring::NewDataKey,
    keys::{self, Key},
    message::{Appended, Event, RACES, raced},
    record::Stored,
    seal::{DataKey, Unsealed},
    subject::SubjectId,
    transaction::{CommitError, Slot, Transaction},
    transcript::{Line, Step},
};
use crate::domain::{
    ConversationId, FlowId, MessageId, TeamId, Timestamp, WorkspaceId,
    flow::Piece,
    label::{LabelName, MAX_LABELS},
    policy::Lens,
    text::{Email, Text},
};

/// How far a conversation is in a flow.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_run(workspace, conversation),
    due = flow_run_due(workspace, conversation, deadline), tenant = workspace,
    within = Conversation, class = Conversation, anchor = updated_at,
)]
pub struct FlowRun {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// In which flow.
    #[non_personal(reason = "the id of a flow", export)]
    pub flow: FlowId,
    /// In which version of it: it stays with the one it began with.
    #[non_personal(reason = "the number of a version", export)]
    pub version: u64,
    /// Where it stands, what its variables hold and what it waits for, as JSON.
    #[personal(category = Content, purpose = AnswerVisitor, erase = Delete)]
    pub standing: Piece,
    /// When it goes on by itself.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub deadline: Option<Timestamp>,
    /// How many messages had been written to the visitor when people were asked to take over.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub handed_over_at: Option<u64>,
    /// When it began.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub started_at: Timestamp,
    /// Its last turn.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub updated_at: Timestamp,
    /// Counts turns: each follows the one it was read at. 0 where none is stored yet.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Store {
    /// Which flow leads a conversation, or led it last. One read, without the key of the thread.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn flow_of(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
    ) -> Result<Option<FlowId>, StoreError> {
        let place = keys::flow_run(workspace, conversation);
        let fetched = self.batch(vec![place.clone()]).await?;
        let flow = fetched.raw(&place).and_then(|run| run.get("flow"));
        Ok(flow.and_then(|flow| FlowId::read(Some(flow))))
    }
}

impl FlowRun {
    /// Where it lies.
    pub fn place(&self) -> Key {
        keys::flow_run(self.workspace, self.conversation)
    }

    /// Whether its deadline still means something: the flow leads, or has asked for people and nobody
    /// has come.
    pub fn may_go_on(&self, head: &Conversation, now: Timestamp) -> bool {
        match head.status_at(now) {
            Status::Bot => true,
            Status::Open => head.assignee.is_none() && self.handed_over_at == Some(head.out_seq),
            Status::Closed | Status::Snoozed | Status::Spam => false,
        }
    }
}

/// A code that goes to an address which a visitor says is theirs. `outbox` computes it, and mails it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = flow_code(workspace, conversation, id), tenant = workspace,
    within = Conversation, class = Challenge, anchor = asked_at,
)]
pub struct FlowCode {
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// In which conversation.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub conversation: ConversationId,
    /// What the code follows from.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub id: Uuid,
    /// Where it goes.
    #[personal(category = Contact, purpose = AnswerVisitor, erase = Delete)]
    pub address: Email,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = AnswerVisitor, erase = Delete, open)]
    pub asked_at: Timestamp,
}

impl FlowCode {
    /// A code for an address, asked for in a run.
    ///
    /// # Errors
    /// When the machine has no chance.
    pub fn new(run: &FlowRun, address: Email, now: Timestamp) -> Result<Self, StoreError> {
        let mut id = [0; 16];
        rand::fill(&mut id).map_err(|_| StoreError::Random)?;
        Ok(Self {
            workspace: run.workspace,
            conversation: run.conversation,
            id: uuid::Builder::from_random_bytes(id).into_uuid(),
            address,
            asked_at: now,
        })
    }
}

/// What one turn of a flow comes to.
#[derive(Clone, Debug)]
pub struct FlowTurn {
    /// The run as it was read, with where it stands after the turn.
    pub run: FlowRun,
    /// What it says, in this order.
    pub said: Vec<Said>,
    /// Labels that it puts on the conversation.
    pub labels: Vec<LabelName>,
    /// How urgent it says that the conversation is.
    pub priority: Option<Priority>,
    /// The team that it puts the conversation to.
    pub team: Option<TeamId>,
    /// What it adds to the figures of the flow.
    pub marks: Vec<u64>,
    /// The code that it mails.
    pub code: Option<FlowCode>,
    /// What it does besides.
    pub deeds: Vec<FlowDeed>,
    /// What it asks of a server.
    pub asks: Option<FlowRequest>,
    /// The request that it has the answer of: it goes with this turn.
    pub answers: Option<Key>,
    /// Who leads from now on.
    pub then: Then,
}

/// Something that a flow says.
#[derive(Clone, Debug)]
pub struct Said {
    /// The id of the message: it follows from the conversation and the place in the flow.
    pub id: MessageId,
    /// The text, in Markdown.
    pub text: Text,
}

/// Who leads after a turn.
#[derive(Clone, Debug)]
pub enum Then {
    /// The flow.
    Flow,
    /// People: the conversation is open and nobody's.
    People {
        /// What the team reads.
        note: Option<Said>,
        /// In whose queue it waits; the workspace's where there is none.
        team: Option<TeamId>,
    },
    /// Nobody: the flow is over.
    Nobody,
}

impl Then {
    /// People, whoever of them.
    pub const ANYBODY: Self = Self::People {
        note: None,
        team: None,
    };
}

impl FlowTurn {
    /// Adds the turn to a step, and the run to its transaction.
    pub(super) fn write(
        &self,
        step: &mut Step,
        transaction: &mut Transaction,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Slot, StoreError> {
        let run = self.apply(step, lens.now);
        if let Some(code) = &self.code {
            transaction.create(&Stored::new(code.clone(), lens.policy), key)?;
        }
        if let Some(answered) = &self.answers {
            transaction.remove(answered.clone());
        }
        self.ask(transaction, key, lens)?;
        self.count(transaction, lens)?;
        if run.rev == 0 {
            let first = FlowRun { rev: 1, ..run };
            return transaction.create(&Stored::new(first, lens.policy), key);
        }
        transaction.replace(&Stored::next(run, lens.policy), key)
    }

    /// Adds what it asks of a server, and does besides, to the transaction.
    fn ask(
        &self,
        transaction: &mut Transaction,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        if let Some(request) = &self.asks {
            transaction.create(&Stored::new(request.clone(), lens.policy), key)?;
        }
        for deed in &self.deeds {
            transaction.create(&Stored::new(deed.clone(), lens.policy), key)?;
        }
        Ok(())
    }

    /// Adds what it came to to the transaction.
    fn count(&self, transaction: &mut Transaction, lens: Lens<'_>) -> Result<(), StoreError> {
        if self.marks.is_empty() {
            return Ok(());
        }
        let of = (self.run.flow, self.run.version);
        let tick = FlowTick::new(self.run.workspace, of, self.marks.clone(), lens.now)?;
        transaction.create(&Stored::new(tick, lens.policy), &Unsealed)?;
        Ok(())
    }

    /// Adds the turn to a step; the run as it is then.
    fn apply(&self, step: &mut Step, now: Timestamp) -> FlowRun {
        let flow = SubjectId::Flow(self.run.flow);
        step.head.led = Some(true);
        for said in &self.said {
            step.say(flow, said);
        }
        let mut labels = self.labels.clone();
        labels.retain(|label| !step.head.labels.contains(label));
        labels.truncate(MAX_LABELS.saturating_sub(step.head.labels.len()));
        if !labels.is_empty() {
            step.head.labels.extend(labels.iter().cloned());
            step.head.labels.sort();
            step.line(Line::new(Event::Labelled, Some(flow)).labels(labels));
        }
        if let Some(priority) = self.priority.filter(|one| *one != step.head.priority()) {
            step.head.priority = Some(priority);
            step.line(Line::new(Event::PriorityChanged, Some(flow)).priority(priority));
        }
        if let Some(team) = self.team.filter(|team| step.head.team != Some(*team)) {
            step.head.put_to(team, now);
            step.line(Line::new(Event::PutToTeam, Some(flow)).team(Some(team)));
        }
        let mut run = self.run.clone();
        run.updated_at = now;
        run.handed_over_at = None;
        match &self.then {
            Then::Flow => step.head.stand(Status::Bot, now),
            Then::People { note, team } => {
                step.head.stand(Status::Open, now);
                if let Some(team) = *team {
                    step.head.put_to(team, now);
                    step.line(Line::new(Event::PutToTeam, Some(flow)).team(Some(team)));
                }
                // Somebody has to look, whoever wrote last.
                step.head.waiting_since.get_or_insert(now);
                if let Some(note) = note {
                    step.note(flow, note);
                }
                run.handed_over_at = Some(step.head.out_seq);
            }
            // Somebody has it who let the flow ask something.
            Then::Nobody if step.head.assignee.is_some() => step.head.stand(Status::Open, now),
            Then::Nobody => {
                step.head.stand(Status::Closed, now);
                step.line(Line::new(Event::Closed, Some(flow)));
            }
        }
        run
    }
}

/// A new conversation that a flow begins. There may be no message yet, where it waits first.
///
/// # Errors
/// When something cannot be sealed.
pub fn first_turn(
    transaction: &mut Transaction,
    head: &Conversation,
    turn: &FlowTurn,
    data_key: &NewDataKey,
    lens: Lens<'_>,
) -> Result<Conversation, StoreError> {
    let mut step = Step::on(head, lens.now);
    let run = turn.apply(&mut step, lens.now);
    turn.ask(transaction, &data_key.key, lens)?;
    turn.count(transaction, lens)?;
    let head = step.begin(transaction, data_key, lens)?;
    let run = FlowRun { rev: 1, ..run };
    transaction.create(&Stored::new(run, lens.policy), &data_key.key)?;
    Ok(head)
}

/// A turn that somebody of the team sets off, or a program of theirs: they let a flow lead, or give the
/// conversation back to it. What was closed opens. One condition on the head and one on the run settle
/// every race.
///
/// # Errors
/// When something cannot be sealed.
pub fn led_turn(
    transaction: &mut Transaction,
    head: &Conversation,
    (turn, actor): (&FlowTurn, SubjectId),
    key: &DataKey,
    lens: Lens<'_>,
) -> Result<Conversation, StoreError> {
    let mut step = Step::on(head, lens.now);
    if step.head.status_at(lens.now) == Status::Closed {
        step.head.stand(Status::Open, lens.now);
        step.line(Line::new(Event::Reopened, Some(actor)));
    }
    // A flow whose first turn is its last shows in no status: this tells that it led.
    step.head.led_anew = Some(step.head.led_anew.unwrap_or_default() + 1);
    let policy = head.policy(lens);
    let within = Lens {
        policy: &policy,
        ..lens
    };
    turn.write(&mut step, transaction, key, within)?;
    let (_, head) = step.write(transaction, key, lens)?;
    Ok(head)
}

impl Store {
    /// Writes a turn that no message set off: that of a deadline. A head that changed meanwhile is
    /// looked at again; a run that did had somebody else's turn.
    ///
    /// # Errors
    /// When storage fails, or others keep winning.
    pub async fn flow_on(
        &self,
        mut head: Conversation,
        turn: &FlowTurn,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<Appended, StoreError> {
        for _ in 0..RACES {
            if !turn.run.may_go_on(&head, lens.now) {
                return Ok(Appended::OtherTurn);
            }
            let mut step = Step::on(&head, lens.now);
            let mut transaction = Transaction::new(lens.now);
            let policy = head.policy(lens);
            let within = Lens {
                policy: &policy,
                ..lens
            };
            let at_run = turn.write(&mut step, &mut transaction, key, within)?;
            let (at_head, _) = step.write(&mut transaction, key, lens)?;
            let refusal = match self.commit(transaction).await {
                Ok(()) => return Ok(Appended::Turned),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Refused(refusal)) => refusal,
            };
            if refusal.failed(at_run) {
                return Ok(Appended::OtherTurn);
            }
            match raced(&refusal, at_head, lens)? {
                Some(now) => head = now,
                None => return Ok(Appended::Gone),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Takes the deadline from a run that does not lead any more.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn let_run_rest(
        &self,
        run: FlowRun,
        key: &DataKey,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::new(lens.now);
        let rests = FlowRun {
            deadline: None,
            ..run
        };
        transaction.replace(&Stored::next(rests, lens.policy), key)?;
        match self.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}
