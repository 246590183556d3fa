//! What is to be done at Stripe: tried when it is due, later each time, and after ten tries left for somebody
//! to look at (`sotto redrive`). Nothing else waits for it, an erasure least of all.

use std::time::Duration;

use shared::{
    app::App,
    domain::{
        Policy, Timestamp,
        billing::{Stamp, StripeId, event::Event},
        policy::Lens,
    },
    lambda::schedule::Report,
    store::{
        Query, StoreError, Stored, Table, Transaction, Unsealed,
        billing::{Hearing, StripeTask, TaskKind, TaskState},
        db::key_of,
        keys,
    },
};

use crate::{
    hear::{Heard, Way, committed, hear},
    reconcile,
    stripe::{Client, Trouble},
};

/// How long after the first try the second one comes.
pub const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often something is tried before somebody has to look.
const ATTEMPTS: u32 = 10;
/// How many tasks one run looks at.
const PAGE: u16 = 50;
/// How long one run goes on at most: each call takes ten seconds at the longest.
const BUDGET: Duration = Duration::from_secs(40);

/// What became of a task.
pub enum Done {
    /// It is done, and goes.
    Yes,
    /// It is done, and its row went with what was done.
    Already,
    /// It goes on like this.
    GoesOn(Box<StripeTask>),
    /// It is tried again.
    NotYet,
}

/// Does what is due.
///
/// # Errors
/// When storage failed. Trouble with Stripe is none of ours: the task waits.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    report.add("stripe_tasks", 0);
    report.add("stuck_stripe_tasks", 0);
    let Some(stripe) = Client::of(app) else {
        return Ok(());
    };
    let begun = app.clock.now();
    reconcile::remind(app, begun).await?;
    let due = Query::lists(keys::stripe_tasks(TaskState::Waiting))
        .between("0", keys::until(begun))
        .limit(PAGE);
    let mut failed = None;
    for item in app.store.query(due).await? {
        if app.clock.now() >= begun.plus(BUDGET) {
            break;
        }
        let Some(place) = key_of(Table::Data, &item) else {
            continue;
        };
        let now = app.clock.now();
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        // The list may be behind the table.
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let task = fetched.get::<StripeTask>(&place, &Unsealed, lens)?;
        let waits = |task: &StripeTask| task.state == TaskState::Waiting && task.due_at <= now;
        let Some(task) = task.filter(waits) else {
            continue;
        };
        match attempt(app, &stripe, task, now).await {
            Ok(()) => report.add("stripe_tasks", 1),
            // One that fails must not hold up the others.
            Err(error) => failed = Some(error),
        }
    }
    let stuck = Query::lists(keys::stripe_tasks(TaskState::Stuck)).limit(PAGE);
    report.add("stuck_stripe_tasks", app.store.count(stuck).await?);
    failed.map_or(Ok(()), Err)
}

async fn attempt(
    app: &App,
    stripe: &Client<'_>,
    task: StripeTask,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut transaction = Transaction::new(now);
    let place = keys::stripe_task(task.id.clone());
    match carry_out(app, stripe, &task, now).await? {
        Done::Already => return Ok(()),
        // Who wished for something else meanwhile has another version, which is done next.
        Done::Yes => transaction.consume_version(place, task.rev),
        Done::GoesOn(next) => {
            let next = Stored::next(*next, &Policy::platform());
            transaction.replace(&next, &Unsealed)?
        }
        Done::NotYet => {
            let next = Stored::next(later(task, now), &Policy::platform());
            transaction.replace(&next, &Unsealed)?
        }
    };
    committed(app.store.commit(transaction).await).map(|_| ())
}

/// The task after a try that came to nothing.
fn later(task: StripeTask, now: Timestamp) -> StripeTask {
    let attempts = task.attempts + 1;
    let pause = FIRST_PAUSE * 4u32.saturating_pow(task.attempts.min(8));
    let gives_up = attempts >= ATTEMPTS && task.task != TaskKind::Reconcile;
    StripeTask {
        state: match gives_up {
            true => TaskState::Stuck,
            false => TaskState::Waiting,
        },
        attempts,
        due_at: now.plus(pause.min(LONGEST_PAUSE)),
        ..task
    }
}

