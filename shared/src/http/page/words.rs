//! The texts of the pages: a table with one line per text, and one file per language. A language
//! that lacks a text does not compile.

use super::english;
use crate::{domain::device::Device, http::problem::Code};

/// Every text of every page in one language.
#[derive(Debug)]
pub struct Words {
    /// The language tag (BCP 47).
    pub language: &'static str,
    /// What went wrong, for a problem that no form can explain: a heading and a sentence.
    pub refusal: fn(Code) -> (&'static str, &'static str),
    /// Leads to the page to sign in.
    pub to_sign_in: &'static str,
    /// Leads to the page to sign up.
    pub to_sign_up: &'static str,
    /// The field for an address.
    pub email: &'static str,
    /// The address is none.
    pub email_wrong: &'static str,
    /// The field for a password.
    pub password: &'static str,
    /// What to do without a password.
    pub no_password_hint: &'static str,
    /// The address and the password do not go together.
    pub credentials_wrong: &'static str,
    /// The field for a new password.
    pub new_password: &'static str,
    /// What a new password has to be.
    pub new_password_hint: &'static str,
    /// The new password is too short or too common.
    pub password_weak: &'static str,
    /// The box that says that somebody is of age.
    pub adult: &'static str,
    /// The box was not ticked.
    pub adult_wrong: &'static str,
    /// The heading of the page to sign in.
    pub sign_in: &'static str,
    /// The button that mails a code.
    pub mail_code: &'static str,
    /// The heading of the page to sign up.
    pub sign_up: &'static str,
    /// The heading above the field for a code.
    pub verify: &'static str,
    /// Where the code is, without saying whether there is one.
    pub verify_hint: &'static str,
    /// The field for the code.
    pub code: &'static str,
    /// The code is wrong, used or too old.
    pub code_wrong: &'static str,
    /// Leads to another code.
    pub another_code: &'static str,
    /// The button that goes on.
    pub go_on: &'static str,
    /// The heading above the field for the second factor.
    pub confirm: &'static str,
    /// Where such a code is found.
    pub confirm_hint: &'static str,
    /// The second factor was not proved.
    pub factor_wrong: &'static str,
    /// Too many tries in a short time.
    pub wait: &'static str,
    /// Leads back to the first factor.
    pub begin_again: &'static str,
    /// Leads to the page for a forgotten password.
    pub to_forgot: &'static str,
    /// The heading of that page.
    pub forgot: &'static str,
    /// The button that mails a link.
    pub mail_link: &'static str,
    /// Where the link is, without saying whether there is one.
    pub forgot_asked: &'static str,
    /// The heading of the page where the link leads.
    pub reset: &'static str,
    /// The field for the password that takes the place of the old one.
    pub reset_password: &'static str,
    /// What it has to be, and what setting it does.
    pub reset_hint: &'static str,
    /// The button that sets it.
    pub set_password: &'static str,
    /// Says that it worked.
    pub reset_done: &'static str,
    /// The link is wrong, was used, or is too old.
    pub reset_gone: &'static str,
    /// The heading of the account's page.
    pub account: &'static str,
    /// Stands before the address of whoever is signed in.
    pub signed_in_as: &'static str,
    /// The button that signs out.
    pub sign_out: &'static str,
    /// The heading above the list of sessions.
    pub sessions: &'static str,
    /// A browser and its system.
    pub device: fn(Device) -> String,
    /// Marks the session that looks at the list.
    pub this_session: &'static str,
    /// Stands before the day of the last use.
    pub last_used: &'static str,
    /// The button that ends a session.
    pub end_session: &'static str,
    /// Says that it worked.
    pub signed_out: &'static str,
    /// The heading of the page behind the link of an invitation.
    pub accept: &'static str,
    /// What to do first, for whoever is not signed in.
    pub accept_first: &'static str,
    /// Stands before the name of the workspace.
    pub accept_to: &'static str,
    /// In place of that, where the name is shown with a second factor only.
    pub accept_closed: &'static str,
    /// The field for the name that colleagues and visitors see.
    pub name: &'static str,
    /// Who sees the name.
    pub name_hint: &'static str,
    /// The name is none.
    pub name_wrong: &'static str,
    /// The button that accepts.
    pub join: &'static str,
    /// Stands before the name of the workspace that was joined.
    pub joined: &'static str,
    /// In place of that, where the name is shown with a second factor only.
    pub joined_closed: &'static str,
    /// The invitation is over, or went to another address.
    pub accept_gone: &'static str,
    /// Whoever is invited is there already.
    pub accept_member: &'static str,
    /// Leads to the account's page.
    pub to_account: &'static str,
}

/// The languages there are. The first is for whoever reads none of them.
const LANGUAGES: &[&Words] = &[&english::WORDS];

impl Words {
    /// The texts in the language that an `Accept-Language` (RFC 9110, 12.5.4) likes best.
    pub fn preferred(accepted: &str) -> &'static Self {
        Self::among(LANGUAGES, accepted)
    }

    fn among(languages: &[&'static Self], accepted: &str) -> &'static Self {
        let mut best: Option<(f32, &'static Self)> = None;
        for range in accepted.split(',') {
            let (tag, weight) = weighed(range);
            let primary = tag.split('-').next().unwrap_or_default();
            let found = languages
                .iter()
                .find(|words| words.language.eq_ignore_ascii_case(primary));
            // The first of equals: browsers write what they like best first.
            if let Some(words) = found
                && weight > best.map_or(0.0, |(best, _)| best)
            {
                best = Some((weight, words));
            }
        }
        best.map_or(languages[0], |(_, words)| words)
    }
}

/// `de-AT;q=0.7` as its tag and its weight.
fn weighed(range: &str) -> (&str, f32) {
    let (tag, parameter) = range.split_once(';').unwrap_or((range, ""));
    let weight = parameter.trim().strip_prefix("q=");
    let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
    (tag.trim(), weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    static OTHER: Words = Words {
        language: "de",
        ..english::WORDS
    };

    #[test]
    fn the_language_is_the_one_that_is_liked_best_of_those_there_are() {
        let cases = [
            ("", "en"),
            ("fr", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr, en;q=0.5, de;q=0.7", "de"),
            ("en-GB, de", "en"),
            ("de;q=0, en;q=0.1", "en"),
            ("DE", "de"),
            ("de;q=x", "en"),
            (";;;,,q=", "en"),
            ("*", "en"),
        ];
        for (accepted, language) in cases {
            let words = Words::among(&[&english::WORDS, &OTHER], accepted);
            assert_eq!(words.language, language, "{accepted}");
        }
    }
}
