//! `POST /verify`: a mailed code signs the browser in, as `POST /v1/auth/otp/verify` does a client.
//! It sets the cookie, where no second factor is asked for.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{ChallengeId, device::Device},
    http::{
        Client, Code, Problem,
        page::{Form, Invited, Page, Reader, Refusals},
    },
};
use utoipa::ToSchema;

use super::{admitted, show_verify};
use crate::{challenge::MailedCode, verify_code};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyForm {
    /// Which code is meant.
    challenge: ChallengeId,
    /// Eight digits; blanks between them do not matter.
    code: String,
    /// The token of an invitation, to go on to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    invitation: Invited,
}

/// Send the form with a mailed code.
#[utoipa::path(
    post,
    path = "/verify",
    operation_id = "send_verify",
    request_body(content = VerifyForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Signed in: to the account's page, or to the invitation. Halfway: to `/confirm`."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    device: Device,
    Form(form): Form<VerifyForm>,
) -> Response {
    reader.answer(act(&app, &client, &reader, device, form).await)
}

async fn act(
    app: &App,
    client: &Client,
    reader: &Reader,
    device: Device,
    form: VerifyForm,
) -> Result<Page, Problem> {
    let again = || {
        let form = show_verify::Form {
            challenge: form.challenge,
            invitation: &form.invitation,
            wrong: Some(reader.words.code_wrong),
        };
        form.page(reader.words).because_of(Code::CodeInvalid)
    };
    let typed: String = form.code.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(code) = MailedCode::parse(typed) else {
        return Ok(again());
    };
    let allowed = app.admit(client, Act::AnswerCode, "").await?;
    match verify_code::verify(app, &allowed, form.challenge, &code, device).await {
        Ok(reply) => admitted(reply, &form.invitation),
        Err(problem) if problem.code() == Code::CodeInvalid => Ok(again()),
        Err(problem) => Err(problem),
    }
}
