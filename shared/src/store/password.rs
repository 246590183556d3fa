//! The password of an account, where it has one, and the link that sets a new one.

use shared_derive::Record;

use super::keyring::{TenantKey, Use};
use crate::domain::{
    AccountId, ResetId, Timestamp,
    password::PasswordHash,
    text::Email,
    token::{self, Secret, SecretHash},
};

/// What the token of a mailed link opens with.
const LINK_PREFIX: &str = "rs";

/// A password. It lies beside the account and dies with it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = password(account), tenant = Platform,
    within = Account, class = Account, anchor = changed_at,
)]
pub struct Password {
    /// Whose.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub account: AccountId,
    /// What Argon2id made of it.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete)]
    pub hash: PasswordHash,
    /// Since when.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub changed_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// A mailed link that sets a new password, waiting to be opened.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = reset(id), tenant = Platform,
    no_subject = "whose the address is shows only when the link is opened; gone in thirty minutes",
    class = Reset, anchor = created_at,
)]
pub struct ResetLink {
    /// Its id.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub id: ResetId,
    /// Where it goes.
    #[personal(category = Contact, purpose = Authenticate, erase = Delete)]
    pub email: Email,
    /// Whether a mail goes out: an address without an account gets the same row, but no link.
    #[non_personal(reason = "an instruction to the mailer")]
    pub deliver: bool,
    /// The secret of the link; the mailer computes it.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub token: SecretHash,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = Authenticate, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl ResetLink {
    /// The token of the mailed link: computed from the id, so that it is stored nowhere.
    pub fn link_token(tenant_key: &TenantKey, id: ResetId) -> String {
        token::write(LINK_PREFIX, &[id.uuid()], &Self::secret(tenant_key, id))
    }

    /// Which link a token names, and the secret it brings.
    pub fn read_link_token(text: &str) -> Option<(ResetId, Secret)> {
        let ([id], secret) = token::read::<1>(LINK_PREFIX, text)?;
        Some((ResetId::from_uuid(id), secret))
    }

    /// The secret part of the link, 256 bits.
    pub fn secret(tenant_key: &TenantKey, id: ResetId) -> Secret {
        let hash = tenant_key.hash(Use::Code, &id.to_string());
        Secret::from_bytes(*hash.as_bytes())
    }
}
