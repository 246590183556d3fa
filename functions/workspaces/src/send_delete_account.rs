//! `POST /account/delete`: deletes the account, as `DELETE /v1/account` does, and signs the browser out.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::Timestamp,
    http::{
        AccessToken, Code, Problem,
        page::{Form, Page, Reader, Refusals, SessionCookie, Words},
    },
    words,
};
use utoipa::ToSchema;

use crate::{
    closing::When,
    delete_account,
    show_delete_account::{self, PROOF},
};

words! {
    /// What the button of the page does.
    pub enum DeleteAct {
        /// Deletes the account.
        Delete = "delete",
    }
}

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccountForm {
    /// What to do.
    act: DeleteAct,
}

/// Send the form that deletes the account.
#[utoipa::path(
    post,
    path = "/account/delete",
    operation_id = "send_delete_account",
    request_body(content = DeleteAccountForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It will be deleted.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or a proof comes first."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    cookie: SessionCookie,
    Form(form): Form<DeleteAccountForm>,
) -> Response {
    let DeleteAct::Delete = form.act;
    reader.answer(act(&app, reader.words, &cookie).await)
}

async fn act(app: &App, words: &'static Words, cookie: &SessionCookie) -> Result<Page, Problem> {
    let Some(signed_in) = app.browsing(cookie, Vec::new()).await? else {
        return Page::to("/sign-in");
    };
    match delete_account::close(app, &AccessToken::of(&signed_in), When::Later).await {
        Ok(going) => Ok(closed(words, going.delete_at).signing_out()),
        Err(problem) => match problem.code() {
            Code::StepUpRequired => Page::to(PROOF),
            code @ Code::LastOwner => {
                let page = show_delete_account::form(words, Some(words.delete_last_owner));
                Ok(page.because_of(code))
            }
            _ => Err(problem),
        },
    }
}

fn closed(words: &'static Words, delete_at: Timestamp) -> Page {
    let at = delete_at.to_string();
    let day = at.get(..10).unwrap_or(&at);
    let body = html! {
        h1 { (words.delete_account) }
        p.done role="status" { ((words.deleted)(day)) }
        p { a href="/account?page=keep" { (words.to_keep) } }
    };
    Page::new(words.delete_account, body)
}
