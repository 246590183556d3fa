//! Another password, or a first one.

use maud::html;
use shared::{
    app::limit::Act as Limited,
    http::{
        Code, Problem,
        page::{Changed, Next, Page, Words},
    },
};

use super::{AccountForm, Asked, back, done, or_prove};
use crate::{change_password, pages::wrong, password::Typed, visit::Visit};

/// The page. Where there is no password, a fresh proof comes first.
pub fn show(
    words: &'static Words,
    visit: &Visit,
    fault: Option<&'static str>,
) -> Result<Page, Problem> {
    if !visit.has_password && !visit.is_proved() {
        return Page::to(&Next::Password.proof());
    }
    let hint = match visit.recovery_codes_left {
        Some(_) => words.change_password_hint_beside_factor,
        None => words.change_password_hint,
    };
    let body = html! {
        h1 { (words.change_password) }
        (wrong(fault))
        form method="post" action="/account" {
            // Tells a password manager whose password this is.
            input type="text" name="email" value=(visit.account.email.reveal())
                autocomplete="username" hidden;
            @if visit.has_password {
                label for="current" { (words.old_password) }
                input #current type="password" name="current_password" maxlength="256"
                    autocomplete="current-password" required autofocus;
            }
            label for="password" { (words.reset_password) }
            input #password type="password" name="password" maxlength="256"
                autocomplete="new-password" aria-describedby="password-hint" required;
            p #password-hint .hint { (hint) }
            button name="act" value="change_password" { (words.set_password) }
        }
        (back(words))
    };
    Ok(super::page(words.change_password, body, visit))
}

/// Sets it.
pub async fn act(asked: &Asked<'_>, visit: &Visit, form: &AccountForm) -> Result<Page, Problem> {
    let (app, words) = (asked.app, asked.words);
    let weak = match visit.recovery_codes_left {
        Some(_) => words.password_weak_beside_factor,
        None => words.password_weak,
    };
    let again = |text, code| {
        let page = show(words, visit, Some(text))?;
        Ok(page.because_of(code))
    };
    let old = match form.current_password.as_str() {
        "" => None,
        text => match Typed::parse(text) {
            Ok(typed) => Some(typed),
            Err(_) => return again(words.old_password_wrong, Code::CredentialsWrong),
        },
    };
    if visit.has_password && old.is_none() {
        return again(words.old_password_wrong, Code::CredentialsWrong);
    }
    let Ok(new) = Typed::parse(&form.password) else {
        return again(weak, Code::PasswordWeak);
    };
    let subject = visit.account.id.to_string();
    let allowed = app
        .admit(asked.client, Limited::ProveAgain, &subject)
        .await?;
    match change_password::change(app, &allowed, &visit.token, old.as_ref(), &new).await {
        Ok(()) => done(Changed::Password),
        Err(problem) => match problem.code() {
            Code::CredentialsWrong => again(words.old_password_wrong, Code::CredentialsWrong),
            Code::PasswordWeak => again(weak, Code::PasswordWeak),
            Code::Conflict => again(words.changed_meanwhile, Code::Conflict),
            _ => or_prove(problem, Next::Password),
        },
    }
}
