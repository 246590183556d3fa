//! `GET /account/delete`: the page that deletes the account of whoever is signed in. A proof of the last
//! ten minutes comes first, on a page of `auth`. Opening it changes nothing.

use axum::{extract::State, response::Response};
use maud::html;
use shared::{
    app::App,
    http::{
        Problem,
        page::{Page, Reader, Refusals, SessionCookie, Words},
    },
};

/// The page that asks for a proof and then leads here.
pub const PROOF: &str = "/account?page=prove&next=delete";

/// Open the page that deletes the account.
#[utoipa::path(
    get,
    path = "/account/delete",
    operation_id = "show_delete_account",
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in: to `/sign-in`. A proof comes first: to the page that asks for it."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(State(app): State<App>, reader: Reader, cookie: SessionCookie) -> Response {
    reader.answer(page(&app, reader.words, &cookie).await)
}

async fn page(app: &App, words: &'static Words, cookie: &SessionCookie) -> Result<Page, Problem> {
    match app.browsing(cookie, Vec::new()).await? {
        None => Page::to("/sign-in"),
        Some(signed_in) if !signed_in.session.is_proved(signed_in.now) => Page::to(PROOF),
        Some(_) => Ok(form(words, None)),
    }
}

/// The form, for the first time or again.
pub fn form(words: &'static Words, wrong: Option<&'static str>) -> Page {
    let body = html! {
        h1 { (words.delete_account) }
        @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
        p { (words.delete_hint) }
        form method="post" action="/account/delete" {
            button.bad name="act" value="delete" { (words.delete_button) }
        }
        p { a href="/account" { (words.back) } }
    };
    Page::new(words.delete_account, body)
}
