//! The seat of somebody who joins or leaves a team: it says which teams they are in, because it is
//! read with every request, so what they see follows at once.

use shared::{
    app::App,
    domain::{MemberId, Policy, TeamId},
    http::{Problem, actor::Entry},
    store::{Stored, account::Seat},
};

/// The seat of a member, if they are there. Two round trips.
///
/// # Errors
/// When storage fails.
pub async fn of(app: &App, entry: &Entry, member: MemberId) -> Result<Option<Seat>, Problem> {
    let members = [member];
    let seats = app.store.seats_of(entry.workspace, &members, entry.now);
    Ok(seats.await?.remove(&member))
}

/// The seat of somebody who is in `team` from now on.
pub fn joined(seat: Seat, team: TeamId, entry: &Entry) -> Stored<Seat> {
    let mut teams = without(&seat, team);
    teams.push(team);
    changed(seat, teams, entry)
}

/// The seat of somebody who is in `team` no longer.
pub fn left(seat: Seat, team: TeamId, entry: &Entry) -> Stored<Seat> {
    let teams = without(&seat, team);
    changed(seat, teams, entry)
}

fn without(seat: &Seat, team: TeamId) -> Vec<TeamId> {
    let teams = seat.teams.iter().flatten().copied();
    teams.filter(|known| *known != team).collect()
}

fn changed(seat: Seat, teams: Vec<TeamId>, entry: &Entry) -> Stored<Seat> {
    let seat = Seat {
        teams: Some(teams),
        changed_at: Some(entry.now),
        ..seat
    };
    Stored::next(seat, &Policy::platform())
}
