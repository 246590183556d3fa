//! Messages: send and list, for members and for visitors; edit, delete and redact, for members.
//!
//! | file | route |
//! |---|---|
//! | `send` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages` |
//! | `list` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/messages` |
//! | `edit` | `PATCH /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}` |
//! | `delete` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}` |
//! | `redact` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}/redact` |
//! | `visitor_send` | `POST /v1/widget/conversations/{conversation}/messages` |
//! | `visitor_list` | `GET /v1/widget/conversations/{conversation}/messages` |

mod delete;
mod desk;
mod edit;
mod list;
mod redact;
mod send;
mod thread;
mod visitor_list;
mod visitor_send;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![send, list, edit, delete, redact, visitor_send, visitor_list]
}
