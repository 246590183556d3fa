//! `GET /privacy/confirm`: where the mailed link of a request leads. Nothing is read and nothing changes:
//! scanners of mail may follow it.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use shared::{
    http::page::{Page, Query, Reader, Refusals},
    store::privacy::PrivacyRequest,
};

/// What the link to the page brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    token: String,
}

/// Open the page that confirms a request about one's data.
///
/// Whoever asked by mail says here what they ask for.
#[utoipa::path(
    get,
    path = "/privacy/confirm",
    operation_id = "show_privacy_confirm",
    params(("token" = String, Query, description = "The token of the mailed link.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(reader: Reader, Query(arrival): Query<Arrival>) -> Response {
    let words = reader.words;
    let by_mail = PrivacyRequest::link_asks_what(&arrival.token);
    let body = html! {
        h1 { (words.request) }
        p { (words.request_hint) }
        form method="post" action="/privacy/confirm" {
            input type="hidden" name="token" value=(arrival.token);
            @if by_mail {
                label {
                    (words.request_kind)
                    select name="type" {
                        @for (kind, meaning) in words.request_kinds {
                            option value=(kind.word()) { (meaning) }
                        }
                    }
                }
            }
            button { (words.request_confirm) }
        }
    };
    reader.answer(Ok(Page::new(words.request, body)))
}
