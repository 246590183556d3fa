//! `POST /sign-in/team/{workspace}`: finishes a sign-in in the browser that began it, as
//! `POST /v1/auth/oidc/{workspace}/finish` does for a program.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{WorkspaceId, device::Device},
    http::{
        Client, Code, Path, Problem,
        page::{Form, Page, Reader, Refusals},
    },
};
use utoipa::ToSchema;

use super::show_return;
use crate::{
    attempt::Proof,
    finish::{self, Answer},
    identity::Signed,
};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnForm {
    /// The code of the provider.
    code: String,
    /// Which sign-in it answers.
    state: String,
    /// Who answers.
    iss: Option<String>,
    /// What the browser was shown before it left.
    digits: String,
}

/// Send the form where a provider leads back to.
#[utoipa::path(
    post,
    path = "/sign-in/team/{workspace}",
    operation_id = "send_team_return",
    params(("workspace" = WorkspaceId, Path, description = "The workspace of the team.")),
    request_body(content = ReturnForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Signed in, or to `/confirm` for the account's own second factor."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    reader: Reader,
    device: Device,
    Path(workspace): Path<WorkspaceId>,
    Form(form): Form<ReturnForm>,
) -> Response {
    reader.answer(act(&app, &client, &reader, device, workspace, form).await)
}

async fn act(
    app: &App,
    client: &Client,
    reader: &Reader,
    device: Device,
    workspace: WorkspaceId,
    form: ReturnForm,
) -> Result<Page, Problem> {
    let words = reader.words;
    let allowed = finish::admit(app, client, workspace).await?;
    let answer = Answer {
        code: form.code,
        state: form.state,
        iss: form.iss,
    };
    let proof = Proof::Digits(form.digits.trim().to_owned());
    match finish::finish(app, &allowed, workspace, answer, &proof, device).await {
        Ok(Signed::In { refresh_token, .. }) => Page::to("/account")?.signing_in(&refresh_token),
        Ok(Signed::Halfway(challenge)) => Page::to(&format!("/confirm?challenge={challenge}")),
        Err(problem) => match problem.code() {
            code @ Code::TeamSignInFailed => Ok(show_return::over(words).because_of(code)),
            code @ Code::LinkRequired => Ok(says(reader, words.team_link).because_of(code)),
            code @ Code::ValidationFailed => Ok(says(reader, words.team_adult).because_of(code)),
            _ => Err(problem),
        },
    }
}

fn says(reader: &Reader, text: &'static str) -> Page {
    let words = reader.words;
    let body = html! {
        h1 { (words.team) }
        p.wrong role="alert" { (text) }
        p { a href="/sign-in" { (words.to_sign_in) } }
        p { a href="/sign-in/team" { (words.begin_again) } }
    };
    Page::new(words.team, body)
}
