//! `POST /privacy/confirm`: whoever reads the mail at the address on file confirms the request.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        RequestId, TenantId, WorkspaceId,
        announcement::{MailKind, MailWishSource},
        privacy::{Maker, RequestKind, RequestStatus},
        text::Text,
        token::Secret,
    },
    http::{
        Code, Problem,
        actor::Entry,
        page::{Form, Page, Reader, Refusals, Words},
    },
    store::{
        CommitError, Fetched, Transaction, Unsealed,
        audit::Deed,
        contact::Contact,
        keys,
        mail_wish::{self, WayOut},
        notice::NoticeKind,
        privacy::{Letter, PrivacyRequest, RequestWords, Wish},
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
    /// What is asked for, where somebody asked by mail; an answer to what they wrote without it.
    #[serde(rename = "type")]
    request: Option<RequestKind>,
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
    let page = match prove(&app, form).await {
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
/// 401 `code_invalid` for a token that is none, is over, or whose request was ended; 422 for a kind that
/// nobody asks for by mail. A second confirmation changes nothing.
async fn prove(app: &App, form: ConfirmRequestForm) -> Result<(), Problem> {
    let invalid = || Problem::new(Code::CodeInvalid);
    let (tenant, id, secret) = PrivacyRequest::read_link_token(&form.token).ok_or_else(invalid)?;
    match tenant {
        TenantId::Platform => by_mail(app, (id, secret), form.request).await,
        TenantId::Workspace(workspace) => {
            visitors(app, workspace, (id, secret), form.request).await
        }
    }
}

/// Confirms what a visitor asked for: in the widget, where it was said, or by mail, as the kind that they say
/// now. Where they wait for the same already, what came by mail stays a question with its words.
async fn visitors(
    app: &App,
    workspace: WorkspaceId,
    (id, secret): (RequestId, Secret),
    kind: Option<RequestKind>,
) -> Result<(), Problem> {
    let invalid = || Problem::new(Code::CodeInvalid);
    for again in [false, true] {
        let wanted = request::wanted(workspace.into(), id).to_vec();
        let entry = app.enter(workspace, wanted).await.map_err(|problem| {
            // A workspace that does not exist is not told from a token that is none.
            match problem.code() {
                Code::NotFound => invalid(),
                _ => problem,
            }
        })?;
        let desk = Desk::of(&entry);
        let Some(found) = waiting(desk, entry.fetched(), id, &secret)? else {
            return Ok(());
        };
        let how = match (found.head.made_by, kind, again) {
            (Maker::Mail, _, true) => Proving::VisitorByMail(&entry, RequestKind::Question),
            (Maker::Mail, kind, false) => {
                let kind = kind.unwrap_or(RequestKind::Question);
                let may_be = |maker| kind.may_be_made_by(maker);
                if !may_be(Maker::Mail) || !may_be(Maker::Visitor) {
                    return Err(Problem::invalid("#/type", "forbidden", "not by mail"));
                }
                Proving::VisitorByMail(&entry, kind)
            }
            (_, Some(_), _) => {
                return Err(Problem::invalid(
                    "#/type",
                    "forbidden",
                    "it was said before",
                ));
            }
            (_, None, _) => Proving::Visitor(&entry),
        };
        let is_mailed = found.head.made_by == Maker::Mail;
        if confirm(app, desk, found, how).await? == Confirmed::Yes || !is_mailed {
            return Ok(());
        }
    }
    // Two clicks at once: the other one has confirmed it.
    Ok(())
}

/// Confirms what somebody asked for by mail, as the kind that they say now. Where they wait for the same
/// already, it stays a question with their words.
async fn by_mail(
    app: &App,
    (id, secret): (RequestId, Secret),
    kind: Option<RequestKind>,
) -> Result<(), Problem> {
    let kind = kind.unwrap_or(RequestKind::Question);
    if !kind.may_be_made_by(Maker::Mail) {
        return Err(Problem::invalid("#/type", "forbidden", "not by mail"));
    }
    let tenant = TenantId::Platform;
    let mut wanted = request::wanted(tenant, id).to_vec();
    wanted.push(keys::tenant_key(tenant));
    let now = app.clock.now();
    for kind in [kind, RequestKind::Question] {
        let fetched = app.store.batch(wanted.clone()).await?;
        let key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let desk = Desk::platform(&key, now);
        let Some(found) = waiting(desk, &fetched, id, &secret)? else {
            return Ok(());
        };
        if kind == RequestKind::Object {
            end_offers(app, desk, &found).await?;
        }
        if confirm(app, desk, found, Proving::ByMail(kind)).await? == Confirmed::Yes {
            return Ok(());
        }
    }
    // Two clicks at once: the other one has confirmed it.
    Ok(())
}

/// Whoever objects gets no offers any more, as one who asks while signed in (`make_own`). Before the rest:
/// should that fail, the link does it once more.
async fn end_offers(app: &App, desk: Desk<'_>, found: &Found) -> Result<(), Problem> {
    let address = found
        .words
        .as_ref()
        .and_then(|words| words.reply_to.as_ref());
    let Some((account, address)) = found.head.account().zip(address) else {
        return Ok(());
    };
    let way_out = WayOut {
        account,
        address: mail_wish::hash_of(desk.key, address),
        mail_kind: MailKind::Marketing,
    };
    let said_by = MailWishSource::Request;
    Ok(app.store.refuse_mail(way_out, said_by, desk.now).await?)
}

/// Whoever objects is in no figures about use any more, as one who objects in the widget (`making`).
async fn end_figures(
    app: &App,
    transaction: &mut Transaction,
    entry: &Entry,
    head: &PrivacyRequest,
) -> Result<(), Problem> {
    let Some(contact) = head.contact() else {
        return Ok(());
    };
    let place = keys::contact(entry.workspace, contact);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    match fetched.get::<Contact>(&place, &Unsealed, entry.lens())? {
        Some(contact) if contact.is_kept() => {
            let others = app.others(entry, &contact).await?;
            let others = others.iter().map(|person| &person.contact);
            transaction.out_of_figures(std::iter::once(&contact).chain(others), entry)
        }
        _ => Ok(()),
    }
}

/// The request that waits for this proof; none when it was confirmed before, by a reload or by an
/// impatient finger.
fn waiting(
    desk: Desk<'_>,
    fetched: &Fetched,
    id: RequestId,
    secret: &Secret,
) -> Result<Option<Found>, Problem> {
    let invalid = || Problem::new(Code::CodeInvalid);
    if !PrivacyRequest::secret(desk.key, id).hash().matches(secret) {
        return Err(invalid());
    }
    let found = request::open(fetched, desk, id)?.ok_or_else(invalid)?;
    match found.head.course().status_at(desk.now) {
        RequestStatus::NeedUserVerification => Ok(Some(found)),
        RequestStatus::InProgress | RequestStatus::Fulfilled => Ok(None),
        _ => Err(invalid()),
    }
}

/// Who proves a request.
enum Proving<'a> {
    /// A visitor, in the workspace that they talk with.
    Visitor(&'a Entry),
    /// A visitor who asked by mail, and says now what for.
    VisitorByMail(&'a Entry, RequestKind),
    /// The holder of an account who asked by mail, and says now what for.
    ByMail(RequestKind),
}

/// Whether a confirmation came to be.
#[derive(PartialEq, Eq)]
enum Confirmed {
    /// It did.
    Yes,
    /// Somebody was faster, or what is asked for is waited for already.
    No,
}

async fn confirm(
    app: &App,
    desk: Desk<'_>,
    found: Found,
    how: Proving<'_>,
) -> Result<Confirmed, Problem> {
    let Found { head, words, key } = found;
    let now = desk.now;
    let mut transaction = Transaction::new(now);
    let mut head = PrivacyRequest {
        status: RequestStatus::InProgress,
        stepped_at: now,
        ..head
    };
    let mut letters: &[Letter] = &[];
    if let Proving::ByMail(kind) | Proving::VisitorByMail(_, kind) = how {
        let message = words.as_ref().and_then(|words| words.message.as_ref());
        let message = message.map_or("", Text::reveal);
        let wish = Wish::new(kind, message, desk.key);
        head = transaction.change_wish(head, kind, wish)?;
        letters = match desk.tenant {
            TenantId::Platform => &[Letter::Acknowledged, Letter::Received],
            TenantId::Workspace(_) => &[Letter::Acknowledged],
        };
    }
    if let Proving::VisitorByMail(entry, RequestKind::Object) = how {
        end_figures(app, &mut transaction, entry, &head).await?;
    }
    // They have proved who they are: nothing is left to decide about a copy of their own data.
    let alone = match &how {
        Proving::Visitor(entry) | Proving::VisitorByMail(entry, _) => {
            is_theirs_alone(app, entry, &head).await?
        }
        Proving::ByMail(_) => true,
    };
    if alone && head.request.is_answered_by_a_copy() && head.subject.is_some() {
        if let (Proving::Visitor(entry) | Proving::VisitorByMail(entry, _), Some(contact)) =
            (&how, head.contact())
        {
            let line = entry.line(contact, Deed::ExportMade).about(contact);
            transaction.audit(line.begun())?;
        }
        head = transaction.copy_for(head, desk.key, now)?;
        letters = letters.get(..1).unwrap_or_default();
    }
    let words = words.map(|words| RequestWords {
        kept_from: head.expected_by,
        ..words
    });
    let words = words.map(|words| (words, &key));
    transaction.change_request(head, words, letters, now)?;
    let notice = NoticeKind::PrivacyRequestMade;
    app.store
        .tell_controller(&mut transaction, desk.tenant, notice, now)
        .await?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Confirmed::Yes),
        Err(CommitError::Refused(_)) => Ok(Confirmed::No),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// Whether a copy goes out on the proof of an address alone. It would hold all contacts of the person,
/// and that they are one is the team's word: so the team decides, unless an app has vouched for this one.
async fn is_theirs_alone(app: &App, entry: &Entry, head: &PrivacyRequest) -> Result<bool, Problem> {
    let Some(contact) = head.contact() else {
        return Ok(true);
    };
    let place = keys::contact(entry.workspace, contact);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let contact = fetched.get::<Contact>(&place, &Unsealed, entry.lens())?;
    Ok(contact.is_none_or(|contact| contact.verified || contact.others().next().is_none()))
}
