//! How far a conversation is in a flow, and what one turn of it adds to the thread.
//!
//! Who leads is said by the head alone: while its status is `bot`, the flow does. A turn is written in
//! the transaction of what set it off, on the condition that head and run are as they were read; so a
//! colleague who answers first has the conversation, and what the flow would have said is not said.

use shared_derive::Record;

use super::{
    conversation::{Conversation, Status},
    db::{Store, StoreError},
    keyring::NewDataKey,
    message::{Appended, Event, RACES, raced},
    record::Stored,
    seal::DataKey,
    subject::SubjectId,
    transaction::{CommitError, Slot, Transaction},
    transcript::{Line, Step},
};
use crate::domain::{
    ConversationId, FlowId, MessageId, Timestamp, WorkspaceId, flow::Piece, policy::Lens,
    text::Text,
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
    /// Counts turns: each follows the one it was read at.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl FlowRun {
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

/// What one turn of a flow comes to.
#[derive(Clone, Debug)]
pub struct FlowTurn {
    /// The run as it was read, with where it stands after the turn.
    pub run: FlowRun,
    /// What it says, in this order.
    pub said: Vec<Said>,
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
    /// People: the conversation is open, nobody's, and with this note.
    People(Option<Said>),
    /// Nobody: the flow is over.
    Nobody,
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
        transaction.replace(&Stored::next(run, lens.policy), key)
    }

    /// Adds the turn to a step; the run as it is then.
    fn apply(&self, step: &mut Step, now: Timestamp) -> FlowRun {
        let flow = SubjectId::Flow(self.run.flow);
        for said in &self.said {
            step.say(flow, said);
        }
        let mut run = self.run.clone();
        run.updated_at = now;
        run.handed_over_at = None;
        match &self.then {
            Then::Flow => step.head.stand(Status::Bot, now),
            Then::People(note) => {
                step.head.stand(Status::Open, now);
                // Somebody has to look, whoever wrote last.
                step.head.waiting_since.get_or_insert(now);
                if let Some(note) = note {
                    step.note(flow, note);
                }
                run.handed_over_at = Some(step.head.out_seq);
            }
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
    let head = step.begin(transaction, data_key, lens)?;
    transaction.create(&Stored::new(run, lens.policy), &data_key.key)?;
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
