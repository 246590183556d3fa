//! What people write to the operator, and what the operator answers (CALL-24).
//!
//! | file | route |
//! |---|---|
//! | `ask`, `list_own` | `POST`, `GET /v1/support` |
//! | `show_own` | `GET /v1/support/{thread}` |
//! | `say_own` | `POST /v1/support/{thread}/messages` |
//! | `show_confirm`, `send_confirm` | `GET`, `POST /support/confirm` |
//! | `list` | `GET /v1/operator/support` |
//! | `show` | `GET /v1/operator/support/{thread}` |
//! | `answer` | `POST /v1/operator/support/{thread}/messages` |
//! | `delete` | `DELETE /v1/operator/support/{thread}` |
//!
//! `thread` reads one, and goes on in it. What comes by mail `intake` takes in, into the same threads;
//! answers go out from `outbox`.

mod answer;
mod ask;
mod delete;
mod list;
mod list_own;
mod say_own;
mod send_confirm;
mod show;
mod show_confirm;
mod show_own;
mod thread;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        ask,
        list_own,
        show_own,
        say_own,
        show_confirm,
        send_confirm,
        list,
        show,
        answer,
        delete,
    ]
}
