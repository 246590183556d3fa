//! An invitation that is kept in mind while somebody signs in.

use maud::{Markup, html};
use serde::Deserialize;

use crate::store::membership::Invitation;

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
    pub fn keep(&self, path: &str) -> String {
        match &self.0 {
            Some(token) if path.contains('?') => format!("{path}&invitation={token}"),
            Some(token) => format!("{path}?invitation={token}"),
            None => path.to_owned(),
        }
    }

    /// Where signing in leads.
    pub fn after_sign_in(&self) -> String {
        match &self.0 {
            Some(token) => format!("/accept?token={token}"),
            None => "/account".to_owned(),
        }
    }

    /// The field of a form that keeps the invitation in mind.
    pub fn field(&self) -> Markup {
        html! {
            @if let Some(token) = &self.0 { input type="hidden" name="invitation" value=(token); }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_of_an_invitation_is_kept_in_mind() {
        let token = crate::domain::token::write(
            "iv",
            &[uuid(1), uuid(2)],
            &crate::domain::token::Secret::from_bytes([7; 32]),
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
