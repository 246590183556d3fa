//! `GET /account`: who is signed in, and where else. Whoever is not is led to the page to sign in.

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use shared::{
    app::App,
    domain::{
        Policy, SessionId,
        device::{Browser, Device, System},
        policy::Lens,
    },
    http::{
        Problem,
        page::{Page, Reader, Refusals, SessionCookie, Words},
    },
    store::account::LoginSession,
};

use crate::{list_sessions, visit};

/// Open the page of the account.
#[utoipa::path(
    get,
    path = "/account",
    operation_id = "show_account_page",
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in: to `/sign-in`."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(State(app): State<App>, reader: Reader, cookie: SessionCookie) -> Response {
    reader.answer(page(&app, &reader, &cookie).await)
}

async fn page(app: &App, reader: &Reader, cookie: &SessionCookie) -> Result<Page, Problem> {
    let Some((account, current)) = visit::of(app, cookie).await? else {
        return Page::to("/sign-in");
    };
    let words = reader.words;
    let lens = Lens {
        now: app.clock.now(),
        policy: &Policy::platform(),
    };
    let sessions = list_sessions::of(app, current.account, lens).await?;
    let body = html! {
        h1 { (words.account) }
        p { (words.signed_in_as) " " strong { (account.email.reveal()) } }
        form method="post" action="/account" {
            button name="act" value="sign_out" { (words.sign_out) }
        }
        h2 { (words.sessions) }
        ul {
            @for session in &sessions { (line(words, session, current.id)) }
        }
    };
    Ok(Page::new(words.account, body))
}

/// A session, with the button that ends it; this one has its own above.
fn line(words: &Words, session: &LoginSession, current: SessionId) -> Markup {
    let device = Device {
        browser: session.browser.unwrap_or(Browser::Other),
        system: session.system.unwrap_or(System::Other),
    };
    html! {
        li {
            div {
                ((words.device)(device))
                @if session.id == current { " " strong { "(" (words.this_session) ")" } }
                p.hint { (words.last_used) " " (list_sessions::last_used_on(session)) }
            }
            @if session.id != current {
                form method="post" action="/account" {
                    input type="hidden" name="session" value=(session.id);
                    button.quiet name="act" value="end_session" { (words.end_session) }
                }
            }
        }
    }
}
