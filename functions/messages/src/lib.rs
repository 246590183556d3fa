//! Messages: send, list and take along, for members and for visitors; edit, delete and redact, for
//! members.
//!
//! | file | route |
//! |---|---|
//! | `send` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages` |
//! | `list` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/messages` |
//! | `edit` | `PATCH /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}` |
//! | `delete` | `DELETE /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}` |
//! | `redact` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/messages/{seq}/redact` |
//! | `show_transcript` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/transcript` |
//! | `mail_transcript` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/transcript` |
//! | `visitor_send` | `POST /v1/widget/conversations/{conversation}/messages` |
//! | `visitor_list` | `GET /v1/widget/conversations/{conversation}/messages` |
//! | `visitor_transcript` | `GET /v1/widget/conversations/{conversation}/transcript` |
//! | `visitor_mail_transcript` | `POST /v1/widget/conversations/{conversation}/transcript` |

mod answered;
mod delete;
mod desk;
mod edit;
mod list;
mod mail_transcript;
mod redact;
mod send;
mod show_transcript;
mod thread;
mod transcript;
mod visitor_list;
mod visitor_mail_transcript;
mod visitor_send;
mod visitor_transcript;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        send,
        list,
        edit,
        delete,
        redact,
        show_transcript,
        mail_transcript,
        visitor_send,
        visitor_list,
        visitor_transcript,
        visitor_mail_transcript
    ]
}
