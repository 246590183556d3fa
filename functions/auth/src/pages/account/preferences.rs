//! How somebody wants to use the product, as by `PATCH /v1/account`.

use maud::html;
use shared::{
    domain::text::{Locale, TimeZone},
    http::{
        Code, Problem,
        page::{Changed, Page, Words},
    },
    store::preferences::{Preferences, Theme},
};

use super::{AccountForm, Asked, back, done};
use crate::{change_account, pages::wrong, visit::Visit};

/// The page.
pub fn show(words: &'static Words, visit: &Visit, fault: Option<&'static str>) -> Page {
    let Preferences {
        locale,
        time_zone,
        theme,
        service_mail,
        marketing_mail,
        rev,
        ..
    } = &visit.preferences;
    let locale = locale.as_ref().map_or("", |locale| locale.reveal());
    let time_zone = time_zone.as_ref().map_or("", |zone| zone.reveal());
    // What was set elsewhere, to a language that has no pages yet, stays a choice.
    let other = !locale.is_empty() && !locale.eq_ignore_ascii_case("en");
    let body = html! {
        h1 { (words.preferences) }
        (wrong(fault))
        form method="post" action="/account" {
            label for="locale" { (words.language_field) }
            select #locale name="locale" {
                option value="" selected[locale.is_empty()] { (words.as_the_browser) }
                option value="en" selected[locale.eq_ignore_ascii_case("en")] { "English" }
                @if other { option value=(locale) selected { (locale) } }
            }
            label for="zone" { (words.time_zone) }
            input #zone type="text" name="time_zone" value=(time_zone) maxlength="64"
                autocomplete="off" spellcheck="false" aria-describedby="zone-hint";
            p #zone-hint .hint { (words.time_zone_hint) }
            label for="theme" { (words.theme) }
            select #theme name="theme" {
                @for one in [Theme::System, Theme::Light, Theme::Dark] {
                    option value=(one.word()) selected[one == *theme] { ((words.theme_of)(one)) }
                }
            }
            h2 { (words.mails) }
            label.check {
                input type="checkbox" name="service_mail" value="true" checked[*service_mail];
                (words.mail_service)
            }
            label.check {
                input type="checkbox" name="marketing_mail" value="true" checked[*marketing_mail];
                (words.mail_marketing)
            }
            p.hint { (words.mails_hint) }
            input type="hidden" name="rev" value=(rev);
            button name="act" value="save_preferences" { (words.save) }
        }
        (back(words))
    };
    super::page(words.preferences, body, visit)
}

/// Saves them. A box that is not ticked is not sent.
pub async fn act(asked: &Asked<'_>, visit: &Visit, form: &AccountForm) -> Result<Page, Problem> {
    let words = asked.words;
    let again = |text, code| Ok(show(words, visit, Some(text)).because_of(code));
    let locale = match form.locale.trim() {
        "" => None,
        text => match Locale::parse(text) {
            Ok(locale) => Some(locale),
            Err(fault) => {
                return Err(Problem::field(Code::ValidationFailed, "#/locale", fault));
            }
        },
    };
    let time_zone = match form.time_zone.trim() {
        "" => None,
        text => match TimeZone::parse(text) {
            Ok(zone) => Some(zone),
            Err(_) => return again(words.time_zone_wrong, Code::ValidationFailed),
        },
    };
    if form.rev != Some(visit.preferences.rev) {
        return again(words.changed_meanwhile, Code::Conflict);
    }
    let wanted = Preferences {
        locale,
        time_zone,
        theme: form.theme.unwrap_or(visit.preferences.theme),
        service_mail: form.service_mail.unwrap_or(false),
        marketing_mail: form.marketing_mail.unwrap_or(false),
        ..visit.preferences.clone()
    };
    let whose = (&visit.account, &visit.key);
    match change_account::save(asked.app, whose, &visit.preferences, wanted, visit.now).await {
        Ok(_) => done(Changed::Preferences),
        Err(problem) if problem.code() == Code::Conflict => {
            again(words.changed_meanwhile, Code::Conflict)
        }
        Err(problem) => Err(problem),
    }
}
