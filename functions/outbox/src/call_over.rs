//! A call that was offered in a conversation begins or is over: the flow that waits for it hears so, and the thread
//! says that it is over.

use shared::{
    app::App,
    domain::{
        call::CallState,
        policy::{Lens, Policy},
    },
    store::{Item, Unsealed, call::Call, record::read_item},
};

use crate::failure::Failure;

/// Tells the flow that its visitor calls.
pub async fn began(app: &App, new: &Item) -> Result<(), Failure> {
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    if let Some(call) = read_item::<Call>(new, &Unsealed, lens)? {
        app.tell_flow_of_call(None, &call).await?;
    }
    Ok(())
}

/// Tells the thread and the flow of a call that is over since `old`. Told again, it says nothing twice.
pub async fn tell(app: &App, old: &Item, new: &Item) -> Result<(), Failure> {
    let now = app.clock.now();
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let before = read_item::<Call>(old, &Unsealed, lens)?;
    let after = read_item::<Call>(new, &Unsealed, lens)?;
    let (Some(before), Some(after)) = (before, after) else {
        return Ok(());
    };
    if before.state != CallState::Ended && after.state == CallState::Ended {
        app.store.tell_thread(&before, &after, now).await?;
        app.tell_flow_of_call(Some(&before), &after).await?;
    }
    Ok(())
}
