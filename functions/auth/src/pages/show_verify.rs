//! `GET /verify`: the form that asks for a mailed code. Nothing is read: whether the challenge is
//! there shows with the code.

use axum::response::Response;
use maud::html;
use shared::{
    domain::ChallengeId,
    http::page::{Invited, Page, Query, Reader, Refusals, Words},
};

use super::{CodeLink, wrong};

/// Open the page that takes a mailed code.
#[utoipa::path(
    get,
    path = "/verify",
    operation_id = "show_verify",
    params(
        ("challenge" = ChallengeId, Query, description = "Which code is meant."),
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
    /// Which code is meant.
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
            h1 { (words.verify) }
            (wrong(self.wrong))
            p { (words.verify_hint) }
            form method="post" action="/verify" {
                label for="code" { (words.code) }
                input #code .code type="text" name="code" inputmode="numeric" maxlength="12"
                    autocomplete="one-time-code" required autofocus;
                input type="hidden" name="challenge" value=(self.challenge);
                (self.invitation.field())
                button { (words.go_on) }
            }
            p { a href=(self.invitation.keep("/sign-in")) { (words.another_code) } }
        };
        Page::new(words.verify, body)
    }
}
