//! The operator of a deployment: who may make an account, which workspaces there are and how they
//! stand, and the few hours in which an operator reads in one. This function has no key of any
//! workspace.
//!
//! | file | route |
//! |---|---|
//! | `list_seats` | `GET /v1/operator/seats` |
//! | `seat` | `POST /v1/operator/seats` |
//! | `unseat` | `DELETE /v1/operator/seats/{account}` |
//! | `show_settings` | `GET /v1/operator/settings` |
//! | `change_settings` | `PATCH /v1/operator/settings` |
//! | `list_deeds` | `GET /v1/operator/log` |
//! | `list_workspaces` | `GET /v1/operator/workspaces` |
//! | `show_workspace` | `GET /v1/operator/workspaces/{workspace}` |
//! | `suspend` | `POST /v1/operator/workspaces/{workspace}/suspend` |
//! | `resume` | `POST /v1/operator/workspaces/{workspace}/resume` |
//! | `limit_app` | `PATCH /v1/operator/workspaces/{workspace}/apps/{app}` |
//! | `break_glass` | `POST /v1/operator/workspaces/{workspace}/break-glass` |
//! | `end_break_glass` | `DELETE /v1/operator/workspaces/{workspace}/break-glass` |
//! | `announce` | `POST /v1/operator/announcements` |
//! | `show_announcement` | `GET /v1/operator/announcements/{announcement}` |
//!
//! Who is an operator: `access`. What they see: `workspace`, `seats`, `settings`.

mod access;
mod announce;
mod announcement;
mod break_glass;
mod change_settings;
mod end_break_glass;
mod limit_app;
mod list_deeds;
mod list_seats;
mod list_workspaces;
mod resume;
mod seat;
mod seats;
mod settings;
mod show_announcement;
mod show_settings;
mod show_workspace;
mod suspend;
mod unseat;
mod versions;
mod workspace;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        list_seats,
        seat,
        unseat,
        list_deeds,
        show_settings,
        change_settings,
        list_workspaces,
        show_workspace,
        suspend,
        resume,
        limit_app,
        break_glass,
        end_break_glass,
        announce,
        show_announcement,
    ]
}
