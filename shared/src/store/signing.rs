//! The key pair of access tokens: everybody reads the public half, only `auth` the private one.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use shared_derive::Record;

use super::{
    db::{Fetched, Store, StoreError},
    field::Bytes,
    keyring::TenantKey,
    keys,
    record::Stored,
    seal::Unsealed,
    transaction::{CommitError, Transaction},
};
use crate::domain::{
    TenantId, Timestamp,
    policy::{Lens, Policy},
};

/// The private key, sealed under the platform's key. Read by `auth` alone (IAM: `SIGNING#*`).
#[derive(Clone, Debug, Record)]
#[record(
    table = Keys, key = signing_key(), tenant = Platform,
    no_subject = "a key of the deployment, about nobody", class = Operation, anchor = created_at,
)]
pub struct SigningKey {
    /// PKCS#8, sealed.
    #[non_personal(reason = "a key, sealed under another")]
    pub sealed: Bytes,
    /// When it was made.
    #[non_personal(reason = "when a key was made")]
    pub created_at: Timestamp,
}

/// The public keys that access tokens are checked with, newest first.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = signing_keys(), tenant = Platform,
    no_subject = "public keys of the deployment, about nobody", class = Operation, anchor = created_at,
)]
pub struct PublicKeys {
    /// Ed25519 public keys, 32 bytes each.
    #[non_personal(reason = "a public key")]
    pub keys: Vec<Bytes>,
    /// When the newest was made.
    #[non_personal(reason = "when a key was made")]
    pub created_at: Timestamp,
}

/// What the private key is bound to.
const PLACE: &str = "signing|platform";

/// How many public keys are good at once: of the newest signing key, and of those before it.
pub const MOST_KEYS: usize = 3;
const NO_KEYS: StoreError =
    StoreError::Corrupt("a deployment without signing keys; run `sotto init`");

/// A new pair: the private half, sealed, and the public one.
fn new_pair(tenant_key: &TenantKey, now: Timestamp) -> Result<(SigningKey, Bytes), StoreError> {
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let document = Ed25519KeyPair::generate_pkcs8(&rng).map_err(|_| StoreError::Random)?;
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref())
        .map_err(|_| StoreError::Corrupt("a new signing key"))?;
    let private = SigningKey {
        sealed: Bytes(tenant_key.seal(PLACE, document.as_ref())?),
        created_at: now,
    };
    Ok((private, Bytes(pair.public_key().as_ref().to_vec())))
}

/// The name of a public key in a token's header: its first bytes.
pub fn key_id(public: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&public[..public.len().min(8)])
}

impl Store {
    /// Makes the platform's key, the signing key and the key of receipts where they are missing. Safe to run again, and
    /// from two places at once: the first one wins.
    ///
    /// # Errors
    /// When KMS or DynamoDB cannot be reached.
    pub async fn provision(&self, now: Timestamp) -> Result<(), StoreError> {
        self.provision_signing(now).await?;
        self.provision_receipts(now).await
    }

    async fn provision_signing(&self, now: Timestamp) -> Result<(), StoreError> {
        let tenant = TenantId::Platform;
        let wanted = vec![keys::tenant_key(tenant), keys::signing_keys()];
        let found = self.batch(wanted).await?;
        let policy = Policy::platform();
        if found.public_keys(now)?.is_some() {
            return Ok(());
        }
        let (tenant_key, row) = self.keyring().generate(tenant, now).await?;
        let (private, public) = new_pair(&tenant_key, now)?;
        let public = PublicKeys {
            keys: vec![public],
            created_at: now,
        };
        let mut transaction = Transaction::new(now);
        transaction.create(&Stored::new(row, &policy), &Unsealed)?;
        transaction.create(&Stored::new(private, &policy), &Unsealed)?;
        transaction.create(&Stored::new(public, &policy), &Unsealed)?;
        match self.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Makes another signing key. Tokens of the keys before are good as long as their public halves are
    /// kept, [`MOST_KEYS`] in all: functions that run already sign with the key that they have read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else did it at the same time, else when storage fails.
    pub async fn rotate_signing(&self, now: Timestamp) -> Result<PublicKeys, StoreError> {
        let tenant = TenantId::Platform;
        let wanted = vec![keys::tenant_key(tenant), keys::signing_keys()];
        let found = self.batch(wanted).await?;
        let before = found.public_keys(now)?.ok_or(NO_KEYS)?;
        let tenant_key = self.unwrap_tenant_key(tenant, &found, now).await?;
        let (private, public) = new_pair(&tenant_key, now)?;
        let mut after = PublicKeys {
            keys: vec![public],
            created_at: now,
        };
        after.keys.extend(before.keys);
        after.keys.truncate(MOST_KEYS);
        let policy = Policy::platform();
        let mut transaction = Transaction::new(now);
        let private = Stored::new(private, &policy);
        transaction.replace_of(&private, &Unsealed, before.created_at)?;
        let public = Stored::new(after.clone(), &policy);
        transaction.replace_of(&public, &Unsealed, before.created_at)?;
        self.commit_rotation(transaction).await.map(|()| after)
    }

    /// Forgets every public key but the newest: tokens of the others are good no more, wherever the keys are
    /// read from now on.
    ///
    /// # Errors
    /// As [`Self::rotate_signing`].
    pub async fn retire_signing(&self, now: Timestamp) -> Result<PublicKeys, StoreError> {
        let mut left = self.public_keys(now).await?;
        left.keys.truncate(1);
        let mut transaction = Transaction::new(now);
        let public = Stored::new(left.clone(), &Policy::platform());
        transaction.replace_of(&public, &Unsealed, left.created_at)?;
        self.commit_rotation(transaction).await.map(|()| left)
    }

    async fn commit_rotation(&self, transaction: Transaction) -> Result<(), StoreError> {
        match self.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(CommitError::Refused(_)) => Err(StoreError::Conflict),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// The public keys.
    pub async fn public_keys(&self, now: Timestamp) -> Result<PublicKeys, StoreError> {
        self.batch(vec![keys::signing_keys()])
            .await?
            .public_keys(now)?
            .ok_or(NO_KEYS)
    }

    /// The private key as PKCS#8, for `auth`.
    pub async fn signing_key(
        &self,
        now: Timestamp,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        let fetched = self
            .batch(vec![
                keys::signing_key(),
                keys::tenant_key(TenantId::Platform),
            ])
            .await?;
        let tenant_key = self
            .unwrap_tenant_key(TenantId::Platform, &fetched, now)
            .await?;
        let policy = Policy::platform();
        let row = fetched
            .get::<SigningKey>(
                &keys::signing_key(),
                &Unsealed,
                Lens {
                    now,
                    policy: &policy,
                },
            )?
            .ok_or(StoreError::Corrupt("a deployment without a signing key"))?;
        tenant_key.open(PLACE, &row.sealed.0)
    }
}

impl Fetched {
    fn public_keys(&self, now: Timestamp) -> Result<Option<PublicKeys>, StoreError> {
        let policy = Policy::platform();
        self.get(
            &keys::signing_keys(),
            &Unsealed,
            Lens {
                now,
                policy: &policy,
            },
        )
    }
}
