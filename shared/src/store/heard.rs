//! What was heard before: the same mail by another way, or the same words of somebody without an account.

use shared_derive::Record;

use super::{
    db::StoreError,
    keyring::{TenantKey, Use},
    record::Stored,
    seal::{KeyedHash, Unsealed},
    transaction::{Slot, Transaction},
};
use crate::domain::{Policy, Timestamp};

/// The memory of something that must count once.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = heard(what), tenant = Platform,
    no_subject = "a keyed hash that nobody can turn back, for a day",
    class = Idempotency, anchor = heard_at,
)]
pub struct HeardBefore {
    /// What: who it came from and under which name, as a keyed hash.
    #[personal(category = Identifier, purpose = RunWorkspace, erase = Delete, keyed)]
    pub what: KeyedHash,
    /// When.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub heard_at: Timestamp,
}

impl Transaction {
    /// Has the transaction fail, at the slot, when the same was heard within the last day.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn hear_once(
        &mut self,
        tenant_key: &TenantKey,
        what: &str,
        now: Timestamp,
    ) -> Result<Slot, StoreError> {
        let row = HeardBefore {
            what: tenant_key.hash(Use::Idempotency, &format!("heard {what}")),
            heard_at: now,
        };
        self.create(&Stored::new(row, &Policy::platform()), &Unsealed)
    }
}
