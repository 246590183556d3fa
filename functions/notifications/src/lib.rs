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
//! | `register_device` | `POST /v1/workspaces/{workspace}/devices` |
//! | `list_devices` | `GET /v1/workspaces/{workspace}/devices` |
//! | `remove_device` | `DELETE /v1/workspaces/{workspace}/devices/{device}` |
//! | `test_device` | `POST /v1/workspaces/{workspace}/devices/{device}/test` |
//! | `list_notifications` | `GET /v1/workspaces/{workspace}/notifications` |
//! | `show_preferences` | `GET /v1/workspaces/{workspace}/notification-preferences` |
//! | `set_preferences` | `PUT /v1/workspaces/{workspace}/notification-preferences` |
//! | `list_senders` | `GET /v1/workspaces/{workspace}/push` |
//! | `set_sender` | `PUT /v1/workspaces/{workspace}/push/{provider}` |
//! | `remove_sender` | `DELETE /v1/workspaces/{workspace}/push/{provider}` |
//! | `visitor_senders` | `GET /v1/widget/push` |
//! | `visitor_register_device` | `POST /v1/widget/devices` |
//! | `visitor_remove_device` | `DELETE /v1/widget/devices/{device}` |
//!
//! The way out of mail is reached by the link of a mail, without signing in. Opening it changes nothing;
//! posting to it ends the kind of mail at once (RFC 8058).
//!
//! Rooms beside the operations: `webhook`, `delivery`, `device` and `sender` (the views of one), `preferences`
//! (what somebody wants to be told). Nothing is sent from here:
//! `outbox` writes what is to be told and tells it, `retention` tells it again.

mod change_webhook;
mod create_webhook;
mod delivery;
mod device;
mod filters;
mod list_deliveries;
mod list_devices;
mod list_notifications;
mod list_senders;
mod list_webhooks;
mod preferences;
mod register_device;
mod remove_device;
mod remove_sender;
mod remove_webhook;
mod replay_webhook;
mod rotate_webhook;
mod sender;
mod set_preferences;
mod set_sender;
mod show_preferences;
mod show_unsubscribe;
mod show_webhook;
mod test_device;
mod test_webhook;
mod unsubscribe;
mod visitor_register_device;
mod visitor_remove_device;
mod visitor_senders;
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
        list_deliveries,
        register_device,
        list_devices,
        remove_device,
        test_device,
        list_notifications,
        show_preferences,
        set_preferences,
        list_senders,
        set_sender,
        remove_sender,
        visitor_senders,
        visitor_register_device,
        visitor_remove_device
    ]
}
