//! Once a day Stripe is asked what happened since the day before, in case we were not told. What was heard
//! before changes nothing.

use std::time::Duration;

use shared::{
    app::App,
    domain::{
        Policy, Timestamp,
        billing::{StripeId, event::Event},
        policy::Lens,
    },
    store::{
        StoreError, Stored, Transaction, Unsealed,
        billing::{StripeTask, TaskKind},
        keys,
    },
};

use crate::{
    hear::{Way, committed, hear},
    stripe::Client,
    tasks::Done,
};

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// How far an answer reaches back beyond the last question: an event may be made known late.
const OVERLAP: Duration = Duration::from_secs(60 * 60);
/// How far the first question reaches back.
const FIRST: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How many events come with one answer: what comes in through the door has 256 KiB at most.
const PAGE: usize = 20;
/// How many answers one run reads.
const PAGES: u32 = 10;

fn task(now: Timestamp) -> Option<StripeTask> {
    let id = StripeId::parse("reconcile").ok()?;
    Some(StripeTask {
        about: None,
        since: Some(now.minus(FIRST)),
        id: id.clone(),
        ..StripeTask::new(TaskKind::Reconcile, &id, now)
    })
}

/// Writes the task, where there is none yet.
pub async fn remind(app: &App, now: Timestamp) -> Result<(), StoreError> {
    let Some(task) = task(now) else {
        return Ok(());
    };
    let policy = Policy::platform();
    let place = keys::stripe_task(task.id.clone());
    let lens = Lens {
        now,
        policy: &policy,
    };
    let fetched = app.store.batch(vec![place.clone()]).await?;
    if fetched
        .get::<StripeTask>(&place, &Unsealed, lens)?
        .is_some()
    {
        return Ok(());
    }
    let mut transaction = Transaction::new(now);
    transaction.create(&Stored::new(task, &policy), &Unsealed)?;
    committed(app.store.commit(transaction).await).map(|_| ())
}

/// Reads on. Events come newest first, and which comes first makes no difference.
pub async fn go_on(
    app: &App,
    stripe: &Client<'_>,
    task: &StripeTask,
    now: Timestamp,
) -> Result<Done, StoreError> {
    // When the walk began: the next one begins there.
    let begun = match task.after {
        Some(_) => task.created_at,
        None => now,
    };
    let since = task.since.unwrap_or(begun.minus(FIRST)).seconds();
    let mut after = task.after.clone();
    for _ in 0..PAGES {
        let mut query = format!("limit={PAGE}&created[gte]={since}");
        if let Some(after) = &after {
            query.push_str(&format!("&starting_after={after}"));
        }
        let query = query.replace('[', "%5B").replace(']', "%5D");
        let Ok(answer) = stripe.ask("/v1/events", &query).await else {
            return Ok(Done::NotYet);
        };
        let events = answer["data"].as_array().cloned().unwrap_or_default();
        for event in events {
            let Ok(event) = Event::read(event) else {
                continue;
            };
            after = Some(event.id.clone());
            let ours = app.config.stripe.as_ref().map(|stripe| stripe.livemode());
            if Some(event.livemode) == ours && event.account.is_none() {
                hear(app, &event, Way::Told).await?;
            }
        }
        if answer["has_more"] != true {
            return Ok(Done::GoesOn(Box::new(StripeTask {
                after: None,
                since: Some(begun.minus(OVERLAP)),
                due_at: begun.plus(EVERY),
                attempts: 0,
                created_at: begun,
                ..task.clone()
            })));
        }
    }
    Ok(Done::GoesOn(Box::new(StripeTask {
        after,
        attempts: 0,
        created_at: begun,
        due_at: now,
        ..task.clone()
    })))
}
