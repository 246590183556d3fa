//! Visitors: sessions of the widget, and the contacts that a team sees.
//!
//! | file | route |
//! |---|---|
//! | `start_session` | `POST /v1/widget/sessions` |
//! | `upsert_contact` | `POST /v1/workspaces/{workspace}/contacts` |
//! | `list_contacts` | `GET /v1/workspaces/{workspace}/contacts` |
//! | `show_contact` | `GET /v1/workspaces/{workspace}/contacts/{contact}` |
//! | `change_contact` | `PATCH /v1/workspaces/{workspace}/contacts/{contact}` |
//! | `delete_contact` | `DELETE /v1/workspaces/{workspace}/contacts/{contact}` |
//! | `merge` | `POST /v1/workspaces/{workspace}/contacts/{contact}/merge` |
//! | `block` | `PUT /v1/workspaces/{workspace}/contacts/{contact}/block` |
//! | `unblock` | `DELETE /v1/workspaces/{workspace}/contacts/{contact}/block` |
//! | `write_note` | `POST /v1/workspaces/{workspace}/contacts/{contact}/notes` |
//! | `list_notes` | `GET /v1/workspaces/{workspace}/contacts/{contact}/notes` |
//! | `delete_note` | `DELETE /v1/workspaces/{workspace}/contacts/{contact}/notes/{note}` |
//! | `send_beacon` | `POST /v1/widget/beacons` |
//! | `show_figures` | `GET /v1/workspaces/{workspace}/figures` |
//! | `set_figures` | `PUT /v1/widget/figures` |
//! | `ask_for_proof` | `POST /v1/widget/email` |
//! | `prove_address` | `PUT /v1/widget/email` |
//!
//! Rooms beside the operations: `contact` (its view), `identity` (the
//! customer's signed tokens), `visit` (the tokens of a session), `arrival` (what a session start
//! writes about a contact, and one that the team enters).
//!
//! What a session start knows of the network is used for nothing: no address is stored or logged.

mod arrival;
mod ask_for_proof;
mod block;
mod change_contact;
mod contact;
mod delete_contact;
mod delete_note;
mod identity;
mod list_contacts;
mod list_notes;
mod merge;
mod prove_address;
mod send_beacon;
mod set_figures;
mod show_contact;
mod show_figures;
mod start_session;
mod unblock;
mod upsert_contact;
mod visit;
mod write_note;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        start_session,
        upsert_contact,
        list_contacts,
        show_contact,
        change_contact,
        delete_contact,
        merge,
        block,
        unblock,
        write_note,
        list_notes,
        delete_note,
        send_beacon,
        set_figures,
        ask_for_proof,
        prove_address,
        show_figures
    ]
}
