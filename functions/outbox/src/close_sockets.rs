//! A sign-in ended, a seat in a workspace went, or became another one: the sockets that rest on it are
//! closed.
//!
//! Each of their frames would be refused anyway; this spares them the hints that are not for them any
//! more. What they listened to goes when the edge tells that they are closed.

use shared::{
    app::App,
    domain::{
        AccountId, SessionId, Timestamp, Visibility, WorkspaceId,
        policy::{Lens, Policy},
    },
    store::{
        Field, Item, Query, Record as _, StoreError, Table, Unsealed,
        account::Seat,
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
    /// A seat as it was until then: sockets that were opened later rest on it as it is.
    SeatOf(WorkspaceId, Timestamp),
}

/// Closes the sockets that rest on what went.
pub async fn close(app: &App, gone: &Item) -> Result<(), Failure> {
    match what_ended(gone) {
        Some((account, ended)) => close_all(app, account, ended).await,
        None => Ok(()),
    }
}

/// Whether somebody sees, or may do, something else than before. What they listen to says what they
/// saw, so they have to come again.
pub fn sees_otherwise(old: &Item, new: &Item) -> bool {
    let seen = |item: &Item| {
        let of = |name: &str| item.get(name).cloned();
        let visibility = Visibility::read(item.get("visibility"));
        // In which teams somebody is decides only where they see those of their teams.
        let teams = of("teams").filter(|_| visibility == Some(Visibility::Team));
        (of("role"), visibility, teams)
    };
    image::kind(new) == Some(Seat::DECLARATION.name) && seen(old) != seen(new)
}

/// Closes the sockets that were opened before a seat became what it is.
pub async fn close_earlier(app: &App, seat: &Item) -> Result<(), Failure> {
    let account = AccountId::read(seat.get("account"));
    let workspace = WorkspaceId::read(seat.get("workspace"));
    let changed_at = Timestamp::read(seat.get("changed_at"));
    let ended = workspace
        .zip(changed_at)
        .map(|(workspace, at)| Ended::SeatOf(workspace, at));
    match account.zip(ended) {
        Some((account, ended)) => close_all(app, account, ended).await,
        None => Ok(()),
    }
}

async fn close_all(app: &App, account: AccountId, ended: Ended) -> Result<(), Failure> {
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
        (Holder::Member { .. }, Ended::SeatOf(workspace, until)) => {
            socket.workspace == workspace && socket.opened_at < until
        }
        (Holder::Guest(_) | Holder::Visitor { .. }, _) => false,
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
