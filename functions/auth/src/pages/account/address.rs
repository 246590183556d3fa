//! Another address: a fresh proof stands for the old one, a mailed code proves the new one.

use maud::html;
use shared::{
    domain::{ChallengeId, text::Email},
    http::{
        Code, Problem,
        page::{Changed, Next, Page, Words},
    },
};

use super::{AccountForm, Asked, back, digits, done, or_prove};
use crate::{
    challenge::{self, MailedCode},
    change_address::{self, ConfirmAddress},
    pages::{email_field, wrong},
    visit::Visit,
};

/// The page: for the address, and then for the code that it got.
pub fn show(
    words: &'static Words,
    visit: &Visit,
    challenge: Option<ChallengeId>,
    fault: Option<&'static str>,
) -> Result<Page, Problem> {
    // Before anything is typed, rather than after.
    if challenge.is_none() && !visit.is_proved() {
        return Page::to(&Next::Address.proof());
    }
    let body = html! {
        h1 { (words.new_address) }
        (wrong(fault))
        form method="post" action="/account" {
            @if let Some(challenge) = challenge {
                p { (words.new_address_mailed) }
                input type="hidden" name="challenge" value=(challenge);
                (digits(words.code))
                button name="act" value="confirm_address" { (words.go_on) }
            } @else {
                p { (words.new_address_hint) }
                (email_field(words.email, ""))
                button name="act" value="ask_address" { (words.mail_code) }
            }
        }
        (back(words))
    };
    Ok(super::page(words.new_address, body, visit))
}

/// Mails a code to the new address.
pub async fn ask(asked: &Asked<'_>, visit: &Visit, form: &AccountForm) -> Result<Page, Problem> {
    let (app, words) = (asked.app, asked.words);
    let Ok(email) = Email::parse(&form.email) else {
        let page = show(words, visit, None, Some(words.email_wrong))?;
        return Ok(page.because_of(Code::ValidationFailed));
    };
    if !visit.is_proved() {
        return Page::to(&Next::Address.proof());
    }
    let allowed = challenge::admit(app, asked.client, &email).await?;
    let mailed = challenge::ask_for_address(app, &allowed, email, visit.account.id).await?;
    let challenge = mailed.challenge();
    Page::to(&format!("/account?page=address&challenge={challenge}"))
}

/// Takes the code of the new address.
pub async fn confirm(
    asked: &Asked<'_>,
    visit: &Visit,
    form: &AccountForm,
) -> Result<Page, Problem> {
    let words = asked.words;
    let again = |text, code| {
        let page = show(words, visit, form.challenge, Some(text))?;
        Ok(page.because_of(code))
    };
    let (Some(challenge), Some(code)) = (form.challenge, MailedCode::parse(form.code())) else {
        return again(words.code_wrong, Code::CodeInvalid);
    };
    let answer = ConfirmAddress::new(challenge, code);
    match change_address::confirm(asked.app, &visit.token, &answer).await {
        Ok(()) => done(Changed::Address),
        Err(problem) => match problem.code() {
            Code::CodeInvalid => again(words.code_wrong, Code::CodeInvalid),
            Code::Conflict => again(words.address_taken, Code::Conflict),
            _ => or_prove(problem, Next::Address),
        },
    }
}
