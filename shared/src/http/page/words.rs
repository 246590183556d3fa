//! The texts of the pages: a table with one line per text, and one file per language. A language
//! that lacks a text does not compile.

use super::english;
use crate::{
    domain::{device::Device, privacy::RequestKind},
    http::problem::Code,
    store::preferences::Theme,
    words,
};

words! {
    /// What was changed on the account's pages; the overview says so.
    pub enum Changed {
        /// The address.
        Address = "address",
        /// The authenticator app is set up, beside passkeys.
        FactorAdded = "factor_added",
        /// The authenticator app is gone.
        FactorRemoved = "factor_removed",
        /// The password.
        Password = "password",
        /// The preferences.
        Preferences = "preferences",
    }
}

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
    /// The same beside a second factor.
    pub password_weak_beside_factor: &'static str,
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
    /// The same beside a second factor, where it may be shorter.
    pub reset_hint_beside_factor: &'static str,
    /// The button that sets it.
    pub set_password: &'static str,
    /// Says that it worked.
    pub reset_done: &'static str,
    /// The link is wrong, was used, or is too old.
    pub reset_gone: &'static str,
    /// Leads to the page to sign in through a team, and its heading.
    pub team: &'static str,
    /// The field for the workspace of a team.
    pub team_workspace: &'static str,
    /// Where that is found.
    pub team_workspace_hint: &'static str,
    /// When the box is needed.
    pub team_adult_hint: &'static str,
    /// There is no such workspace, or it has no sign-in of its own.
    pub team_unknown: &'static str,
    /// What to do with the digits.
    pub team_remember: &'static str,
    /// Stands before the host of the provider.
    pub team_to: &'static str,
    /// The field for the digits.
    pub team_digits: &'static str,
    /// Why they are asked for.
    pub team_digits_hint: &'static str,
    /// It did not work.
    pub team_failed: &'static str,
    /// The address has an account that did not begin it.
    pub team_link: &'static str,
    /// Who comes for the first time did not say that they are of age.
    pub team_adult: &'static str,
    /// The heading of the account's page.
    pub account: &'static str,
    /// The button that signs out.
    pub sign_out: &'static str,
    /// Leads to where something of the account is changed.
    pub change: &'static str,
    /// Leads back to the account's page without changing anything.
    pub back: &'static str,
    /// Says that a change was made.
    pub done: fn(Changed) -> &'static str,
    /// Somebody changed the same thing meanwhile.
    pub changed_meanwhile: &'static str,
    /// There is a password.
    pub password_set: &'static str,
    /// There is none.
    pub password_unset: &'static str,
    /// The second factor, in the list of what an account has.
    pub factor: &'static str,
    /// There is one, with so many recovery codes left.
    pub factor_on: fn(usize) -> String,
    /// There is none.
    pub factor_off: &'static str,
    /// The preferences, in the same list.
    pub preferences: &'static str,
    /// What they are about.
    pub preferences_hint: &'static str,
    /// Leads to where the account is deleted.
    pub delete_account: &'static str,
    /// The heading of the page that asks for a proof.
    pub prove: &'static str,
    /// Why it asks.
    pub prove_hint: &'static str,
    /// Where a code of the second factor is found.
    pub prove_factor_hint: &'static str,
    /// A code was mailed to the account's own address.
    pub prove_mailed: &'static str,
    /// The heading of the page for another address.
    pub new_address: &'static str,
    /// What happens then.
    pub new_address_hint: &'static str,
    /// Where the code is, without saying whether there is one.
    pub new_address_mailed: &'static str,
    /// The address became somebody else's.
    pub address_taken: &'static str,
    /// The heading of the page for another password.
    pub change_password: &'static str,
    /// The field for the present password.
    pub old_password: &'static str,
    /// The present password is wrong.
    pub old_password_wrong: &'static str,
    /// What the new one has to be, and what setting it does.
    pub change_password_hint: &'static str,
    /// The same beside a second factor.
    pub change_password_hint_beside_factor: &'static str,
    /// The heading of the page of the second factor.
    pub factor_title: &'static str,
    /// What a second factor is.
    pub factor_hint: &'static str,
    /// The button that begins to set one up.
    pub factor_begin: &'static str,
    /// What to do with the picture.
    pub factor_scan: &'static str,
    /// What the picture is, for who does not see it.
    pub factor_picture: &'static str,
    /// What to do without a camera.
    pub factor_type: &'static str,
    /// Leads an app on the same device to the secret.
    pub factor_open: &'static str,
    /// The field for the first code.
    pub factor_first_code: &'static str,
    /// The first code was wrong.
    pub factor_first_wrong: &'static str,
    /// The heading above recovery codes.
    pub recovery_codes: &'static str,
    /// What they are for.
    pub recovery_codes_hint: &'static str,
    /// Leads on once they are kept.
    pub recovery_codes_kept: &'static str,
    /// The button that makes new ones.
    pub recovery_codes_new: &'static str,
    /// What that does.
    pub recovery_codes_new_hint: &'static str,
    /// The button that asks for a passkey.
    pub passkey_use: &'static str,
    /// What to do with one.
    pub passkey_use_hint: &'static str,
    /// The browser gave none.
    pub passkey_failed: &'static str,
    /// The browser runs no script.
    pub passkey_script: &'static str,
    /// What was answered proves nothing.
    pub passkey_refused: &'static str,
    /// The heading above the passkeys.
    pub passkeys: &'static str,
    /// What a passkey is.
    pub passkeys_hint: &'static str,
    /// How many there are.
    pub passkeys_there: fn(usize) -> String,
    /// There are as many as there may be.
    pub passkeys_full: &'static str,
    /// The field for the name of one.
    pub passkey_name: &'static str,
    /// The name is none.
    pub passkey_name_wrong: &'static str,
    /// The button that adds one.
    pub passkey_add: &'static str,
    /// What to do to add one.
    pub passkey_add_hint: &'static str,
    /// Stands before the day on which one was added.
    pub passkey_added: &'static str,
    /// The button that removes one.
    pub passkey_remove: &'static str,
    /// What that does.
    pub passkey_remove_hint: &'static str,
    /// The button that removes the authenticator app.
    pub factor_remove: &'static str,
    /// What that does.
    pub factor_remove_hint: &'static str,
    /// The field for a language.
    pub language_field: &'static str,
    /// The choice to do as the browser does.
    pub as_the_browser: &'static str,
    /// The field for a time zone.
    pub time_zone: &'static str,
    /// How one is written.
    pub time_zone_hint: &'static str,
    /// What was typed is none.
    pub time_zone_wrong: &'static str,
    /// The field for light or dark.
    pub theme: &'static str,
    /// A choice of it.
    pub theme_of: fn(Theme) -> &'static str,
    /// The heading above the mails that one may do without.
    pub mails: &'static str,
    /// Mails about changes of the service.
    pub mail_service: &'static str,
    /// Mails about offers.
    pub mail_marketing: &'static str,
    /// Which mails come in any case.
    pub mails_hint: &'static str,
    /// The button that saves.
    pub save: &'static str,
    /// What deleting an account does.
    pub delete_hint: &'static str,
    /// The button that does it.
    pub delete_button: &'static str,
    /// The account is the only owner of a workspace.
    pub delete_last_owner: &'static str,
    /// It is closed, and will be deleted on this day.
    pub deleted: fn(&str) -> String,
    /// Leads to the page that keeps it.
    pub to_keep: &'static str,
    /// The heading of that page.
    pub keep: &'static str,
    /// What it is for.
    pub keep_hint: &'static str,
    /// Says that the account stays.
    pub kept: &'static str,
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
    /// The heading of the page that confirms a request about one's data.
    pub request: &'static str,
    /// What confirming does.
    pub request_hint: &'static str,
    /// The button that confirms.
    pub request_confirm: &'static str,
    /// Says that it worked.
    pub request_done: &'static str,
    /// The link is wrong or too old, or the request was taken back.
    pub request_gone: &'static str,
    /// The heading of the page that confirms the address of a question to the operator.
    pub asked: &'static str,
    /// What confirming does.
    pub asked_hint: &'static str,
    /// Says that it worked.
    pub asked_done: &'static str,
    /// The link is wrong, or what was asked is gone.
    pub asked_gone: &'static str,
    /// The heading of the page where somebody fetches the copy of their data.
    pub copy: &'static str,
    /// What there is, and for how long: the day it is deleted on.
    pub copy_hint: fn(&str) -> String,
    /// Names the field for the number of a part: the highest there is.
    pub copy_part: fn(u32) -> String,
    /// The button that fetches a part.
    pub copy_fetch: &'static str,
    /// The link to a part that was fetched.
    pub copy_open: &'static str,
    /// The part was fetched as often as it may be.
    pub copy_used_up: &'static str,
    /// There is none.
    pub copy_none: &'static str,
    /// The link is wrong, or the copy was deleted.
    pub copy_gone: &'static str,
    /// What is asked for, where somebody asked by mail.
    pub request_kind: &'static str,
    /// The kinds of request, each with what it means.
    pub request_kinds: &'static [(RequestKind, &'static str)],
    /// Leads to the account's page.
    pub to_account: &'static str,
    /// The page that ends a kind of mail.
    pub unsubscribe: &'static str,
    /// What ends: mail about offers.
    pub unsubscribe_offers: &'static str,
    /// What ends: mail about changes of the service.
    pub unsubscribe_news: &'static str,
    /// What ends: mail about a chat.
    pub unsubscribe_chat: &'static str,
    /// Ends it.
    pub unsubscribe_now: &'static str,
    /// It has ended.
    pub unsubscribed: &'static str,
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
