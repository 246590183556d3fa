//! `GET /confirm`: the form that asks for the second factor: a code of the app, or a recovery code.
//! Nothing is read.

use axum::response::Response;
use maud::html;
use shared::{
    domain::ChallengeId,
    http::page::{Invited, Page, Query, Reader, Refusals, Words},
};

use super::{CodeLink, wrong};

/// Open the page that takes a second factor.
#[utoipa::path(
    get,
    path = "/confirm",
    operation_id = "show_confirm",
    params(
        ("challenge" = ChallengeId, Query, description = "Which sign-in is meant."),
        ("invitation" = Option<String>, Query, description = "The token of an invitation, to go on to."),
    ),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(reader: Reader, Query(link): Query<CodeLink>) -> Response {
    let form = Form {
        challenge: link.challenge,
        invitation: &link.invitation,
        wrong: None,
    };
    reader.answer(Ok(form.page(reader.words)))
}

/// The form, for the first time or again.
pub struct Form<'a> {
    /// Which sign-in is meant.
    pub challenge: ChallengeId,
    /// What to go on to.
    pub invitation: &'a Invited,
    /// What was wrong with it.
    pub wrong: Option<&'static str>,
}

impl Form<'_> {
    /// The page with the form.
    pub fn page(&self, words: &'static Words) -> Page {
        let body = html! {
            h1 { (words.confirm) }
            (wrong(self.wrong))
            p { (words.confirm_hint) }
            form method="post" action="/confirm" {
                label for="code" { (words.code) }
                input #code .code type="text" name="code" maxlength="64"
                    autocomplete="one-time-code" autocapitalize="characters" spellcheck="false"
                    required autofocus;
                input type="hidden" name="challenge" value=(self.challenge);
                (self.invitation.field())
                button { (words.go_on) }
            }
            form method="post" action="/confirm/passkey" {
                input type="hidden" name="challenge" value=(self.challenge);
                (self.invitation.field())
                button.quiet { (words.passkey_use) }
            }
            p { a href=(self.invitation.keep("/sign-in")) { (words.begin_again) } }
        };
        Page::new(words.confirm, body)
    }
}
