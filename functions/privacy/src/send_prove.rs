//! `POST /privacy/confirm`: whoever reads the mail at the address on file confirms the request.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{TenantId, privacy::RequestStatus},
    http::{
        Code, Problem,
        page::{Form, Page, Reader, Refusals, Words},
    },
    store::{
        CommitError, Transaction,
        audit::Deed,
        notice::NoticeKind,
        privacy::{PrivacyRequest, RequestWords},
    },
};
use utoipa::ToSchema;

use crate::request::{self, Desk, Found};

/// The form of the page.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmRequestForm {
    /// The token of the mailed link.
    token: String,
}

/// Send the form that confirms a request about one's data.
#[utoipa::path(
    post,
    path = "/privacy/confirm",
    operation_id = "send_privacy_confirm",
    request_body(content = ConfirmRequestForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is confirmed.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    Form(form): Form<ConfirmRequestForm>,
) -> Response {
    let words = reader.words;
    let page = match prove(&app, &form.token).await {
        Ok(()) => Ok(told(words, words.request_done)),
        Err(problem) if problem.code() == Code::CodeInvalid => {
            Ok(told(words, words.request_gone).because_of(Code::CodeInvalid))
        }
        Err(problem) => Err(problem),
    };
    reader.answer(page)
}

fn told(words: &'static Words, text: &'static str) -> Page {
    let body = html! {
        h1 { (words.request) }
        p role="status" { (text) }
    };
    Page::new(words.request, body)
}

/// Confirms the request that a token names.
///
/// # Errors
/// 401 `code_invalid` for a token that is none, is over, or whose request was ended. A second
/// confirmation changes nothing.
async fn prove(app: &App, token: &str) -> Result<(), Problem> {
    let invalid = || Problem::new(Code::CodeInvalid);
    let (workspace, id, secret) = PrivacyRequest::read_link_token(token).ok_or_else(invalid)?;
    let tenant = TenantId::Workspace(workspace);
    let wanted = request::wanted(tenant, id).to_vec();
    let entry = app.enter(workspace, wanted).await.map_err(|problem| {
        // A workspace that does not exist is not told from a token that is none.
        match problem.code() {
            Code::NotFound => invalid(),
            _ => problem,
        }
    })?;
    let right = PrivacyRequest::secret(&entry.tenant_key, id).hash();
    if !right.matches(&secret) {
        return Err(invalid());
    }
    let found = request::open(entry.fetched(), Desk::of(&entry), id)?.ok_or_else(invalid)?;
    match found.head.course().status_at(entry.now) {
        RequestStatus::NeedUserVerification => {}
        // It was confirmed before: by a reload, or by an impatient finger.
        RequestStatus::InProgress | RequestStatus::Fulfilled => return Ok(()),
        _ => return Err(invalid()),
    }
    let Found { head, words, key } = found;
    let head = PrivacyRequest {
        status: RequestStatus::InProgress,
        stepped_at: entry.now,
        ..head
    };
    let mut transaction = Transaction::new(entry.now);
    let head = match (head.request.is_answered_by_a_copy(), head.contact()) {
        // They have proved who they are: nothing is left to decide.
        (true, Some(contact)) => {
            let line = entry.line(contact, Deed::ExportMade).about(contact);
            transaction.audit(line.begun())?;
            transaction.copy_for(head, &entry.tenant_key, entry.now)?
        }
        _ => head,
    };
    let words = words.map(|words| RequestWords {
        kept_from: head.expected_by,
        ..words
    });
    let words = words.map(|words| (words, &key));
    transaction.change_request(head, words, &[], entry.now)?;
    let notice = NoticeKind::PrivacyRequestMade;
    app.store
        .tell_controller(&mut transaction, tenant, notice, entry.now)
        .await?;
    match app.store.commit(transaction).await {
        // Refused: the same click, twice at once.
        Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
