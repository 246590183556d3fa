//! `POST /sign-in`: signs in with a password, as `POST /v1/auth/login`, or asks for a code, as
//! `POST /v1/auth/otp`, and leads on to where it is typed.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{device::Device, text::Email},
    http::{
        Client, Code, Problem,
        page::{Form, Invited, Page, Reader, Refusals},
    },
    words,
};
use utoipa::ToSchema;

use super::{admitted, show_sign_in};
use crate::{challenge, log_in, password::Typed, request_code};

words! {
    /// What the second button of the page does.
    pub enum Act {
        /// Mails a code, whatever the password.
        MailCode = "mail_code",
    }
}

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInForm {
    /// An address.
    email: String,
    /// The password of the account; left empty, a code is mailed.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: String,
    /// The button, if it was the second one.
    act: Option<Act>,
    /// The token of an invitation, to go on to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    invitation: Invited,
}

/// Send the form to sign in.
#[utoipa::path(
    post,
    path = "/sign-in",
    operation_id = "send_sign_in",
    request_body(content = SignInForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "By password: signed in, or to `/confirm`. Else to `/verify`, whether or not a mail goes out."), Refusals),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    device: Device,
    Form(form): Form<SignInForm>,
) -> Response {
    reader.answer(act(&app, &client, &reader, device, form).await)
}

async fn act(
    app: &App,
    client: &Client,
    reader: &Reader,
    device: Device,
    form: SignInForm,
) -> Result<Page, Problem> {
    let words = reader.words;
    let again = |wrong, code| {
        let form = show_sign_in::Form {
            email: &form.email,
            invitation: &form.invitation,
            wrong: Some(wrong),
            note: None,
        };
        form.page(words).because_of(code)
    };
    let Ok(email) = Email::parse(&form.email) else {
        return Ok(again(words.email_wrong, Code::ValidationFailed));
    };
    if form.act.is_some() || form.password.is_empty() {
        let allowed = challenge::admit(app, client, &email).await?;
        let asked = challenge::ask(app, &allowed, email, request_code::plan).await?;
        let path = format!("/verify?challenge={}", asked.challenge());
        return Page::to(&form.invitation.keep(&path));
    }
    let Ok(typed) = Typed::parse(&form.password) else {
        return Ok(again(words.credentials_wrong, Code::CredentialsWrong));
    };
    let allowed = log_in::admit(app, client, &email).await?;
    match log_in::log_in(app, &allowed, &email, &typed, device).await {
        Ok(reply) => admitted(reply, &form.invitation),
        Err(problem) if problem.code() == Code::CredentialsWrong => {
            Ok(again(words.credentials_wrong, Code::CredentialsWrong))
        }
        Err(problem) => Err(problem),
    }
}
