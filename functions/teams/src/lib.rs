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
//! | `list_canned_replies` | `GET /v1/workspaces/{workspace}/canned-replies` |
//! | `create_canned_reply` | `POST /v1/workspaces/{workspace}/canned-replies` |
//! | `change_canned_reply` | `PATCH /v1/workspaces/{workspace}/canned-replies/{reply}` |
//! | `delete_canned_reply` | `DELETE /v1/workspaces/{workspace}/canned-replies/{reply}` |
//! | `list_saved_views` | `GET /v1/workspaces/{workspace}/saved-views` |
//! | `create_saved_view` | `POST /v1/workspaces/{workspace}/saved-views` |
//! | `change_saved_view` | `PATCH /v1/workspaces/{workspace}/saved-views/{view}` |
//! | `delete_saved_view` | `DELETE /v1/workspaces/{workspace}/saved-views/{view}` |
//! | `visitor_availability` | `GET /v1/widget/availability` |
//!
//! Rooms beside the operations: `hours` (the view of them), `presence` (who is there), `seat` (of who
//! joins or leaves), `team` (the view of one), `shelf` (where prepared answers and saved views lie), `canned`
//! and `saved_view` (the views of one of them).

mod add_teammate;
mod canned;
mod change_canned_reply;
mod change_saved_view;
mod change_team;
mod create_canned_reply;
mod create_saved_view;
mod create_team;
mod delete_canned_reply;
mod delete_saved_view;
mod hours;
mod list_availability;
mod list_canned_replies;
mod list_saved_views;
mod list_teams;
mod presence;
mod remove_hours;
mod remove_team;
mod remove_teammate;
mod saved_view;
mod seat;
mod set_availability;
mod set_hours;
mod shelf;
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
        list_canned_replies,
        create_canned_reply,
        change_canned_reply,
        delete_canned_reply,
        list_saved_views,
        create_saved_view,
        change_saved_view,
        delete_saved_view,
        visitor_availability
    ]
}
