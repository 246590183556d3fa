//! The pages: sign-in and what belongs to it in a browser, without a script.
//!
//! They do what the operations beside them do, through the same functions; what differs is who
//! reads the answer. `/accept` is a page of `workspaces`.
//!
//! | file | route |
//! |---|---|
//! | `show_sign_in`, `send_sign_in` | `GET`, `POST /sign-in` |
//! | `show_sign_up`, `send_sign_up` | `GET`, `POST /sign-up` |
//! | `show_verify`, `send_verify` | `GET`, `POST /verify` |
//! | `show_confirm`, `send_confirm` | `GET`, `POST /confirm`: the second factor |
//! | `show_forgot`, `send_forgot` | `GET`, `POST /forgot`: asks for a link by mail |
//! | `show_reset`, `send_reset` | `GET`, `POST /reset`: where that link leads |
//! | `open_account`, `send_account` | `GET`, `POST /account`: its pages are in `account` |

pub mod account;
pub mod open_account;
pub mod send_account;
pub mod send_confirm;
pub mod send_forgot;
pub mod send_reset;
pub mod send_sign_in;
pub mod send_sign_up;
pub mod send_verify;
pub mod show_confirm;
pub mod show_forgot;
pub mod show_reset;
pub mod show_sign_in;
pub mod show_sign_up;
pub mod show_verify;

use maud::{Markup, html};
use serde::Deserialize;
use shared::{
    domain::ChallengeId,
    http::{
        Problem,
        page::{Invited, Page},
    },
};

use crate::tokens::SignInReply;

/// What a link to a page that takes a code brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeLink {
    challenge: ChallengeId,
    #[serde(default)]
    invitation: Invited,
}

/// Where a right first factor leads: on, with the cookie, or to the second one, without.
fn admitted(reply: SignInReply, invited: &Invited) -> Result<Page, Problem> {
    match reply {
        SignInReply::Halfway(halfway) => {
            let path = format!("/confirm?challenge={}", halfway.challenge());
            Page::to(&invited.keep(&path))
        }
        SignInReply::SignedIn(tokens) => {
            Page::to(&invited.after_sign_in())?.signing_in(tokens.refresh_token())
        }
    }
}

/// What is wrong with what a form sent, above the form.
fn wrong(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.wrong role="alert" { (text) } } }
}

/// The field for an address, with what was typed before.
fn email_field(label: &str, typed: &str) -> Markup {
    html! {
        label for="email" { (label) }
        input #email type="email" name="email" value=(typed) autocomplete="username" maxlength="254"
            required;
    }
}
