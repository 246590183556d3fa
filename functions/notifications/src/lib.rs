//! What goes out of a workspace, and how people end what they hear from us.
//!
//! | file | route |
//! |---|---|
//! | `show_unsubscribe` | `GET /unsubscribe` |
//! | `unsubscribe` | `POST /unsubscribe` |
//! | `create_webhook` | `POST /v1/workspaces/{workspace}/webhooks` |
//! | `list_webhooks` | `GET /v1/workspaces/{workspace}/webhooks` |
//! | `show_webhook` | `GET /v1/workspaces/{workspace}/webhooks/{webhook}` |
//! | `change_webhook` | `PATCH /v1/workspaces/{workspace}/webhooks/{webhook}` |
//! | `remove_webhook` | `DELETE /v1/workspaces/{workspace}/webhooks/{webhook}` |
//! | `rotate_webhook` | `POST /v1/workspaces/{workspace}/webhooks/{webhook}/secret` |
//! | `test_webhook` | `POST /v1/workspaces/{workspace}/webhooks/{webhook}/test` |
//! | `replay_webhook` | `POST /v1/workspaces/{workspace}/webhooks/{webhook}/replay` |
//! | `list_deliveries` | `GET /v1/workspaces/{workspace}/webhooks/{webhook}/deliveries` |
//!
//! The way out of mail is reached by the link of a mail, without signing in. Opening it changes nothing;
//! posting to it ends the kind of mail at once (RFC 8058).
//!
//! Rooms beside the operations: `webhook` and `delivery` (the views of one). Nothing is sent from here:
//! `outbox` writes what is to be told and tells it, `retention` tells it again.

mod change_webhook;
mod create_webhook;
mod delivery;
mod list_deliveries;
mod list_webhooks;
mod remove_webhook;
mod replay_webhook;
mod rotate_webhook;
mod show_unsubscribe;
mod show_webhook;
mod test_webhook;
mod unsubscribe;
mod webhook;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        show_unsubscribe,
        unsubscribe,
        create_webhook,
        list_webhooks,
        show_webhook,
        change_webhook,
        remove_webhook,
        rotate_webhook,
        test_webhook,
        replay_webhook,
        list_deliveries
    ]
}
