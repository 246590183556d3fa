//! The ledger of erasures, outside of the tables: files `ledger/<number>`, each made once.
//!
//! Whoever appends names the entry before; S3 makes a file only where none of its name is, so a chain
//! has no forks. The row `LEDGER#platform` remembers how long the ledger is, and is believed no further
//! than that: an entry that is there already is read, and the next place is tried. So a table that
//! was restored, whose row is old, appends at the end all the same.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use shared_derive::Record;

use super::{
    db::{Store, StoreError},
    field::Bytes,
    keys,
    objects::{Made, ObjectVersion, Standing},
    record::Stored,
    seal::Unsealed,
    transaction::{CommitError, Transaction},
};
use crate::domain::{
    TenantId, Timestamp,
    policy::{Lens, Policy},
    receipt::{Entry, Event, Flaw, NOTHING, Signed, VERSION, hash, read_ledger},
};

/// The private key that receipts are signed with, sealed under the platform's key. Only `retention`
/// may read it.
#[derive(Clone, Debug, Record)]
#[record(
    table = Keys, key = receipt_key(), tenant = Platform,
    no_subject = "a key of the deployment, about nobody", class = Operation, anchor = created_at,
)]
pub struct ReceiptKey {
    /// PKCS#8, sealed.
    #[non_personal(reason = "a key, sealed under another")]
    pub sealed: Bytes,
    /// When it was made.
    #[non_personal(reason = "when a key was made")]
    pub created_at: Timestamp,
}

/// The public keys that receipts are checked with, newest first.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = receipt_keys(), tenant = Platform,
    no_subject = "public keys of the deployment, about nobody", class = Operation, anchor = created_at,
)]
pub struct ReceiptKeys {
    /// Ed25519 public keys, 32 bytes each.
    #[non_personal(reason = "a public key")]
    pub keys: Vec<Bytes>,
    /// When the newest was made.
    #[non_personal(reason = "when a key was made")]
    pub created_at: Timestamp,
}

/// How long the ledger is, at least.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = ledger_length(), tenant = Platform,
    no_subject = "the length of the ledger of erasures", class = Operation, anchor = updated_at,
)]
pub struct LedgerLength {
    /// The number of the next entry.
    #[non_personal(reason = "a count of entries")]
    pub next: u64,
    /// When an entry was written last.
    #[non_personal(reason = "when a piece of work went on")]
    pub updated_at: Timestamp,
}

/// What the private key is bound to.
const PLACE: &str = "receipts|platform";
/// How many entries may come between the row's end and the ledger's.
const AHEAD: u32 = 100_000;

/// Why a ledger cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// An entry is at fault.
    #[error("entry {0} of the ledger: {1}")]
    Flaw(u64, Flaw),
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An entry, as it lies in the ledger.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its number.
    pub number: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

fn unsigned(_: Flaw) -> StoreError {
    StoreError::Corrupt("an entry of the ledger that could not be written")
}

