//! `GET /support/confirm`: where the link of an acknowledgement leads. Nothing is read and nothing changes:
//! scanners of mail may follow it.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use shared::http::page::{Page, Query, Reader, Refusals};

/// What the link to the page brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    token: String,
}

/// Open the page that confirms the address of a question to the operator.
#[utoipa::path(
    get,
    path = "/support/confirm",
    operation_id = "show_support_confirm",
    params(("token" = String, Query, description = "The token of the mailed link.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(reader: Reader, Query(arrival): Query<Arrival>) -> Response {
    let words = reader.words;
    let body = html! {
        h1 { (words.asked) }
        p { (words.asked_hint) }
        form method="post" action="/support/confirm" {
            input type="hidden" name="token" value=(arrival.token);
            button { (words.request_confirm) }
        }
    };
    reader.answer(Ok(Page::new(words.asked, body)))
}
