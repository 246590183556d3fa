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
        Field as _, Item, StoreError, Table, Unsealed, conversation::Conversation, db::key_of,
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
    let before = old.map(waited).transpose()?.flatten();
    if before == Some((workspace, team)) {
        return Ok(());
    }
    let place = key_of(Table::Data, new);
    app.store.give_out((workspace, team), place, now).await?;
    Ok(())
}

/// In which team of which workspace a head waits for somebody.
fn waits(head: &Item, now: Timestamp) -> Result<Option<(WorkspaceId, TeamId)>, StoreError> {
    let head = read(head, now)?;
    Ok(head.and_then(|head| Some((head.workspace, head.waits_in(now)?))))
}

/// Where it waited when it was written. By now a snooze may be over that was not over then.
fn waited(head: &Item) -> Result<Option<(WorkspaceId, TeamId)>, StoreError> {
    let written_at = Timestamp::read(head.get("changed_at"));
    written_at.map_or(Ok(None), |at| waits(head, at))
}

fn read(head: &Item, now: Timestamp) -> Result<Option<Conversation>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    read_item(head, &Unsealed, lens)
}
