//! `GET /forgot`: the form that asks where a link to set a new password is to go.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use shared::http::page::{Page, Query, Reader, Refusals, Words};

use super::{email_field, wrong};

/// What the link to the page may bring.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// Set where sending the form leads.
    asked: Option<String>,
}

/// Open the page for a forgotten password.
#[utoipa::path(
    get,
    path = "/forgot",
    operation_id = "show_forgot",
    params(("asked" = Option<String>, Query, description = "Anything, after asking.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(reader: Reader, Query(arrival): Query<Arrival>) -> Response {
    let words = reader.words;
    let form = Form {
        email: "",
        wrong: None,
        note: arrival.asked.map(|_| words.forgot_asked),
    };
    reader.answer(Ok(form.page(words)))
}

/// The form, for the first time or again.
pub struct Form<'a> {
    /// What was typed.
    pub email: &'a str,
    /// What was wrong with it.
    pub wrong: Option<&'static str>,
    /// What was done before.
    pub note: Option<&'static str>,
}

impl Form<'_> {
    /// The page with the form.
    pub fn page(&self, words: &'static Words) -> Page {
        let body = html! {
            h1 { (words.forgot) }
            @if let Some(note) = self.note { p.done role="status" { (note) } }
            (wrong(self.wrong))
            form method="post" action="/forgot" {
                (email_field(words.email, self.email))
                button { (words.mail_link) }
            }
            p { a href="/sign-in" { (words.to_sign_in) } }
        };
        Page::new(words.forgot, body)
    }
}
