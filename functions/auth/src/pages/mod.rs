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
    http::{Problem, page::Page},
    store::membership::Invitation,
};

use crate::tokens::SignInReply;

/// What leads on to an invitation once somebody is signed in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "String")]
pub struct Invited(Option<String>);

impl From<String> for Invited {
    /// Anything but a token of ours is dropped, so that nothing else comes into a link.
    fn from(text: String) -> Self {
        Self(Invitation::read_link_token(&text).map(|_| text))
    }
}

impl Invited {
    /// The path of a page that keeps the invitation in mind.
    fn keep(&self, path: &str) -> String {
        match &self.0 {
            Some(token) if path.contains('?') => format!("{path}&invitation={token}"),
            Some(token) => format!("{path}?invitation={token}"),
            None => path.to_owned(),
        }
    }

    /// Where signing in leads.
    fn after_sign_in(&self) -> String {
        match &self.0 {
            Some(token) => format!("/accept?token={token}"),
            None => "/account".to_owned(),
        }
    }

    /// The field of a form that keeps the invitation in mind.
    fn field(&self) -> Markup {
        html! {
            @if let Some(token) = &self.0 { input type="hidden" name="invitation" value=(token); }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_of_an_invitation_is_kept_in_mind() {
        let token = shared::domain::token::write(
            "iv",
            &[uuid(1), uuid(2)],
            &shared::domain::token::Secret::from_bytes([7; 32]),
        );
        let kept = Invited::from(token.clone());
        assert_eq!(
            kept.keep("/sign-up"),
            format!("/sign-up?invitation={token}")
        );
        assert_eq!(kept.keep("/a?b=1"), format!("/a?b=1&invitation={token}"));
        assert_eq!(kept.after_sign_in(), format!("/accept?token={token}"));
        for other in [
            "",
            "https://evil.example",
            "iv_x.y",
            "iv_\r\nset-cookie: a=b",
        ] {
            let dropped = Invited::from(other.to_owned());
            assert_eq!(dropped.keep("/sign-up"), "/sign-up", "{other}");
            assert_eq!(dropped.after_sign_in(), "/account", "{other}");
        }
    }

    fn uuid(number: u128) -> uuid::Uuid {
        uuid::Uuid::from_u128(number)
    }
}
