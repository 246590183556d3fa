//! A conversation came to wait in a team: the team gives out what waits.
//!
//! A message to a conversation that waits already is no reason to look again.

use shared::{
    app::App,
    domain::{
        TeamId, Timestamp, WorkspaceId,
        policy::{Lens, Policy},
    },
    store::{
        Item, StoreError, Table, Unsealed, conversation::Conversation, db::key_of,
        record::read_item,
    },
};

use crate::failure::Failure;

/// Gives out what waits in the team of this head, if it has just come to wait there.
pub async fn give_out(app: &App, new: &Item, old: Option<&Item>) -> Result<(), Failure> {
    let now = app.clock.now();
    let Some((workspace, team)) = waits(new, now)? else {
        return Ok(());
    };
    let before = old.map(|old| waits(old, now)).transpose()?.flatten();
    if before == Some((workspace, team)) {
        return Ok(());
    }
    let place = key_of(Table::Data, new);
    app.store.give_out((workspace, team), place, now).await?;
    Ok(())
}

/// In which team of which workspace a head waits for somebody.
fn waits(head: &Item, now: Timestamp) -> Result<Option<(WorkspaceId, TeamId)>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let head = read_item::<Conversation>(head, &Unsealed, lens)?;
    Ok(head.and_then(|head| Some((head.workspace, head.waits_in(now)?))))
}
