//! Messages: send and list, for members and for visitors.
//!
//! | file | route |
//! |---|---|
//! | `send` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages` |
//! | `list` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/messages` |
//! | `visitor_send` | `POST /v1/widget/conversations/{conversation}/messages` |
//! | `visitor_list` | `GET /v1/widget/conversations/{conversation}/messages` |

mod list;
mod send;
mod thread;
mod visitor_list;
mod visitor_send;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![send, list, visitor_send, visitor_list]
}
