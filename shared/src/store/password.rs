//! The password of an account, where it has one.

use shared_derive::Record;

use crate::domain::{AccountId, Timestamp, password::PasswordHash};

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
