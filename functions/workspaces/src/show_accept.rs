//! `GET /accept`: where the link of an invitation leads. Whoever is signed in with the invited
//! address may accept; others are told to sign in first. Opening it changes nothing.

use axum::{extract::State, response::Response};
use maud::html;
use serde::Deserialize;
use shared::{
    app::App,
    domain::policy::NameRule,
    http::{
        Code, Problem,
        page::{Page, Query, Reader, Refusals, SessionCookie, Words},
    },
    store::{account::LoginSession, membership::Invitation},
};

use crate::{
    accept_invitation::{self, Opened},
    workspace::is_inside,
};

/// What the link brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    token: String,
}

/// Open the page of an invitation.
#[utoipa::path(
    get,
    path = "/accept",
    operation_id = "show_accept",
    params(("token" = String, Query, description = "The token of the mailed link.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    reader: Reader,
    cookie: SessionCookie,
    Query(arrival): Query<Arrival>,
) -> Response {
    reader.answer(page(&app, &reader, &cookie, &arrival.token).await)
}

async fn page(
    app: &App,
    reader: &Reader,
    cookie: &SessionCookie,
    token: &str,
) -> Result<Page, Problem> {
    let words = reader.words;
    // Nothing else may come into a link or a form of ours.
    if Invitation::read_link_token(token).is_none() {
        return Ok(refused(words, Code::NotFound));
    }
    let wanted = cookie.account().map(accept_invitation::account_wanted);
    let Some(signed_in) = app.browsing(cookie, wanted.unwrap_or_default()).await? else {
        return Ok(first_sign_in(words, token));
    };
    match accept_invitation::open(app, &signed_in, token).await {
        Ok(opened) => Ok(Form {
            token,
            name: "",
            wrong: None,
        }
        .page(words, &opened, &signed_in.session)),
        Err(problem) => answered(words, problem),
    }
}

/// What whoever is not signed in is told. Not even the name of the workspace: the link may have
/// been passed on.
fn first_sign_in(words: &'static Words, token: &str) -> Page {
    let body = html! {
        h1 { (words.accept) }
        p { (words.accept_first) }
        p { a href={ "/sign-in?invitation=" (token) } { (words.to_sign_in) } }
        p { a href={ "/sign-up?invitation=" (token) } { (words.to_sign_up) } }
    };
    Page::new(words.accept, body)
}

/// The page for a problem that an invitation has of its own; others are passed on.
pub fn answered(words: &'static Words, problem: Problem) -> Result<Page, Problem> {
    match problem.code() {
        code @ (Code::NotFound | Code::AlreadyMember) => Ok(refused(words, code)),
        _ => Err(problem),
    }
}

fn refused(words: &'static Words, code: Code) -> Page {
    let text = match code {
        Code::AlreadyMember => words.accept_member,
        _ => words.accept_gone,
    };
    let body = html! {
        h1 { (words.accept) }
        p { (text) }
        p { a href="/account" { (words.to_account) } }
    };
    Page::new(words.accept, body).because_of(code)
}

/// The form that accepts, for the first time or again.
pub struct Form<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// What was typed.
    pub name: &'a str,
    /// What was wrong with it.
    pub wrong: Option<&'static str>,
}

impl Form<'_> {
    /// The page with the form, which names the workspace where the session may know it.
    pub fn page(&self, words: &'static Words, opened: &Opened, session: &LoginSession) -> Page {
        let inside = is_inside(session, &opened.entry.policy);
        let asks_name = opened.entry.policy.profile.member_name() != NameRule::Forbidden;
        let body = html! {
            h1 { (words.accept) }
            @if let Some(wrong) = self.wrong { p.wrong role="alert" { (wrong) } }
            @if inside {
                p { (words.accept_to) " " strong { (opened.found.name.reveal()) } }
            } @else {
                p { (words.accept_closed) }
            }
            form method="post" action="/accept" {
                @if asks_name {
                    label for="name" { (words.name) }
                    input #name type="text" name="name" value=(self.name) autocomplete="name"
                        maxlength="100" required aria-describedby="name-hint";
                    p #name-hint .hint { (words.name_hint) }
                }
                input type="hidden" name="token" value=(self.token);
                button { (words.join) }
            }
        };
        Page::new(words.accept, body)
    }
}
