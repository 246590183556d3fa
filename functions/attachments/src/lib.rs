//! Files in conversations and photos of members: a link to upload to, what was found in the file, and a
//! link to fetch it.
//!
//! | file | route |
//! |---|---|
//! | `create` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments` |
//! | `confirm` | `POST /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/confirm` |
//! | `show` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}` |
//! | `fetch` | `GET /v1/workspaces/{workspace}/conversations/{conversation}/attachments/{attachment}/{rendition}` |
//! | `visitor_create` | `POST /v1/widget/conversations/{conversation}/attachments` |
//! | `visitor_confirm` | `POST /v1/widget/conversations/{conversation}/attachments/{attachment}/confirm` |
//! | `visitor_show` | `GET /v1/widget/conversations/{conversation}/attachments/{attachment}` |
//! | `visitor_fetch` | `GET /v1/widget/conversations/{conversation}/attachments/{attachment}/{rendition}` |
//! | `create_photo` | `POST /v1/workspaces/{workspace}/photo` |
//! | `show_photo` | `GET /v1/workspaces/{workspace}/photo/{photo}` |
//! | `fetch_photo` | `GET /v1/workspaces/{workspace}/members/{member}/photo` |
//! | `delete_photo` | `DELETE /v1/workspaces/{workspace}/members/{member}/photo` |
//!
//! `hear` is told by S3 that a file arrived and by the scanner what is in it. Between the two nobody
//! can fetch it; a file is sent with a message only when it is clean.

mod attachment;
mod confirm;
mod create;
mod create_photo;
mod delete_photo;
mod fetch;
mod fetch_photo;
mod hear;
mod hear_photo;
pub mod look;
mod picture;
mod place;
mod show;
mod show_photo;
mod visitor_confirm;
mod visitor_create;
mod visitor_fetch;
mod visitor_show;

pub use hear::hear;

/// The routes of this function.
pub fn routes() -> shared::http::Routes {
    shared::routes![
        create,
        confirm,
        show,
        fetch,
        visitor_create,
        visitor_confirm,
        visitor_show,
        visitor_fetch,
        create_photo,
        show_photo,
        fetch_photo,
        delete_photo
    ]
}
