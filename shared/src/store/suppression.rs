//! Addresses that mail came back from, or whose owners complained of it: what may be left out is not
//! sent there again.
//!
//! Nothing but a keyed hash is kept of such an address. Who has the address can be told that it is
//! here; from here nobody gets to an address.

use shared_derive::Record;

use super::{
    db::{Store, StoreError},
    keyring::{TenantKey, Use},
    keys,
    record::Stored,
    seal::{KeyedHash, Unsealed},
    transaction::{CommitError, Transaction},
};
use crate::{
    domain::{Policy, Timestamp, policy::Lens, text::Email},
    words,
};

words! {
    /// Why nothing is sent to an address that may be left out.
    pub enum Reason {
        /// Mail to it came back for good.
        Bounced = "bounced",
        /// Its owner called mail of ours unwanted.
        Complained = "complained",
    }
}

/// An address that is not written to, where that may be.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = suppression(address), tenant = Platform,
    no_subject = "the keyed hash of an address, which nobody can turn back; gone after a year",
    class = Suppression, anchor = created_at,
)]
pub struct Suppression {
    /// The address, as a keyed hash.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Delete, keyed)]
    pub address: KeyedHash,
    /// Why.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub reason: Reason,
    /// Since when.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub created_at: Timestamp,
}

/// What an address is known by here. Not what accounts know it by: the two lists cannot be joined.
fn hash(platform_key: &TenantKey, email: &Email) -> KeyedHash {
    platform_key.hash(Use::Suppression, &email.identity())
}

impl Store {
    /// Remembers that an address is not to be written to. A complaint outweighs a mail that came
    /// back; the same news twice is the same news.
    pub async fn suppress(
        &self,
        platform_key: &TenantKey,
        email: &Email,
        reason: Reason,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = Suppression {
            address: hash(platform_key, email),
            reason,
            created_at: now,
        };
        let row = Stored::new(row, &Policy::platform());
        let mut transaction = Transaction::new(now);
        match reason {
            Reason::Bounced => transaction.create(&row, &Unsealed)?,
            Reason::Complained => transaction.overwrite(&row, &Unsealed)?,
        };
        match self.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Why an address is not to be written to, if it is not. One read.
    pub async fn suppressed(
        &self,
        platform_key: &TenantKey,
        email: &Email,
        now: Timestamp,
    ) -> Result<Option<Reason>, StoreError> {
        let at = keys::suppression(hash(platform_key, email));
        let fetched = self.batch(vec![at.clone()]).await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let found = fetched.get::<Suppression>(&at, &Unsealed, lens)?;
        Ok(found.map(|row| row.reason))
    }
}
