//! The account at a glance: what it has, where each of that is changed, and where it is signed in.

use maud::{Markup, html};
use shared::{
    app::App,
    domain::{
        SessionId,
        device::{Browser, Device, System},
    },
    http::{
        Problem,
        page::{Changed, Next, Page, Words},
    },
    store::{account::LoginSession, keys},
};

use super::{AccountForm, Asked, PageName};
use crate::{list_sessions, visit::Visit};

/// The page.
pub async fn show(
    app: &App,
    words: &'static Words,
    visit: &Visit,
    changed: Option<Changed>,
) -> Result<Page, Problem> {
    let sessions = list_sessions::of(app, visit.session.account, visit.lens()).await?;
    let account = &visit.account;
    let password = match visit.has_password {
        true => words.password_set,
        false => words.password_unset,
    };
    let factor = match visit.recovery_codes_left {
        Some(left) => (words.factor_on)(left),
        None => words.factor_off.to_owned(),
    };
    let passkeys = (words.passkeys_there)(visit.passkeys);
    let to = |page: PageName| format!("/account?page={}", page.word());
    let body = html! {
        h1 { (words.account) }
        @if let Some(changed) = changed { p.done role="status" { ((words.done)(changed)) } }
        dl {
            (entry(words, words.email, account.email.reveal(), &to(PageName::Address)))
            (entry(words, words.password, password, &to(PageName::Password)))
            (entry(words, words.factor, &factor, &to(PageName::Factor)))
            (entry(words, words.passkeys, &passkeys, &Next::Passkeys.path()))
            (entry(words, words.preferences, words.preferences_hint, &to(PageName::Preferences)))
        }
        form method="post" action="/account" {
            button.quiet name="act" value="sign_out" { (words.sign_out) }
        }
        h2 { (words.sessions) }
        ul {
            @for session in &sessions { (line(words, session, visit.session.id)) }
        }
        p.more { a href=(Next::Delete.path()) { (words.delete_account) } }
    };
    Ok(super::page(words.account, body, visit))
}

/// What a session of a team sees: whose it is, and the way out.
pub fn of_team(words: &'static Words, visit: &Visit) -> Result<Page, Problem> {
    let body = html! {
        h1 { (words.account) }
        p { strong { (visit.account.email.reveal()) } }
        form method="post" action="/account" {
            button.quiet name="act" value="sign_out" { (words.sign_out) }
        }
    };
    Ok(super::page(words.account, body, visit))
}

/// One thing that the account has.
fn entry(words: &Words, name: &str, value: &str, path: &str) -> Markup {
    html! {
        div {
            dt { (name) }
            dd { (value) }
            dd.act { a href=(path) aria-label={ (words.change) ": " (name) } { (words.change) } }
        }
    }
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

/// Ends the session that is named.
pub async fn end_session(
    asked: &Asked<'_>,
    visit: &Visit,
    form: &AccountForm,
) -> Result<Page, Problem> {
    let missing = || Problem::invalid("#/session", "required", "this field");
    let session = form.session.ok_or_else(missing)?;
    // Only among the account's own, and one that is over already is as good as ended.
    let place = keys::session(visit.account.id, session);
    asked.app.store.delete(place).await?;
    Page::to("/account")
}

/// Ends this session. Without one that is as good as done.
pub async fn sign_out(asked: &Asked<'_>, visit: Option<&Visit>) -> Result<Page, Problem> {
    if let Some(visit) = visit {
        let place = keys::session(visit.account.id, visit.session.id);
        asked.app.store.delete(place).await?;
    }
    Ok(Page::to("/sign-in?signed_out=1")?.signing_out())
}