/// Does what a task says.
async fn carry_out(
    app: &App,
    stripe: &Client<'_>,
    task: &StripeTask,
    now: Timestamp,
) -> Result<Done, StoreError> {
    if task.task == TaskKind::Reconcile {
        return reconcile::go_on(app, stripe, task, now).await;
    }
    let Some(about) = &task.about else {
        return Ok(Done::Yes);
    };
    if task.task == TaskKind::Hear {
        return hear_again(app, stripe, task, about).await;
    }
    if task.task == TaskKind::Look {
        return look(app, stripe, task, about).await;
    }
    let place = format!("/v1/subscriptions/{about}");
    // A wish that was changed is another version, and another call.
    let key = format!(
        "{}-{about}-{}-{}",
        task.task.word(),
        task.created_at.ms(),
        task.seats.unwrap_or(0)
    );
    let seats = task.seats.unwrap_or(1).to_string();
    let done = match task.task {
        TaskKind::Part => {
            // Deleting a customer ends every subscription of theirs (docs.stripe.com/api/customers/delete).
            stripe.delete(&format!("/v1/customers/{about}"), &key).await
        }
        TaskKind::SetSeats => {
            let item = task.item.as_ref().map_or("", StripeId::as_str);
            let form = [
                ("items[0][id]", item),
                ("items[0][quantity]", seats.as_str()),
            ];
            stripe.change(&place, &form, &key).await.map(|_| ())
        }
        TaskKind::EndWithPeriod => {
            let form = [("cancel_at_period_end", "true")];
            stripe.change(&place, &form, &key).await.map(|_| ())
        }
        TaskKind::Renew => {
            let form = [("cancel_at_period_end", "false")];
            stripe.change(&place, &form, &key).await.map(|_| ())
        }
        TaskKind::Hear | TaskKind::Look | TaskKind::Reconcile => Ok(()),
    };
    Ok(match done {
        // A subscription that is gone is as it was wished, or cannot be.
        Ok(()) | Err(Trouble::Missing) => Done::Yes,
        Err(trouble) => {
            tracing::warn!(task = task.task.word(), ?trouble, "a task at Stripe waits");
            Done::NotYet
        }
    })
}

/// Fetches an event that could not be used and tries again; Stripe has it for 30 days.
async fn hear_again(
    app: &App,
    stripe: &Client<'_>,
    task: &StripeTask,
    id: &StripeId,
) -> Result<Done, StoreError> {
    let event = match stripe.ask(&format!("/v1/events/{id}"), "").await {
        Ok(value) => Event::read(value),
        Err(Trouble::Missing) => return Ok(Done::Yes),
        Err(_) => return Ok(Done::NotYet),
    };
    let Ok(event) = event else {
        return Ok(Done::NotYet);
    };
    Ok(match hear(app, &event, Way::Again(task)).await? {
        Heard::Now(Hearing::Waiting) => Done::NotYet,
        Heard::Now(_) | Heard::Before => Done::Already,
    })
}

/// Asks how something stands of which one second told two things. What is shown holds over both, and whatever
/// comes of a later second holds over that.
async fn look(
    app: &App,
    stripe: &Client<'_>,
    task: &StripeTask,
    about: &StripeId,
) -> Result<Done, StoreError> {
    let kind = match about.as_str().starts_with("cus_") {
        true => "customers",
        false => "subscriptions",
    };
    let shown = match stripe.ask(&format!("/v1/{kind}/{about}"), "").await {
        Ok(shown) => shown,
        Err(Trouble::Missing) => return Ok(Done::Yes),
        Err(_) => return Ok(Done::NotYet),
    };
    let at = task.since.map(Timestamp::seconds);
    let stamp = at.and_then(|at| Stamp::seen(about, at).ok());
    let (Some(stamp), Some(settings)) = (stamp, app.config.stripe.as_ref()) else {
        return Ok(Done::Yes);
    };
    let seen = Event::seen(shown, stamp, settings.livemode());
    Ok(match hear(app, &seen, Way::Again(task)).await? {
        Heard::Now(Hearing::Waiting) => Done::NotYet,
        Heard::Now(_) | Heard::Before => Done::Already,
    })
}
