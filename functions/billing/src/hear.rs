//! One event, once, whoever brings it: the webhook, the daily question, or a task that tries again.
//!
//! Two reads and a transaction: the first read tells a repetition and whom the event is about, the second
//! brings what it changes. The memory of the event and its effect are one transaction, so neither is there
//! without the other.

use std::time::Duration;

use shared::{
    app::App,
    domain::{
        Policy, TenantId, Timestamp,
        billing::{
            event::{Event, Fact, Told},
            paper::{Paper, PaperFact},
        },
        policy::Lens,
    },
    store::{
        CommitError, RootRef, Slot, StoreError, Stored, Transaction, Unsealed,
        billing::{
            BillingAccount, BillingPaper, Hearing, StripeCustomer, StripeEvent, StripeTask,
            TaskKind,
        },
        keys,
        subject::State,
        workspace::WorkspacePolicy,
    },
};

use crate::notices;

/// How often an event is tried that others of the same customer overtake.
const ATTEMPTS: u32 = 12;
/// The pause before the second try; it grows with each.
const PAUSE: Duration = Duration::from_millis(7);

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It was heard now.
    Now(Hearing),
    /// It was heard before, and nothing was done.
    Before,
}

/// Who brings an event.
#[derive(Clone, Copy, Debug)]
pub enum Way<'a> {
    /// It may be new.
    Told,
    /// It could not be used when it came, and this task waits for it.
    Again(&'a StripeTask),
}

/// Hears an event.
///
/// # Errors
/// When storage failed, or others kept overtaking: whoever brought it brings it again.
pub async fn hear(app: &App, event: &Event, way: Way<'_>) -> Result<Heard, StoreError> {
    let told = match event.told() {
        Ok(Some(told)) => told,
        Ok(None) => return settle(app, event, way, Hearing::Ignored).await,
        Err(unfit) => {
            tracing::error!(
                event = event.kind.word(),
                field = unfit.0,
                "an event of Stripe's cannot be used; a task waits"
            );
            return settle(app, event, way, Hearing::Waiting).await;
        }
    };
    let platform = Policy::platform();
    for attempt in 0..ATTEMPTS {
        pause(attempt, event).await;
        let now = app.clock.now();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let at_event = keys::stripe_event(event.id.clone());
        let at_link = keys::stripe_customer(told.customer.clone());
        let wanted = vec![at_event.clone(), at_link.clone()];
        let fetched = app.store.batch(wanted).await?;
        let before = fetched.get::<StripeEvent>(&at_event, &Unsealed, lens)?;
        if before.is_some_and(|before| !way.goes_on(before.hearing)) {
            return settled_before(app, way, now).await;
        }
        let Some(link) = fetched.get::<StripeCustomer>(&at_link, &Unsealed, lens)? else {
            return settle(app, event, way, Hearing::Foreign).await;
        };
        let hearing = Occasion {
            app,
            event,
            told: &told,
            way,
            now,
        };
        match hearing.apply(&link).await? {
            Applied::Done => return Ok(Heard::Now(Hearing::Applied)),
            Applied::Before => return Ok(Heard::Before),
            Applied::Nobody => return settle(app, event, way, Hearing::Foreign).await,
            Applied::Overtaken => {}
        }
    }
    Err(StoreError::Conflict)
}

impl Way<'_> {
    /// Whether what became of the event before leaves something to do.
    fn goes_on(self, before: Hearing) -> bool {
        matches!(self, Self::Again(_)) && before == Hearing::Waiting
    }

    /// Remembers the event with its effect: fails at the slot when it was heard before.
    fn remember(
        self,
        transaction: &mut Transaction,
        event: &Event,
        hearing: Hearing,
        now: Timestamp,
    ) -> Result<Slot, StoreError> {
        let row = StripeEvent {
            id: event.id.clone(),
            event: event.kind,
            object: event.object_id(),
            hearing,
            heard_at: now,
        };
        let row = Stored::new(row, &Policy::platform());
        match self {
            Self::Told => transaction.create(&row, &Unsealed),
            Self::Again(task) => {
                transaction.overwrite(&row, &Unsealed)?;
                Ok(transaction.consume_version(keys::stripe_task(task.id.clone()), task.rev))
            }
        }
    }
}

