//! A call that was offered in a conversation is over: its thread says so.

use shared::{
    app::App,
    domain::{
        call::CallState,
        policy::{Lens, Policy},
    },
    store::{Item, Unsealed, call::Call, record::read_item},
};

use crate::failure::Failure;

/// Tells the thread of a call that is over since `old`. Told again, it says nothing twice.
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
    }
    Ok(())
}
