//! Keeps an account that was to be deleted, as `POST /v1/account/undo-deletion` does. Nobody is signed
//! in to it any more, so a mailed code proves the address. What the page says is the same for every
//! address.

use maud::html;
use shared::{
    app::limit::Act as Limited,
    domain::{ChallengeId, text::Email},
    http::{
        Code, Problem,
        page::{Page, Words},
    },
};

use super::{AccountForm, Asked, digits};
use crate::{
    challenge::{self, MailedCode},
    pages::{email_field, wrong},
    request_code, undo_deletion,
    verify_code::VerifyCode,
};

/// The page: for the address, and then for the code that it got.
pub fn show(
    words: &'static Words,
    challenge: Option<ChallengeId>,
    fault: Option<&'static str>,
) -> Page {
    let body = html! {
        h1 { (words.keep) }
        (wrong(fault))
        form method="post" action="/account" {
            @if let Some(challenge) = challenge {
                p { (words.verify_hint) }
                input type="hidden" name="challenge" value=(challenge);
                (digits(words.code))
                button name="act" value="keep" { (words.keep) }
            } @else {
                p { (words.keep_hint) }
                (email_field(words.email, ""))
                button name="act" value="ask_keep" { (words.mail_code) }
            }
        }
        p { a href="/sign-in" { (words.to_sign_in) } }
    };
    Page::new(words.keep, body)
}

/// Mails a code.
pub async fn ask(asked: &Asked<'_>, form: &AccountForm) -> Result<Page, Problem> {
    let words = asked.words;
    let Ok(email) = Email::parse(&form.email) else {
        let page = show(words, None, Some(words.email_wrong));
        return Ok(page.because_of(Code::ValidationFailed));
    };
    let allowed = challenge::admit(asked.app, asked.client, &email).await?;
    let mailed = challenge::ask(asked.app, &allowed, email, request_code::plan).await?;
    let challenge = mailed.challenge();
    Page::to(&format!("/account?page=keep&challenge={challenge}"))
}

/// Takes the code.
pub async fn act(asked: &Asked<'_>, form: &AccountForm) -> Result<Page, Problem> {
    let words = asked.words;
    let again = |challenge| {
        let page = show(words, challenge, Some(words.code_wrong));
        Ok(page.because_of(Code::CodeInvalid))
    };
    let (Some(challenge), Some(code)) = (form.challenge, MailedCode::parse(form.code())) else {
        return again(form.challenge);
    };
    let allowed = asked
        .app
        .admit(asked.client, Limited::AnswerCode, "")
        .await?;
    let answer = VerifyCode {
        challenge_id: challenge,
        code,
    };
    match undo_deletion::undo(asked.app, &allowed, &answer).await {
        Ok(()) => Page::to("/sign-in?kept=1"),
        Err(problem) if problem.code() == Code::CodeInvalid => again(Some(challenge)),
        Err(problem) => Err(problem),
    }
}
