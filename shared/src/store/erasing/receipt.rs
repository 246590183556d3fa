//! The end of an erasure: its receipt is written to the ledger, and the row says that it is done.

use std::fmt::Write as _;

use crate::{
    domain::{
        TenantId, Timestamp,
        receipt::{Erased, Event, hash},
    },
    store::{
        db::{Store, StoreError},
        erasure::{Erasure, Tally},
        field::Bytes,
        keyring::{TenantKey, Use},
        registry,
        transaction::Transaction,
    },
};

/// The hash of everything that a registry of this program can store, field by field.
fn registry_hash() -> String {
    let mut text = String::new();
    for declaration in registry::ALL {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{declaration:?}");
    }
    hash(text.as_bytes())
}

impl Erasure {
    fn receipt_of(&self, platform_key: &TenantKey, finished_at: Timestamp) -> Erased {
        let subject = platform_key.hash(Use::Erasure, &self.subject());
        Erased {
            erasure: self.id,
            kind: self.erased.word().to_owned(),
            calls: self.calls.clone(),
            tenant: self.tenant.to_string(),
            subject: subject.to_string(),
            registry: registry_hash(),
            started_at: self.started_at,
            finished_at,
            counts: self.tallies.iter().map(Tally::counted).collect(),
            kept: self.erased.keeps(),
            out_of_reach: self.erased.out_of_reach(),
            backup_unreadable_at: self.erased.unreadable_after(finished_at),
        }
    }
}

impl Store {
    /// Ends an erasure that has left nothing: its receipt goes into the ledger, and then
    /// `transaction` and the row say that it is done. `None` when another run has it.
    ///
    /// The place in the ledger is noted first, so that a run after a crash finds what was written.
    pub(super) async fn finish(
        &self,
        erasure: Erasure,
        mut transaction: Transaction,
        now: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        let (erasure, from) = match erasure.ledger_from {
            Some(from) => (erasure, from),
            None => {
                let from = self.ledger_length(now).await?;
                let noted = Erasure {
                    ledger_from: Some(from),
                    finished_at: Some(now),
                    ..erasure
                };
                let Some(noted) = self.step(noted, Transaction::new(now), now).await? else {
                    return Ok(None);
                };
                (noted, from)
            }
        };
        let finished_at = erasure.finished_at.unwrap_or(now);
        let platform_key = self.tenant_key(TenantId::Platform, now).await?;
        let receipt = erasure.receipt_of(&platform_key, finished_at);
        let id = erasure.id;
        let same = |event: &Event| matches!(event, Event::Erased(erased) if erased.erasure == id);
        let written = self
            .enter_in_ledger(from, Event::Erased(receipt), same, now)
            .await?;
        transaction.ledger_is(written.number + 1)?;
        let mut done = erasure.done(finished_at);
        done.receipt = Some(Bytes(written.bytes));
        self.step(done, transaction, now).await
    }
}
