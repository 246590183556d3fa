//! Plans and payments as they are kept: how a workspace pays, which events were heard, what is to be done at
//! Stripe, and the documents that the law has us keep.
//!
//! What says how somebody pays belongs to the workspace and goes with it. A document is nobody's part: it is
//! a root with a key of its own, is found by the id that Stripe gave the customer, and names no workspace, so
//! that an erasure neither finds it nor leads to it.

use std::time::Duration;

use shared_derive::Record;

use super::{
    db::{Store, StoreError, key_of},
    keys::{self, Table},
    query::Query,
    record::Stored,
    seal::Unsealed,
    transaction::{CommitError, Transaction},
};
use crate::{
    domain::{
        Policy, Timestamp, WorkspaceId,
        billing::{StripeId, event::EventKind, paper::Paper, standing::Standing},
        policy::Lens,
    },
    words,
};

/// How a workspace pays (FLOW-13, FLOW-14): sealed under its key.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = billing_account(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct BillingAccount {
    /// Which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What Stripe calls who pays.
    #[personal(category = Pseudonym, purpose = TakePayments, erase = Delete, open)]
    pub customer: StripeId,
    /// Subscriptions, name, billing address, and what is shown of cards.
    #[personal(category = Contact, purpose = TakePayments, erase = Delete, export)]
    pub standing: Standing,
    /// When a customer was made.
    #[personal(category = Pseudonym, purpose = TakePayments, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// For whom a customer of Stripe's pays.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = stripe_customer(customer), tenant = Platform,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct StripeCustomer {
    /// What Stripe calls them.
    #[personal(category = Pseudonym, purpose = TakePayments, erase = Delete, open)]
    pub customer: StripeId,
    /// Which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Since when.
    #[personal(category = Pseudonym, purpose = TakePayments, erase = Delete, open)]
    pub created_at: Timestamp,
}

words! {
    /// What became of an event.
    pub enum Hearing {
        /// What it tells is written down.
        Applied = "applied",
        /// It is about a customer who pays for nothing here.
        Foreign = "foreign",
        /// It tells nothing that is kept.
        Ignored = "ignored",
        /// It could not be read; a task looks at it again.
        Waiting = "waiting",
    }
}

/// That an event was heard: its id, and nothing of what it told.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = stripe_event(id), tenant = Platform,
    no_subject = "ids that Stripe made, so that an event counts once; 40 days",
    class = StripeEvent, anchor = heard_at,
)]
pub struct StripeEvent {
    /// Its id.
    #[non_personal(reason = "the id of an event at Stripe")]
    pub id: StripeId,
    /// What happened.
    #[non_personal(reason = "a kind of event")]
    pub event: EventKind,
    /// What it happened to.
    #[non_personal(
        reason = "the id of an object at Stripe, which is not that of a customer's person"
    )]
    pub object: Option<StripeId>,
    /// What became of it.
    #[non_personal(reason = "what was done with an event")]
    pub hearing: Hearing,
    /// When.
    #[non_personal(reason = "when an event was heard")]
    pub heard_at: Timestamp,
}

/// How long after two things were told of one second Stripe is asked: what it says then is later than both.
const LOOK_AFTER: Duration = Duration::from_secs(5);

words! {
    /// What is to be done at Stripe.
    pub enum TaskKind {
        /// Let a subscription end with what is paid.
        EndWithPeriod = "end_with_period",
        /// Read an event again that could not be used.
        Hear = "hear",
        /// Look at a subscription or a customer of which one second told two things.
        Look = "look",
        /// End every subscription of a customer and delete them: their workspace is gone.
        Part = "part",
        /// Ask what happened, in case we were not told.
        Reconcile = "reconcile",
        /// Let a subscription go on that was to end.
        Renew = "renew",
        /// Pay for another number of seats.
        SetSeats = "set_seats",
    }
}

words! {
    /// How a task stands.
    pub enum TaskState {
        /// It was tried as often as it is tried by itself: somebody has to look.
        Stuck = "stuck",
        /// It is done when it is due.
        Waiting = "waiting",
    }
}

