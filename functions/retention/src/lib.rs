//! What time does, called by schedules.
//!
//! | file | schedule | what it does |
//! |---|---|---|
//! | `sweep` | hourly | deletes what is over, and what belonged to it, whether or not TTL ever runs |
//! | `jobs` | every minute | new stamps after a shortened retention, a hold or a release; `handover`: what members leave behind |
//! | `analytics` | every minute, with the jobs | weeks of figures about use that are over become counts |
//! | `announce` | every minute, with the jobs | goes on with announcements: a letter for every account they reach |
//! | `erasures` | every minute | accounts and workspaces whose seven days are over are erased |
//! | `requests` | every minute, with the deadlines | what has to happen to a request about one's data, at its time |
//! | `asks` | every minute, beside the deadlines | servers are asked what flows wait for |
//! | `chain` | every minute | lines of audit logs that wait come into their chains |
//! | `webhooks` | every minute, beside the deadlines | services of the customer are told what is due |
//! | `minute` | every minute | deadlines that nobody has knocked for: ends of snoozes, of what rings and of calls whose devices went silent (`calls`); `exports`: copies of their data that people asked for |
//!
//! Reads are right without any of it: they ask the present policy and the server's clock. What is
//! done here is done to the rows. Every task may be cut off anywhere and be called twice.

mod analytics;
mod announce;
mod asks;
mod calls;
mod chain;
mod disclosures;
mod due;
mod erasures;
mod exports;
mod flows;
mod handover;
mod idle;
mod jobs;
mod minute;
mod requests;
mod sweep;
mod webhooks;

use shared::{
    app::App,
    lambda::schedule::{Report, Task, Tick},
    store::StoreError,
};

/// Carries out one call of a schedule.
///
/// # Errors
/// When storage failed: what was done stays done, and the next call goes on from there.
pub async fn handle(app: &App, tick: Tick) -> Result<Report, StoreError> {
    let mut report = Report::default();
    // Boxed: nested as deep as they are, the compiler refuses to lay them out in a release.
    let done = match tick.task {
        Task::Erasures => Box::pin(erasures::run(app, &mut report)).await,
        // One that fails must not hold up the other.
        Task::Jobs => {
            let jobs = Box::pin(jobs::run(app, &mut report)).await;
            let letters = Box::pin(announce::run(app, &mut report)).await;
            let figures = Box::pin(analytics::run(app, &mut report)).await;
            figures.and(letters).and(jobs)
        }
        Task::Minute => {
            // Beside one another: a service that does not answer holds up nobody.
            let (mut told, mut asked) = (Report::default(), Report::default());
            let (deadlines, hooks, asks) = tokio::join!(
                Box::pin(minute::run(app, &mut report)),
                Box::pin(webhooks::run(app, &mut told)),
                Box::pin(asks::run(app, &mut asked)),
            );
            for (name, count) in told.0.into_iter().chain(asked.0) {
                report.add(name, count);
            }
            let deadlines = deadlines.and(hooks).and(asks);
            Box::pin(chain::run(app, &mut report)).await.and(deadlines)
        }
        // That is another function's.
        Task::Billing => Ok(()),
        Task::Sweep => Box::pin(sweep::run(app, &mut report)).await,
    };
    done.map(|()| report)
}