/// Waits a little before a further try: longer each time, and each event another while.
async fn pause(attempt: u32, event: &Event) {
    if attempt > 0 {
        let spread = event.id.as_str().bytes().map(u32::from).sum::<u32>() % 7 + 1;
        tokio::time::sleep(PAUSE * attempt.min(6) * spread / 3).await;
    }
}

/// The task of an event that was used meanwhile goes.
async fn settled_before(app: &App, way: Way<'_>, now: Timestamp) -> Result<Heard, StoreError> {
    if let Way::Again(task) = way {
        let mut transaction = Transaction::new(now);
        transaction.remove(keys::stripe_task(task.id.clone()));
        committed(app.store.commit(transaction).await)?;
    }
    Ok(Heard::Before)
}

/// Remembers an event that changes nothing; one that could not be used gets a task.
async fn settle(
    app: &App,
    event: &Event,
    way: Way<'_>,
    hearing: Hearing,
) -> Result<Heard, StoreError> {
    if matches!((way, hearing), (Way::Again(_), Hearing::Waiting)) {
        return Ok(Heard::Now(Hearing::Waiting));
    }
    let now = app.clock.now();
    let mut transaction = Transaction::new(now);
    way.remember(&mut transaction, event, hearing, now)?;
    if hearing == Hearing::Waiting {
        let task = StripeTask::new(TaskKind::Hear, &event.id, now);
        let task = StripeTask {
            due_at: now.plus(crate::tasks::FIRST_PAUSE),
            ..task
        };
        transaction.overwrite(&Stored::new(task, &Policy::platform()), &Unsealed)?;
    }
    Ok(match committed(app.store.commit(transaction).await)? {
        true => Heard::Now(hearing),
        false => Heard::Before,
    })
}

/// Whether a transaction was done; otherwise somebody was there before.
pub fn committed(result: Result<(), CommitError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(CommitError::Refused(_)) => Ok(false),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// How an attempt ended.
enum Applied {
    Done,
    Before,
    /// The workspace is gone, or going.
    Nobody,
    Overtaken,
}

/// One attempt to do what an event says.
struct Occasion<'a> {
    app: &'a App,
    event: &'a Event,
    told: &'a Told,
    way: Way<'a>,
    now: Timestamp,
}