/// Something that is to be done at Stripe, by ids that Stripe made. It goes when it is done.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = stripe_task(id), lists = stripe_task_list(id, state, due_at), tenant = Platform,
    no_subject = "what is to be done at Stripe, by its ids; gone when it is done",
    class = Operation, anchor = created_at,
)]
pub struct StripeTask {
    /// Its id, which follows from what it is about: it waits once.
    #[non_personal(reason = "the id of a piece of work")]
    pub id: StripeId,
    /// What.
    #[non_personal(reason = "a kind of work")]
    pub task: TaskKind,
    /// How it stands.
    #[non_personal(reason = "the state of a piece of work")]
    pub state: TaskState,
    /// About which customer, subscription or event.
    #[non_personal(reason = "the id of an object at Stripe, gone when the work is done")]
    pub about: Option<StripeId>,
    /// The item of the subscription, where seats are changed.
    #[non_personal(reason = "the id of an object at Stripe, gone when the work is done")]
    pub item: Option<StripeId>,
    /// How many seats.
    #[non_personal(reason = "a count of seats of a workspace")]
    pub seats: Option<u32>,
    /// From when on it is asked what happened, or of which second two things were told.
    #[non_personal(reason = "when it was asked last what happened, or when something did")]
    pub since: Option<Timestamp>,
    /// The event that it goes on after.
    #[non_personal(reason = "the id of an event at Stripe")]
    pub after: Option<StripeId>,
    /// How often it was tried.
    #[non_personal(reason = "a count of tries")]
    pub attempts: u32,
    /// When it is tried next.
    #[non_personal(reason = "when a piece of work goes on")]
    pub due_at: Timestamp,
    /// When it was asked for.
    #[non_personal(reason = "when a piece of work was asked for")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl StripeTask {
    /// A task of a kind about something, due at once.
    pub fn new(task: TaskKind, about: &StripeId, now: Timestamp) -> Self {
        // Both parts are made of what such an id is made of; 255 characters are room for both.
        let what = match task {
            // Of two wishes that exclude each other, the later one counts.
            TaskKind::EndWithPeriod | TaskKind::Renew => "renewal",
            _ => task.word(),
        };
        let id = StripeId::parse(&format!("{what}_{about}"));
        Self {
            id: id.unwrap_or_else(|_| about.clone()),
            task,
            state: TaskState::Waiting,
            about: Some(about.clone()),
            item: None,
            seats: None,
            since: None,
            after: None,
            attempts: 0,
            due_at: now,
            created_at: now,
            // A later wish takes the place of an earlier one, and must not be taken for it while that is done.
            rev: now.ms().unsigned_abs(),
        }
    }

    /// Looks at what is in doubt as of a second, once that second is over: each doubt is a task of its own.
    pub fn look((about, at): (StripeId, i64), now: Timestamp) -> Self {
        let task = Self::new(TaskKind::Look, &about, now);
        let id = StripeId::parse(&format!("{}_{at}", task.id));
        Self {
            id: id.unwrap_or_else(|_| task.id.clone()),
            since: Some(Timestamp::from_ms(at.saturating_mul(1000))),
            due_at: now.plus(LOOK_AFTER),
            ..task
        }
    }
}

/// A document of a payment, as small as the law allows (FLOW-15, FLOW-35). Its key goes when it does.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = paper(id), lists = paper_list(id, customer, moved_at), tenant = Platform,
    no_subject = "a document that the law has the operator keep; it outlives the workspace, and names it nowhere",
    class = Billing, anchor = moved_at,
)]
pub struct BillingPaper {
    /// Its id: that of an invoice, or of a payment that went back without one.
    #[personal(category = Pseudonym, purpose = TakePayments, erase = Delete, open)]
    pub id: StripeId,
    /// What Stripe calls who paid.
    #[personal(category = Pseudonym, purpose = TakePayments, erase = Delete, open)]
    pub customer: StripeId,
    /// What it says.
    #[personal(category = Contact, purpose = TakePayments, erase = Delete)]
    pub paper: Paper,
    /// Its last movement, from which its years are counted.
    #[personal(category = Pseudonym, purpose = TakePayments, erase = Delete, open)]
    pub moved_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Store {
    /// Has the tasks that nobody tries any more be tried again, at once; says which.
    ///
    /// # Errors
    /// When storage failed; those that are named are waiting.
    pub async fn redrive_stripe(&self, now: Timestamp) -> Result<Vec<StripeTask>, StoreError> {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let stuck = Query::lists(keys::stripe_tasks(TaskState::Stuck));
        let mut driven = Vec::new();
        for item in self.query(stuck).await? {
            let Some(place) = key_of(Table::Data, &item) else {
                continue;
            };
            let fetched = self.batch(vec![place.clone()]).await?;
            let found = fetched.get::<StripeTask>(&place, &Unsealed, lens)?;
            let Some(task) = found.filter(|task| task.state == TaskState::Stuck) else {
                continue;
            };
            let task = StripeTask {
                state: TaskState::Waiting,
                attempts: 0,
                due_at: now,
                ..task
            };
            let stored = Stored::next(task, &policy);
            let mut transaction = Transaction::new(now);
            transaction.replace(&stored, &Unsealed)?;
            match self.commit(transaction).await {
                Ok(()) => driven.push(stored.into_record()),
                // Somebody else was faster.
                Err(CommitError::Refused(_)) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        Ok(driven)
    }
}
