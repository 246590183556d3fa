//! The end of an erasure: its receipt is written to the ledger, and the row says that it is done.

use std::fmt::Write as _;

use crate::{
    domain::{
        TenantId, Timestamp,
        receipt::{Count, Erased, Event, Kept, hash},
        retention::erasure_days,
        time::DAY,
    },
    store::{
        db::{Store, StoreError},
        erasure::{Erasure, ErasureKind, Tally},
        field::Bytes,
        keyring::{TenantKey, Use},
        keys::Table,
        registry,
        transaction::Transaction,
    },
};

/// What stays after each kind of erasure.
fn kept(kind: ErasureKind) -> Vec<Kept> {
    let kept = |what: &str, why: &str, until: &str| Kept {
        what: what.to_owned(),
        why: why.to_owned(),
        until: until.to_owned(),
    };
    let mut all = vec![kept(
        "This receipt: counts, opaque ids and keyed hashes",
        "To show that the erasure was carried out, and to repeat it on a restored backup",
        "36 months; in the ledger for as long as there are backups of it",
    )];
    if kind != ErasureKind::Workspace {
        all.push(kept(
            "What was asked about one's own data, and how it was answered",
            "To show that requests were answered as the law wants it",
            "36 months under opaque ids; the words and the address of a request 60 days after its end",
        ));
    }
    all.extend(match kind {
        ErasureKind::Account => vec![
            kept(
                "What was written in conversations of workspaces, under an opaque id",
                "It belongs to those it was written to",
                "as long as those conversations are kept",
            ),
            kept(
                "That mail to the address came back or was not wanted, under a keyed hash of it",
                "So that nobody is mailed against their will",
                "a year",
            ),
            kept(
                "The address, for one last mail",
                "So that its holder learns that it is done",
                "the mail, and two days at most",
            ),
        ],
        ErasureKind::Contact => vec![kept(
            "Marks that say only that a conversation is gone",
            "So that clients that were offline learn of it",
            "7 days",
        )],
        ErasureKind::Workspace => vec![
            kept(
                "Invoices, credit notes and refunds, where a plan was paid for, under ids that name the workspace nowhere",
                "The law has the operator keep its books",
                "7 years from the end of the year of their last movement",
            ),
            kept(
            "A notice to each of its owners, which names the workspace by its id",
            "So that they learn that it is done",
            "24 hours",
        ),
        ],
    });
    all
}

fn count(tally: &Tally) -> Count {
    let method = match tally.table {
        Table::Data => "deleted",
        Table::Keys => "key_deleted",
    };
    Count {
        store: tally.table.word().to_owned(),
        kind: tally.kind.clone(),
        before: tally.before,
        deleted: tally.before.saturating_sub(tally.after),
        after: tally.after,
        method: method.to_owned(),
    }
}

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
            tenant: self.tenant.to_string(),
            subject: subject.to_string(),
            registry: registry_hash(),
            started_at: self.started_at,
            finished_at,
            counts: self.tallies.iter().map(count).collect(),
            kept: kept(self.erased),
            out_of_reach: [
                "Mails that were delivered",
                "What somebody downloaded or copied before",
                "Backups of the tables, which without their keys cannot be read any more",
            ]
            .map(str::to_owned)
            .to_vec(),
            backup_unreadable_at: finished_at.plus(DAY * erasure_days::KEYS_PITR),
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
