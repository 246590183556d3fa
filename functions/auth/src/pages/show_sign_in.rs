//! `GET /sign-in`: the form that asks for an address, and for a password where there is one.

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
    /// Set where signing out leads.
    signed_out: Option<String>,
    /// Set where keeping an account leads.
    kept: Option<String>,
}

/// Open the page to sign in.
#[utoipa::path(
    get,
    path = "/sign-in",
    operation_id = "show_sign_in",
    params(
        ("invitation" = Option<String>, Query, description = "The token of an invitation, to go on to."),
        ("signed_out" = Option<String>, Query, description = "Anything, after signing out."),
        ("kept" = Option<String>, Query, description = "Anything, after keeping an account."),
    ),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(reader: Reader, Query(arrival): Query<Arrival>) -> Response {
    let words = reader.words;
    let kept = arrival.kept.map(|_| words.kept);
    let note = kept.or_else(|| arrival.signed_out.map(|_| words.signed_out));
    let form = Form {
        email: "",
        invitation: &arrival.invitation,
        wrong: None,
        note,
    };
    reader.answer(Ok(form.page(words)))
}

/// The form, for the first time or again.
pub struct Form<'a> {
    /// What was typed.
    pub email: &'a str,
    /// What to go on to.
    pub invitation: &'a Invited,
    /// What was wrong with it.
    pub wrong: Option<&'static str>,
    /// What was done before.
    pub note: Option<&'static str>,
}

impl Form<'_> {
    /// The page with the form.
    pub fn page(&self, words: &'static Words) -> Page {
        let body = html! {
            h1 { (words.sign_in) }
            @if let Some(note) = self.note { p.done role="status" { (note) } }
            (wrong(self.wrong))
            form method="post" action="/sign-in" {
                (email_field(words.email, self.email))
                label for="password" { (words.password) }
                input #password type="password" name="password" maxlength="256"
                    autocomplete="current-password" aria-describedby="password-hint";
                p #password-hint .hint { (words.no_password_hint) }
                (self.invitation.field())
                button { (words.sign_in) }
                button.quiet name="act" value="mail_code" { (words.mail_code) }
            }
            p { a href="/forgot" { (words.to_forgot) } }
            p { a href="/sign-in/team" { (words.team) } }
            p { a href=(self.invitation.keep("/sign-up")) { (words.to_sign_up) } }
        };
        Page::new(words.sign_in, body)
    }
}