impl Occasion<'_> {
    async fn apply(&self, link: &StripeCustomer) -> Result<Applied, StoreError> {
        match &self.told.fact {
            Fact::Paper(fact) => self.file(link, fact).await,
            _ => self.stand(link).await,
        }
    }

    /// A fact about how somebody pays.
    async fn stand(&self, link: &StripeCustomer) -> Result<Applied, StoreError> {
        let (store, workspace, now) = (&self.app.store, link.workspace, self.now);
        let (at_account, at_policy) = (keys::billing_account(workspace), keys::policy(workspace));
        let head = keys::workspace(workspace);
        let wanted = vec![
            at_account.clone(),
            at_policy.clone(),
            keys::data_key(&RootRef::of(&head)),
            keys::tenant_key(workspace.into()),
        ];
        let fetched = store.batch(wanted).await?;
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let row = fetched.get::<WorkspacePolicy>(&at_policy, &Unsealed, lens)?;
        let Some(row) = row.filter(|row| row.state == State::Live) else {
            return Ok(Applied::Nobody);
        };
        let tenant_key = store
            .unwrap_tenant_key(workspace.into(), &fetched, now)
            .await?;
        let Some(key) = fetched.data_key(&head, &tenant_key)? else {
            return Ok(Applied::Nobody);
        };
        let Some(account) = fetched.get::<BillingAccount>(&at_account, &key, lens)? else {
            return Ok(Applied::Nobody);
        };
        let doubt = account.standing.doubt(&self.told.customer, &self.told.fact);
        let standing = account.standing.clone().hear(&self.told.fact);
        let granted = self
            .app
            .config
            .plans
            .as_ref()
            .and_then(|plans| plans.granted(&standing));
        let mut transaction = Transaction::new(now);
        let heard = self
            .way
            .remember(&mut transaction, self.event, Hearing::Applied, now)?;
        let policy = row.policy();
        let notice =
            notices::of_standing(self.event, &standing, row.plan.as_ref(), granted.as_ref());
        if standing != account.standing {
            let next = BillingAccount {
                standing,
                ..account
            };
            transaction.replace(&Stored::next(next, &policy), &key)?;
        }
        if granted == row.plan {
            transaction.check_live(at_policy);
        } else {
            let next = WorkspacePolicy {
                plan: granted,
                ..row
            };
            let policy = next.policy();
            transaction.replace(&Stored::next(next, &policy), &Unsealed)?;
        }
        if let Some(doubt) = doubt {
            let task = Stored::new(StripeTask::look(doubt, now), &Policy::platform());
            transaction.overwrite(&task, &Unsealed)?;
        }
        notices::tell(self.app, &mut transaction, workspace, notice, now).await?;
        self.commit(transaction, heard).await
    }

    /// A fact about a document.
    async fn file(&self, link: &StripeCustomer, fact: &PaperFact) -> Result<Applied, StoreError> {
        let (store, now) = (&self.app.store, self.now);
        let (at_paper, at_policy) = (
            keys::paper(fact.paper.clone()),
            keys::policy(link.workspace),
        );
        let wanted = vec![
            at_paper.clone(),
            at_policy.clone(),
            keys::data_key(&RootRef::of(&at_paper)),
            keys::tenant_key(TenantId::Platform),
        ];
        let fetched = store.batch(wanted).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let row = fetched.get::<WorkspacePolicy>(&at_policy, &Unsealed, lens)?;
        if row.is_none_or(|row| row.state != State::Live) {
            return Ok(Applied::Nobody);
        }
        let platform_key = store
            .unwrap_tenant_key(TenantId::Platform, &fetched, now)
            .await?;
        let mut transaction = Transaction::new(now);
        let heard = self
            .way
            .remember(&mut transaction, self.event, Hearing::Applied, now)?;
        transaction.check_live(at_policy);
        let paper = match fetched.data_key(&at_paper, &platform_key)? {
            Some(key) => {
                let Some(row) = fetched.get::<BillingPaper>(&at_paper, &key, lens)? else {
                    // Its years are over, and it is on its way out.
                    return Ok(Applied::Nobody);
                };
                let paper = row.paper.clone().hear(fact);
                if paper != row.paper {
                    let next = BillingPaper {
                        moved_at: paper.moved_at(),
                        paper: paper.clone(),
                        ..row
                    };
                    transaction.replace(&Stored::next(next, &policy), &key)?;
                }
                paper
            }
            None => {
                let paper = Paper::default().hear(fact);
                let row = BillingPaper {
                    id: fact.paper.clone(),
                    customer: self.told.customer.clone(),
                    moved_at: paper.moved_at(),
                    paper: paper.clone(),
                    rev: 1,
                };
                let data_key = platform_key.new_data_key(&at_paper, now)?;
                transaction.create_root(&Stored::new(row, &policy), &data_key.key, &data_key)?;
                paper
            }
        };
        let notice = notices::of_paper(self.event, &paper);
        notices::tell(self.app, &mut transaction, link.workspace, notice, now).await?;
        self.commit(transaction, heard).await
    }

    async fn commit(&self, transaction: Transaction, heard: Slot) -> Result<Applied, StoreError> {
        match self.app.store.commit(transaction).await {
            Ok(()) => Ok(Applied::Done),
            Err(CommitError::Refused(refusal)) if refusal.failed(heard) => Ok(Applied::Before),
            // Another event was faster, or the workspace goes: read again, and see.
            Err(CommitError::Refused(_)) => Ok(Applied::Overtaken),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}
