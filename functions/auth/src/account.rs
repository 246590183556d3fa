//! An account as its owner sees it.

use serde::Serialize;
use shared::{
    domain::{AccountId, Timestamp},
    http::{Code, Problem},
    store::{
        DataKey, Key,
        account::Account,
        keys,
        preferences::{Preferences, Theme},
        second_factor::SecondFactor,
    },
};
use utoipa::ToSchema;

use crate::{
    acceptance::{self, Standing},
    factor,
    platform::Platform,
};

/// An account.
#[derive(Serialize, ToSchema)]
pub struct OwnAccount {
    /// Its id.
    id: AccountId,
    /// Where its codes and notices go.
    #[schema(example = "ada@example.com")]
    email: String,
    /// When the address was first proved.
    created_at: Timestamp,
    /// Its second factor; null while there is none.
    second_factor: Option<OwnFactor>,
    /// How its owner wants to use the product.
    preferences: OwnPreferences,
    /// How it stands to the privacy policy.
    policy: Standing,
    /// Counts changes of the preferences.
    #[schema(example = 0)]
    rev: u64,
}

/// A second factor.
#[derive(Serialize, ToSchema)]
pub struct OwnFactor {
    /// When the authenticator app was confirmed; null where there is none.
    confirmed_at: Option<Timestamp>,
    /// How many passkeys there are.
    #[schema(example = 1, maximum = 10)]
    passkeys: usize,
    /// How many recovery codes are left.
    #[schema(example = 10, maximum = 10)]
    recovery_codes_left: usize,
}

/// How somebody wants to use the product.
#[derive(Serialize, ToSchema)]
pub struct OwnPreferences {
    /// The language of pages and mails; null for what the browser says.
    #[schema(example = "en")]
    locale: Option<String>,
    /// The time zone that times are shown in; null for what the device says.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// Light or dark.
    theme: Theme,
    /// Which mails are wanted beside those that have to be.
    mails: MailChoices,
}

/// Mails that somebody may do without. Codes, notices about the security of the account and what
/// the law asks for go out in any case.
#[derive(Serialize, ToSchema)]
pub struct MailChoices {
    /// About changes of the service.
    #[schema(example = true)]
    service: bool,
    /// About offers.
    #[schema(example = false)]
    marketing: bool,
}

/// An account with everything that its owner sees of it.
pub struct Own {
    /// The account.
    pub account: Account,
    /// Its preferences, or the ones it has without having set any.
    pub preferences: Preferences,
    /// What seals them.
    pub key: DataKey,
    factor: Option<SecondFactor>,
    standing: Standing,
}

/// What [`Own::read`] needs to have been read.
pub fn wanted(id: AccountId) -> Vec<Key> {
    let mut wanted = factor::wanted(id);
    wanted.push(keys::preferences(id));
    wanted.extend(acceptance::wanted(id));
    wanted
}

impl Own {
    /// How many recovery codes are left, where there is a second factor.
    pub fn recovery_codes_left(&self) -> Option<usize> {
        self.active().map(|factor| factor.recovery_codes.len())
    }

    /// The second factor, if there is one.
    fn active(&self) -> Option<&SecondFactor> {
        self.factor.as_ref().filter(|factor| factor.is_active())
    }

    /// Whether an authenticator app proves it.
    pub fn has_app(&self) -> bool {
        self.active().is_some_and(SecondFactor::has_app)
    }

    /// How many passkeys do.
    pub fn passkeys(&self) -> usize {
        self.active().map_or(0, |factor| factor.passkeys.count())
    }

    /// The account out of a batch that asked for [`wanted`].
    ///
    /// # Errors
    /// 401 when the account is gone.
    pub fn read(read: &Platform, id: AccountId) -> Result<Self, Problem> {
        let gone = || Problem::new(Code::TokenInvalid);
        let (account, key) = read.root::<Account>(&keys::account(id))?.ok_or_else(gone)?;
        let (factor, _) = factor::of(read, id)?;
        let found = read.sealed::<Preferences>(&keys::preferences(id), &key)?;
        Ok(Self {
            account,
            preferences: found.unwrap_or_else(|| Preferences::unset(id, read.now)),
            key,
            factor,
            standing: Standing::of(read, id)?,
        })
    }

    /// What its owner sees.
    pub fn view(&self) -> OwnAccount {
        let Preferences {
            locale,
            time_zone,
            theme,
            service_mail,
            marketing_mail,
            rev,
            ..
        } = &self.preferences;
        let active = self.active();
        OwnAccount {
            id: self.account.id,
            email: self.account.email.reveal().to_owned(),
            created_at: self.account.created_at,
            second_factor: active.map(|factor| OwnFactor {
                confirmed_at: factor.confirmed_at,
                passkeys: factor.passkeys.count(),
                recovery_codes_left: factor.recovery_codes.len(),
            }),
            preferences: OwnPreferences {
                locale: locale.as_ref().map(|locale| locale.reveal().to_owned()),
                time_zone: time_zone.as_ref().map(|zone| zone.reveal().to_owned()),
                theme: *theme,
                mails: MailChoices {
                    service: *service_mail,
                    marketing: *marketing_mail,
                },
            },
            policy: self.standing.clone(),
            rev: *rev,
        }
    }
}
