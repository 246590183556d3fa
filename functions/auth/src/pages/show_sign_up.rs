//! `GET /sign-up`: the form that asks for the address of a new account.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use shared::http::page::{Invited, Page, Query, Reader, Refusals, Words};

use super::{email_field, wrong};

/// What the link to the page may bring.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    #[serde(default)]
    invitation: Invited,
}

/// Open the page to sign up.
#[utoipa::path(
    get,
    path = "/sign-up",
    operation_id = "show_sign_up",
    params(("invitation" = Option<String>, Query, description = "The token of an invitation, to go on to.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(reader: Reader, Query(arrival): Query<Arrival>) -> Response {
    let form = Form {
        email: "",
        invitation: &arrival.invitation,
        wrong: None,
    };
    reader.answer(Ok(form.page(reader.words)))
}

/// The form, for the first time or again.
pub struct Form<'a> {
    /// What was typed.
    pub email: &'a str,
    /// What to go on to.
    pub invitation: &'a Invited,
    /// What was wrong with it.
    pub wrong: Option<&'static str>,
}

impl Form<'_> {
    /// The page with the form.
    pub fn page(&self, words: &'static Words) -> Page {
        let body = html! {
            h1 { (words.sign_up) }
            (wrong(self.wrong))
            form method="post" action="/sign-up" {
                (email_field(words.email, self.email))
                label for="password" { (words.new_password) }
                input #password type="password" name="password" maxlength="256"
                    autocomplete="new-password" aria-describedby="password-hint";
                p #password-hint .hint { (words.new_password_hint) }
                label.check {
                    input type="checkbox" name="adult" value="true" required;
                    span { (words.adult) }
                }
                (self.invitation.field())
                button { (words.mail_code) }
            }
            p { a href=(self.invitation.keep("/sign-in")) { (words.to_sign_in) } }
        };
        Page::new(words.sign_up, body)
    }
}
