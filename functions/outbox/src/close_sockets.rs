//! A sign-in ended, or a seat in a workspace went: the sockets that rest on it are closed.
//!
//! Each of their frames would be refused anyway; this spares them the hints that are not for them any
//! more. What they listened to goes when the edge tells that they are closed.

use shared::{
    app::App,
    domain::{
        AccountId, SessionId, WorkspaceId,
        policy::{Lens, Policy},
    },
    store::{
        Field, Item, Query, StoreError, Table, Unsealed,
        db::key_of,
        keys,
        socket::{Holder, Socket},
    },
};

use crate::{failure::Failure, image};

/// How many sockets of one account are closed at once; whoever has more loses the rest to their
/// first frame.
const MOST: u16 = 100;

/// What the sockets rested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Session(SessionId),
    Seat(WorkspaceId),
}

/// Closes the sockets that rest on what went.
pub async fn close(app: &App, gone: &Item) -> Result<(), Failure> {
    let Some((account, ended)) = what_ended(gone) else {
        return Ok(());
    };
    for socket in sockets(app, account).await? {
        if rests_on(&socket, ended) {
            app.connections.close(&socket.connection).await;
        }
    }
    Ok(())
}

fn what_ended(gone: &Item) -> Option<(AccountId, Ended)> {
    let account = AccountId::read(gone.get("account"))?;
    let ended = match image::kind(gone)? {
        "LoginSession" => Ended::Session(SessionId::read(gone.get("id"))?),
        "Seat" => Ended::Seat(WorkspaceId::read(gone.get("workspace"))?),
        _ => return None,
    };
    Some((account, ended))
}

fn rests_on(socket: &Socket, ended: Ended) -> bool {
    match (socket.holder, ended) {
        (Holder::Member { session, .. }, Ended::Session(over)) => session == over,
        (Holder::Member { .. }, Ended::Seat(workspace)) => socket.workspace == workspace,
        (Holder::Visitor { .. }, _) => false,
    }
}

/// The sockets of an account.
async fn sockets(app: &App, account: AccountId) -> Result<Vec<Socket>, StoreError> {
    let query = Query::lists(keys::sockets(account.into())).limit(MOST);
    let items = app.store.query(query).await?;
    let places = items.iter().filter_map(|item| key_of(Table::Data, item));
    let places: Vec<_> = places.collect();
    let fetched = app.store.batch(places.clone()).await?;
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let mut found = Vec::with_capacity(places.len());
    for place in &places {
        found.extend(fetched.get::<Socket>(place, &Unsealed, lens)?);
    }
    Ok(found)
}
