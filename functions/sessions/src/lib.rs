//! Live calls: who calls whom, how far a call is, what lets a device in, and what is known of it
//! afterwards. What two people say goes from device to device and never comes here.
//!
//! | file | route |
//! |---|---|
//! | `guest_start` | `POST /v1/guest/sessions` |
//! | `guest_begin` | `POST /v1/guest/calls` |
//! | `guest_show` | `GET /v1/guest/calls/{call}` |
//! | `guest_act` | `POST /v1/guest/calls/{call}/{act}` |
//! | `guest_pass` | `POST /v1/guest/calls/{call}/join-token` |
//! | `guest_ice` | `POST /v1/guest/calls/{call}/ice` |
//! | `guest_tell` | `POST /v1/guest/calls/{call}/quality` |
//! | `visitor_answer` | `POST /v1/widget/guest-sessions` |
//! | `join` | `POST /v1/calls/join` |
//! | `begin` | `POST /v1/workspaces/{workspace}/calls` |
//! | `list` | `GET /v1/workspaces/{workspace}/calls` |
//! | `show` | `GET /v1/workspaces/{workspace}/calls/{call}` |
//! | `delete` | `DELETE /v1/workspaces/{workspace}/calls/{call}` |
//! | `act` | `POST /v1/workspaces/{workspace}/calls/{call}/{act}` |
//! | `pass` | `POST /v1/workspaces/{workspace}/calls/{call}/join-token` |
//! | `ice` | `POST /v1/workspaces/{workspace}/calls/{call}/ice` |
//! | `tell` | `POST /v1/workspaces/{workspace}/calls/{call}/quality` |
//! | `make_link` | `POST /v1/workspaces/{workspace}/call-links` |
//! | `block` | `POST /v1/workspaces/{workspace}/call-blocks` |
//! | `list_blocked` | `GET /v1/workspaces/{workspace}/call-blocks` |
//! | `unblock` | `DELETE /v1/workspaces/{workspace}/call-blocks/{block}` |
//! | `delete_many` | `POST /v1/workspaces/{workspace}/call-deletions` |
//! | `show_figures` | `GET /v1/workspaces/{workspace}/call-figures` |
//!
//! Rooms beside the operations: `view` (a call on the wire), `blocked` (a block on the wire), `beginning` (a new call, glare
//! included), `step` (what people do with one), `door` (what lets a device in), `visitor` (the visitor of
//! a conversation as a guest), `deleting` (what was deleted, for its receipt), `quality` (how well it
//! went). How a call goes is `shared::domain::call`, without a clock; the frames between two
//! devices are the business of `realtime`.

mod act;
mod begin;
mod beginning;
mod block;
mod blocked;
mod delete;
mod delete_many;
mod deleting;
mod door;
mod guest_act;
mod guest_begin;
mod guest_ice;
mod guest_pass;
mod guest_show;
mod guest_start;
mod guest_tell;
mod ice;
mod join;
mod list;
mod list_blocked;
mod make_link;
mod pass;
mod quality;
mod show;
mod show_figures;
mod step;
mod tell;
mod unblock;
mod view;
mod visitor;
mod visitor_answer;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        guest_start,
        guest_begin,
        guest_show,
        guest_act,
        guest_pass,
        guest_ice,
        guest_tell,
        visitor_answer,
        join,
        begin,
        list,
        show,
        delete,
        act,
        pass,
        ice,
        tell,
        make_link,
        block,
        list_blocked,
        unblock,
        delete_many,
        show_figures
    ]
}
