//! Proves once more that it is still the same person, as `POST /v1/auth/step-up` does. The refresh
//! token changes with it, and so the cookie gets another value.

use maud::html;
use shared::{
    app::limit::Act as Limited,
    domain::ChallengeId,
    http::{
        Code, Problem,
        page::{Next, Page, Words},
    },
};

use super::{AccountForm, Asked, PageName, back, digits};
use crate::{
    challenge,
    pages::wrong,
    password::Typed,
    request_code,
    step_up::{self, StepUp},
    visit::Visit,
};

/// The page: by the second factor where there is one, else by the password or a mailed code.
pub fn show(
    words: &'static Words,
    visit: &Visit,
    next: Option<Next>,
    challenge: Option<ChallengeId>,
    fault: Option<&'static str>,
) -> Page {
    let next = next.unwrap_or(Next::Address);
    let body = html! {
        h1 { (words.prove) }
        (wrong(fault))
        p { (words.prove_hint) }
        form method="post" action="/account" {
            input type="hidden" name="next" value=(next.word());
            @if visit.recovery_codes_left.is_some() {
                p { (words.prove_factor_hint) }
                label for="code" { (words.code) }
                input #code .code type="text" name="code" maxlength="64"
                    autocomplete="one-time-code" autocapitalize="characters" spellcheck="false"
                    required autofocus;
                button name="act" value="prove" { (words.go_on) }
            } @else if let Some(challenge) = challenge {
                p { (words.prove_mailed) }
                input type="hidden" name="challenge" value=(challenge);
                (digits(words.code))
                button name="act" value="prove" { (words.go_on) }
            } @else {
                @if visit.has_password {
                    label for="password" { (words.password) }
                    input #password type="password" name="password" maxlength="256"
                        autocomplete="current-password" autofocus;
                    button name="act" value="prove" { (words.go_on) }
                }
                button.quiet name="act" value="mail_code" { (words.mail_code) }
            }
        }
        @if visit.passkeys > 0 {
            form method="post" action="/account/passkeys" {
                input type="hidden" name="next" value=(next.word());
                button.quiet name="act" value="ask_proof" { (words.passkey_use) }
            }
        }
        (back(words))
    };
    super::page(words.prove, body, visit)
}

/// Mails a code to the account's own address.
pub async fn mail(asked: &Asked<'_>, visit: &Visit, form: &AccountForm) -> Result<Page, Problem> {
    let email = visit.account.email.clone();
    let allowed = challenge::admit(asked.app, asked.client, &email).await?;
    let mailed = challenge::ask(asked.app, &allowed, email, request_code::plan).await?;
    let next = form.next.unwrap_or(Next::Address).word();
    let (page, challenge) = (PageName::Prove.word(), mailed.challenge());
    Page::to(&format!(
        "/account?page={page}&next={next}&challenge={challenge}"
    ))
}

/// Judges the proof, and leads on.
pub async fn act(asked: &Asked<'_>, visit: &Visit, form: &AccountForm) -> Result<Page, Problem> {
    let words = asked.words;
    let again = |text, code| {
        let page = show(words, visit, form.next, form.challenge, Some(text));
        Ok(page.because_of(code))
    };
    let proof = match form.password.is_empty() {
        true => StepUp::by_code(&form.code(), form.challenge),
        false => Typed::parse(&form.password).ok().map(StepUp::by_password),
    };
    let Some(proof) = proof else {
        return again(words.factor_wrong, Code::CodeInvalid);
    };
    let subject = visit.account.id.to_string();
    let app = asked.app;
    let allowed = app
        .admit(asked.client, Limited::ProveAgain, &subject)
        .await?;
    match step_up::prove(app, &allowed, &visit.token, &proof).await {
        Ok(tokens) => {
            let next = form.next.unwrap_or(Next::Address);
            Page::to(&next.path())?.signing_in(tokens.refresh_token())
        }
        Err(problem) => match problem.code() {
            Code::CodeInvalid => again(words.factor_wrong, Code::CodeInvalid),
            Code::CredentialsWrong => again(words.old_password_wrong, Code::CredentialsWrong),
            Code::RateLimited => again(words.wait, Code::RateLimited),
            _ => Err(problem),
        },
    }
}
