//! `GET /account/passkeys`: the passkeys of whoever is signed in. A proof of the last ten minutes comes
//! first, on a page of `auth`. Opening it changes nothing.

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use shared::{
    app::App,
    http::{
        Problem,
        page::{Next, Page, Reader, Refusals, SessionCookie, Words},
    },
    store::passkey::{MOST_PASSKEYS, Passkey, Passkeys},
};

/// Open the page of the passkeys.
#[utoipa::path(
    get,
    path = "/account/passkeys",
    operation_id = "show_passkeys_page",
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is signed in: to `/sign-in`. A proof comes first: to the page that asks for it."),
        Refusals,
    ),
    security(()),
)]
pub async fn handle(State(app): State<App>, reader: Reader, cookie: SessionCookie) -> Response {
    reader.answer(page(&app, reader.words, &cookie).await)
}

async fn page(app: &App, words: &'static Words, cookie: &SessionCookie) -> Result<Page, Problem> {
    match super::visit(app, cookie).await? {
        None => Page::to("/sign-in"),
        Some(visit) if !visit.is_proved => Page::to(&Next::Passkeys.proof()),
        Some(visit) => Ok(form(words, &visit.passkeys, None)),
    }
}

/// The list with its forms, for the first time or again.
pub fn form(words: &'static Words, passkeys: &Passkeys, wrong: Option<&'static str>) -> Page {
    let body = html! {
        h1 { (words.passkeys) }
        @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
        p { (words.passkeys_hint) }
        @if passkeys.count() > 0 {
            ul { @for passkey in passkeys.iter() { (line(words, passkey)) } }
            p.hint { (words.passkey_remove_hint) }
        }
        @if passkeys.count() < MOST_PASSKEYS {
            form method="post" action="/account/passkeys" {
                label for="name" { (words.passkey_name) }
                input #name type="text" name="name" maxlength="100" required autocomplete="off";
                button name="act" value="add" { (words.passkey_add) }
            }
        } @else {
            p { (words.passkeys_full) }
        }
        p { a href="/account" { (words.back) } }
    };
    Page::new(words.passkeys, body)
}

/// A passkey, with the button that removes it.
fn line(words: &Words, passkey: &Passkey) -> Markup {
    let day = |text: String| text.get(..10).unwrap_or_default().to_owned();
    html! {
        li {
            div {
                (passkey.name.reveal())
                p.hint {
                    (words.passkey_added) " " (day(passkey.created_at.to_string()))
                    @if let Some(at) = passkey.used_at {
                        ", " (words.last_used) " " (day(at.to_string()))
                    }
                }
            }
            form method="post" action="/account/passkeys" {
                input type="hidden" name="passkey" value=(passkey.id);
                button.quiet name="act" value="remove" { (words.passkey_remove) }
            }
        }
    }
}
