//! A page that asks the browser for a passkey. Its script is ours, stands within the page, and is allowed
//! by its hash; it puts the browser's answer into a form and sends that, as a button would.

use maud::{Markup, PreEscaped, html};

use super::{Page, Script, Words};

/// The script.
pub(super) const SCRIPT: &str = include_str!("passkey.js");

/// What a browser is asked, and where its answer goes.
#[derive(Debug)]
pub struct Asking<'a> {
    /// The heading.
    pub title: &'static str,
    /// What to do.
    pub hint: &'static str,
    /// The path that takes the form.
    pub action: &'static str,
    /// The options of the ceremony, as JSON of WebAuthn (Level 3, 5.1.8 and 5.1.9).
    pub options: &'a str,
    /// The other fields of the form.
    pub fields: Markup,
    /// Where to go instead.
    pub back: Markup,
}

impl Page {
    /// A page that asks for a passkey.
    pub fn asking_for_a_passkey(words: &'static Words, asking: Asking<'_>) -> Self {
        let Asking {
            title,
            hint,
            action,
            options,
            fields,
            back,
        } = asking;
        let body = html! {
            h1 { (title) }
            p #failed .wrong role="alert" hidden { (words.passkey_failed) }
            p { (hint) }
            form #passkey method="post" action=(action) data-options=(options) {
                (fields)
                input type="hidden" name="credential";
                button #go type="button" { (words.go_on) }
            }
            noscript { p.wrong { (words.passkey_script) } }
            (back)
            script { (PreEscaped(SCRIPT)) }
        };
        let mut page = Self::new(title, body);
        page.script = Script::Passkey;
        page
    }
}

/// The recovery codes, which are shown once.
pub fn recovery_codes(words: &Words, codes: &[String]) -> Markup {
    html! {
        h1 { (words.recovery_codes) }
        p { (words.recovery_codes_hint) }
        ol.codes { @for code in codes { li { (code) } } }
        a.go href="/account" { (words.recovery_codes_kept) }
    }
}
