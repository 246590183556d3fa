//! How a workspace is organised: its teams, when it works, and who of it is there.
//!
//! | file | route |
//! |---|---|
//! | `show_hours` | `GET /v1/workspaces/{workspace}/business-hours` |
//! | `set_hours` | `PUT /v1/workspaces/{workspace}/business-hours` |
//! | `remove_hours` | `DELETE /v1/workspaces/{workspace}/business-hours` |
//! | `list_availability` | `GET /v1/workspaces/{workspace}/availability` |
//! | `set_availability` | `PUT /v1/workspaces/{workspace}/availability` |
//! | `create_team` | `POST /v1/workspaces/{workspace}/teams` |
//! | `list_teams` | `GET /v1/workspaces/{workspace}/teams` |
//! | `show_team` | `GET /v1/workspaces/{workspace}/teams/{team}` |
//! | `change_team` | `PATCH /v1/workspaces/{workspace}/teams/{team}` |
//! | `remove_team` | `DELETE /v1/workspaces/{workspace}/teams/{team}` |
//! | `add_teammate` | `PUT /v1/workspaces/{workspace}/teams/{team}/members/{member}` |
//! | `remove_teammate` | `DELETE /v1/workspaces/{workspace}/teams/{team}/members/{member}` |
//! | `visitor_availability` | `GET /v1/widget/availability` |
//!
//! Rooms beside the operations: `hours` (the view of them), `presence` (who is there), `seat` (of who
//! joins or leaves) and `team` (the view of one).

mod add_teammate;
mod change_team;
mod create_team;
mod hours;
mod list_availability;
mod list_teams;
mod presence;
mod remove_hours;
mod remove_team;
mod remove_teammate;
mod seat;
mod set_availability;
mod set_hours;
mod show_hours;
mod show_team;
mod team;
mod visitor_availability;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        show_hours,
        set_hours,
        remove_hours,
        list_availability,
        set_availability,
        create_team,
        list_teams,
        show_team,
        change_team,
        remove_team,
        add_teammate,
        remove_teammate,
        visitor_availability
    ]
}
