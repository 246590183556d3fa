//! `GET /reset`: where the mailed link leads: the form that asks for a new password. Nothing is used
//! up: whether the link is good shows with the password. What is read is how long the password must
//! be.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    http::{
        Problem,
        page::{Page, Query, Reader, Refusals, Words},
    },
};

use super::wrong;
use crate::{password::MIN_ALONE, reset_password};

/// What the link to the page brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    token: String,
}

/// Open the page that sets a new password.
#[utoipa::path(
    get,
    path = "/reset",
    operation_id = "show_reset",
    params(("token" = String, Query, description = "The token of the mailed link.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    Query(arrival): Query<Arrival>,
) -> Response {
    reader.answer(page(&app, reader.words, &arrival.token).await)
}

async fn page(app: &App, words: &'static Words, token: &str) -> Result<Page, Problem> {
    let form = Form {
        token,
        fewest: reset_password::fewest(app, token).await?,
        wrong: None,
    };
    Ok(form.page(words))
}

/// The form, for the first time or again.
pub struct Form<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// The fewest characters.
    pub fewest: usize,
    /// What was wrong with the password.
    pub wrong: Option<&'static str>,
}

impl Form<'_> {
    /// The page with the form.
    pub fn page(&self, words: &'static Words) -> Page {
        let hint = match self.fewest {
            MIN_ALONE.. => words.reset_hint,
            _ => words.reset_hint_beside_factor,
        };
        let body = html! {
            h1 { (words.reset) }
            (wrong(self.wrong))
            form method="post" action="/reset" {
                label for="password" { (words.reset_password) }
                input #password type="password" name="password" maxlength="256"
                    autocomplete="new-password" aria-describedby="password-hint" required autofocus;
                p #password-hint .hint { (hint) }
                input type="hidden" name="token" value=(self.token);
                button { (words.set_password) }
            }
            p { a href="/sign-in" { (words.to_sign_in) } }
        };
        Page::new(words.reset, body)
    }
}
