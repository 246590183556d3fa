//! The pages of an account: one file each, all behind `/account`, told apart by the query when they
//! are opened and by the button when a form is sent. A function has room for forty routes.
//!
//! | file | page | what its buttons do |
//! |---|---|---|
//! | `overview` | – | ends sessions, signs out |
//! | `prove` | `prove` | the second factor, the password or a mailed code, once more |
//! | `address` | `address` | another address, by proof of both |
//! | `password` | `password` | another password, or a first one |
//! | `factor` | `factor` | sets up and removes the authenticator app, makes recovery codes |
//! | `preferences` | `preferences` | language, time zone, theme, mails |
//! | `keep` | `keep` | keeps an account that was to be deleted; nobody is signed in there |
//!
//! The page that deletes the account is in `workspaces`, that of its passkeys in `passkeys`, each beside its
//! operations.

pub mod address;
pub mod factor;
pub mod keep;
pub mod overview;
pub mod password;
pub mod preferences;
pub mod prove;

use maud::{Markup, html};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ChallengeId, SessionId},
    http::{
        Client, Code, Problem,
        page::{Changed, Next, Page, Words},
    },
    words,
};
use utoipa::ToSchema;

use crate::visit::Visit;

words! {
    /// A page of the account.
    pub enum PageName {
        /// Another address.
        Address = "address",
        /// The second factor.
        Factor = "factor",
        /// Keeps an account that was to be deleted.
        Keep = "keep",
        /// Another password.
        Password = "password",
        /// Preferences.
        Preferences = "preferences",
        /// Proves who it is once more.
        Prove = "prove",
    }
}

words! {
    /// What a button of the account's pages does.
    pub enum Act {
        /// Mails a code to another address.
        AskAddress = "ask_address",
        /// Mails a code to an account that waits to be deleted.
        AskKeep = "ask_keep",
        /// Begins to set up a second factor.
        BeginFactor = "begin_factor",
        /// Sets another password.
        ChangePassword = "change_password",
        /// Takes the code that another address got.
        ConfirmAddress = "confirm_address",
        /// Takes the first code of an authenticator app.
        ConfirmFactor = "confirm_factor",
        /// Ends the session that is named, wherever it is.
        EndSession = "end_session",
        /// Keeps the account.
        Keep = "keep",
        /// Mails a code to the account's own address.
        MailCode = "mail_code",
        /// Makes new recovery codes.
        NewCodes = "new_codes",
        /// Proves who it is.
        Prove = "prove",
        /// Removes the second factor.
        RemoveFactor = "remove_factor",
        /// Saves the preferences.
        SavePreferences = "save_preferences",
        /// Ends this session.
        SignOut = "sign_out",
    }
}

/// What a link to a page of the account brings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLink {
    /// Which page; the overview without one.
    pub page: Option<PageName>,
    /// Where a proof leads.
    pub next: Option<Next>,
    /// Which mailed code is meant.
    pub challenge: Option<ChallengeId>,
    /// What was changed before.
    pub done: Option<Changed>,
}

/// A form of the account's pages: each sends its own part.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountForm {
    /// What to do.
    pub act: Act,
    /// Which session to end: one of the same account.
    pub session: Option<SessionId>,
    /// Which mailed code is meant.
    pub challenge: Option<ChallengeId>,
    /// A code of any kind; blanks in it do not matter.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub code: String,
    /// Another address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub email: String,
    /// The present password.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    pub current_password: String,
    /// The password, or another one.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    pub password: String,
    /// Where a proof leads.
    pub next: Option<Next>,
    /// A language tag; empty for what the browser says.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub locale: String,
    /// A time zone; empty for that of the device.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub time_zone: String,
    /// Light or dark.
    pub theme: Option<shared::store::preferences::Theme>,
    /// Whether mail about changes of the service is wanted.
    pub service_mail: Option<bool>,
    /// Whether mail about offers is wanted.
    pub marketing_mail: Option<bool>,
    /// The version of the preferences that were shown.
    pub rev: Option<u64>,
}

impl AccountForm {
    /// The code without its blanks.
    pub fn code(&self) -> String {
        self.code.chars().filter(|c| !c.is_whitespace()).collect()
    }
}

/// Who sent a form, and in which language they read.
pub struct Asked<'a> {
    /// What operations work with.
    pub app: &'a App,
    /// From where.
    pub client: &'a Client,
    /// The texts.
    pub words: &'static Words,
}

/// Leads to the page for a proof when that is all that was missing.
pub fn or_prove(problem: Problem, next: Next) -> Result<Page, Problem> {
    match problem.code() {
        Code::StepUpRequired => Page::to(&next.proof()),
        _ => Err(problem),
    }
}

/// Leads to the overview, which says what was changed.
pub fn done(changed: Changed) -> Result<Page, Problem> {
    Page::to(&format!("/account?done={}", changed.word()))
}

/// The way back.
pub fn back(words: &Words) -> Markup {
    html! { p { a href="/account" { (words.back) } } }
}

/// The field for digits.
pub fn digits(label: &str) -> Markup {
    html! {
        label for="code" { (label) }
        input #code .code type="text" name="code" inputmode="numeric" maxlength="12"
            autocomplete="one-time-code" required autofocus;
    }
}

/// A page in the theme of whoever looks at it.
pub fn page(title: &'static str, body: Markup, visit: &Visit) -> Page {
    Page::new(title, body).in_theme(visit.theme)
}
