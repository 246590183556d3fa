//! `POST /confirm`: the second factor signs the browser in, as `POST /v1/auth/second-factor` does a
//! client.

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

use super::show_confirm;
use crate::{factor::FactorCode, second_step};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmForm {
    /// Which sign-in is meant.
    challenge: ChallengeId,
    /// Six digits of the app, or a recovery code; blanks around them do not matter.
    code: String,
    /// The token of an invitation, to go on to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    invitation: Invited,
}

/// Send the form with a second factor.
#[utoipa::path(
    post,
    path = "/confirm",
    operation_id = "send_confirm",
    request_body(content = ConfirmForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Signed in: to the account's page, or to the invitation."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    device: Device,
    Form(form): Form<ConfirmForm>,
) -> Response {
    reader.answer(act(&app, &client, &reader, device, form).await)
}

async fn act(
    app: &App,
    client: &Client,
    reader: &Reader,
    device: Device,
    form: ConfirmForm,
) -> Result<Page, Problem> {
    let words = reader.words;
    let again = |wrong, code| {
        let form = show_confirm::Form {
            challenge: form.challenge,
            invitation: &form.invitation,
            wrong: Some(wrong),
        };
        form.page(words).because_of(code)
    };
    let typed: String = form.code.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(code) = FactorCode::parse(&typed) else {
        return Ok(again(words.factor_wrong, Code::CodeInvalid));
    };
    let allowed = app.admit(client, Act::SecondFactor, "").await?;
    match second_step::prove(app, &allowed, form.challenge, &code, device).await {
        Ok(tokens) => {
            Page::to(&form.invitation.after_sign_in())?.signing_in(tokens.refresh_token())
        }
        Err(problem) => match problem.code() {
            Code::CodeInvalid => Ok(again(words.factor_wrong, Code::CodeInvalid)),
            Code::RateLimited => Ok(again(words.wait, Code::RateLimited)),
            _ => Err(problem),
        },
    }
}
