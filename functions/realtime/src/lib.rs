//! Sockets that nudge, and the sync that tells what they lost.
//!
//! | file | route |
//! |---|---|
//! | `ticket` | `POST /v1/workspaces/{workspace}/realtime/tickets` |
//! | `visitor_ticket` | `POST /v1/widget/realtime/tickets` |
//! | `guest_ticket` | `POST /v1/guest/realtime/tickets` |
//! | `sync` | `GET /v1/workspaces/{workspace}/sync` |
//! | `visitor_sync` | `GET /v1/widget/sync` |
//! | `socket` | `$connect`, `$disconnect` and `$default` of the WebSocket API |
//!
//! One function for both kinds of events: they read and write the same rows, so a second role would
//! be the same role. `/sync` is the truth; a socket only says when to ask. A client that loses every
//! frame still learns everything, a minute later.
//!
//! What a frame may say stands in `frame`, of a call in `signal`; what a frame of a call does, in `call`;
//! what a socket may cost, in `flood`.

mod call;
mod cursor;
mod flood;
pub mod frame;
mod guest_ticket;
mod signal;
mod socket;
mod sync;
mod ticket;
mod visitor_sync;
mod visitor_ticket;

pub use socket::Sockets;

/// The HTTP routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![ticket, visitor_ticket, guest_ticket, sync, visitor_sync]
}
