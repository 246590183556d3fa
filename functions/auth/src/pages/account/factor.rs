//! The second factor: set up with a picture for the app's camera, confirmed by a first code; new
//! recovery codes; removed. Secret and codes are shown in the answer to a form and nowhere again.

use maud::{Markup, PreEscaped, html};
use qrcodegen::{QrCode, QrCodeEcc};
use shared::http::{
    Code, Problem,
    page::{Changed, Next, Page, Words, recovery_codes},
};

use super::{AccountForm, Asked, back, digits, done, or_prove};
use crate::{
    confirm_totp,
    enrol_totp::{self, AuthenticatorSetup},
    factor::FactorCode,
    make_recovery_codes,
    pages::wrong,
    remove_totp,
    visit::Visit,
};

/// The page: what there is to set up, or to change.
pub fn show(words: &'static Words, visit: &Visit) -> Result<Page, Problem> {
    if !visit.is_proved() {
        return Page::to(&Next::Factor.proof());
    }
    let body = html! {
        h1 { (words.factor_title) }
        form method="post" action="/account" {
            @if let Some(left) = visit.recovery_codes_left {
                p { strong { ((words.factor_on)(left)) } }
                p { (words.recovery_codes_new_hint) }
                button name="act" value="new_codes" { (words.recovery_codes_new) }
            }
            @if visit.has_app {
                p.more { (words.factor_remove_hint) }
                button.quiet name="act" value="remove_factor" { (words.factor_remove) }
            } @else {
                p { (words.factor_hint) }
                button name="act" value="begin_factor" { (words.factor_begin) }
            }
        }
        p.more { a href=(Next::Passkeys.path()) { (words.passkeys) } }
        (back(words))
    };
    Ok(super::page(words.factor_title, body, visit))
}

/// Makes a secret, and shows it.
pub async fn begin(asked: &Asked<'_>, visit: &Visit) -> Result<Page, Problem> {
    match enrol_totp::set_up(asked.app, &visit.token).await {
        Ok(setup) => Ok(to_confirm(asked.words, visit, Some(&setup), None)),
        Err(problem) => elsewhere(problem),
    }
}

/// The page with the secret, and the field for the first code.
fn to_confirm(
    words: &'static Words,
    visit: &Visit,
    setup: Option<&AuthenticatorSetup>,
    fault: Option<&'static str>,
) -> Page {
    let body = html! {
        h1 { (words.factor_title) }
        (wrong(fault))
        @if let Some(setup) = setup {
            p { (words.factor_scan) }
            (picture(&setup.uri, words.factor_picture))
            p { a href=(setup.uri) { (words.factor_open) } }
            p { (words.factor_type) }
            p.key { (in_fours(&setup.secret)) }
        }
        form method="post" action="/account" {
            (digits(words.factor_first_code))
            button name="act" value="confirm_factor" { (words.go_on) }
        }
        p { a href="/account?page=factor" { (words.begin_again) } }
    };
    super::page(words.factor_title, body, visit)
}

/// Takes the first code, and shows the recovery codes.
pub async fn confirm(
    asked: &Asked<'_>,
    visit: &Visit,
    form: &AccountForm,
) -> Result<Page, Problem> {
    let words = asked.words;
    let again = |text, code| Ok(to_confirm(words, visit, None, Some(text)).because_of(code));
    let Some(code) = FactorCode::parse(&form.code()) else {
        return again(words.factor_first_wrong, Code::CodeInvalid);
    };
    match confirm_totp::confirm(asked.app, &visit.token, &code).await {
        Ok(codes) if codes.is_empty() => done(Changed::FactorAdded),
        Ok(codes) => Ok(codes_page(words, visit, &codes)),
        Err(problem) => match problem.code() {
            Code::CodeInvalid => again(words.factor_first_wrong, Code::CodeInvalid),
            Code::RateLimited => again(words.wait, Code::RateLimited),
            _ => elsewhere(problem),
        },
    }
}

/// Makes new recovery codes, and shows them.
pub async fn new_codes(asked: &Asked<'_>, visit: &Visit) -> Result<Page, Problem> {
    match make_recovery_codes::make(asked.app, &visit.token).await {
        Ok(codes) => Ok(codes_page(asked.words, visit, &codes)),
        Err(problem) => elsewhere(problem),
    }
}

/// Removes the app.
pub async fn remove(asked: &Asked<'_>, visit: &Visit) -> Result<Page, Problem> {
    match remove_totp::remove(asked.app, &visit.token).await {
        Ok(()) => done(Changed::FactorRemoved),
        Err(problem) => elsewhere(problem),
    }
}

/// A form that was sent twice, or beside another one, leads to how things are now.
fn elsewhere(problem: Problem) -> Result<Page, Problem> {
    match problem.code() {
        Code::SecondFactorExists | Code::NotFound | Code::Conflict => Page::to("/account"),
        _ => or_prove(problem, Next::Factor),
    }
}

fn codes_page(words: &'static Words, visit: &Visit, codes: &[String]) -> Page {
    super::page(words.recovery_codes, recovery_codes(words, codes), visit)
}

/// A secret in groups that can be read aloud.
fn in_fours(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|four| four.iter().collect())
        .collect();
    groups.join(" ")
}

/// The picture that an app's camera reads: within the page, so that it is fetched from nowhere.
fn picture(text: &str, name: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        // Longer than any picture: the key below says the same.
        return html! {};
    };
    // A margin of four, or cameras do not find it.
    let (size, margin) = (code.size(), 4);
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{x},{y}h1v1h-1z"));
        }
    }
    let view = format!("-{margin} -{margin} {0} {0}", size + 2 * margin);
    html! {
        svg.qr xmlns="http://www.w3.org/2000/svg" viewBox=(view) role="img" aria-label=(name)
            shape-rendering="crispEdges" {
            (PreEscaped(format!("<path d=\"{path}\" fill=\"#000\"/>")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_in_fours_and_as_a_picture_that_loads_nothing() {
        assert_eq!(in_fours("GEZDGNBVGY"), "GEZD GNBV GY");
        let picture =
            picture("otpauth://totp/Sotto:a%40b.example?secret=GEZDGNBV", "x").into_string();
        assert!(
            picture.starts_with("<svg") && picture.contains("aria-label=\"x\""),
            "{picture}"
        );
        assert!(
            !picture.contains("href") && !picture.contains("style"),
            "{picture}"
        );
    }
}
