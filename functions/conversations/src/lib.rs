//! Conversations: start, list, show, read; for members and for visitors.
//!
//! | file | route |
//! |---|---|
//! | `start` | `POST /v1/workspaces/{workspace}/conversations` |
//! | `list` | `GET /v1/workspaces/{workspace}/conversations` |
//! | `show` | `GET /v1/workspaces/{workspace}/conversations/{conversation}` |
//! | `mark_read` | `PUT /v1/workspaces/{workspace}/conversations/{conversation}/read` |
//! | `visitor_start` | `POST /v1/widget/conversations` |
//! | `visitor_list` | `GET /v1/widget/conversations` |
//! | `visitor_show` | `GET /v1/widget/conversations/{conversation}` |
//! | `visitor_mark_read` | `PUT /v1/widget/conversations/{conversation}/read` |

mod beginning;
mod list;
mod mark_read;
mod show;
mod start;
mod view;
mod visitor_list;
mod visitor_mark_read;
mod visitor_show;
mod visitor_start;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        start,
        list,
        show,
        mark_read,
        visitor_start,
        visitor_list,
        visitor_show,
        visitor_mark_read
    ]
}
