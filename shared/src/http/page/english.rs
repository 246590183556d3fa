//! The pages in English.

use super::words::Words;
use crate::{domain::device::Device, http::problem::Code};

/// English.
pub const WORDS: Words = Words {
    language: "en",
    refusal,
    to_sign_in: "Sign in",
    to_sign_up: "Make an account",
    email: "Email address",
    email_wrong: "This is not an email address we can write to.",
    password: "Password",
    no_password_hint: "No password, or forgotten? Leave this empty and have a code mailed.",
    credentials_wrong: "The address and the password do not go together.",
    new_password: "Password, if you want one",
    new_password_hint: "At least 15 characters: a few words that do not belong together are good. \
                        Without a password we mail you a code each time.",
    password_weak: "This password is too short or too easy to guess. Take at least 15 characters \
                    that are not common words or your address.",
    adult: "I am of age where I live.",
    adult_wrong: "Accounts are for adults: tick the box if you are one.",
    sign_in: "Sign in",
    mail_code: "Mail me a code",
    sign_up: "Make an account",
    verify: "Look into your mail",
    verify_hint: "If the address can sign in, a code of eight digits is on its way. It is good \
                  once, for ten minutes.",
    code: "Code",
    code_wrong: "The code is wrong, was used, or is too old.",
    another_code: "Ask for another code",
    go_on: "Continue",
    confirm: "Confirm that it is you",
    confirm_hint: "Open your authenticator app and type the six digits it shows for Sotto. Without \
                   the app, type one of your recovery codes.",
    factor_wrong: "The code is wrong or was used. After five tries, begin again.",
    wait: "Too many tries. Wait a little, then try again.",
    begin_again: "Begin again",
    to_forgot: "Forgotten your password?",
    forgot: "Set a new password",
    mail_link: "Mail me a link",
    forgot_asked: "Look into your mail. If the address has an account, a link is on its way. It is \
                   good once, for thirty minutes.",
    reset: "Set a new password",
    reset_password: "New password",
    reset_hint: "At least 15 characters: a few words that do not belong together are good. Every \
                 device is signed out.",
    set_password: "Set this password",
    reset_done: "The new password is set, and every device is signed out. Sign in with it.",
    reset_gone: "The link is wrong, was used, or is too old.",
    account: "Your account",
    signed_in_as: "You are signed in as",
    sign_out: "Sign out",
    sessions: "Where you are signed in",
    device,
    this_session: "this one",
    last_used: "last used on",
    end_session: "End",
    signed_out: "You have signed out.",
    accept: "You are invited to a team",
    accept_first: "Sign in with the address that the invitation went to, or make an account with \
                   it. Then you can accept.",
    accept_to: "You are invited to",
    accept_closed: "The team works behind a second factor. You can accept now; what is inside \
                    shows once you have one.",
    name: "Your name",
    name_hint: "Your team and the people you write to see it.",
    name_wrong: "A name has 1 to 100 characters.",
    join: "Join",
    joined: "You are now a member of",
    joined_closed: "You are now a member. Set up a second factor to come in.",
    accept_gone: "The invitation is over, or it went to another address than the one you are \
                  signed in with.",
    accept_member: "You are a member of this team already.",
    to_account: "Your account",
};

fn device(device: Device) -> String {
    let (browser, system) = device.spoken();
    format!("{browser} on {system}")
}

const fn refusal(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::CrossSite => (
            "Not from here",
            "The form did not come from one of our own pages, so nothing was done. Open the page \
             and fill it in there.",
        ),
        Code::RateLimited => ("Too many tries", "Wait a little, then try again."),
        Code::NotFound | Code::NoSuchRoute => ("Not found", "There is nothing here."),
        Code::Unavailable => (
            "One moment",
            "Something we need does not answer. Nothing was lost: try again in a moment.",
        ),
        Code::Internal => (
            "Something went wrong",
            "That was our fault. Try again in a moment.",
        ),
        _ => (
            "That did not work",
            "The request was not what the page sends. Open the page and try again.",
        ),
    }
}
