//! `POST /confirm/passkey`: a passkey as the second half of a sign-in, in a browser. Sent without an
//! answer, it asks for one; with one, it signs in. It is a POST in either case, because asking writes.

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use serde::Deserialize;
use shared::{
    app::{App, limit::Act},
    domain::{ChallengeId, device::Device},
    http::{
        Client, Code, Problem,
        page::{Asking, Form, Invited, Page, Reader, Refusals, Words},
    },
};
use utoipa::ToSchema;

use crate::{answer::PasskeyAnswer, begin_second_step, finish_second_step};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPasskeyForm {
    /// Which sign-in is meant.
    challenge: ChallengeId,
    /// What the browser gave, as JSON; absent until it is asked.
    credential: Option<String>,
    /// The token of an invitation, to go on to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    invitation: Invited,
}

/// Send the form that asks for a passkey, or that brings one.
#[utoipa::path(
    post,
    path = "/confirm/passkey",
    operation_id = "send_confirm_passkey",
    request_body(content = ConfirmPasskeyForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page that asks the browser.", body = String, content_type = "text/html"),
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
    Form(form): Form<ConfirmPasskeyForm>,
) -> Response {
    reader.answer(act(&app, &client, reader.words, device, &form).await)
}

async fn act(
    app: &App,
    client: &Client,
    words: &'static Words,
    device: Device,
    form: &ConfirmPasskeyForm,
) -> Result<Page, Problem> {
    let allowed = app.admit(client, Act::SecondFactor, "").await?;
    let done = match &form.credential {
        None => ask(app, &allowed, words, form).await,
        Some(text) => match PasskeyAnswer::parse(text) {
            Some(answer) => prove(app, &allowed, form, &answer, device).await,
            None => Err(Problem::new(Code::PasskeyRefused)),
        },
    };
    done.or_else(|problem| match problem.code() {
        code @ (Code::PasskeyRefused | Code::NotFound) => {
            let body = html! {
                h1 { (words.confirm) }
                p.wrong role="alert" { (words.passkey_refused) }
                (back(words, form))
            };
            Ok(Page::new(words.confirm, body).because_of(code))
        }
        _ => Err(problem),
    })
}

/// The way to the other factors.
fn back(words: &Words, form: &ConfirmPasskeyForm) -> Markup {
    let path = format!("/confirm?challenge={}", form.challenge);
    html! { p { a href=(form.invitation.keep(&path)) { (words.back) } } }
}

async fn ask(
    app: &App,
    allowed: &shared::http::Allowance,
    words: &'static Words,
    form: &ConfirmPasskeyForm,
) -> Result<Page, Problem> {
    let begun = begin_second_step::begin(app, allowed, form.challenge).await?;
    let asking = Asking {
        title: words.confirm,
        hint: words.passkey_use_hint,
        action: "/confirm/passkey",
        options: &begun.options(),
        fields: html! {
            input type="hidden" name="challenge" value=(form.challenge);
            (form.invitation.field())
        },
        back: back(words, form),
    };
    Ok(Page::asking_for_a_passkey(words, asking))
}

async fn prove(
    app: &App,
    allowed: &shared::http::Allowance,
    form: &ConfirmPasskeyForm,
    answer: &PasskeyAnswer,
    device: Device,
) -> Result<Page, Problem> {
    let proved = finish_second_step::prove(app, allowed, form.challenge, answer, device).await?;
    Page::to(&form.invitation.after_sign_in())?.signing_in(proved.refresh_token())
}
