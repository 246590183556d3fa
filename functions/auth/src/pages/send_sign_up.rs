//! `POST /sign-up`: as `POST /v1/auth/signup`, and leads on to where the code is typed.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::text::Email,
    http::{
        Client, Code, Problem,
        page::{Form, Invited, Page, Reader, Refusals},
    },
};
use utoipa::ToSchema;

use super::show_sign_up;
use crate::{
    challenge,
    password::Typed,
    sign_up::{self, OfAge},
};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUpForm {
    /// An address.
    email: String,
    /// The password that the account is to have; left empty, it signs in by mailed codes.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: String,
    /// `true`: the box that says that the account's holder is of age.
    #[serde(default)]
    adult: bool,
    /// The token of an invitation, to go on to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    invitation: Invited,
}

/// Send the form to sign up.
#[utoipa::path(
    post,
    path = "/sign-up",
    operation_id = "send_sign_up",
    request_body(content = SignUpForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To `/verify`."), Refusals),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    Form(form): Form<SignUpForm>,
) -> Response {
    reader.answer(act(&app, &client, &reader, form).await)
}

async fn act(
    app: &App,
    client: &Client,
    reader: &Reader,
    form: SignUpForm,
) -> Result<Page, Problem> {
    let words = reader.words;
    let again = |wrong, code| {
        let form = show_sign_up::Form {
            email: &form.email,
            invitation: &form.invitation,
            wrong: Some(wrong),
        };
        Ok(form.page(words).because_of(code))
    };
    let Ok(email) = Email::parse(&form.email) else {
        return again(words.email_wrong, Code::ValidationFailed);
    };
    if !form.adult {
        return again(words.adult_wrong, Code::ValidationFailed);
    }
    let typed = match form.password.as_str() {
        "" => None,
        text => match Typed::parse(text) {
            Ok(typed) => Some(typed),
            Err(_) => return again(words.password_weak, Code::PasswordWeak),
        },
    };
    let allowed = challenge::admit(app, client, &email).await?;
    match sign_up::sign_up(app, &allowed, email, OfAge, typed.as_ref()).await {
        Ok(asked) => {
            let path = format!("/verify?challenge={}", asked.challenge());
            Page::to(&form.invitation.keep(&path))
        }
        Err(problem) if problem.code() == Code::PasswordWeak => {
            again(words.password_weak, Code::PasswordWeak)
        }
        Err(problem) => Err(problem),
    }
}
