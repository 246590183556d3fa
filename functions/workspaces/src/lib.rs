//! Workspaces: the tenants, their members, and the apps that visitors come through.
//!
//! | file | route |
//! |---|---|
//! | `create` | `POST /v1/workspaces` |
//! | `list` | `GET /v1/workspaces` |
//! | `show` | `GET /v1/workspaces/{workspace}` |
//! | `change` | `PATCH /v1/workspaces/{workspace}` |
//! | `delete` | `DELETE /v1/workspaces/{workspace}` |
//! | `undo_deletion` | `POST /v1/workspaces/{workspace}/undo-deletion` |
//! | `list_members` | `GET /v1/workspaces/{workspace}/members` |
//! | `change_member` | `PATCH /v1/workspaces/{workspace}/members/{member}` |
//! | `remove_member` | `DELETE /v1/workspaces/{workspace}/members/{member}` |
//! | `leave` | `POST /v1/workspaces/{workspace}/leave` |
//! | `transfer_ownership` | `POST /v1/workspaces/{workspace}/transfer-ownership` |
//! | `invite` | `POST /v1/workspaces/{workspace}/invitations` |
//! | `list_invitations` | `GET /v1/workspaces/{workspace}/invitations` |
//! | `resend_invitation` | `POST /v1/workspaces/{workspace}/invitations/{invitation}/resend` |
//! | `delete_invitation` | `DELETE /v1/workspaces/{workspace}/invitations/{invitation}` |
//! | `delete_account` | `DELETE /v1/account`: it may own workspaces |
//! | `show_delete_account`, `send_delete_account` | the page `/account/delete` |
//! | `accept_invitation` | `POST /v1/invitations/accept` |
//! | `show_accept`, `send_accept` | the page `/accept`, where the mailed link leads |
//! | `create_app` | `POST /v1/workspaces/{workspace}/apps` |
//! | `list_apps` | `GET /v1/workspaces/{workspace}/apps` |
//! | `change_app` | `PATCH /v1/workspaces/{workspace}/apps/{app}` |
//! | `rotate_key` | `POST /v1/workspaces/{workspace}/apps/{app}/rotate-key` |
//! | `create_api_key` | `POST /v1/workspaces/{workspace}/api-keys` |
//! | `list_api_keys` | `GET /v1/workspaces/{workspace}/api-keys` |
//! | `delete_api_key` | `DELETE /v1/workspaces/{workspace}/api-keys/{api_key}` |
//! | `show_retention` | `GET /v1/workspaces/{workspace}/retention` |
//! | `change_retention` | `PATCH /v1/workspaces/{workspace}/retention` |
//! | `list_erasure_keys` | `GET /.well-known/erasure-keys.json` |
//! | `show_erasure` | `GET /v1/workspaces/{workspace}/erasures/{erasure}` |
//! | `show_job` | `GET /v1/workspaces/{workspace}/jobs/{job}` |
//! | `list_break_glass` | `GET /v1/workspaces/{workspace}/break-glass` |
//! | `end_break_glass` | `DELETE /v1/workspaces/{workspace}/break-glass` |
//! | `list_audit` | `GET /v1/workspaces/{workspace}/audit` |
//! | `check_audit` | `GET /v1/workspaces/{workspace}/audit/chain` |
//!
//! Rooms beside the operations: `workspace`, `member`, `departure`, `ownership`, `invitation`, `app`, `api_key`, `audit`, `break_glass`, `closing` and `retention`, each with the view of its noun
//! and what several operations do with it.

mod accept_invitation;
mod api_key;
mod app;
mod audit;
mod break_glass;
mod change;
mod change_app;
mod change_member;
mod change_retention;
mod check_audit;
mod closing;
mod create;
mod create_api_key;
mod create_app;
mod delete;
mod delete_account;
mod delete_api_key;
mod delete_invitation;
mod departure;
mod end_break_glass;
mod invitation;
mod invite;
mod leave;
mod list;
mod list_api_keys;
mod list_apps;
mod list_audit;
mod list_break_glass;
mod list_erasure_keys;
mod list_invitations;
mod list_members;
mod member;
mod ownership;
mod remove_member;
mod resend_invitation;
mod retention;
mod rotate_key;
mod send_accept;
mod send_delete_account;
mod show;
mod show_accept;
mod show_delete_account;
mod show_erasure;
mod show_job;
mod show_retention;
mod transfer_ownership;
mod undo_deletion;
mod workspace;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        create,
        list,
        show,
        change,
        delete,
        undo_deletion,
        list_members,
        change_member,
        remove_member,
        leave,
        transfer_ownership,
        invite,
        list_invitations,
        resend_invitation,
        delete_invitation,
        delete_account,
        show_delete_account,
        send_delete_account,
        accept_invitation,
        show_accept,
        send_accept,
        create_app,
        list_apps,
        change_app,
        rotate_key,
        create_api_key,
        list_api_keys,
        delete_api_key,
        show_retention,
        change_retention,
        show_job,
        list_break_glass,
        end_break_glass,
        list_audit,
        check_audit,
        show_erasure,
        list_erasure_keys,
    ]
}
