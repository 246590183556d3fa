//! `POST /reset`: a mailed link sets a new password, as by `POST /v1/auth/password/reset`. It signs
//! nobody in: a second factor, where there is one, is asked for as ever.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    http::{
        Code, Problem,
        page::{Form, Page, Reader, Refusals, Words},
    },
};
use utoipa::ToSchema;

use super::show_reset;
use crate::{
    password::{MIN_ALONE, Typed},
    reset_password,
};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetForm {
    /// The token of the mailed link.
    token: String,
    /// The new password.
    #[schema(format = Password)]
    password: String,
}

/// Send the form with a new password.
#[utoipa::path(
    post,
    path = "/reset",
    operation_id = "send_reset",
    request_body(content = ResetForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The password is set, and every session ended.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    Form(form): Form<ResetForm>,
) -> Response {
    reader.answer(act(&app, &reader, form).await)
}

async fn act(app: &App, reader: &Reader, form: ResetForm) -> Result<Page, Problem> {
    let words = reader.words;
    let Ok(typed) = Typed::parse(&form.password) else {
        return again(app, words, &form).await;
    };
    match reset_password::reset(app, &form.token, &typed).await {
        Ok(()) => Ok(done(words)),
        Err(problem) => match problem.code() {
            Code::PasswordWeak => again(app, words, &form).await,
            Code::CodeInvalid => Ok(gone(words)),
            _ => Err(problem),
        },
    }
}

/// The form once more, for a password that does not do.
async fn again(app: &App, words: &'static Words, form: &ResetForm) -> Result<Page, Problem> {
    let fewest = reset_password::fewest(app, &form.token).await?;
    let weak = match fewest {
        MIN_ALONE.. => words.password_weak,
        _ => words.password_weak_beside_factor,
    };
    let form = show_reset::Form {
        token: &form.token,
        fewest,
        wrong: Some(weak),
    };
    Ok(form.page(words).because_of(Code::PasswordWeak))
}

fn done(words: &'static Words) -> Page {
    let body = html! {
        h1 { (words.reset) }
        p.done role="status" { (words.reset_done) }
        p { a href="/sign-in" { (words.to_sign_in) } }
    };
    Page::new(words.reset, body)
}

/// The link is good for nothing: why is told to nobody.
fn gone(words: &'static Words) -> Page {
    let body = html! {
        h1 { (words.reset) }
        p.wrong role="alert" { (words.reset_gone) }
        p { a href="/forgot" { (words.mail_link) } }
        p { a href="/sign-in" { (words.to_sign_in) } }
    };
    Page::new(words.reset, body).because_of(Code::CodeInvalid)
}
