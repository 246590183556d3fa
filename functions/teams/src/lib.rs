//! How a team is organised: when it works, and who of it is there.
//!
//! | file | route |
//! |---|---|
//! | `show_hours` | `GET /v1/workspaces/{workspace}/business-hours` |
//! | `set_hours` | `PUT /v1/workspaces/{workspace}/business-hours` |
//! | `remove_hours` | `DELETE /v1/workspaces/{workspace}/business-hours` |
//! | `list_availability` | `GET /v1/workspaces/{workspace}/availability` |
//! | `set_availability` | `PUT /v1/workspaces/{workspace}/availability` |
//! | `visitor_availability` | `GET /v1/widget/availability` |
//!
//! Rooms beside the operations: `hours` (the view of them) and `presence` (who is there).

mod hours;
mod list_availability;
mod presence;
mod remove_hours;
mod set_availability;
mod set_hours;
mod show_hours;
mod visitor_availability;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        show_hours,
        set_hours,
        remove_hours,
        list_availability,
        set_availability,
        visitor_availability
    ]
}
