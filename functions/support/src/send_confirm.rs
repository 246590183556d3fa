//! `POST /support/confirm`: whoever reads at the address of a question says that it was theirs.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::TenantId,
    http::{
        Code, Problem,
        page::{Form, Page, Reader, Refusals, Words},
    },
    store::{
        CommitError, Transaction,
        support::{AddressProof, SupportThread},
    },
};
use utoipa::ToSchema;

use crate::thread::{self, Desk};

/// How often a confirmation that meets something that is said is tried again.
const RACES: u32 = 3;

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSupportForm {
    /// The token of the mailed link.
    token: String,
}

/// Send the form that confirms the address of a question to the operator.
#[utoipa::path(
    post,
    path = "/support/confirm",
    operation_id = "send_support_confirm",
    request_body(content = ConfirmSupportForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is confirmed.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    Form(form): Form<ConfirmSupportForm>,
) -> Response {
    let words = reader.words;
    let page = match confirm(&app, &form.token).await {
        Ok(()) => Ok(told(words, words.asked_done)),
        Err(problem) if problem.code() == Code::CodeInvalid => {
            Ok(told(words, words.asked_gone).because_of(Code::CodeInvalid))
        }
        Err(problem) => Err(problem),
    };
    reader.answer(page)
}

fn told(words: &'static Words, text: &'static str) -> Page {
    let body = html! {
        h1 { (words.asked) }
        p role="status" { (text) }
    };
    Page::new(words.asked, body)
}

/// Writes down that somebody reads at the address. Once more changes nothing.
///
/// # Errors
/// 401 `code_invalid` for a token that is none, or whose thread is gone; 409 after too many races.
async fn confirm(app: &App, token: &str) -> Result<(), Problem> {
    let invalid = || Problem::new(Code::CodeInvalid);
    let now = app.clock.now();
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let id = SupportThread::read_link_token(&tenant_key, token).ok_or_else(invalid)?;
    let desk = Desk {
        key: &tenant_key,
        now,
    };
    for _ in 0..RACES {
        let fetched = app.store.batch(thread::wanted(id).to_vec()).await?;
        let found = thread::open(&fetched, desk, id)?.ok_or_else(invalid)?;
        if found.head.address == AddressProof::Proved {
            return Ok(());
        }
        let mut transaction = Transaction::new(now);
        transaction.prove_support(found.head)?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {}
        }
    }
    Err(Problem::new(Code::Conflict))
}
