//! What people hear from us, and how they end it.
//!
//! | file | route |
//! |---|---|
//! | `show_unsubscribe` | `GET /unsubscribe` |
//! | `unsubscribe` | `POST /unsubscribe` |
//!
//! Both are reached by the link of a mail, without signing in. Opening it changes nothing; posting to
//! it ends the kind of mail at once (RFC 8058).

mod show_unsubscribe;
mod unsubscribe;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![show_unsubscribe, unsubscribe]
}
