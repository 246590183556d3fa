//! `GET /account`: the account of whoever is signed in, and the pages where it is changed. Whoever is
//! not is led to the page to sign in.

use axum::{extract::State, response::Response};
use shared::{
    app::App,
    domain::ChallengeId,
    http::{
        Code, Problem,
        page::{Page, Query, Reader, Refusals, SessionCookie},
    },
};

use super::account::{
    AccountLink, PageName, address, factor, keep, overview, password, preferences, prove,
};
use crate::visit;

/// Open a page of the account.
#[utoipa::path(
    get,
    path = "/account",
    operation_id = "show_account_page",
    params(
        ("page" = Option<String>, Query, description = "Which page; the overview without one."),
        ("next" = Option<String>, Query, description = "Where a proof leads."),
        ("challenge" = Option<ChallengeId>, Query, description = "Which mailed code is meant."),
        ("done" = Option<String>, Query, description = "What was changed before."),
    ),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in: to `/sign-in`. A proof comes first: to the page that asks for it."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    cookie: SessionCookie,
    Query(link): Query<AccountLink>,
) -> Response {
    reader.answer(page(&app, &reader, &cookie, &link).await)
}

async fn page(
    app: &App,
    reader: &Reader,
    cookie: &SessionCookie,
    link: &AccountLink,
) -> Result<Page, Problem> {
    let words = reader.words;
    if link.page == Some(PageName::Keep) {
        return Ok(keep::show(words, link.challenge, None));
    }
    let Some(visit) = visit::of(app, cookie).await? else {
        return Page::to("/sign-in");
    };
    // A session of a team shows whose it is and nothing else of the account.
    match link.page {
        None if visit.session.team.is_some() => return overview::of_team(words, &visit),
        Some(_) if visit.session.team.is_some() => return Err(Problem::new(Code::TeamSession)),
        _ => {}
    }
    match link.page {
        None => overview::show(app, words, &visit, link.done).await,
        Some(PageName::Address) => address::show(words, &visit, link.challenge, None),
        Some(PageName::Factor) => factor::show(words, &visit),
        Some(PageName::Keep) => Ok(keep::show(words, link.challenge, None)),
        Some(PageName::Password) => password::show(words, &visit, None),
        Some(PageName::Preferences) => Ok(preferences::show(words, &visit, None)),
        Some(PageName::Prove) => Ok(prove::show(words, &visit, link.next, link.challenge, None)),
    }
}
