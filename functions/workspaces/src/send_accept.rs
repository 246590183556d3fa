//! `POST /accept`: whoever was invited joins, as by `POST /v1/invitations/accept`.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::text::Name,
    http::{
        Code, Problem,
        page::{Form, Page, Reader, Refusals, SessionCookie},
    },
};
use utoipa::ToSchema;

use crate::{
    accept_invitation,
    show_accept::{self, answered},
};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptForm {
    /// The token of the mailed link.
    token: String,
    /// What colleagues and visitors will call you, where the profile asks for it.
    name: Option<String>,
}

/// Send the form that accepts an invitation.
#[utoipa::path(
    post,
    path = "/accept",
    operation_id = "send_accept",
    request_body(content = AcceptForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Joined.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in: to `/sign-in`."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    cookie: SessionCookie,
    Form(form): Form<AcceptForm>,
) -> Response {
    reader.answer(act(&app, &reader, &cookie, form).await)
}

async fn act(
    app: &App,
    reader: &Reader,
    cookie: &SessionCookie,
    form: AcceptForm,
) -> Result<Page, Problem> {
    let words = reader.words;
    let wanted = cookie.account().map(accept_invitation::account_wanted);
    let Some(signed_in) = app.browsing(cookie, wanted.unwrap_or_default()).await? else {
        return Page::to("/sign-in");
    };
    let typed = form.name.unwrap_or_default();
    let name = match typed.trim() {
        "" => Ok(None),
        text => Name::parse(text).map(Some),
    };
    let joined = match name {
        Ok(name) => accept_invitation::accept(app, &signed_in, &form.token, name).await,
        Err(fault) => Err(Problem::field(Code::ValidationFailed, "#/name", fault)),
    };
    match joined {
        Ok(workspace) => {
            let body = html! {
                h1 { (words.accept) }
                p.done role="status" {
                    @match workspace.name() {
                        Some(name) => { (words.joined) " " strong { (name) } }
                        None => { (words.joined_closed) }
                    }
                }
                p { a href="/account" { (words.to_account) } }
            };
            Ok(Page::new(words.accept, body))
        }
        Err(problem) if problem.code() == Code::ValidationFailed => {
            match accept_invitation::open(app, &signed_in, &form.token).await {
                Ok(opened) => {
                    let again = show_accept::Form {
                        token: &form.token,
                        name: &typed,
                        wrong: Some(words.name_wrong),
                    };
                    Ok(again
                        .page(words, &opened, &signed_in.session)
                        .because_of(Code::ValidationFailed))
                }
                Err(problem) => answered(words, problem),
            }
        }
        Err(problem) => answered(words, problem),
    }
}
