//! `GET /privacy/copy`: where a mail says that the copy of somebody's data lies. Nothing is counted here:
//! scanners of mail may follow the link.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    http::{
        Code, Problem,
        page::{Page, Query, Reader, Refusals, SessionCookie, Words},
    },
};

use crate::copy::{self, Arrived};

/// What the link to the page brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyArrival {
    /// The token of the mailed link; none for who holds an account.
    token: Option<String>,
}

/// Open the page where the copy of somebody's data is fetched.
#[utoipa::path(
    get,
    path = "/privacy/copy",
    operation_id = "show_privacy_copy",
    params(("token" = Option<String>, Query, description = "The token of the mailed link; who holds an account signs in instead.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or a proof comes first."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    cookie: SessionCookie,
    Query(arrival): Query<CopyArrival>,
) -> Response {
    let page = show(&app, reader.words, &cookie, arrival.token.as_deref()).await;
    reader.answer(page)
}

async fn show(
    app: &App,
    words: &'static Words,
    cookie: &SessionCookie,
    token: Option<&str>,
) -> Result<Page, Problem> {
    let visit = match copy::arrive(app, token, cookie, 0).await {
        Ok(Arrived::Is(visit)) => visit,
        Ok(Arrived::Goes(page)) => return Ok(page),
        Err(problem) if problem.code() == Code::CodeInvalid => return Ok(copy::gone(words)),
        Err(problem) => return Err(problem),
    };
    let copies = visit.copies(app).await?;
    Ok(copy::page(words, token, &copies, html! {}))
}
