//! Calls whose time is over: what rang and nobody took, what found no way, what went silent.
//!
//! Every read of a call asks the clock, so nobody is told otherwise meanwhile. What is done here is to
//! write it down, so that those who listen hear of it.

use shared::{
    app::App,
    domain::{Policy, Timestamp, policy::Lens},
    store::{Key, StoreError, Unsealed, call::Call},
};

/// Ends a call whose deadline has passed; `None` when there is nothing to do.
pub async fn settle(
    app: &App,
    head: &Key,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let fetched = app.store.batch(vec![head.clone()]).await?;
    let Some(call) = fetched.get::<Call>(head, &Unsealed, lens)? else {
        return Ok(None);
    };
    let ended = app.store.settle_call(call, lens).await?;
    Ok(ended.then_some("ended_calls"))
}
