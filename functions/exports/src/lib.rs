//! Copies of somebody's data, made for them (CALL-29, CALL-32, FLOW-48, FLOW-51).
//!
//! | file | route |
//! |---|---|
//! | `create_account` | `POST /v1/account/exports` |
//! | `show_account` | `GET /v1/account/exports/{export}` |
//! | `fetch_account` | `GET /v1/account/exports/{export}/parts/{part}` |
//! | `create_contact` | `POST /v1/workspaces/{workspace}/contacts/{contact}/exports` |
//! | `create_workspace` | `POST /v1/workspaces/{workspace}/exports` |
//! | `show_workspace` | `GET /v1/workspaces/{workspace}/exports/{export}` |
//! | `fetch_workspace` | `GET /v1/workspaces/{workspace}/exports/{export}/parts/{part}` |
//! | `propose_disclosure` | `POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures` |
//! | `approve_disclosure` | `POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures/{disclosure}/approve` |
//! | `decline_disclosure` | `DELETE /v1/workspaces/{workspace}/contacts/{contact}/disclosures/{disclosure}` |
//! | `list_disclosures` | `GET /v1/workspaces/{workspace}/disclosures` |
//! | `set_transfer`, `show_transfer` | `PUT`, `GET /v1/workspaces/{workspace}/transfer` |
//! | `create_visitor` | `POST /v1/widget/exports` |
//! | `show_visitor` | `GET /v1/widget/exports/{export}` |
//! | `fetch_visitor` | `GET /v1/widget/exports/{export}/parts/{part}` |
//! | `show_copy`, `send_copy` | `GET`, `POST /privacy/copy`: where a mail says that the copy lies |
//!
//! Rooms beside the operations: `copy`, who stands at that page; `export`, the view and how one is begun; `disclosure`, the view and how one is read; `download`, how a part is
//! counted and handed out; `transfer`, the view of one and how it is read. The parts themselves are made by `retention`, every minute.

mod approve_disclosure;
mod copy;
mod create_account;
mod create_contact;
mod create_visitor;
mod create_workspace;
mod decline_disclosure;
mod disclosure;
mod download;
mod export;
mod fetch_account;
mod fetch_visitor;
mod fetch_workspace;
mod list_disclosures;
mod propose_disclosure;
mod send_copy;
mod set_transfer;
mod show_account;
mod show_copy;
mod show_transfer;
mod show_visitor;
mod show_workspace;
mod transfer;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        create_account,
        show_account,
        fetch_account,
        create_contact,
        create_workspace,
        show_workspace,
        fetch_workspace,
        propose_disclosure,
        approve_disclosure,
        decline_disclosure,
        list_disclosures,
        set_transfer,
        show_transfer,
        create_visitor,
        show_visitor,
        fetch_visitor,
        show_copy,
        send_copy,
    ]
}
