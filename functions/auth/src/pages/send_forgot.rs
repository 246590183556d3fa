//! `POST /forgot`: asks for a link, as `POST /v1/auth/password/forgot` does. It leads to the same
//! page whether or not a mail goes out.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::text::Email,
    http::{
        Client, Code, Problem,
        page::{Form, Page, Reader, Refusals},
    },
};
use utoipa::ToSchema;

use super::show_forgot;
use crate::forgot_password;

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgotForm {
    /// An address.
    email: String,
}

/// Send the form for a forgotten password.
#[utoipa::path(
    post,
    path = "/forgot",
    operation_id = "send_forgot",
    request_body(content = ForgotForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To where it is said, whether or not a mail goes out."), Refusals),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    Form(form): Form<ForgotForm>,
) -> Response {
    reader.answer(act(&app, &client, &reader, form).await)
}

async fn act(
    app: &App,
    client: &Client,
    reader: &Reader,
    form: ForgotForm,
) -> Result<Page, Problem> {
    let words = reader.words;
    let Ok(email) = Email::parse(&form.email) else {
        let form = show_forgot::Form {
            email: &form.email,
            wrong: Some(words.email_wrong),
            note: None,
        };
        return Ok(form.page(words).because_of(Code::ValidationFailed));
    };
    // How often more is a header for programs.
    let _allowed = forgot_password::forget(app, client, email).await?;
    Page::to("/forgot?asked=1")
}
