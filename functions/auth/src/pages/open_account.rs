//! `GET /account`: who is signed in. Whoever is not is led to the page to sign in.

use axum::{extract::State, response::Response};
use maud::html;
use shared::{
    app::App,
    http::{
        Problem,
        page::{Page, Reader, Refusals, SessionCookie},
    },
};

use crate::visit;

/// Open the page of the account.
#[utoipa::path(
    get,
    path = "/account",
    operation_id = "show_account_page",
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in: to `/sign-in`."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(State(app): State<App>, reader: Reader, cookie: SessionCookie) -> Response {
    reader.answer(page(&app, &reader, &cookie).await)
}

async fn page(app: &App, reader: &Reader, cookie: &SessionCookie) -> Result<Page, Problem> {
    let Some(account) = visit::of(app, cookie).await? else {
        return Page::to("/sign-in");
    };
    let words = reader.words;
    let body = html! {
        h1 { (words.account) }
        p { (words.signed_in_as) " " strong { (account.email.reveal()) } }
        form method="post" action="/account" {
            button name="act" value="sign_out" { (words.sign_out) }
        }
    };
    Ok(Page::new(words.account, body))
}
