//! Requests about one's data: who made one, who answers it, and by when.
//!
//! | file | route |
//! |---|---|
//! | `make_own`, `list_own` | `POST`, `GET /v1/privacy/requests` |
//! | `show_own` | `GET /v1/privacy/requests/{request}` |
//! | `revoke_own` | `POST /v1/privacy/requests/{request}/revoke` |
//! | `operator_list` | `GET /v1/operator/privacy/requests` |
//! | `operator_show` | `GET /v1/operator/privacy/requests/{request}` |
//! | `operator_decide` | `POST /v1/operator/privacy/requests/{request}/decision` |
//! | `report_child` | `POST /v1/privacy/child-reports` |
//! | `discovery` | `GET /.well-known/privacy.json` |
//! | `visitor_make`, `visitor_list` | `POST`, `GET /v1/widget/privacy/requests` |
//! | `visitor_show` | `GET /v1/widget/privacy/requests/{request}` |
//! | `visitor_revoke` | `POST /v1/widget/privacy/requests/{request}/revoke` |
//! | `make`, `list` | `POST`, `GET /v1/workspaces/{workspace}/privacy/requests` |
//! | `show` | `GET /v1/workspaces/{workspace}/privacy/requests/{request}` |
//! | `decide` | `POST /v1/workspaces/{workspace}/privacy/requests/{request}/decision` |
//! | `show_prove`, `send_prove` | `GET`, `POST /privacy/confirm`: where the mailed link leads |
//!
//! Rooms beside the operations: `request` (reading one, its view), `making` (a new one, or the one
//! that is waited for already), `deciding` (what a decision does),
//! `own` (those of who is signed in).
//!
//! What visitors ask goes to the workspace they talk with (CHAT-21), what holders of accounts ask to
//! the operator. Reminders, silence and the end of
//! what is carried out are seen to by `retention`, every minute; letters go out from `outbox`.

mod decide;
mod deciding;
mod discovery;
mod list;
mod list_own;
mod make;
mod make_own;
mod making;
mod operator_decide;
mod operator_list;
mod operator_show;
mod own;
mod report_child;
mod request;
mod revoke_own;
mod send_prove;
mod show;
mod show_own;
mod show_prove;
mod visitor_list;
mod visitor_make;
mod visitor_revoke;
mod visitor_show;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        make_own,
        list_own,
        show_own,
        revoke_own,
        operator_list,
        operator_show,
        operator_decide,
        discovery,
        report_child,
        visitor_make,
        visitor_list,
        visitor_show,
        visitor_revoke,
        make,
        list,
        show,
        decide,
        show_prove,
        send_prove
    ]
}
