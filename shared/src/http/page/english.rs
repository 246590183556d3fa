//! The pages in English.

use super::words::{Changed, Words};
use crate::{
    domain::{device::Device, privacy::RequestKind},
    http::problem::Code,
    store::preferences::Theme,
};

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
    password_weak_beside_factor: "This password is too short or too easy to guess. Take at least 8 \
                                  characters that are not common words or your address.",
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
    reset_hint_beside_factor: "At least 8 characters, as a second factor protects this account too. \
                               Every device is signed out.",
    set_password: "Set this password",
    reset_done: "The new password is set, and every device is signed out. Sign in with it.",
    reset_gone: "The link is wrong, was used, or is too old.",
    team: "Sign in through your team",
    team_workspace: "Workspace",
    team_workspace_hint: "Your team gives you a link that fills this in. It begins with ws_.",
    team_adult_hint: "Needed the first time only.",
    team_unknown: "There is no such workspace, or its team does not sign in this way.",
    team_remember: "Keep these four digits in mind. We ask for them when you come back:",
    team_to: "Go on to",
    team_digits: "The four digits",
    team_digits_hint: "We showed them before you left. Type them only if you began to sign in \
                       yourself, a moment ago.",
    team_failed: "The sign-in did not work. It is good once, for ten minutes, and the four digits \
                  have to be right.",
    team_link: "Your address has an account already. Sign in to it first; then sign in through your \
                team from the same browser, and the two are joined.",
    team_adult: "You come for the first time: begin again, and tick the box if you are of age.",
    account: "Your account",
    sign_out: "Sign out",
    change: "Change",
    back: "Back to your account",
    done,
    changed_meanwhile: "Something was changed in the meantime. Look at it and try again.",
    password_set: "Set",
    password_unset: "None: you sign in with mailed codes",
    factor: "Second factor",
    factor_on,
    factor_off: "Off",
    preferences: "Preferences",
    preferences_hint: "Language, time zone, theme, mails",
    delete_account: "Delete this account",
    prove: "Is it still you?",
    prove_hint: "You have been signed in for a while. Before what comes next, prove once more that it is \
                 you, so that nobody else at this screen does it for you.",
    prove_factor_hint: "Type the six digits that your authenticator app shows, or one of your recovery \
                        codes.",
    prove_mailed: "A code of eight digits is on its way to your address. It is good once, for ten \
                   minutes.",
    new_address: "Change your address",
    new_address_hint: "We mail a code to the new address. Nothing changes until you type it here; then \
                       both addresses are told.",
    new_address_mailed: "Look into the mail of the new address. If it can be yours, a code of eight \
                         digits is on its way.",
    address_taken: "This address belongs to another account by now.",
    change_password: "Change your password",
    old_password: "Present password",
    old_password_wrong: "The present password is not this one.",
    change_password_hint: "At least 15 characters: a few words that do not belong together are good. \
                           Every other device is signed out.",
    change_password_hint_beside_factor: "At least 8 characters, as a second factor protects this \
                                         account too. Every other device is signed out.",
    factor_title: "Your second factor",
    factor_hint: "With a second factor, a stolen password or mailbox is not enough to come in: an app on \
                  your phone shows six digits that are good for half a minute. Any authenticator app \
                  will do.",
    factor_begin: "Set it up",
    factor_scan: "Open your authenticator app, add an account, and point the camera here:",
    factor_picture: "A square code that holds the key below",
    factor_type: "Without a camera, type this key into the app:",
    factor_open: "Open the app on this device",
    factor_first_code: "The six digits it shows now",
    factor_first_wrong: "That is not what the app should show now. Check the time on your phone and try \
                         the next digits.",
    recovery_codes: "Your recovery codes",
    recovery_codes_hint: "Without your phone, each of these lets you in once. Print them or keep them \
                          where your passwords are: they are not shown again.",
    recovery_codes_kept: "I have kept them",
    recovery_codes_new: "Make new recovery codes",
    recovery_codes_new_hint: "The old ones are good no more.",
    passkey_use: "Use a passkey",
    passkey_use_hint: "Your browser asks for the passkey that you have added: touch the key, or do what \
                       unlocks your device.",
    passkey_failed: "Your browser gave no passkey. Try again, or choose another way.",
    passkey_script: "Your browser runs no scripts here, and a passkey needs one. Choose another way.",
    passkey_refused: "The passkey was not accepted. Try again, or choose another way.",
    passkeys: "Passkeys",
    passkeys_hint: "A passkey is a key on your device or on a stick that you plug in. It is a second \
                    factor that cannot be typed into a wrong page.",
    passkeys_there,
    passkeys_full: "You have ten passkeys. Remove one to add another.",
    passkey_name: "What you call it",
    passkey_name_wrong: "A name has 1 to 100 characters.",
    passkey_add: "Add a passkey",
    passkey_add_hint: "Your browser asks where the passkey is to be: on this device, or on a key that you \
                       plug in.",
    passkey_added: "added on",
    passkey_remove: "Remove",
    passkey_remove_hint: "Removing one signs every other device out. Without any second factor, workspaces \
                          that ask for one close to you.",
    factor_remove: "Remove the app",
    factor_remove_hint: "Every other device is signed out. Without any second factor, workspaces that ask \
                         for one close to you.",
    language_field: "Language",
    as_the_browser: "As your browser says",
    time_zone: "Time zone",
    time_zone_hint: "As in Europe/Berlin. Leave it empty for that of your device.",
    time_zone_wrong: "This is not the name of a time zone, such as Europe/Berlin.",
    theme: "Theme",
    theme_of,
    mails: "Mails",
    mail_service: "About changes of the service",
    mail_marketing: "About offers",
    mails_hint: "Codes and notices about your security come in any case.",
    save: "Save",
    delete_hint: "You are signed out everywhere at once. For seven days you can change your mind; then \
                  the account and everything in it is erased.",
    delete_button: "Delete my account",
    delete_last_owner: "You are the only owner of a workspace. Make somebody else its owner first, or \
                        delete the workspace.",
    deleted,
    to_keep: "Keep it after all",
    keep: "Keep your account",
    keep_hint: "Your account is closed and waits to be deleted? Prove the address, and it stays.",
    kept: "Your account stays. Sign in as before.",
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
    request: "Your request about your data",
    request_hint: "Somebody, probably you, asked about the data that are kept about you. Confirm \
                 that it was you, and the request goes on. If it was not you, close this page: \
                 nothing happens then.",
    request_confirm: "Yes, it was me",
    request_done: "Thank you. Your request goes on, and you will hear by mail.",
    request_gone: "The link is not valid any more. Ask again, and a new one is on its way.",
    asked: "Your question",
    asked_hint: "Somebody, probably you, asked us something and named this address for the answer. \
                 Confirm that it was you, and the answer comes by mail. If it was not you, close this \
                 page: you hear nothing more.",
    asked_done: "Thank you. The answer comes by mail.",
    asked_gone: "The link is not valid any more. Ask again, and a new one is on its way.",
    copy: "The copy of your data",
    copy_hint: |day| {
        format!(
            "It is a list of files in JSON. Number 0 says what is in the others. Each can be fetched \
             ten times; all of them are deleted on {day}."
        )
    },
    copy_part: |last| format!("Number of the file, 0 to {last}"),
    copy_fetch: "Fetch it",
    copy_open: "Open the file: this link is good for five minutes",
    copy_used_up: "This file was fetched as often as it can be. Ask for another copy.",
    copy_none: "No copy of your data is here. Ask for one, and a mail says when it is made.",
    copy_gone: "The link is not valid, or the copy was deleted. Ask again, and a new one is made.",
    request_kind: "What you ask for",
    request_kinds: &[
        (RequestKind::Question, "An answer to what I wrote"),
        (RequestKind::Access, "To see what is kept about me"),
        (
            RequestKind::Export,
            "To get what is kept about me, to take along",
        ),
        (
            RequestKind::Rectify,
            "That something is put right; I wrote what",
        ),
        (RequestKind::Erase, "That what is kept about me is erased"),
        (
            RequestKind::Restrict,
            "That what is kept about me is set aside: kept, and not used",
        ),
        (RequestKind::Unrestrict, "That it is used again"),
        (
            RequestKind::Object,
            "That something is no longer done; I wrote what",
        ),
        (
            RequestKind::DeleteCallMetadata,
            "That what is kept about my calls is erased",
        ),
    ],
    to_account: "Your account",
    unsubscribe: "End this mail",
    unsubscribe_offers: "You will get no more mail about offers. Codes, and notices about the security of \
                         your account, still come.",
    unsubscribe_news: "You will get no more mail about news of the service. Codes, and notices about \
                       the security of your account, still come.",
    unsubscribe_chat: "You will get no more mail about messages in your chats with this team. What is written there \
                       stays in the chat.",
    unsubscribe_now: "End it",
    unsubscribed: "Done. You will get no more mail of this kind.",
};

const fn done(changed: Changed) -> &'static str {
    match changed {
        Changed::Address => "Your address is changed. Both addresses are told.",
        Changed::FactorAdded => "Your authenticator app is set up.",
        Changed::FactorRemoved => "The authenticator app is removed.",
        Changed::Password => "Your password is changed, and every other device is signed out.",
        Changed::Preferences => "Your preferences are saved.",
    }
}

fn passkeys_there(count: usize) -> String {
    match count {
        0 => "None".to_owned(),
        count => count.to_string(),
    }
}

fn factor_on(left: usize) -> String {
    match left {
        0 => "On, and no recovery code is left: make new ones".to_owned(),
        1 => "On, 1 recovery code left".to_owned(),
        left => format!("On, {left} recovery codes left"),
    }
}

const fn theme_of(theme: Theme) -> &'static str {
    match theme {
        Theme::Dark => "Dark",
        Theme::Light => "Light",
        Theme::System => "As your device says",
    }
}

fn deleted(day: &str) -> String {
    format!("Your account is closed. It will be deleted on {day}.")
}

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
