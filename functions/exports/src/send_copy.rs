//! `POST /privacy/copy`: a part of the copy of somebody's data is counted, and a link leads to it.
//!
//! The page shows the link instead of leading there: our pages send their forms to nobody else.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::ExportId,
    http::{
        Code, Problem,
        page::{Form, Page, Reader, Refusals, SessionCookie, Words},
    },
};
use utoipa::ToSchema;

use crate::copy::{self, Arrived};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyForm {
    /// The token of the mailed link; none for who holds an account.
    token: Option<String>,
    /// Which copy.
    export: ExportId,
    /// Which part of it; 0 says what is in the others.
    part: u32,
}

/// Fetch a part of the copy of somebody's data from the page.
///
/// Each part can be fetched ten times.
#[utoipa::path(
    post,
    path = "/privacy/copy",
    operation_id = "send_privacy_copy",
    request_body(content = CopyForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The page, with a link to the part, good for five minutes.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or a proof comes first."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    cookie: SessionCookie,
    Form(form): Form<CopyForm>,
) -> Response {
    reader.answer(fetch(&app, reader.words, &cookie, form).await)
}

async fn fetch(
    app: &App,
    words: &'static Words,
    cookie: &SessionCookie,
    form: CopyForm,
) -> Result<Page, Problem> {
    let token = form.token.as_deref();
    let visit = match copy::arrive(app, token, cookie, form.part).await {
        Ok(Arrived::Is(visit)) => visit,
        Ok(Arrived::Goes(page)) => return Ok(page),
        Err(problem) if problem.code() == Code::CodeInvalid => return Ok(copy::gone(words)),
        Err(problem) => return Err(problem),
    };
    let copies = visit.copies(app).await?;
    match visit.fetch(app, form.export, form.part).await {
        Ok(link) => {
            let above = html! { p { a href=(link) rel="noreferrer" { (words.copy_open) } } };
            Ok(copy::page(words, token, &copies, above))
        }
        Err(problem) if problem.code() == Code::DownloadsUsedUp => {
            let above = html! { p role="alert" { (words.copy_used_up) } };
            let page = copy::page(words, token, &copies, above);
            Ok(page.because_of(Code::DownloadsUsedUp))
        }
        Err(problem) => Err(problem),
    }
}