impl Store {
    /// Makes the key of receipts where it is missing. Safe to run again, and from two places at once.
    pub(super) async fn provision_receipts(&self, now: Timestamp) -> Result<(), StoreError> {
        let policy = Policy::platform();
        if self.receipt_keys(now).await?.is_some() {
            return Ok(());
        }
        let tenant_key = self.tenant_key(TenantId::Platform, now).await?;
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let document = Ed25519KeyPair::generate_pkcs8(&rng).map_err(|_| StoreError::Random)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref())
            .map_err(|_| StoreError::Corrupt("a new key for receipts"))?;
        let private = ReceiptKey {
            sealed: Bytes(tenant_key.seal(PLACE, document.as_ref())?),
            created_at: now,
        };
        let public = ReceiptKeys {
            keys: vec![Bytes(pair.public_key().as_ref().to_vec())],
            created_at: now,
        };
        let mut transaction = Transaction::new(now);
        transaction.create(&Stored::new(private, &policy), &Unsealed)?;
        transaction.create(&Stored::new(public, &policy), &Unsealed)?;
        match self.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// The public keys of receipts; none before `sotto init`.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn receipt_keys(&self, now: Timestamp) -> Result<Option<ReceiptKeys>, StoreError> {
        let place = keys::receipt_keys();
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let fetched = self.batch(vec![place.clone()]).await?;
        fetched.get(&place, &Unsealed, lens)
    }

    /// How long the ledger is, at least: where an entry that is written from now on may be.
    pub(super) async fn ledger_length(&self, now: Timestamp) -> Result<u64, StoreError> {
        let place = keys::ledger_length();
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let fetched = self.batch(vec![place.clone()]).await?;
        let found = fetched.get::<LedgerLength>(&place, &Unsealed, lens)?;
        Ok(found.map_or(0, |length| length.next))
    }

    /// Appends an entry at `from` or behind it. One of the `same` event that is there already is taken
    /// for it: then an earlier attempt has written it.
    ///
    /// # Errors
    /// When S3 or DynamoDB fail; doing it again, from the same place, is safe.
    pub(super) async fn enter_in_ledger(
        &self,
        from: u64,
        event: Event,
        same: impl Fn(&Event) -> bool,
        now: Timestamp,
    ) -> Result<Written, StoreError> {
        let pair = self.receipt_pair(now).await?;
        let mut number = from;
        let mut previous = match number.checked_sub(1) {
            None => NOTHING.to_owned(),
            Some(before) => hash(&self.entry(before).await?),
        };
        for _ in 0..AHEAD {
            let entry = Entry {
                version: VERSION,
                number,
                previous,
                at: now,
                event: event.clone(),
            };
            let signed = entry.sign(&pair).map_err(unsigned)?;
            let bytes = signed.to_bytes().map_err(unsigned)?;
            let name = keys::ledger_entry(number);
            let made = self
                .objects()
                .create_open(&name, bytes.clone(), "application/json");
            if made.await? == Made::New {
                return Ok(Written { number, bytes });
            }
            let there = self.entry(number).await?;
            let signed = Signed::from_bytes(&there).map_err(unsigned)?;
            if same(&signed.entry.event) {
                return Ok(Written {
                    number,
                    bytes: there,
                });
            }
            previous = hash(&there);
            number += 1;
        }
        Err(StoreError::Corrupt("a ledger that does not end"))
    }

    /// Appends that a workspace keeps its conversations for a shorter time.
    ///
    /// # Errors
    /// When S3 or DynamoDB fail; doing it again may write it twice, which says the same.
    pub async fn append_shortened(
        &self,
        shortened: crate::domain::receipt::Shortened,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let from = self.ledger_length(now).await?;
        let event = Event::Shortened(shortened);
        let written = self.enter_in_ledger(from, event, |_| false, now).await?;
        let mut transaction = Transaction::new(now);
        transaction.ledger_is(written.number + 1)?;
        match self.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// The whole ledger, from entry 0 on: every signature was checked, and that each entry follows the
    /// one before it.
    ///
    /// # Errors
    /// [`LedgerError::Flaw`] when it was altered, or one of its entries is missing.
    pub async fn ledger(&self, now: Timestamp) -> Result<Vec<Signed>, LedgerError> {
        let keys = self.receipt_keys(now).await?;
        let keys = keys.map_or_else(Vec::new, |row| {
            row.keys.into_iter().map(|key| key.0).collect()
        });
        let versions = self.objects().versions(&keys::ledger()).await?;
        let current = |file: &&ObjectVersion| file.standing == Standing::Current;
        let mut files = Vec::new();
        for (number, file) in (0..).zip(versions.iter().filter(current)) {
            if file.key != keys::ledger_entry(number) {
                return Err(LedgerError::Flaw(number, Flaw::Missing(number)));
            }
            files.push(self.entry(number).await?);
        }
        let known = self.ledger_length(now).await?;
        if (files.len() as u64) < known {
            let end = files.len() as u64;
            return Err(LedgerError::Flaw(end, Flaw::Missing(end)));
        }
        read_ledger(&files, &keys).map_err(|(number, flaw)| LedgerError::Flaw(number, flaw))
    }

    async fn entry(&self, number: u64) -> Result<Vec<u8>, StoreError> {
        let found = self.objects().get_open(&keys::ledger_entry(number)).await?;
        found.ok_or(StoreError::Corrupt("a ledger with a gap"))
    }

    async fn receipt_pair(&self, now: Timestamp) -> Result<Ed25519KeyPair, StoreError> {
        let place = keys::receipt_key();
        let wanted = vec![place.clone(), keys::tenant_key(TenantId::Platform)];
        let fetched = self.batch(wanted).await?;
        let tenant_key = self
            .unwrap_tenant_key(TenantId::Platform, &fetched, now)
            .await?;
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let row = fetched.get::<ReceiptKey>(&place, &Unsealed, lens)?;
        let row = row.ok_or(StoreError::Corrupt(
            "a deployment without a key for receipts; run `sotto init`",
        ))?;
        let document = tenant_key.open(PLACE, &row.sealed.0)?;
        Ed25519KeyPair::from_pkcs8(&document)
            .map_err(|_| StoreError::Corrupt("a key for receipts that is none"))
    }
}

impl Transaction {
    /// Remembers how long the ledger is.
    pub(super) fn ledger_is(&mut self, next: u64) -> Result<(), StoreError> {
        let row = LedgerLength {
            next,
            updated_at: self.time(),
        };
        self.overwrite(&Stored::new(row, &Policy::platform()), &Unsealed)?;
        Ok(())
    }
}
