//! How somebody wants to use the product: on the account, so that no cookie is needed for it.

use shared_derive::Record;

use crate::{
    domain::{
        AccountId, Timestamp,
        text::{Locale, TimeZone},
    },
    words,
};

words! {
    /// Light or dark.
    pub enum Theme {
        /// Dark.
        Dark = "dark",
        /// Light.
        Light = "light",
        /// As the device says.
        System = "system",
    }
}

/// The preferences of an account (FLOW-03).
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = preferences(account), tenant = Platform,
    within = Account, class = Account, anchor = created_at,
)]
pub struct Preferences {
    /// Whose.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// The language of pages and mails; a text that somebody could write a name into, so sealed.
    #[personal(category = VisitContext, purpose = RunWorkspace, erase = Delete)]
    pub locale: Option<Locale>,
    /// The time zone that times are shown in.
    #[personal(category = VisitContext, purpose = RunWorkspace, erase = Delete)]
    pub time_zone: Option<TimeZone>,
    /// Light or dark.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub theme: Theme,
    /// Whether mail about changes of the service is wanted.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub service_mail: bool,
    /// Whether mail about offers is wanted.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub marketing_mail: bool,
    /// When they were set first.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Preferences {
    /// Those of an account that has set none: version 0, stored nowhere. No mail about offers unless
    /// somebody asks for it.
    pub const fn unset(account: AccountId, now: Timestamp) -> Self {
        Self {
            account,
            locale: None,
            time_zone: None,
            theme: Theme::System,
            service_mail: true,
            marketing_mail: false,
            created_at: now,
            rev: 0,
        }
    }
}
